"""Five truths for attribution methods: python -m experiments.data.truths digits --out truths/digits

Each has 1,000 models, their twins, and 20 examples left out 20 times; 5 % of the training labels are wrong.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro

from memjax import run

RECIPES = {
    "digits": ["--dataset", "digits", "--per-class", "40", "--test-per-class", "20"],
    "breast-cancer": ["--target", "diagnosis", "--model", "mlp:64"],
    "fashion-mnist": ["--dataset", "fashion_mnist", "--per-class", "100", "--test-per-class", "30"],
    "mnist5k": ["--dataset", "mnist5k", "--per-class", "60", "--test-per-class", "20"],
    # Of a class of 10, half are removed to see whether a prediction flips.
    "emoji": ["--dataset", "emoji", "--per-class", "10", "--test-per-class", "4", "--remove", "5"],
}
LICENCES = {"fashion-mnist": "MIT", "digits": "CC-BY-4.0", "breast-cancer": "CC-BY-4.0"}


@dataclass(frozen=True)
class Options:
    """Makes one truth."""

    name: tyro.conf.Positional[Literal["digits", "breast-cancer", "fashion-mnist", "mnist5k", "emoji"]]
    """The data.  The scripts beside this one make mnist5k and emoji; install_fashion_mnist.sh has Fashion-MNIST."""
    out: Path
    """The folder."""
    num_models: int = 1000
    """Models, and as many twins."""


def command(options: Options) -> list[str]:
    """The arguments of memjax that make the truth."""
    recipe = list(RECIPES[options.name])
    if options.name == "breast-cancer":
        table = options.out.parent / "breast-cancer.csv"
        table.parent.mkdir(parents=True, exist_ok=True)
        breast_cancer().to_csv(table, index=False)
        recipe += ["--dataset", f"csv:{table}"]
    licence = LICENCES.get(options.name, "see the source of the examples")
    how = ["--num-models", str(options.num_models), "--label-noise", "0.05", "--licence", licence]
    return ["truth", "--out", str(options.out), *recipe, *how]


def breast_cancer():
    """The table of scikit-learn: 569 tumours, 30 measurements."""
    from sklearn.datasets import load_breast_cancer

    found = load_breast_cancer(as_frame=True)
    return found.data.assign(diagnosis=found.target_names[found.target])


if __name__ == "__main__":
    sys.exit(run.main(command(tyro.cli(Options, config=(tyro.conf.OmitArgPrefixes,)))))
