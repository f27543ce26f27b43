"""A plain loop in torch, one model after the other, as fast as it goes.

All data are one tensor in memory, already in the precision of the products; batches are gathered by index; no data
loader; fused optimiser; gradients set to None.  Prints one JSON line: seconds per model, epoch and evaluation.

    python -m benchmarks.peers.torch_loop --data FOLDER --model mlp:512,256 --precision bfloat16 --threads 2
"""

import argparse
import itertools
import json
import math
import time
from pathlib import Path

import torch
from torch import nn

from benchmarks.peers.examples import draw_subset, read_examples
from benchmarks.peers.together import begin, run_together

CHUNK = 2000  # examples evaluated at once


def build(name: str, input_shape: tuple[int, ...], num_classes: int) -> nn.Sequential:
    """mlp:WIDTHS or cnn:CHANNELS, the same networks as memjax's: 3 x 3 convolutions with ReLU and 2 x 2 pooling."""
    kind, _, text = name.partition(":")
    sizes = [int(word) for word in text.split(",")]
    layers: list[nn.Module] = []
    if kind == "mlp":
        sizes = [math.prod(input_shape), *sizes]
        for size_in, size_out in itertools.pairwise(sizes):
            layers += [nn.Linear(size_in, size_out), nn.ReLU()]
        return nn.Sequential(nn.Flatten(), *layers, nn.Linear(sizes[-1], num_classes))
    for size_in, size_out in itertools.pairwise([1 if len(input_shape) == 2 else input_shape[2], *sizes]):
        layers += [nn.Conv2d(size_in, size_out, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    pixels = (input_shape[0] >> len(sizes)) * (input_shape[1] >> len(sizes))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(pixels * sizes[-1], num_classes))


class Loop:
    """One network, trained again and again from new weights, each time on another subset."""

    def __init__(self, settings: argparse.Namespace):
        torch.set_num_threads(settings.threads)
        torch.set_flush_denormal(True)
        if settings.precision == "bfloat16-products":  # float32 everywhere but inside the products
            torch.set_float32_matmul_precision("medium")
            torch.backends.mkldnn.conv.fp32_precision = "bf16"
        self.settings, self.examples = settings, read_examples(settings.data)
        self.autocast = settings.precision == "bfloat16"
        self.inputs, self.test_inputs = map(self._tensor, (self.examples.train_inputs, self.examples.test_inputs))
        self.labels, self.test_labels = (
            torch.from_numpy(labels.astype("int64"))
            for labels in (self.examples.train_labels, self.examples.test_labels)
        )
        self.network = build(settings.model, self.examples.train_inputs.shape[1:], self.examples.num_classes)
        if settings.channels_last:
            self.network = self.network.to(memory_format=torch.channels_last)
        self.loss_of = torch.compile(self._loss) if settings.compile else self._loss

    def _tensor(self, inputs) -> torch.Tensor:
        tensor = torch.from_numpy(inputs).to(torch.bfloat16 if self.autocast else torch.float32)
        if self.settings.model.startswith("mlp"):
            return tensor.flatten(1)
        tensor = tensor[:, None] if tensor.ndim == 3 else tensor.movedim(-1, 1)
        form = torch.channels_last if self.settings.channels_last else torch.contiguous_format
        return tensor.contiguous(memory_format=form)

    def _loss(self, inputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=self.autocast):
            return nn.functional.cross_entropy(self.network(inputs), labels)

    def start_afresh(self) -> torch.optim.Optimizer:
        """New weights and a new optimiser."""
        for layer in self.network:
            if hasattr(layer, "reset_parameters"):
                layer.reset_parameters()
        return torch.optim.SGD(self.network.parameters(), self.settings.learning_rate, momentum=0.9, fused=True)

    def train(self, optimizer: torch.optim.Optimizer, rows: torch.Tensor, epochs: int) -> None:
        """Passes over `rows` in random order; the last batch is topped up, so that each is full."""
        size = self.settings.batch_size
        count = -(-len(rows) // size) * size
        for _ in range(epochs):
            order = rows[torch.randperm(len(rows))[torch.arange(count) % len(rows)]]
            for batch in order.split(size):
                optimizer.zero_grad(set_to_none=True)
                self.loss_of(self.inputs.index_select(0, batch), self.labels.index_select(0, batch)).backward()
                optimizer.step()

    @torch.inference_mode()
    def evaluate(self) -> list[torch.Tensor]:
        """Whether each training and each test example is classified correctly."""
        splits = ((self.inputs, self.labels), (self.test_inputs, self.test_labels))
        with torch.autocast("cpu", torch.bfloat16, enabled=self.autocast):
            return [
                torch.cat([self.network(part).argmax(1) for part in inputs.split(CHUNK)]) == labels
                for inputs, labels in splits
            ]


def measure(settings: argparse.Namespace) -> dict[str, float]:
    """Seconds of one model, in this process; what is warmed up beforehand does not count."""
    loop = Loop(settings)
    rows = [
        torch.from_numpy(draw_subset(seed, len(loop.labels), settings.subset_fraction))
        for seed in range(settings.models)
    ]
    loop.train(loop.start_afresh(), rows[0][: 20 * settings.batch_size], 1)
    loop.evaluate()
    begin()
    training = evaluation = 0.0
    for seen in rows:
        started = time.perf_counter()
        loop.train(loop.start_afresh(), seen, settings.timed_epochs)
        trained = time.perf_counter()
        correct = loop.evaluate()
        training, evaluation = training + trained - started, evaluation + time.perf_counter() - trained
    epoch, evaluation = training / settings.timed_epochs / settings.models, evaluation / settings.models
    return {
        "model_s": epoch * settings.epochs + evaluation,
        "epoch_s": epoch,
        "evaluate_s": evaluation,
        "accuracy": float(correct[1].float().mean()) * settings.processes,  # which run_together divides by
    }


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="mlp:128")
    parser.add_argument("--subset-fraction", type=float, default=0.7)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--timed-epochs", type=int, help="epochs trained; an epoch's time is multiplied up")
    parser.add_argument("--models", type=int, default=1)
    parser.add_argument("--learning-rate", type=float, default=0.1)
    parser.add_argument("--precision", choices=["float32", "bfloat16", "bfloat16-products"], default="float32")
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    settings = parser.parse_args()
    settings.timed_epochs = min(settings.timed_epochs or settings.epochs, settings.epochs)
    return settings


if __name__ == "__main__":
    settings = parse()
    found = run_together(measure, settings, settings.processes)
    print(json.dumps(found | {"peer": f"torch {torch.__version__}"}))
