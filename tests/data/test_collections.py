"""Data sets of torch and of Hugging Face, by what they have and not by their library."""

import numpy as np
import pytest

from memjax.config.specs import TableSpec
from memjax.data.adapters import arrays_of, is_collection
from memjax.data.sources import examples_given
from memjax.errors import InputError


class Pairs:
    """Like a torch Dataset: channels first, with names of classes."""

    classes = ("cat", "dog")

    def __len__(self):
        return 6

    def __getitem__(self, at):
        if at >= 6:
            raise IndexError
        return np.full((3, 5, 4), at, np.float32), at % 2


class Loader:
    """Like a torch DataLoader: batches of the pairs."""

    dataset, batch_size = Pairs(), 4

    def __len__(self):
        return 2

    def __iter__(self):
        for start in (0, 4):
            batch = [self.dataset[at] for at in range(start, min(6, start + 4))]
            yield np.stack([x for x, _ in batch]), np.array([y for _, y in batch])


def given(x_train, x_test=None, **table):
    spec = TableSpec(**table)
    return examples_given(x_train, None, x_test, None, ids=None, class_names=(), name="n", table=spec, seed=0)


@pytest.mark.parametrize("collection", [Pairs(), Loader()])
def test_pairs_and_batches_are_the_same_examples(collection):
    data = given(collection, collection)

    assert data.dataset.train_inputs.shape == (6, 5, 4, 3)
    assert data.dataset.train_inputs[:, 0, 0, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert data.dataset.class_names == ("cat", "dog")
    assert data.dataset.num_test == 6


def test_arrays_are_no_collections():
    assert not any(is_collection(value) for value in (np.zeros(3), [1, 2], (1,), "digits", 3))


def test_what_gives_no_pairs_is_refused():
    class Singles(Pairs):
        def __getitem__(self, at):
            return np.zeros(3)

    class Ragged(Pairs):
        def __getitem__(self, at):
            return np.zeros(3 + at), 0

    for collection, words in ((Singles(), "no pairs of inputs and labels"), (Ragged(), "do not have one shape")):
        with pytest.raises(InputError, match=words):
            arrays_of(collection, TableSpec())


def test_a_dictionary_of_parts_is_told_to_give_its_parts():
    class DatasetDict(dict):
        """As that of Hugging Face's datasets."""

    for parts, kind in (
        (DatasetDict(train=Pairs(), test=Pairs()), "DatasetDict"),
        ({"train": [1], "test": [2]}, "dict"),
    ):
        with pytest.raises(InputError, match=f"a {kind} of train, test is given; give its parts, as in memjax.fit"):
            given(parts)


def test_a_table_of_hugging_face():
    datasets = pytest.importorskip("datasets")
    kinds = {"kind": datasets.ClassLabel(names=["no", "yes"]), "note": datasets.Value("string")}
    features = datasets.Features({"a": datasets.Value("float32")} | kinds)
    rows = {"a": [1.0, 2.0, 3.0, 4.0], "kind": [0, 1, 0, 1], "note": ["p", "q", "p", "q"]}

    data = given(datasets.Dataset.from_dict(rows, features=features), drop=("note",))

    assert data.dataset.class_names == ("no", "yes")
    assert data.dataset.train_inputs.ravel().tolist() == [1, 2, 3, 4]


def test_rows_without_a_label_are_no_members_of_the_last_class():
    datasets = pytest.importorskip("datasets")
    features = datasets.Features({"a": datasets.Value("float32"), "kind": datasets.ClassLabel(names=["no", "yes"])})
    data = datasets.Dataset.from_dict({"a": [1.0, 2.0, 3.0], "kind": [0, 1, -1]}, features=features)

    with pytest.raises(InputError, match="1 of 3 labels of 'kind' are -1: no label; leave these rows out"):
        given(data)
