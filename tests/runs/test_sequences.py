"""Runs on sequences of tokens, through `memjax.fit` and the command line."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from flax import linen, nnx

import memjax
from memjax import run
from memjax.config.specs import DataSpec
from memjax.data import load_dataset
from memjax.data.in_memory import from_arrays
from memjax.data.targets import label_values
from memjax.data.tokens import with_tokens
from memjax.errors import InputError
from memjax.runs.display import token_texts
from memjax.runs.judge import judge
from memjax.runs.publish import export

WORDS = ["the", "cat", "sat", "on", "mat", "and", "dog", "ran", "to", "big", "red", "house"]
RNG = np.random.default_rng(0)
LINES = [" ".join(RNG.choice(WORDS, 3)) for _ in range(40)]
SMALL = {"num_models": 16, "epochs": 6, "batch_size": 8, "pack_size": 8, "model": "transformer:16x1", "progress": False}


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """A run on lines of text, by the command line."""
    folder = tmp_path_factory.mktemp("text")
    (folder / "lines.txt").write_text("\n".join(LINES))
    code = run.main([
        "--dataset", f"text:{folder / 'lines.txt'}", "--num-models", "16", "--epochs", "6", "--batch-size", "8",
        "--pack-size", "8", "--model", "transformer:16x1", "--length", "12", "--run", str(folder / "run"), "--quiet",
        "--record", "log_probability", "--record-every", "3",
    ])  # fmt: skip
    assert code == 0
    return memjax.open(folder / "run")


def test_memorization_is_the_rise_of_the_accuracy_of_tokens(text):
    """By the definition, in NumPy, from the numbers of the models."""
    found = text.outcomes
    values = found.train["token_accuracy"].astype(float)

    out, inside = (np.ma.array(values, mask=side).mean(0) for side in (found.masks, ~found.masks))

    assert text.config.score == "token_accuracy"
    np.testing.assert_allclose(text.memorization.value, inside - out, atol=2e-3)
    assert text.influence.value.shape == (32, 8)


def test_tokens_have_their_own_memorization_whose_mean_is_that_of_the_log_probability(text):
    counts = (text.dataset.train_targets >= 0).sum(1)
    sides = text.estimates.scores["log_probability"]

    assert text.token_memorization.shape == text.dataset.train_targets.shape
    np.testing.assert_allclose(text.token_memorization.sum(1) / counts, sides.mean_in - sides.mean_out, atol=0.01)
    assert (text.token_memorization[text.dataset.train_targets < 0] == 0).all()


def test_curves_tables_and_report_show_texts(text, tmp_path, capsys):
    frame = text.dataframe()

    assert {*frame["label"]} <= {line[:12].strip() for line in LINES}
    assert text.curves.values["log_probability"].shape == (16, 2, 32)
    page = text.report().path.read_text()
    assert frame["label"][text.estimates.most_memorized(1)[0]] in page
    assert "log p of each token, in minus out" in page
    for command in ("status", "verify", "suspects", "report"):
        assert run.main([command, str(text.folder)]) == 0
    assert run.main(["export", str(text.folder), "--out", str(tmp_path / "csv"), "--format", "csv"]) == 0
    assert pd.read_csv(tmp_path / "csv" / "examples.csv")["label"].tolist() == frame["label"].tolist()
    assert run.main(["export", str(text.folder), "--out", str(tmp_path / "arrays"), "--format", "arrays"]) == 0
    assert run.main(["estimate", "--arrays", str(tmp_path / "arrays"), "--out", str(tmp_path / "again"),
                     "--score", "token_accuracy"]) == 0  # fmt: skip
    with np.load(tmp_path / "again" / "estimates.npz") as arrays:
        np.testing.assert_allclose(arrays["tr_mem"], text.memorization.value, rtol=1e-6)
    assert run.main(["publish", str(text.folder), "--out", str(tmp_path / "published")]) == 0
    assert "Traceback" not in capsys.readouterr().err


def test_what_does_not_take_sequences_says_so(text, tmp_path):
    values = RNG.normal(size=text.influence.value.shape)

    assert judge(values, text).measures[0].name == "LDS"
    with pytest.raises(InputError, match="brittleness is of right and wrong predictions"):
        judge(values, text, brittleness=2)
    with pytest.raises(InputError, match=r"lira is for classes; lines\.txt has sequences"):
        export(text, tmp_path, "lira")
    for options, words in (
        ({"stream": True, "scaling": "unit"}, "--stream does not take sequences"),
        ({"input_noise": 0.1}, "--input-noise is for numbers"),
        ({"label_smoothing": 0.1}, "--label-smoothing is for classes"),
        ({"model": "mlp:8"}, "mlp:8 takes numbers, and inputs are tokens"),
        ({"keep": ("correct",)}, "--keep 'correct' is not known"),
    ):
        with pytest.raises(InputError, match=words):
            memjax.fit(f"text:{text.folder.parent / 'lines.txt'}", **SMALL | options)
    with pytest.raises(InputError, match=r"without y_train.*task='tokens'"):
        memjax.fit(np.ones((4, 3), int), **SMALL)


def test_tokens_are_written_with_their_numbers():
    data = replace(from_arrays(np.array([[0, 1, 2, 3], [0, 2, -1, -1]]), None, task="tokens").dataset)
    data = replace(with_tokens(data, DataSpec("saved:x")), tokens=("\n", "a", " ", " the"))

    found = token_texts(data, np.array([[0.12, -3.0, 1.25], [0.5, 9.0, np.nan]]))

    assert found.tolist() == ["a+0.1 \u2423-3.0 the+1.2", "\u2423+0.5"]


@pytest.mark.slow
def test_it_is_opened_and_extended(text):
    opened = memjax.open(text.folder)

    np.testing.assert_array_equal(opened.memorization.value, text.memorization.value)
    assert opened.config.settings() == text.config.settings()
    assert len(opened.extend(24, progress=False).outcomes.masks) == 24


class Own(nnx.Module):
    """A network of one's own, with an embedding that takes whole numbers alone."""

    def __init__(self, input_shape, num_classes, *, rngs: nnx.Rngs):
        self.embed = nnx.Embed(num_classes, 8, rngs=rngs)
        self.dense = nnx.Linear(8, num_classes, rngs=rngs)

    def __call__(self, inputs):
        return self.dense(self.embed(inputs))


