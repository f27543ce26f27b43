"""Files of others: what is written is read back the same, published layouts are understood, damage is named."""

import csv

import numpy as np
import pytest

import memjax
from memjax import exchange, run
from memjax.errors import InputError
from memjax.exchange import feldman_zhang, outcomes_of, read_predictions
from memjax.types import Dataset, Outcomes


@pytest.fixture
def finished():
    rng = np.random.default_rng(0)
    masks = rng.random((12, 10)) < 0.6
    logits = rng.normal(size=(12, 10, 3)).astype(np.float32)
    labels = np.arange(10) % 3
    train = {
        "correct": logits.argmax(-1) == labels,
        "log_odds": rng.normal(size=(12, 10)).astype(np.float32),
        "logits": logits,
    }
    outcomes = Outcomes(np.arange(12), masks, train, {"correct": rng.random((12, 4)) < 0.5})
    nothing = np.zeros((10, 0), np.uint8), np.zeros((4, 0), np.uint8)
    dataset = Dataset(
        "made up", nothing[0], labels, nothing[1], np.arange(4) % 3, np.arange(10), np.arange(4), ("a", "b", "c"),
        np.zeros(10, bool),
    )  # fmt: skip
    return dataset, outcomes


def test_arrays_come_back(finished, tmp_path):
    dataset, outcomes = finished
    exchange.write_arrays(tmp_path, outcomes, dataset)

    found, again = outcomes_of(read_predictions(tmp_path))

    np.testing.assert_array_equal(again.masks, outcomes.masks)
    np.testing.assert_array_equal(again.train["correct"], outcomes.train["correct"])
    np.testing.assert_array_equal(again.test["correct"], outcomes.test["correct"])
    np.testing.assert_array_equal(found.train_labels, dataset.train_labels)
    assert np.load(tmp_path / "masks.npy", mmap_mode="r").dtype == bool


def test_aux_arrays_come_back_in_the_order_of_the_examples(finished, tmp_path):
    _, outcomes = finished
    assert exchange.feldman_zhang.write(tmp_path, outcomes) == 12

    _, again = outcomes_of(read_predictions(tmp_path))

    order = np.argsort([str(number) for number in range(12)])  # in the order of their paths: 0, 1, 10, 11, 2
    np.testing.assert_array_equal(again.masks, outcomes.masks[order])
    np.testing.assert_array_equal(again.train["correct"], outcomes.train["correct"][order])
    np.testing.assert_array_equal(again.test["correct"], outcomes.test["correct"][order])


def test_aux_arrays_in_any_order_of_rows(tmp_path):
    """As published: rows stand in the order of the subset, and index_* say which examples they are of."""
    place = tmp_path / "0.7" / "3"
    place.mkdir(parents=True)
    arrays = {
        "index_train": np.array([4, 0, 2]), "correctness_train": np.array([1.0, 0.0, 1.0]),
        "index_removed": np.array([3, 1]), "correctness_removed": np.array([0.0, 1.0]),
        "index_test": np.array([1, 0]), "correctness_test": np.array([1.0, 0.0]), "subsample_idx": np.array([4, 0, 2]),
    }  # fmt: skip
    np.savez(place / "aux_arrays.npz", **arrays)

    found = read_predictions(tmp_path)

    assert found["masks"].tolist() == [[True, False, True, False, True]]
    assert found["train_correct"].tolist() == [[False, True, True, False, True]]
    assert found["test_correct"].tolist() == [[False, True]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"index_test": None}, "lacks index_test"),
        ({"index_removed": np.array([3, 3])}, "do not name each of 5 examples once"),
        ({"index_train": np.array([4.0, 0, 2])}, "do not name each"),
        ({"correctness_train": np.ones(2)}, "do not name each"),
    ],
)
def test_unfit_aux_arrays_are_named(change, words, tmp_path):
    arrays = {
        "index_train": np.array([4, 0, 2]), "correctness_train": np.ones(3), "index_removed": np.array([3, 1]),
        "correctness_removed": np.ones(2), "index_test": np.arange(2), "correctness_test": np.ones(2),
    }  # fmt: skip
    kept = {name: array for name, array in (arrays | change).items() if array is not None}
    np.savez(tmp_path / "aux_arrays.npz", **kept)

    with pytest.raises(InputError, match=words):
        read_predictions(tmp_path)


def test_experiments_of_lira_come_back(finished, tmp_path):
    dataset, outcomes = finished
    assert exchange.lira.write(tmp_path, outcomes, dataset.train_labels) == 12

    found = read_predictions(tmp_path)

    np.testing.assert_array_equal(found["masks"], outcomes.masks)  # experiment-2 before experiment-10
    np.testing.assert_allclose(found["log_odds"], outcomes.train["log_odds"])
    np.testing.assert_array_equal(found["train_correct"], outcomes.train["correct"])
    assert np.load(tmp_path / "experiment-3_12" / "scores" / "0000000000.npy").shape == (10, 1)


