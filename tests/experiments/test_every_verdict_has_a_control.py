"""A verdict is made only in functions that a negative control calls."""

import ast
from pathlib import Path

import experiments

ROOT, HERE = Path(experiments.__file__).parent, Path(__file__).parent
CONTROLS = (HERE / "test_negative_controls.py", *sorted(HERE.glob("worlds_of_*.py")))


def makers(source: str) -> set[str]:
    """The functions at the top of a file in which a verdict is made; of what is outside of them, an empty name."""
    return {
        getattr(part, "name", "")
        for part in ast.parse(source).body
        for node in ast.walk(part)
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "Verdict"
    }


def called(source: str) -> set[str]:
    """The functions of experiments that a file calls, by module and name."""
    nodes = list(ast.walk(ast.parse(source)))
    imported = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in nodes
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    calls = [ast.unparse(node.func).partition(".") for node in nodes if isinstance(node, ast.Call)]
    return {f"{imported.get(first, first)}{dot}{rest}" for first, dot, rest in calls}


def test_a_negative_control_calls_each_function_that_makes_a_verdict():
    found = {
        ".".join(("experiments", *path.relative_to(ROOT).with_suffix("").parts, name))
        for path in ROOT.rglob("*.py")
        for name in makers(path.read_text())
    }

    assert len(found) > 30
    assert found - set.union(*(called(path.read_text()) for path in CONTROLS)) == set()


def test_a_verdict_is_found_wherever_it_is_made():
    source = """
def run(settings):
    def inside():
        return [claim.Verdict("nested", effect) for effect in ()]
    return Verdict
class Settings:
    default = Verdict("in a class", None)
ALONE = [Verdict("outside", None)]
"""

    assert makers(source) == {"run", "Settings", ""}


def test_a_call_is_found_by_the_module_that_it_was_imported_from():
    source = "from experiments.arpit import depth as deep, speed\ndeep.verdicts_of()\nspeed.SHARES\n"

    assert called(source) == {"experiments.arpit.depth.verdicts_of"}
