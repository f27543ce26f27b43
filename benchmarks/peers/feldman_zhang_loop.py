"""The loop of the published demonstration: one model after the other, NumPy batches, an update compiled a model.

MLP 784-512-256-10 with ReLU, SGD with momentum 0.9 at learning rate 0.1, batches of 128, ten epochs, a random 70 % of
the training examples; then which of all training and test examples are classified correctly.  Everything that the loop
does for a model counts, compilation included; reading the data and starting jax do not.

    python -m benchmarks.peers.feldman_zhang_loop --data FOLDER

Reference:
  Feldman and Zhang, What Neural Networks Memorize and Why, 2020, arXiv 2008.03703.
"""

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.peers.examples import Examples, draw_subset, read_examples

HIDDEN = (512, 256)
BATCH, EPOCHS, LEARNING_RATE, MOMENTUM, FRACTION = 128, 10, 0.1, 0.9, 0.7


def logits_of(params, inputs):
    """Dense layers with ReLU between them."""
    for weight, bias in params[:-1]:
        inputs = jax.nn.relu(inputs @ weight + bias)
    weight, bias = params[-1]
    return inputs @ weight + bias


def initial(seed: int, sizes: tuple[int, ...]):
    """Glorot normal weights, biases 0."""
    keys = jax.random.split(jax.random.key(seed), len(sizes) - 1)
    return [
        (jax.random.normal(key, (rows, columns)) * (2 / (rows + columns)) ** 0.5, jnp.zeros(columns))
        for key, rows, columns in zip(keys, sizes[:-1], sizes[1:], strict=True)
    ]


def batches(seed: int, inputs: np.ndarray, targets: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Epochs without end, the last batch of each being smaller."""
    random = np.random.RandomState(seed)
    while True:
        order = random.permutation(len(inputs))
        for start in range(0, len(inputs), BATCH):
            rows = order[start : start + BATCH]
            yield inputs[rows], targets[rows]


def train_one(seed: int, examples: Examples, epochs: int) -> tuple[list[float], list[np.ndarray]]:
    """Seconds of each epoch and of the evaluation, and what was classified correctly."""
    started = time.perf_counter()
    seen = draw_subset(seed, len(examples.train_labels), FRACTION)
    inputs, test_inputs = (part.reshape(len(part), -1) for part in (examples.train_inputs, examples.test_inputs))
    targets = np.eye(examples.num_classes, dtype=np.float32)[examples.train_labels]

    def loss(params, inputs, targets):
        return -jnp.mean(jnp.sum(jax.nn.log_softmax(logits_of(params, inputs)) * targets, axis=1))

    @jax.jit
    def update(params, velocity, inputs, targets):
        gradient = jax.grad(loss)(params, inputs, targets)
        velocity = jax.tree.map(lambda old, new: MOMENTUM * old + new, velocity, gradient)
        return jax.tree.map(lambda param, speed: param - LEARNING_RATE * speed, params, velocity), velocity

    @jax.jit
    def correct(params, inputs, labels):
        return jnp.argmax(logits_of(params, inputs), 1) == labels

    params = initial(seed, (inputs.shape[1], *HIDDEN, examples.num_classes))
    velocity = jax.tree.map(jnp.zeros_like, params)
    stream = batches(seed, inputs[seen], targets[seen])
    times = [started]
    for _ in range(epochs):
        for _ in range(-(-len(seen) // BATCH)):
            params, velocity = update(params, velocity, *next(stream))
        jax.block_until_ready(params)
        times.append(time.perf_counter())
    splits = ((inputs, examples.train_labels), (test_inputs, examples.test_labels))
    flags = [np.asarray(correct(params, *split)) for split in splits]
    return np.diff([*times, time.perf_counter()]).tolist(), flags


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="fewer: the last one counts for those left out")
    settings = parser.parse_args()
    examples = read_examples(settings.data)
    jax.block_until_ready(jax.random.normal(jax.random.key(0), (2, 2)) @ jnp.ones((2, 2)))
    (*epochs, evaluation), flags = train_one(0, examples, settings.epochs)
    seconds = sum(epochs) + (EPOCHS - len(epochs)) * epochs[-1] + evaluation
    found = {"model_s": seconds, "epoch_s": epochs[-1], "evaluate_s": evaluation, "accuracy": float(flags[1].mean())}
    print(json.dumps(found | {"peer": f"jax {jax.__version__} (their loop)"}))


if __name__ == "__main__":
    main()
