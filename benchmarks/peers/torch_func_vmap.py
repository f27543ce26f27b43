"""torch.func.vmap over the gradient: many models per step.

Stacked weights, a batch of its own for each model, gathered by index; momentum with foreach operations in place, or
the fused optimiser on the stacked weights.  Prints one JSON line with seconds per model.

    python -m benchmarks.peers.torch_func_vmap --data FOLDER --stack 32 --threads 2
"""

import argparse
import json
import time
from pathlib import Path

import torch
from torch.func import functional_call, grad, stack_module_state, vmap

from benchmarks.peers.examples import draw_subset, read_examples
from benchmarks.peers.together import begin, run_together
from benchmarks.peers.torch_loop import build


class Stack:
    """Networks with a leading axis of models, trained together."""

    def __init__(self, settings: argparse.Namespace):
        torch.set_num_threads(settings.threads)
        torch.set_flush_denormal(True)
        self.settings, examples = settings, read_examples(settings.data)
        self.shape, self.num_classes = examples.train_inputs.shape[1:], examples.num_classes
        self.inputs = torch.from_numpy(examples.train_inputs).flatten(1)
        self.labels = torch.from_numpy(examples.train_labels.astype("int64"))
        self.test_inputs = torch.from_numpy(examples.test_inputs).flatten(1)
        self.test_labels = torch.from_numpy(examples.test_labels.astype("int64"))
        self.network = build(settings.model, self.shape, self.num_classes)
        gradients = vmap(grad(self._loss))
        self.gradients = torch.compile(gradients) if settings.compile else gradients

    def _loss(self, weights: dict[str, torch.Tensor], inputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        if self.settings.bfloat16:  # the products; weights, gradients, momenta and the loss stay float32
            weights, inputs = {name: weight.bfloat16() for name, weight in weights.items()}, inputs.bfloat16()
        return torch.nn.functional.cross_entropy(functional_call(self.network, weights, (inputs,)).float(), labels)

    def new_weights(self) -> dict[str, torch.Tensor]:
        """Weights of all models, outside autograd, since torch.func takes the gradient."""
        networks = [build(self.settings.model, self.shape, self.num_classes) for _ in range(self.settings.stack)]
        return {name: stacked.detach() for name, stacked in stack_module_state(networks)[0].items()}

    def train(self, weights: dict[str, torch.Tensor], rows: torch.Tensor, epochs: int) -> None:
        """Passes over each model's own rows (models, size) in random order; every batch is full."""
        size = self.settings.batch_size
        count = -(-rows.shape[1] // size) * size
        flat = list(weights.values())
        momenta = [torch.zeros_like(weight) for weight in flat]
        fused = torch.optim.SGD(flat, self.settings.learning_rate, momentum=0.9, fused=True)
        for _ in range(epochs):
            order = rows.gather(1, torch.rand(rows.shape).argsort(1))[:, torch.arange(count) % rows.shape[1]]
            for batch in order.split(size, 1):
                gradient = self.gradients(weights, self.inputs[batch], self.labels[batch])
                if self.settings.fused:
                    for name, weight in weights.items():
                        weight.grad = gradient[name]
                    fused.step()
                else:
                    torch._foreach_mul_(momenta, 0.9)
                    torch._foreach_add_(momenta, [gradient[name] for name in weights])
                    torch._foreach_add_(flat, momenta, alpha=-self.settings.learning_rate)

    @torch.inference_mode()
    def evaluate(self, weights: dict[str, torch.Tensor]) -> list[torch.Tensor]:
        """Whether each model classifies each training and each test example correctly."""

        def predicted(inputs: torch.Tensor) -> torch.Tensor:
            logits = vmap(lambda own: functional_call(self.network, own, (inputs,)))(weights)
            return logits.argmax(-1)

        return [predicted(self.inputs) == self.labels, predicted(self.test_inputs) == self.test_labels]


def measure(settings: argparse.Namespace) -> dict[str, float]:
    """Seconds of one model, in this process; what is warmed up beforehand does not count."""
    stack = Stack(settings)
    subsets = [draw_subset(seed, len(stack.labels), settings.subset_fraction) for seed in range(settings.stack)]
    rows = torch.stack([torch.from_numpy(subset) for subset in subsets])
    stack.train(weights := stack.new_weights(), rows[:, : 10 * settings.batch_size], 1)
    stack.evaluate(weights)
    begin()
    started = time.perf_counter()
    for _ in range(settings.calls):
        stack.train(weights := stack.new_weights(), rows, settings.epochs)
        correct = stack.evaluate(weights)
    seconds = (time.perf_counter() - started) / settings.calls / settings.stack
    return {"model_s": seconds, "accuracy": float(correct[1].float().mean()) * settings.processes}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="mlp:128")
    parser.add_argument("--subset-fraction", type=float, default=0.7)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--learning-rate", type=float, default=0.1)
    parser.add_argument("--stack", type=int, default=32, help="models trained together")
    parser.add_argument("--calls", type=int, default=2, help="stacks trained and timed")
    parser.add_argument("--fused", action="store_true", help="the fused optimiser instead of foreach operations")
    parser.add_argument("--bfloat16", action="store_true", help="products in bfloat16")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    settings = parse()
    found = run_together(measure, settings, settings.processes)
    print(json.dumps(found | {"peer": f"torch {torch.__version__}"}))
