"""Proxies for memorization from one training on all examples, and the processor time that each takes.

The training is recorded after every epoch.  Gradients are taken at ten of them, evenly spaced; the first of these ends
a tenth of the epochs and is the early one.  Every proxy is turned so that a high value means memorized.
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from experiments.common import gpu
from experiments.common.networks import single
from memjax import dynamics, metrics
from memjax.config.specs import ModelSpec, TrainSpec
from memjax.models import layers_of, make_model
from memjax.training import examples_of
from memjax.types import Dataset

CHECKPOINTS, NEIGHBOURS = 10, 30
STEP, DIRECTIONS = 1e-3, 4  # of the finite difference: Garg et al. take ten directions
RECORDED = ("correct", "loss", "margin", "probability", "error_norm")
AT_CHECKPOINTS = ("by parameters", "by inputs", "curvature")


class OneTraining(NamedTuple):
    """What one training gives.

    Attributes:
      scores: name of the proxy -> (train,) values.
      costs: name of the proxy -> processor time, in units of that of the training without any recording.
      seconds: processor time of the training without any recording.
    """

    scores: dict[str, np.ndarray]
    costs: dict[str, float]
    seconds: float


def trainings(dataset: Dataset, model: str, spec: TrainSpec, keys: jax.Array) -> list[OneTraining]:
    """One for each key.  Times of the first hold compilation."""
    network = make_model(ModelSpec(model), dataset.input_shape, dataset.num_classes)
    training, examples = single(network, dataset.num_train, spec), examples_of(dataset)
    gpu.add(network, dataset, spec, np.ones((len(keys), dataset.num_train), bool))
    labels, everyone = jnp.asarray(dataset.train_labels), jnp.ones(dataset.num_train, bool)
    inputs = (examples.train_inputs.astype(jnp.float32) - examples.mean) * examples.scale
    start, advance, embed = jax.jit(training.start), jax.jit(training.advance), jax.jit(layers_of, static_argnums=0)
    looks = looks_of(network, inputs, labels)
    checkpoints = np.unique(np.maximum(1, np.linspace(0, spec.epochs, CHECKPOINTS + 1).round()[1:])).astype(int)
    found = []
    for key in keys:
        clock, seen = Clock(), {name: [] for name in ("logits", *AT_CHECKPOINTS)}
        state = clock("training", start, key)
        for epoch in range(1, spec.epochs + 1):
            state = clock("training", advance, key, everyone, state, examples, epoch - 1, epoch)
            for name in ("logits", *(AT_CHECKPOINTS if epoch in checkpoints else ())):
                seen[name].append(clock(name, looks[name], state.params, state.model_state))
        of_all = {name: [metrics.METRICS[name].function(each, labels) for each in seen["logits"]] for name in RECORDED}
        curves = {name: np.stack(values) for name, values in of_all.items()}
        k = min(NEIGHBOURS, int(np.bincount(dataset.train_labels).min()) - 1)
        at_end = network, state.params, state.model_state, inputs
        depth = clock("depth", dynamics.model_depths, *at_end, dataset.train_labels, np.asarray(everyone), max(1, k))
        features = clock("features", embed, *at_end)[-2]
        scores = of_curves(curves, int(checkpoints[0]))
        scores |= of_gradients(*(np.stack(seen[name]) for name in AT_CHECKPOINTS), dataset.train_labels)
        scores["prediction depth"] = np.nan_to_num(depth, nan=np.nanmax(depth, initial=0.0) + 1)
        scores["distance to the class (prototypes)"] = distances(np.asarray(features), dataset.train_labels)
        costs = costs_of(clock.seconds, spec.epochs, len(checkpoints))
        found.append(OneTraining(scores, costs, clock.seconds["training"]))
    return found


class Clock:
    """Adds up the processor time of calls by name."""

    def __init__(self):
        self.seconds: dict[str, float] = {}

    def __call__(self, name: str, function: Callable[..., Any], *arguments: Any) -> Any:
        start = time.process_time()
        result = jax.block_until_ready(function(*arguments))
        self.seconds[name] = self.seconds.get(name, 0.0) + time.process_time() - start
        return result


def looks_of(network: Any, inputs: jax.Array, labels: jax.Array) -> dict[str, Callable[[Any, Any], Any]]:
    """What is asked of a network: functions of (params, state)."""

    def logits(params, state, points):
        return network.apply(params, state, points, None, False)[0]

    def loss(points, params, state):
        return optax.softmax_cross_entropy_with_integer_labels(logits(params, state, points), labels).sum()

    def given(points, params, state):
        return jnp.take_along_axis(logits(params, state, points), labels[:, None], 1).sum()

    def curvature(params, state):
        """Mean over random directions of the squared change of the gradient, over the squared step."""
        slope = jax.grad(loss)
        here, signs = (
            slope(inputs, params, state),
            jax.random.rademacher(jax.random.key(0), (DIRECTIONS, *inputs.shape)),
        )

        def one(direction):
            change = slope(inputs + STEP * direction, params, state) - here
            return jnp.square(change / STEP).reshape(len(inputs), -1).sum(1)

        return jax.lax.map(one, signs.astype(jnp.float32)).mean(0)

    return {
        "logits": jax.jit(lambda params, state: logits(params, state, inputs)),
        "by parameters": lambda params, state: dynamics.gradient_norms(network, params, state, inputs, labels),
        "by inputs": jax.jit(lambda params, state: jax.grad(given)(inputs, params, state).reshape(len(inputs), -1)),
        "curvature": jax.jit(curvature),
    }


def of_curves(curves: dict[str, np.ndarray], early: int) -> dict[str, np.ndarray]:
    """The proxies that need nothing but records after each epoch, (epochs, train)."""
    epochs = np.arange(1, len(curves["loss"]) + 1)

    def never_is_last(values: np.ndarray) -> np.ndarray:
        return np.where(np.isnan(values), len(epochs) + 1, values)

    low, high = np.quantile(curves["loss"], [0.25, 0.75], axis=0)
    return {
        "loss at the end": curves["loss"][-1],
        "cumulative loss": dynamics.mean_loss(curves["loss"]),
        "LT-IQR": high - low,
        "early error (EL2N)": dynamics.at_epoch(curves["error_norm"], epochs, early),
        "area under the margin": -dynamics.area_under_margin(curves["margin"]),
        "confidence": -dynamics.confidence(curves["probability"]),
        "variability": dynamics.variability(curves["probability"]),
        "share of epochs wrong": 1 - dynamics.correctness(curves["correct"]),
        "first learned": never_is_last(dynamics.first_learned(curves["correct"], epochs)),
        "learned for good": never_is_last(dynamics.learned_for_good(curves["correct"], epochs)),
        "forgetting events": np.minimum(dynamics.forgetting_events(curves["correct"], epochs), len(epochs)),
    }


def of_gradients(norms: np.ndarray, slopes: np.ndarray, curvature: np.ndarray, labels: np.ndarray) -> dict:
    """Of the norms of the gradients by parameters, (checkpoints, train), of those of the given logit by the inputs,
    (checkpoints, train, inputs), and of the curvature, (checkpoints, train)."""
    spread = slopes.std(0).mean(-1)
    of_class = [spread[labels == label] for label in labels]
    return {
        "early gradient (GraNd)": norms[0],
        "self-influence": np.square(norms).mean(0),
        "variance of gradients (VoG)": np.array(
            [(one - same.mean()) / max(same.std(), 1e-12) for one, same in zip(spread, of_class, strict=True)]
        ),
        "curvature": curvature.mean(0),
    }


def distances(features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """From each example to the mean of the others of its class."""
    rows = features.reshape(len(features), -1).astype(np.float64)
    members = (labels[:, None] == labels) & ~np.eye(len(labels), dtype=bool)
    return np.linalg.norm(rows - members @ rows / np.maximum(members.sum(1), 1)[:, None], axis=1)


def costs_of(seconds: dict[str, float], epochs: int, checkpoints: int) -> dict[str, float]:
    """What each proxy costs, in trainings; one that needs a tenth of the training is charged a tenth."""
    cost = {name: value / seconds["training"] for name, value in seconds.items()}
    early, recorded = 1 / checkpoints, 1 + cost["logits"]
    of = dict.fromkeys(of_curves({name: np.ones((2, 1)) for name in RECORDED}, 1), recorded)
    return of | {
        "loss at the end": 1 + cost["logits"] / epochs,
        "early error (EL2N)": early + cost["logits"] / epochs,
        "early gradient (GraNd)": early * (1 + cost["by parameters"]),
        "self-influence": 1 + cost["by parameters"],
        "variance of gradients (VoG)": 1 + cost["by inputs"],
        "curvature": 1 + cost["curvature"],
        "prediction depth": 1 + cost["depth"],
        "distance to the class (prototypes)": 1 + cost["features"],
    }
