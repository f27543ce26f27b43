"""Attribution scores by dattri: gradient dot (TracIn), TRAK, and influence functions, of given networks.

Reads networks (dense layers with ReLU) and examples from FOLDER/networks.npz, and writes the scores of each method and
setting into FOLDER.  Above 0 means that training on the example helps with the test example.  Prints one JSON line:
seconds of each, without imports.

    python -m benchmarks.peers.dattri_scores --folder FOLDER
"""

import argparse
import itertools
import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from dattri.algorithm.influence_function import (
    IFAttributorArnoldi,
    IFAttributorCG,
    IFAttributorEKFAC,
    IFAttributorExplicit,
)
from dattri.algorithm.tracin import TracInAttributor
from dattri.algorithm.trak import TRAKAttributor
from dattri.task import AttributionTask
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

DAMPINGS = (0.0001, 0.001, 0.01, 0.1)
PENALTIES = (
    0.0,
    0.1,
    10.0,
    100.0,
    1000.0,
)  # of TRAK, whose gradients are over the root of their number
BLOCK = 500  # training examples at once, for TracIn and TRAK


class Work:
    """Networks and examples, as dattri takes them."""

    def __init__(self, folder: Path):
        arrays = {name: torch.from_numpy(array) for name, array in np.load(folder / "networks.npz").items()}
        weights = [
            arrays[f"kernel{number}"]
            for number in itertools.takewhile(lambda n: f"kernel{n}" in arrays, itertools.count())
        ]
        layers = [layer for weight in weights for layer in (nn.Linear(*weight.shape[1:]), nn.ReLU())]
        self.model = nn.Sequential(*layers[:-1])
        self.checkpoints = [
            {f"{2 * number}.{name}": value for number, weight in enumerate(weights)
             for name, value in (("weight", weight[model].T), ("bias", arrays[f"bias{number}"][model]))}
            for model in range(len(weights[0]))
        ]  # fmt: skip
        self.sides = [TensorDataset(arrays[f"{side}_inputs"], arrays[f"{side}_labels"]) for side in ("train", "test")]

    def loaders(self, size: int | None = None) -> list[DataLoader]:
        return [DataLoader(side, batch_size=size or len(side)) for side in self.sides]

    def logits(self, params, data) -> tuple[torch.Tensor, torch.Tensor]:
        """Of a batch or of one example."""
        inputs, labels = data
        inputs = inputs.reshape(-1, self.sides[0].tensors[0].shape[1])
        return torch.func.functional_call(self.model, params, (inputs,)), labels.reshape(-1)

    def loss(self, params, data) -> torch.Tensor:
        return nn.functional.cross_entropy(*self.logits(params, data))

    def margin(self, params, data) -> torch.Tensor:
        logits, labels = self.logits(params, data)
        own = torch.arange(logits.shape[1]) == labels[:, None]
        return (logits.masked_fill(~own, 0).sum(1) - logits.masked_fill(own, -torch.inf).amax(1)).sum()

    def log_odds(self, params, data) -> torch.Tensor:
        loss = self.loss(params, data)
        return -loss - torch.log(-torch.expm1(-loss) + 1e-12)

    def probability(self, params, data) -> torch.Tensor:
        return torch.exp(-self.loss(params, data))

    def task(self, loss, target, checkpoints=None) -> AttributionTask:
        return AttributionTask(loss, self.model, checkpoints or self.checkpoints, target)


def scores(work: Work) -> Iterator[tuple[str, float, np.ndarray]]:
    """Method and setting, seconds, and scores (train, test)."""
    count = len(work.checkpoints)
    plain = work.task(work.loss, work.margin)
    tracin = TracInAttributor(plain, torch.full((count,), 1 / count), normalized_grad=False)
    tracin.projector_kwargs = None  # else it projects to 512 dimensions
    yield "gradient dot", *timed(lambda: -tracin.attribute(*work.loaders(BLOCK)))
    for penalty in PENALTIES:
        trak = TRAKAttributor(
            work.task(work.log_odds, work.margin), work.probability, {"proj_dim": 512}, regularization=penalty
        )
        yield (
            f"TRAK {penalty}",
            *timed(lambda trak=trak: trak.attribute(work.loaders(BLOCK)[1], work.loaders(BLOCK)[0])),
        )
    for damping in DAMPINGS:
        kinds = {
            "exact Hessian": IFAttributorExplicit(plain, regularization=damping),
            "conjugate gradients": IFAttributorCG(plain, regularization=damping, max_iter=50),
            "Arnoldi": IFAttributorArnoldi(plain, regularization=damping, proj_dim=100, max_iter=150),
        }
        for name, method in kinds.items():
            yield f"{name} {damping}", *timed(lambda method=method: -influence(work, method))
        yield f"EK-FAC {damping}", *timed(lambda damping=damping: ek_fac(work, damping))


def influence(work: Work, method) -> torch.Tensor:
    method.cache(work.loaders()[0])
    return method.attribute(*work.loaders())


def ek_fac(work: Work, damping: float) -> torch.Tensor:
    """The mean over networks, which dattri takes one at a time; of the loss, of which it makes the curvature."""
    tasks = (work.task(work.loss, work.loss, one) for one in work.checkpoints)
    return sum(influence(work, IFAttributorEKFAC(task, damping=damping)) for task in tasks) / len(work.checkpoints)


def timed(compute) -> tuple[float, np.ndarray]:
    start = time.perf_counter()
    found = compute()
    return time.perf_counter() - start, found.detach().numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    folder = parser.parse_args().folder
    seconds = {}
    for name, taken, found in scores(Work(folder)):
        np.save(folder / f"dattri {name}.npy", found)
        seconds[name] = taken
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
