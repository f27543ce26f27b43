"""memjax as an estimator of scikit-learn: its conventions, pipelines, names of columns."""

import tempfile

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.estimator_checks import check_estimator, estimator_checks_generator

import memjax
from memjax import LabelQuality
from memjax.errors import InputError

SMALL = {"model": "mlp:8", "num_models": 24, "options": {"epochs": 60, "batch_size": 16}}
SHORTEST = {"model": "mlp:4", "num_models": 6, "options": {"epochs": 1}}
# These train nothing.  The slow test has all checks, at some seconds each, in which a program is compiled.
FEW = {
    "check_complex_data", "check_do_not_raise_errors_in_init_or_set_params", "check_estimator_sparse_array",
    "check_fit1d", "check_fit2d_1sample", "check_get_params_invariance", "check_no_attributes_set_in_init",
    "check_parameters_default_constructible", "check_requires_y_none", "check_set_params",
}  # fmt: skip


def shapes(count: int = 60) -> tuple[pd.DataFrame, np.ndarray]:
    """Two columns of numbers and one of words, all of which tell the two classes; one label in the middle is wrong."""
    rng, right = np.random.default_rng(0), np.arange(count) % 2
    frame = pd.DataFrame(
        {
            "width": right * 4 + rng.normal(size=count),
            "height": right * 4 + rng.normal(size=count),
            "colour": np.where(right, "red", "blue"),
        },
        index=[f"part-{number}" for number in range(count)],
    )
    labels = np.where(right, "big", "small").astype(object)
    labels[20] = "big"
    return frame, labels


CHECKS = {check.func.__name__: check for _, check in estimator_checks_generator(LabelQuality())}


@pytest.mark.parametrize("name", sorted(FEW))
def test_conventions_of_scikit_learn(name):
    CHECKS[name](LabelQuality(**SHORTEST))


@pytest.mark.slow
def test_all_conventions_of_scikit_learn():
    found = check_estimator(LabelQuality(**SHORTEST), on_skip=None)

    assert len(found) > 40
    assert {result["status"] for result in found} <= {"passed", "skipped"}


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return tmp_path_factory.mktemp("judged") / "run"


@pytest.fixture(scope="module")
def judged(kept):
    return LabelQuality(**SMALL, random_state=3, run=kept).fit(*shapes())


def test_the_attributes_are_what_its_run_folder_says(judged, kept):
    found = memjax.open(kept)

    table = found.dataframe()
    np.testing.assert_array_equal(judged.label_quality_, table["probability_out"])
    np.testing.assert_array_equal(judged.memorization_, table["memorization"])
    np.testing.assert_array_equal(judged.memorization_stderr_, table["stderr"])
    np.testing.assert_array_equal(judged.held_out_probabilities_, found.held_out_probabilities)
    assert judged.classes_.tolist() == found.classes == ["big", "small"]
    assert (found.config.seed, found.num_models, found.config.train.epochs) == (3, 24, 60)


def test_a_wrong_label_is_the_first_suspect_with_the_columns_of_its_row(judged):
    frame, _ = shapes()
    first = judged.suspects_.iloc[0]

    assert first[["id", "label", "preferred"]].tolist() == ["part-20", "big", "small"]
    assert first[["width", "height", "colour"]].tolist() == frame.iloc[20].tolist()
    assert len(judged.suspects_) == max(20, judged.looks_wrong_.sum())
    assert judged.feature_names_in_.tolist() == ["width", "height", "colour"]


def test_fit_predict_marks_what_looks_wrong_as_outlier_detectors_do(judged, kept):
    marks = clone(judged).fit_predict(*shapes())  # takes its models from the folder

    np.testing.assert_array_equal(marks, 1 - 2 * judged.looks_wrong_)
    assert marks[20] == -1


def test_names_of_earlier_steps_of_a_pipeline_reach_the_suspects(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    frame, labels = shapes()
    numbers = make_column_transformer(
        (StandardScaler(), ["width", "height"]), (OneHotEncoder(sparse_output=False), ["colour"])
    )
    pipeline = make_pipeline(numbers, LabelQuality(**SMALL)).set_output(transform="pandas")

    judged = pipeline.fit(frame, labels)[-1]

    names = pipeline[:-1].get_feature_names_out().tolist()
    assert names == judged.feature_names_in_.tolist()
    assert names == judged.suspects_.columns[-4:].tolist()
    assert judged.suspects_["id"].iloc[0] == "part-20"
    assert not list(tmp_path.iterdir())  # the run folder was a temporary one


def test_a_column_named_as_one_of_the_table_keeps_both():
    frame, labels = shapes()

    suspects = LabelQuality(**SMALL).fit(frame.rename(columns={"width": "label"}), labels).suspects_

    assert suspects["label"].iloc[0] == "big"
    assert suspects["label_in_X"].iloc[0] == frame["width"].iloc[20]


@pytest.fixture
def asked(monkeypatch):
    """What `memjax.fit` is asked for, instead of training."""
    found: list = []

    def fit(x, y, **options):
        found.append((x, y, options))
        raise KeyboardInterrupt

    monkeypatch.setattr("memjax.runs.label_quality.fit", fit)
    return found


@pytest.mark.parametrize("state", [np.random.RandomState, lambda seed: seed], ids=["generator", "number"])
def test_the_random_state_decides_the_seed(state, asked):
    for seed in (5, 5, 6):
        with pytest.raises(KeyboardInterrupt):
            LabelQuality(random_state=state(seed)).fit(np.eye(4), [0, 1, 0, 1])

    first, second, other = (options["seed"] for _, _, options in asked)
    assert first == second != other


def test_images_and_words_are_passed_on_as_they_are(asked):
    images = np.zeros((4, 6, 6, 1), np.uint8)

    with pytest.raises(KeyboardInterrupt):
        LabelQuality(model="cnn", options={"epochs": 3}).fit(images, list("abab"))

    ((x, y, options),) = asked
    assert (x.shape, x.dtype, list(y)) == (images.shape, images.dtype, list("abab"))
    assert (options["model"], options["epochs"]) == ("cnn", 3)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"epoch": 3}, "did you mean epochs"), ({"seed": 3}, "which is an argument of LabelQuality itself")],
)
def test_options_are_refused_in_words(options, words):
    with pytest.raises(InputError, match=words):
        LabelQuality(options=options).fit(*shapes())


@pytest.mark.parametrize(
    ("inputs", "labels", "words"),
    [(np.eye(4), [0.1, 0.2, 0.3, 0.5], "continuous"), (np.diag([np.nan, 1, 1, 1]), [0, 1, 0, 1], "contains NaN")],
)
def test_what_is_refused_as_by_other_estimators(inputs, labels, words):
    with pytest.raises(ValueError, match=words):
        LabelQuality().fit(inputs, labels)