class OwnLinen(linen.Module):
    vocabulary: int

    @linen.compact
    def __call__(self, inputs):
        return linen.Dense(self.vocabulary)(linen.Embed(self.vocabulary, 8)(inputs))


def own_linen(input_shape, num_classes):
    return OwnLinen(num_classes)


class Flat(Own):
    def __call__(self, inputs):
        return super().__call__(inputs).mean(1)


@pytest.mark.slow
@pytest.mark.parametrize("model", [Own, own_linen])
def test_networks_of_ones_own_learn_which_token_follows(model):
    rows = (RNG.integers(0, 5, (30, 1)) + np.arange(6)) % 5

    result = memjax.fit(rows, task="tokens", keep=("token_accuracy", "parameters"),
                        **SMALL | {"model": model, "epochs": 60, "learning_rate": 0.05})  # fmt: skip

    assert (result.estimates.scores["token_accuracy"].mean_out > 0.99).all()
    logits = result.predict(rows[:4, :-1])
    assert logits.shape == (16, 4, 5, 5)
    assert (logits.argmax(-1) == rows[:4, 1:]).all()


def test_a_network_with_one_output_a_sequence_is_refused():
    with pytest.raises(InputError, match=r"expected one array of floats of shape \(6, 3, 5\)"):
        memjax.fit(np.arange(40).reshape(10, 4) % 5, task="tokens", **SMALL | {"model": Flat})


def test_arrays_in_a_file_and_targets_of_the_last_place(tmp_path):
    pairs = np.array([(a, b) for a in range(5) for b in range(5)])
    inputs = np.column_stack([pairs, np.full(25, 5)])
    np.savez(tmp_path / "sums.npz", x_train=inputs, y_train=pairs.sum(1) % 5)
    np.savez(tmp_path / "alone.npz", x_train=inputs)

    sums, alone = (load_dataset(DataSpec(f"npz:{tmp_path / name}.npz", task="tokens")) for name in ("sums", "alone"))

    assert label_values(sums, "train")[[0, 9]].tolist() == ["0 0 5 0", "1 4 5 0"]
    assert alone.input_shape == (2,)
    assert label_values(alone, "train")[9] == "1 4 5"


@pytest.mark.slow
def test_results_are_read_where_the_sequences_are_gone(tmp_path):
    np.savez(tmp_path / "rows.npz", x_train=np.arange(80).reshape(20, 4) % 5)
    place = tmp_path / "run"
    found = memjax.fit(f"npz:{tmp_path / 'rows.npz'}", task="tokens", run=place, **SMALL).memorization.value
    (tmp_path / "rows.npz").unlink()

    opened = memjax.open(place)

    np.testing.assert_array_equal(opened.memorization.value, found)
    assert "score_out" in opened.dataframe()
    assert opened.token_memorization.shape == (20, 3)
