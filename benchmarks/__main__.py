"""Lists the benchmarks: what each asks, and what it costs.

python -m benchmarks
"""

import ast
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent


class Benchmark(NamedTuple):
    """One file of this folder.

    Attributes:
      name: of its module, `benchmarks.{name}`.
      question: the first line of its docstring.
      cost: its constant COST, of the default settings on two cores.
    """

    name: str
    question: str
    cost: str


def all_benchmarks() -> list[Benchmark]:
    """Read from the files, which are not imported: some need torch or a browser."""
    files = sorted(path for path in FOLDER.glob("*.py") if not path.stem.startswith("__"))
    return [_read(path) for path in files]


def _read(path: Path) -> Benchmark:
    tree = ast.parse(path.read_text())
    constants = {
        node.targets[0].id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    question = (ast.get_docstring(tree) or "").partition("\n")[0]
    return Benchmark(path.stem, question, ast.literal_eval(constants["COST"]))


def main() -> None:
    print("python -m benchmarks.NAME; --help lists the settings of each\n")
    for name, question, cost in all_benchmarks():
        print(f"{name}\n    {question}\n    cost: {cost}")


if __name__ == "__main__":
    main()