def test_the_last_checkpoint_and_the_first_augmentation_count(tmp_path):
    place = tmp_path / "experiment-0_1"
    (place / "scores").mkdir(parents=True)
    np.save(place / "keep.npy", np.array([True, False]))
    np.save(place / "scores" / "0000000020.npy", np.zeros((2, 2)))
    np.save(place / "scores" / "0000000100.npy", np.array([[1.0, 9.0], [2.0, 9.0]]))

    assert read_predictions(tmp_path)["log_odds"].tolist() == [[1, 2]]


def test_experiments_that_do_not_fit_together_are_named(tmp_path):
    for number, length in enumerate((3, 4)):
        (tmp_path / f"experiment-{number}_2").mkdir()
        np.save(tmp_path / f"experiment-{number}_2" / "keep.npy", np.ones(length, bool))

    with pytest.raises(InputError, match="expected one, of 1 axes"):
        read_predictions(tmp_path)


def test_lira_without_log_odds_says_what_to_keep(finished, tmp_path):
    dataset, outcomes = finished
    with pytest.raises(InputError, match="--keep correct log_odds"):
        exchange.lira.write(tmp_path, outcomes._replace(train={}), dataset.train_labels)


def test_masks_and_margins_of_datamodels(tmp_path):
    masks = np.random.default_rng(0).random((6, 5)) < 0.5
    margins = np.random.default_rng(1).normal(size=(6, 5)).astype(np.float16)
    np.save(tmp_path / "train_masks_50pct.npy", masks)
    np.save(tmp_path / "train_margins_50pct.npy", margins)
    np.save(tmp_path / "test_margins_50pct.npy", margins[:, :2])

    _, outcomes = outcomes_of(read_predictions(tmp_path))

    np.testing.assert_array_equal(outcomes.masks, masks)
    np.testing.assert_array_equal(outcomes.train["correct"], margins > 0)
    np.testing.assert_array_equal(outcomes.test["margin"], margins[:, :2].astype(np.float32))


def test_a_folder_of_nothing_known_is_refused(tmp_path):
    np.save(tmp_path / "other.npy", np.ones(3))
    with pytest.raises(InputError, match="no npy file of a known name"):
        read_predictions(tmp_path)


def test_published_estimates_pairs_and_scores(tmp_path):
    block = np.arange(6.0).reshape(3, 2)
    np.savez(
        tmp_path / "matrix.npz", tr_labels=np.zeros(3, int), tr_mem=np.array([0.1, 0.9, 0.5]), tt_labels=np.zeros(2),
        tr_classidx_0=np.arange(3), tt_classidx_0=np.arange(2), infl_matrix_class0=block,
    )  # fmt: skip
    np.savez(tmp_path / "pairs.npz", tr_idx=[1, 2], tt_idx=[0, 1], infl=[0.2, 0.7], mem=[0.9, 0.5])
    np.savez(tmp_path / "c.npz", labels=np.zeros(3, int), scores=np.array([0.8, 0.2, 0.4]))

    published = exchange.read_estimates(tmp_path / "matrix.npz")
    np.testing.assert_array_equal(published.blocks[0][2], block)
    pairs = exchange.read_pairs(tmp_path / "pairs.npz")
    assert pairs.tr_idx.tolist() == [2, 1]
    assert np.isnan(pairs.infl_stderr).all()
    scores = exchange.read_c_scores(tmp_path / "c.npz")
    found = exchange.agreement(published.mem, scores.mem, published.labels, scores.labels)
    assert found.spearman == 1
    np.testing.assert_allclose(found.mean_difference, (0.1 + 0.1 + 0.1) / 3)
    assert found.jaccard == 1


@pytest.mark.parametrize(
    ("read", "arrays", "words"),
    [
        (exchange.read_estimates, {"tr_mem": np.ones(2)}, "expected tr_labels too"),
        (exchange.read_estimates, {"tr_mem": np.ones(2), "tr_labels": np.ones(3)}, "different lengths"),
        (
            exchange.read_estimates,
            {"tr_mem": np.ones(2), "tr_labels": np.ones(2), "infl_matrix_class0": np.ones((2, 2))},
            "lacks tr_classidx_0",
        ),
        (
            exchange.read_estimates,
            {
                "tr_mem": np.ones(2),
                "tr_labels": np.ones(2),
                "infl_matrix_class0": np.ones((2, 2)),
                "tr_classidx_0": np.arange(2),
                "tt_classidx_0": np.arange(3),
            },
            "do not fit",
        ),
        (exchange.read_pairs, {"tr_idx": np.ones(2, int)}, "expected tt_idx, infl too"),
        (exchange.read_c_scores, {"scores": np.ones(2)}, "expected labels too"),
    ],
)
def test_unfit_published_files_are_named(read, arrays, words, tmp_path):
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(InputError, match=words):
        read(tmp_path / "x.npz")


