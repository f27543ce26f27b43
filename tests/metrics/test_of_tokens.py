"""Loss and scores of sequences of tokens against plain loops of NumPy."""

from dataclasses import replace

import jax
import numpy as np
import optax

from memjax import Task, training
from memjax.config.specs import DataSpec, ModelSpec
from memjax.data.in_memory import from_arrays
from memjax.data.tokens import with_tokens
from memjax.metrics import of_tokens, task_named
from memjax.models import make_model

RNG = np.random.default_rng(3)
LOGITS = RNG.normal(size=(5, 4, 6)).astype(np.float32)
TARGETS = RNG.integers(0, 6, (5, 4))
TARGETS[1, 2:], TARGETS[2, :3] = -1, -1  # padding at the end; only the last place counts


def oracle() -> dict[str, np.ndarray]:
    """Each score by its definition, token for token; places that do not count are never read."""
    found: dict[str, list] = {"token_accuracy": [], "exact_match": [], "log_probability": []}
    for logits, targets in zip(LOGITS.astype(np.float64), TARGETS, strict=True):
        places = [place for place, target in enumerate(targets) if target >= 0]
        logs = [logits[place, targets[place]] - np.log(np.exp(logits[place]).sum()) for place in places]
        right = [logits[place].argmax() == targets[place] for place in places]
        found["token_accuracy"].append(np.mean(right))
        found["exact_match"].append(all(right))
        found["log_probability"].append(np.mean(logs))
    return {name: np.array(values) for name, values in found.items()}


def test_scores_are_means_over_the_tokens_that_count():
    task = task_named("tokens")
    expected = oracle()

    for outputs in (LOGITS, of_tokens.of_tokens(LOGITS, TARGETS)):  # logits, and what is kept of them
        for name, values in expected.items():
            np.testing.assert_allclose(task.table[name].function(outputs, TARGETS), values, rtol=1e-5)
        np.testing.assert_allclose(task.loss(outputs, TARGETS), -expected["log_probability"], rtol=1e-5)
    assert expected["exact_match"].dtype == bool


def test_an_example_that_is_right_everywhere_is_an_exact_match():
    logits = np.eye(6, dtype=np.float32)[np.maximum(TARGETS, 0)]

    assert np.asarray(of_tokens.exact_match(logits, TARGETS)).all()
    assert (np.asarray(of_tokens.token_accuracy(logits, TARGETS)) == 1).all()


def test_padding_has_no_gradient():
    def loss(logits):
        return of_tokens.loss(logits, TARGETS).sum()

    gradient = np.asarray(jax.grad(loss)(LOGITS))

    assert (gradient[TARGETS < 0] == 0).all()
    assert (np.abs(gradient[TARGETS >= 0]).sum(-1) > 0).all()
    assert np.isfinite(gradient).all()


def test_tokens_have_numbers_of_their_own_and_0_where_they_do_not_count():
    values = np.asarray(of_tokens.token_log_probability(LOGITS, TARGETS))

    assert values.shape == TARGETS.shape
    assert (values[TARGETS < 0] == 0).all()
    np.testing.assert_allclose(values.sum(1) / (TARGETS >= 0).sum(1), oracle()["log_probability"], rtol=1e-5)


def test_a_task_of_ones_own_on_tokens_trains_many_models():
    """Programs are traced, not run: means over held-out models are of no use for sequences, and are not asked for."""
    own = Task(of_tokens.loss, {"sureness": of_tokens.log_probability}, targets="tokens")
    rows = np.arange(40).reshape(10, 4) % 5
    data = replace(from_arrays(rows, None, task="tokens").dataset, task="tokens")
    examples = training.examples_of(with_tokens(data, DataSpec("saved:x")))
    model = make_model(ModelSpec("transformer:8"), (3,), 5, np.int32)
    single = training.make_train(model, optax.adam(0.1), own.functions(["sureness"]), 5, 1, 4, task=own)

    lowered = training.lower_any(single, 0, examples, 2, jax.local_devices()[:1])

    assert "sureness" in str(lowered.finish.out_info.train)
    assert lowered.finish.out_info.classes is None
