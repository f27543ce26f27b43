"""The documentation site: `python -m sphinx -W --keep-going -n docs docs/_build/html`."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

import memjax

os.environ["COLUMNS"] = "80"  # what fits into a cell's output
project, author, copyright = "memjax", "the memjax authors", "the memjax authors"
version = release = memjax.__version__
extensions = [
    "commands",
    "docstrings",
    "mathml",
    "several_names",
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.intersphinx",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = ["_build", "_ext"]

# Pages with code cells are executed, in a folder that goes away; a cell that fails fails the build.
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_output_stderr = "remove"
myst_enable_extensions = ["attrs_inline", "colon_fence", "dollarmath"]
myst_heading_anchors = 3

autodoc_typehints = "none"  # docstrings say shapes and kinds in words
autodoc_member_order = "bysource"
autodoc_default_options = {"exclude-members": "__new__, __init__"}
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_custom_sections = ["Reference"]
add_module_names = False
smartquotes = False  # an option begins with two hyphens, not with a dash
default_role = "py:obj"
intersphinx_mapping = {}  # nothing is fetched while the site is built
nitpicky = True
# A word in backticks is a link where it names something public, and is set as code where it does not.
nitpick_ignore_regex = [
    ("py:obj", r".*"),
    ("py:class", r"(?!memjax).*|memjax\.estimators\.kernels\.(moments\.Sums|influence_from_bits\.Bits)"),
    ("py:class", r"memjax\.runs\.open_folder\.Run"),
    ("py:exc", r"(?!memjax).*"),
]

html_theme = "furo"
html_title = "memjax"
html_static_path = ["_static"]
html_css_files = ["memjax.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#2b5c9e", "color-brand-content": "#2b5c9e"},
    "dark_css_variables": {"color-brand-primary": "#8ab4f0", "color-brand-content": "#8ab4f0"},
}
pygments_style, pygments_dark_style = "friendly", "monokai"
copybutton_prompt_text = "$ "