def test_scores_of_other_examples_are_not_compared():
    ones = np.ones(4)
    with pytest.raises(InputError, match="the labels differ"):
        exchange.agreement(ones, ones, np.arange(4), np.arange(4)[::-1])
    with pytest.raises(InputError, match="expected one each example"):
        exchange.agreement(ones, np.ones(5))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "a"
    keep = ["--keep", "correct", "probability", "log_odds"]
    arguments = ["--run", str(folder), "--num-models", "8", "--per-class", "5", "--test-per-class", "3", "--epochs"]
    assert run.main([*arguments, "2", "--pack-size", "4", *keep]) == 0
    return folder


def test_tables(folder, tmp_path, capsys):
    assert run.main(["export", str(folder), "--out", str(tmp_path / "t"), "--format", "csv"]) == 0

    rows = list(csv.DictReader((tmp_path / "t" / "examples.csv").read_text().splitlines()))
    estimates = np.load(folder / "estimates.npz")
    assert [int(row["row"]) for row in rows] == estimates["tr_ids"].tolist()
    got = np.array([row["memorization"] or "nan" for row in rows], np.float32)
    np.testing.assert_array_equal(got, estimates["tr_mem"])
    more = {"log_odds_in", "log_odds_out"} | {
        f"memorization_{name}{error}" for name in ("log_odds", "probability") for error in ("", "_stderr")
    }
    assert rows[0].keys() == memjax.open(folder).columns.keys() | more
    assert str(tmp_path / "t" / "pairs.csv") in capsys.readouterr().out
    pairs, found = (
        np.load(folder / "pairs.npz"),
        csv.DictReader((tmp_path / "t" / "pairs.csv").read_text().splitlines()),
    )
    named = [(int(row["train_id"]), int(row["test_id"]), row["label"]) for row in found]
    assert named == [
        (estimates["tr_ids"][train], estimates["tt_ids"][test], rows[train]["label"])
        for train, test in zip(pairs["tr_idx"], pairs["tt_idx"], strict=True)
    ]


def test_a_class_name_is_no_formula_and_breaks_no_line(tmp_path):
    names = np.array(["=HYPERLINK(1)", 'a "b", c\nd', "plain"])

    exchange.write_csv(tmp_path / "t.csv", {"class": names, "value": np.array([0.1, np.nan, 1e-9], np.float32)})

    rows = list(csv.reader((tmp_path / "t.csv").read_text().splitlines(keepends=True)))
    assert rows == [["class", "value"], ["'=HYPERLINK(1)", "0.1"], ['a "b", c\nd', ""], ["plain", "1e-09"]]


def test_parquet_is_what_pandas_reads(folder, tmp_path):
    import pandas

    assert run.main(["export", str(folder), "--out", str(tmp_path), "--format", "parquet"]) == 0

    frame = pandas.read_parquet(tmp_path / "examples.parquet")
    np.testing.assert_array_equal(frame["memorization"], np.load(folder / "estimates.npz")["tr_mem"])


@pytest.mark.parametrize("kind", ["arrays", "feldman-zhang", "lira"])
def test_predictions_estimated_again_give_the_same(kind, folder, tmp_path):
    assert run.main(["export", str(folder), "--out", str(tmp_path / "x"), "--format", kind]) == 0
    if kind == "lira":  # which has no correctness of its own without logits
        arrays = read_predictions(tmp_path / "x")
        assert arrays["log_odds"].shape == arrays["masks"].shape == (8, 50)
        return

    assert run.main(["estimate", "--arrays", str(tmp_path / "x"), "--out", str(tmp_path / "y")]) == 0

    np.testing.assert_array_equal(
        np.load(tmp_path / "y" / "estimates.npz")["tr_mem"], np.load(folder / "estimates.npz")["tr_mem"]
    )


def test_trees_of_several_ratios_show_no_influence_where_there_is_none(tmp_path):
    """Models of larger subsets are better; no example matters.  Differences of all models would be confounded."""
    rng = np.random.default_rng(0)
    sizes = np.repeat([18, 42, 54], 60)
    masks = np.stack([rng.permutation(60) < size for size in sizes])
    train, test = (rng.random((180, number)) < (0.1 + 0.8 * sizes / 60)[:, None] for number in (60, 40))
    feldman_zhang.write(tmp_path / "tree", Outcomes(np.arange(180), masks, {"correct": train}, {"correct": test}))

    arrays = read_predictions(tmp_path / "tree")
    found = memjax.influence(arrays["masks"], arrays["test_correct"])

    saw, right = arrays["masks"].astype(float), arrays["test_correct"].astype(float)
    pooled = saw.T @ right / saw.sum(0)[:, None] - (1 - saw).T @ right / (1 - saw).sum(0)[:, None]
    assert pooled.mean() > 0.15
    # An output's chance is shared by all examples; of outputs, 40 are independent, and one error is about 0.08.
    assert abs(np.asarray(found.value).mean()) < 4 * 0.08 / np.sqrt(40)
    assert np.sqrt(np.mean((np.asarray(found.value) / np.asarray(found.stderr)) ** 2)) < 1.1
