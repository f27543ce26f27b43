"""Who may import whom: a file imports only from rows below its own."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "memjax"

# The units of the package (its modules and folders) from the top down: a file imports only from rows below its own.
LAYERS = [
    {"__main__"},
    {"run"},
    {"cli"},
    {"runs"},
    {"exchange", "report"},
    {"estimators", "dynamics", "training"},
    {"data", "subsets", "models"},
    {"machine", "store"},
    {"config", "results"},
    {"metrics", "prng"},
    {"types", "untrusted"},
    {"notebook", "disk_inputs", "statistics"},
    {"errors"},
]
MODULES_MOST, UNITS_MOST, IMPORTS_MOST = 14, 24, 130
HEAVY = {
    "sklearn",
    "scipy",
    "tensorflow_datasets",
    "tensorflow",
    "PIL",
    "jinja2",
    "matplotlib",
    "pandas",
    "grain",
    "ray",
}
# What may import jax as soon as it is imported itself; all else starts without it.
WITH_JAX = {"estimators", "dynamics", "training", "models", "runs/make_estimates.py"}
# A class of scikit-learn needs it as soon as it is imported itself; only `memjax.LabelQuality` imports this file.
WITH_SKLEARN = {"runs/label_quality.py"}


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def rank(part: str) -> int:
    return next(number for number, layer in enumerate(LAYERS) if part in layer)


def imports(path: Path, everywhere: bool) -> set[str]:
    """Full names of imported modules; with `everywhere` also those inside functions."""
    tree = ast.parse(path.read_text())
    body = ast.walk(tree) if everywhere else iter(tree.body)
    names = set()
    for node in body:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def module_of(path: Path) -> str:
    """Full name of a file's module; a package is its __init__.py."""
    return ".".join(("memjax", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")


FILES = [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down(path):
    own = part_of(path)
    for name in imports(path, everywhere=True):
        root, *rest = name.split(".")
        assert root not in {"tests", "experiments", "benchmarks"}
        if root == "memjax" and rest and rest[0] not in (own, "__version__"):
            assert rank(rest[0]) > rank(own), f"{own} imports {rest[0]}"


def test_no_file_imports_itself_through_others():
    modules = {module_of(path): path for path in FILES}
    below = {
        module: {found for name in imports(path, everywhere=True) if (found := _imported(name, modules)) != module}
        for module, path in modules.items()
    }
    done: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, f"a circle: {' -> '.join([*above[above.index(module) :], module])}"
        if module not in done:
            for other in below[module] - {""}:
                visit(other, (*above, module))
            done.add(module)

    for module in modules:
        visit(module, ())


def _imported(name: str, modules: dict[str, Path]) -> str:
    """The module of ours that an import needs: of `memjax.store.Plan` that is memjax.store; or nothing."""
    while name not in modules and name:
        name = name.rpartition(".")[0]
    return name


def test_the_package_stays_small_enough_to_know():
    modules = [path for path in PACKAGE.glob("*.py") if path.name != "__init__.py"]
    units = {part_of(path) for path in PACKAGE.rglob("*.py")} - {"__init__"}
    pairs = {
        (part_of(path), name.split(".")[1])
        for path in FILES
        for name in imports(path, everywhere=True)
        if name.startswith("memjax.") and name.split(".")[1] not in (part_of(path), "__version__")
    }

    assert units == set().union(*LAYERS)
    assert len(modules) <= MODULES_MOST
    assert len(units) <= UNITS_MOST
    assert len(pairs) <= IMPORTS_MOST


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_heavy_imports_wait_for_their_function(path):
    roots = {name.split(".")[0] for name in imports(path, everywhere=False)}

    assert not roots & HEAVY - ({"sklearn"} if path.relative_to(PACKAGE).as_posix() in WITH_SKLEARN else set())
    if not {part_of(path), path.relative_to(PACKAGE).as_posix()} & WITH_JAX:
        assert not roots & {"jax", "flax", "optax"}


def test_the_model_axis_of_training_is_in_one_file():
    words = {
        path.name
        for path in (PACKAGE / "training").glob("*.py")
        if any(word in path.read_text() for word in ("jax.vmap", "jax.pmap", "shard_map("))
    }

    assert words == {"many.py"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_file_says_what_it_is_for_and_stays_short(path):
    text = path.read_text()

    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= 300


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_that_runs_what_it_reads(path):
    called = {
        node.func.id
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }

    assert not called & {"eval", "exec", "__import__"}
    assert not [name for name in imports(path, everywhere=True) if name.split(".")[0] in {"pickle", "yaml", "marshal"}]
    for word in ("allow_pickle=True", "extractall", "shell=True", "|safe"):
        assert word not in path.read_text()
