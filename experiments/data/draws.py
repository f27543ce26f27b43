"""Other draws of a data set: its examples divided anew into training and test examples."""

from pathlib import Path

import numpy as np

from experiments.data.fetch import beside, put
from experiments.data.split import sides, test_rows
from memjax.data.downloads import MADE, load_made, made_path
from memjax.data.sources import load_digits
from memjax.errors import InputError


def drawn(dataset: str, seed: int, folder: Path) -> str:
    """The data set as division number `seed` has it, as memjax names it; 0 is the division that it comes with.

    As many examples of each class are for testing in each division.  Other data sets than the digits and those of
    `experiments/data` are returned as they are: of them memjax draws examples itself.
    """
    if dataset not in (*MADE, "digits") or not seed:
        return dataset
    path = folder / "data" / f"{dataset}-{seed}.npz"
    if not path.exists():
        found = load_digits() if dataset == "digits" else load_made(dataset)
        inputs, labels = (
            np.concatenate([getattr(found, f"{side}_{what}") for side in ("train", "test")])
            for what in ("inputs", "labels")
        )
        test = test_rows(labels, np.bincount(found.test_labels, minlength=found.num_classes), seed)
        arrays = sides({"x": inputs, "y": labels}, test) | {"class_names": np.array(found.class_names)}
        known = known_of(dataset)
        both = {name: np.concatenate([known[f"{name}_train"], known[f"{name}_test"]]) for name in _names(known)}
        put(path, arrays, sides(both, test))
    return f"npz:{path}"


def known_of(dataset: str) -> dict[str, np.ndarray]:
    """What is known of the examples of a data set beyond their labels, as NAME_train and NAME_test, or nothing."""
    path = beside(made_path(dataset) if dataset in MADE else Path(dataset.removeprefix("npz:")))
    if not path.exists():
        return {}
    with np.load(path) as found:
        return dict(found)


def twins_of(dataset: str) -> dict[str, np.ndarray]:
    """`known_of`, for an experiment that needs it.

    Raises:
      InputError: the vendors and code points of this data set are not known.
    """
    known = known_of(dataset)
    if "codepoint_train" not in known:
        raise InputError(
            f"the twins of {dataset} are not known; this experiment is for give --dataset emoji or another emoji set"
        )
    return known


def _names(known: dict[str, np.ndarray]) -> set[str]:
    return {name.rsplit("_", 1)[0] for name in known}
