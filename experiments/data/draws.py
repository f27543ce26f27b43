"""Other draws of a data set: its examples divided anew into training and test examples."""

from pathlib import Path

import numpy as np

from experiments.data.fetch import beside, put
from experiments.data.split import sides, test_rows
from memjax.config.specs import DataSpec, TableSpec
from memjax.data import content_hash, load_dataset
from memjax.data.downloads import MADE, load_made, made_path
from memjax.data.sources import load_digits, named_examples
from memjax.data.tables.files import is_table
from memjax.errors import InputError
from memjax.types import Dataset

TONES = {"1F3FB", "1F3FC", "1F3FD", "1F3FE", "1F3FF"}  # of skin, in code points of emoji
DRAWN_BY_MEMJAX = ("csv", "parquet", "folder", "text")  # memjax draws the test examples of these by the data seed


def loaded(data: DataSpec) -> Dataset:
    """The examples that `data` asks for, also of the files and folders that memjax reads into memory for a run."""
    given = named_examples(data, TableSpec())
    return load_dataset(data, given.dataset if given else None)


def drawn(dataset: str, seed: int, folder: Path) -> str:
    """The data set as division number `seed` has it, as memjax names it; 0 is the division that it comes with.

    As many examples of each class are for testing in each division.  Other data sets than the digits, those of
    `experiments/data` and npz:FILE are returned as they are: of them memjax draws examples itself, see `check_seed`.

    Raises:
      InputError: the file cannot be divided into training and test examples of classes, or is a table.
    """
    if is_table(dataset):
        raise InputError(
            f"{dataset} is a table, and experiments have no option that names its column of labels; give npz:FILE with "
            "x_train, y_train, x_test and y_test"
        )
    if not seed or not divided(dataset):
        return dataset
    name, found = dataset, None
    if dataset not in (*MADE, "digits"):
        found = _of_classes(dataset, seed)
        name = f"{Path(dataset).stem}-{content_hash(found)[:12]}"  # files in other folders may have the same name
    path = folder / "data" / f"{name}-{seed}.npz"
    if not path.exists():
        found = found or (load_digits() if dataset == "digits" else load_made(dataset))
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


def divided(dataset: str) -> bool:
    """Whether `drawn` divides a data set."""
    return dataset in (*MADE, "digits") or dataset.startswith("npz:")


def check_seed(data: DataSpec) -> None:
    """Checks that the data seed changes something; else several draws would be one and the same.

    Raises:
      InputError: it does not, as the data set has one division, and all of its examples are taken as they are.
    """
    kind = data.dataset.partition(":")[0]
    changed = data.per_class or data.test_per_class or data.label_noise or data.corrupt
    if data.data_seed and not changed and not divided(data.dataset) and kind not in DRAWN_BY_MEMJAX:
        raise InputError(
            f"--data-seed {data.data_seed} (--repeats has such seeds too) would change nothing: {data.dataset} has one "
            "division, and all of it is taken; expected a number of examples to draw: give --per-class, or leave out "
            "--data-seed and --repeats"
        )


def _of_classes(dataset: str, seed: int) -> Dataset:
    """The examples of npz:FILE.

    Raises:
      InputError: there is no test set, or there are no classes.
    """
    found = load_dataset(DataSpec(dataset))
    lacking = "test set" if not found.num_test else "classes" if found.train_targets is not None else ""
    if lacking:
        raise InputError(
            f"{dataset} has no {lacking}; expected training and test examples of classes, which --data-seed {seed} "
            "(--repeats has such seeds too) divides anew; leave out --data-seed and --repeats, or give another file"
        )
    return found


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
      InputError: the vendors and code points of this data set are not known, or it is not here.
    """
    if dataset in MADE and not made_path(dataset).exists():
        load_made(dataset)  # says how it is made
    known = known_of(dataset)
    if "codepoint_train" not in known:
        raise InputError(f"the twins of {dataset} are not known; give --dataset emoji or another emoji set")
    return known


def emoji_of(codepoints: np.ndarray) -> np.ndarray:
    """The emoji of a code point: without the parts that choose a colour of skin or another form."""
    return np.array(["-".join(p for p in text.split("-") if p not in TONES | {"FE0F"}) for text in codepoints.tolist()])


def _names(known: dict[str, np.ndarray]) -> set[str]:
    return {name.rsplit("_", 1)[0] for name in known}
