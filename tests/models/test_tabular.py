"""The MLP with embeddings of the categories of a table."""

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

import memjax
from memjax.config.specs import ModelSpec
from memjax.data.in_memory import read, save
from memjax.data.tables.take import from_frames
from memjax.errors import InputError
from memjax.models import make_model
from memjax.models.frozen import arrays_by_name

RNG = np.random.default_rng(0)
COLUMNS = (1, 3, 2, 1)  # a number, a category of three texts, one of two, a number
FRAME = pd.DataFrame({
    "age": RNG.normal(size=60), "colour": np.tile(["red", "green", "blue"], 20),
    "town": RNG.choice(["a", "b"], 60), "pay": RNG.normal(size=60),
})  # fmt: skip
LABELS = np.where(FRAME["colour"] == "red", "yes", "no")
OPTIONS = {"model": "tabular:4", "epochs": 2, "pack_size": 2, "progress": False}


def test_categories_are_looked_up_and_numbers_handed_on():
    model = make_model(ModelSpec("tabular:5"), (7,), 2, columns=COLUMNS)
    params, state = model.init(jax.random.key(0))
    colours, towns = RNG.integers(0, 3, 6), RNG.integers(0, 2, 6)
    numbers = RNG.normal(size=(6, 2)).astype(np.float32)
    inputs = np.concatenate([numbers[:, :1], np.eye(3)[colours], np.eye(2)[towns], numbers[:, 1:]], 1)

    logits, _ = model.apply(params, state, jnp.asarray(inputs, jnp.float32), None, False)

    of = {name: np.asarray(values) for name, values in arrays_by_name(params).items()}
    looked_up = [of["embeddings/1/kernel"][colours], of["embeddings/2/kernel"][towns]]
    assert [each.shape for each in looked_up] == [(6, 2), (6, 1)]
    hidden = np.concatenate([numbers[:, :1], *looked_up, numbers[:, 1:]], 1)
    hidden = np.maximum(hidden @ of["layers/0/kernel"] + of["layers/0/bias"], 0)
    np.testing.assert_allclose(logits, hidden @ of["layers/1/kernel"] + of["layers/1/bias"], rtol=1e-5, atol=1e-6)


def test_a_table_of_numbers_has_no_embedding_and_the_parameters_of_an_mlp():
    tabular, mlp = (make_model(ModelSpec(f"{name}:5"), (3,), 2, columns=(1, 1, 1)) for name in ("tabular", "mlp"))

    sizes = [[leaf.shape for leaf in jax.tree.leaves(jax.eval_shape(model.init, jax.random.key(0))[0])]
             for model in (tabular, mlp)]  # fmt: skip

    assert sizes[0] == sizes[1] == [(5,), (3, 5), (2,), (5, 2)]


def test_the_sizes_of_columns_are_kept_with_the_examples(tmp_path):
    made = from_frames(FRAME, LABELS, None, None)

    save(tmp_path, made)

    assert made.dataset.column_sizes == read(tmp_path).dataset.column_sizes == COLUMNS


@pytest.mark.slow
def test_a_run_of_a_table_goes_on_with_the_same_network(tmp_path):
    memjax.fit(FRAME, LABELS, run=tmp_path / "run", num_models=4, **OPTIONS)

    result = memjax.open(tmp_path / "run").extend(num_models=8, progress=False)

    whole = memjax.fit(FRAME, LABELS, run=tmp_path / "whole", num_models=8, **OPTIONS)
    for name, values in whole.outcomes.train.items():
        np.testing.assert_array_equal(values, result.outcomes.train[name])


@pytest.mark.parametrize(
    ("inputs", "options", "words"),
    [
        (np.zeros((60, 3)) + RNG.normal(size=(60, 3)), {}, "give a data frame or the file of a table, or mlp in place"),
        (FRAME, {"norm": "batch"}, "--norm batch: tabular has no such normalisation"),
        (FRAME, {"model": "tabular"}, "model 'tabular': expected whole numbers above 0"),
    ],
)
def test_what_has_no_columns_or_sizes_is_refused(inputs, options, words, tmp_path):
    with pytest.raises(InputError, match=words):
        memjax.fit(inputs, LABELS, run=tmp_path / "run", num_models=4, **OPTIONS | options)
