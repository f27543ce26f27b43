import numpy as np
import pytest
from PIL import Image

from experiments.arpit.filters import Settings as Filters
from experiments.data.draws import drawn, known_of, twins_of
from experiments.data.fetch import put, write
from experiments.data.split import counts_of, sides
from experiments.data.split import test_rows as rows_for_testing
from experiments.feldman_zhang.memorization_values import Settings as Values
from memjax.config.specs import DataSpec
from memjax.data import load_dataset
from memjax.errors import InputError

LABELS = np.repeat([0, 1, 2], [12, 30, 3])


def test_a_share_of_each_class_is_for_testing_and_other_seeds_draw_others():
    counts = counts_of(LABELS, 1 / 3)

    chosen = [rows_for_testing(LABELS, counts, seed) for seed in (0, 0, 1)]

    np.testing.assert_array_equal(np.bincount(LABELS[chosen[0]]), [4, 10, 1])
    np.testing.assert_array_equal(chosen[0], chosen[1])
    assert (chosen[0] != chosen[2]).any()


@pytest.fixture(params=["emoji", "emoji_plain", "emoji32_plain", "npz"])
def source(request, monkeypatch, tmp_path):
    """A data set whose inputs say which example each is, with code points that say it too."""
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    numbers = np.arange(len(LABELS))
    test = rows_for_testing(LABELS, counts_of(LABELS, 1 / 3), 0)
    codes = np.array([f"E{number}" for number in numbers])
    arrays, known = sides({"x": numbers[:, None], "y": LABELS}, test), sides({"codepoint": codes}, test)
    if request.param == "npz":
        return f"npz:{put(tmp_path / 'own.npz', arrays, known)}"
    write(request.param, arrays, known)
    return request.param


def test_another_division_has_the_same_examples_and_as_many_of_each_class_for_testing(source, tmp_path):
    names = [drawn(source, seed, tmp_path) for seed in (0, 1, 1, 2)]
    first, second, _, third = found = [load_dataset(DataSpec(name)) for name in names]

    assert names[0] == source
    assert names[1] == names[2] != names[3]
    for data in found:
        rows = np.concatenate([data.train_inputs, data.test_inputs]).ravel()
        np.testing.assert_array_equal(np.sort(rows), np.arange(len(LABELS)))
        np.testing.assert_array_equal(LABELS[data.test_inputs.ravel()], data.test_labels)
        np.testing.assert_array_equal(np.bincount(data.test_labels), [4, 10, 1])
    assert set(second.test_inputs.ravel()) not in (set(first.test_inputs.ravel()), set(third.test_inputs.ravel()))


@pytest.mark.parametrize("seed", [0, 3])
def test_what_is_known_of_an_example_goes_with_it(source, seed, tmp_path):
    name = drawn(source, seed, tmp_path)
    data, known = load_dataset(DataSpec(name)), twins_of(name)

    for side in ("train", "test"):
        numbers = getattr(data, f"{side}_inputs").ravel()
        assert known[f"codepoint_{side}"].tolist() == [f"E{number}" for number in numbers]


def test_the_digits_are_divided_anew_too(tmp_path):
    first, other = (load_dataset(DataSpec(drawn("digits", seed, tmp_path))) for seed in (0, 1))

    assert (other.num_train, other.num_test) == (first.num_train, first.num_test)
    np.testing.assert_array_equal(np.bincount(other.test_labels), np.bincount(first.test_labels))
    rows = [
        np.unique(np.concatenate([data.train_inputs, data.test_inputs]), axis=0, return_counts=True)
        for data in (first, other)
    ]
    for one, two in zip(*rows, strict=True):
        np.testing.assert_array_equal(one, two)
    seen = {image.tobytes() for image in first.test_inputs}
    assert 0.1 < np.mean([image.tobytes() in seen for image in other.test_inputs]) < 0.3  # a fifth are for testing


def test_files_of_one_name_have_divisions_of_their_own(tmp_path):
    test = np.arange(len(LABELS)) % 3 == 0
    files = [tmp_path / folder / "own.npz" for folder in "ab"]
    for number, file in enumerate(files):
        put(file, sides({"x": number * 100 + np.arange(len(LABELS))[:, None], "y": LABELS}, test), {})

    one, other = (load_dataset(DataSpec(drawn(f"npz:{file}", 1, tmp_path))) for file in files)

    assert one.train_inputs.max() < 100 <= other.train_inputs.min()


@pytest.mark.parametrize("without", ["a test set", "classes"])
def test_a_file_that_cannot_be_divided(without, tmp_path):
    numbers = np.arange(12.0)
    arrays = {"x_train": numbers[:, None], "y_train": numbers % 2 if without == "a test set" else numbers / 7}
    if without == "classes":
        arrays |= {"x_test": numbers[:, None], "y_test": numbers / 7}
    else:
        arrays["y_train"] = arrays["y_train"].astype(int)
    path = put(tmp_path / "own.npz", arrays, {})

    assert drawn(f"npz:{path}", 0, tmp_path) == f"npz:{path}"
    said = f"own.npz has no {without.removeprefix('a ')}.*expected.*--data-seed 2.*leave out"
    with pytest.raises(InputError, match=said):
        drawn(f"npz:{path}", 2, tmp_path)


def test_other_data_are_left_to_memjax_and_have_no_twins(tmp_path):
    assert drawn("fashion_mnist", 3, tmp_path) == "fashion_mnist"
    assert known_of("digits") == {}
    with pytest.raises(InputError, match="--dataset emoji"):
        twins_of("digits")


@pytest.mark.parametrize("settings", [Filters, Values])
@pytest.mark.parametrize("source", ["csv:x.csv", "parquet:x.parquet"])
def test_a_table_is_refused_as_no_option_names_its_labels(source, settings):
    with pytest.raises(InputError, match=rf"^{source} is a table, .* give npz:FILE"):
        settings(dataset=source).source(source)


def test_a_folder_of_images_is_read_as_memjax_reads_it_for_a_run(tmp_path):
    for number in range(20):
        path = tmp_path / f"class {number % 2}" / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(np.full((6, 5), number, np.uint8)).save(path)

    data = Filters(dataset=f"folder:{tmp_path}").loaded(per_class=5)

    assert (data.num_train, data.input_shape[:2], data.class_names) == (10, (6, 5), ("class 0", "class 1"))


@pytest.mark.parametrize("source", ["csv:x.csv", "text:x.csv", "folder:x"])
def test_a_source_that_says_how_it_is_read_is_not_told_to_say_so_again(source):
    with pytest.raises(InputError, match=r"memjax\.fit and `memjax run` do, and it reads npz:FILE"):
        load_dataset(DataSpec(source))


def test_of_data_that_are_not_here_it_is_said_how_they_are_made(monkeypatch, tmp_path):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))

    with pytest.raises(InputError, match=r"python -m experiments\.data\.emoji"):
        twins_of("emoji")
