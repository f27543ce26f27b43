"""Lists the experiments: python -m experiments"""

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

FOLDERS = ("feldman_zhang", "arpit", "label_errors", "language")


def found() -> Iterator[tuple[str, ModuleType]]:
    """The name and the module of every experiment."""
    for folder in FOLDERS:
        package = importlib.import_module(f"experiments.{folder}")
        for module in pkgutil.iter_modules(package.__path__):
            name = f"{folder}.{module.name}"
            yield name, importlib.import_module(f"experiments.{name}")


def question(module: ModuleType) -> str:
    """The first line of the module's docstring."""
    return (module.__doc__ or "").splitlines()[0]


def listing() -> str:
    """One line for each experiment: name, time of both forms, question."""
    rows = [("experiment", "quick", "full", "question")]
    rows += [(name, module.COST.quick, module.COST.full, question(module)) for name, module in found()]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(
        "  ".join([*(text.ljust(width) for text, width in zip(row, widths, strict=False)), row[3]]) for row in rows
    )


if __name__ == "__main__":
    print("python -m experiments.NAME [--size quick|full] [--seed N] [--data-seed N] [--repeats N] [--help]\n")
    print(listing())
    print("\npython -m experiments.results.rerun: what all results that are kept cost, and --run to run them again")
    print("\nTimes were measured on two cores without an accelerator; experiments/README.md has the machine.")
    print("* needs the models of memorization_values too; their time is not counted")
