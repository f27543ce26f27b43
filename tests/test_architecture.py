"""Who may import whom: a file imports only from rows below its own."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "memjax"

LAYERS = [
    {"run"},
    {"commands"},
    {"doctor"},
    {"planner"},
    {"pipeline", "findings"},
    {"opening"},
    {"calibration"},
    {"recipe", "elsewhere"},
    {"estimation", "trajectories", "summary", "exchange", "sizes"},
    {"presets"},
    {"config"},
    {"output", "distributed"},
    {"pieces"},
    {"environment", "progress", "interruption", "workers"},
    {"report"},
    {"estimators", "dynamics", "training", "store"},
    {"data", "subsets", "models"},
    {"specs"},
    {"metrics", "prng"},
    {"types", "untrusted"},
    {"display", "stored"},
    {"errors"},
]
HEAVY = {"sklearn", "scipy", "tensorflow_datasets", "tensorflow", "PIL", "jinja2", "matplotlib", "pandas", "grain"}
WITHOUT_JAX = {
    "run", "commands", "pipeline", "findings", "opening", "calibration", "recipe", "presets", "config", "sizes",
    "summary", "output", "progress", "interruption", "workers", "distributed", "exchange", "store", "data",
    "subsets", "specs", "untrusted", "types", "display", "stored", "errors", "report", "trajectories", "elsewhere",
}  # fmt: skip


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


FILES = [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down(path):
    own = part_of(path)
    for name in imports(path, everywhere=True):
        root, *rest = name.split(".")
        assert root not in {"tests", "experiments", "benchmarks"}
        if root == "memjax" and rest and rest[0] not in (own, "__version__"):
            assert rank(rest[0]) > rank(own), f"{own} imports {rest[0]}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_heavy_imports_wait_for_their_function(path):
    roots = {name.split(".")[0] for name in imports(path, everywhere=False)}

    assert not roots & HEAVY
    if part_of(path) in WITHOUT_JAX:
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
