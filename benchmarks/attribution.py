"""Which attribution by gradients is best and fastest, memjax's or dattri's, on the same networks and the same truth?

Networks are trained on everything, the truth are margins of models on random halves: linear datamodeling score (LDS) of
the scores on them.  Each method of either side is shown at its best setting, judged by the same models.  Seconds are
those of all networks, with the gradients and compilation.  Where the definitions are equal, so are the scores.

    python -m benchmarks.attribution --dattri-python PATH
    python -m benchmarks.attribution --per-class 10 --test-per-class 2 --judges 16 --networks 2 --dattri-python ''

dattri and torch may be in an environment of their own; without a path of its interpreter only memjax is measured.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

import memjax
from benchmarks.common.command import log, measure
from benchmarks.common.sides import Side, module, must_run
from benchmarks.common.tables import markdown
from memjax.estimators import linear_datamodeling_score
from memjax.estimators.attribution.gradient_dot import gradient_dot
from memjax.estimators.attribution.gradients import per_example_gradients
from memjax.estimators.attribution.influence_function import influence_function
from memjax.estimators.attribution.prior import gradient_kernels
from memjax.estimators.attribution.trak import trak

COST = "4 minutes, beside other work"
DAMPINGS = (0.0001, 0.001, 0.01, 0.1)
CURVATURES = {"exact Hessian": "hessian", "conjugate gradients": "gauss-newton", "EK-FAC": "ek-fac"}
EQUAL = ("gradient dot", *(f"exact Hessian {damping}" for damping in DAMPINGS))  # one definition on both sides


@dataclass(frozen=True)
class Settings:
    """What is trained, and where dattri is."""

    data: str = "digits"
    model: str = "mlp:32"
    per_class: int = 40
    test_per_class: int = 10
    networks: int = 3
    judges: int = 256
    seed: int = 0
    dattri_python: str = ""
    """The interpreter that has torch and dattri."""


class Row(NamedTuple):
    """One method of one side at one setting."""

    who: str
    method: str
    seconds: float
    value: float
    low: float
    high: float


class Result(NamedTuple):
    """All rows, and how far equal definitions are apart: the largest difference over the largest score."""

    rows: list[Row]
    apart: dict[str, float]

    def __str__(self) -> str:
        best: dict[tuple[str, str], Row] = {}
        for row in self.rows:
            key = row.method.rstrip("0123456789. "), row.who
            best[key] = max(best.get(key, row), row, key=lambda one: np.nan_to_num(one.value, nan=-1))
        lines = [["method", "who", "best setting", "LDS (95 % interval)", "seconds"]]
        for (method, who), row in sorted(best.items()):
            interval = f"{row.value:.3f} ({row.low:.3f} to {row.high:.3f})"
            lines.append([method, who, row.method.removeprefix(method).strip(), interval, f"{row.seconds:.1f}"])
        apart = "\n".join(f"{name}: apart by {value:.1e} of the largest score" for name, value in self.apart.items())
        return f"{markdown(lines)}\n\n{apart}"


def run(settings: Settings) -> Result:
    """Trains, and judges all methods of both sides."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        networks = _trained(settings, folder, "networks", settings.networks, "everything", "parameters")
        judges = _trained(settings, folder, "judges", settings.judges, "fixed-size").outcomes
        rows, found = [], {}
        for who, method, seconds, scores in (*_ours(networks), *_theirs(settings, networks, folder)):
            found[who, method] = scores
            lds = np.full(3, np.nan)
            if np.isfinite(scores).all():
                lds = linear_datamodeling_score(scores, judges.masks, judges.test["margin"], fitted_masks=None)[:3]
            rows.append(Row(who, method, seconds, *map(float, lds)))
            log(**rows[-1]._asdict())
    apart = {
        method: float(np.abs(found["memjax", method] - scale * theirs).max() / np.abs(theirs).max() / scale)
        for method in EQUAL if (theirs := found.get(("dattri", method))) is not None
        for scale in [1 if method == EQUAL[0] else 1 / len(theirs)]
    }  # fmt: skip
    return Result(rows, apart)


def _trained(settings: Settings, folder: Path, name: str, number: int, design: str, *keep: str) -> memjax.Result:
    options: dict[str, Any] = {"per_class": settings.per_class, "test_per_class": settings.test_per_class}
    own = settings.seed + (name == "judges")
    return memjax.fit(
        settings.data, run=folder / name, model=settings.model, num_models=number, seed=own,
        data_seed=settings.seed, design=design, subset_fraction=0.5, keep=["correct", "margin", *keep], estimate=False,
        progress=False, **options,
    )  # fmt: skip


def _sides(networks: memjax.Result) -> tuple:
    models, data = networks.models, networks.dataset
    return (models.scaled(data.train_inputs), data.train_labels), (models.scaled(data.test_inputs), data.test_labels)


def _ours(networks: memjax.Result) -> Iterator[tuple[str, str, float, np.ndarray]]:
    models, (train, test) = networks.models, _sides(networks)
    given = models.network, *models.parameters()

    def gradients(output: str, dims: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        sides = (*train, output), (*test, "margin")
        return tuple(per_example_gradients(*given, *side, dims=dims) for side in sides)

    def influence(curvature: str, damping: float) -> np.ndarray:
        one = [jax.tree.map(lambda leaf, number=number: leaf[number], given[1:]) for number in range(len(models))]
        options = {"damping": damping, "curvature": curvature, "steps": 50}
        return np.mean(
            [influence_function(given[0], *each, *train, *test, "margin", **options)
             for each in one], axis=0,
        )  # fmt: skip

    right = np.exp(-np.array([_losses(logits, train[1]) for logits in models.predict(networks.dataset.train_inputs)]))
    yield "memjax", "gradient dot", *_timed(lambda: gradient_dot(*gradients("loss")))
    for penalty in (0.01, 0.1, 1.0, 10.0):
        yield (
            "memjax",
            f"TRAK {penalty}",
            *_timed(lambda p=penalty: trak(*gradients("log_odds", 512), right, penalty=p)),
        )
    for penalty in (0.1, 1.0, 10.0):
        yield (
            "memjax",
            f"weighted kernel {penalty}",
            *_timed(lambda p=penalty: gradient_kernels(*given, *train, *test, "margin").effects(p)),
        )
    for damping in DAMPINGS:
        for name, curvature in CURVATURES.items():
            yield "memjax", f"{name} {damping}", *_timed(lambda c=curvature, d=damping: influence(c, d))


def _losses(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.log(np.exp(logits - logits[np.arange(len(labels)), labels][:, None]).sum(1))


def _timed(compute: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    jax.clear_caches()
    start = time.perf_counter()
    found = compute()
    return time.perf_counter() - start, found


def _theirs(settings: Settings, networks: memjax.Result, folder: Path) -> Iterator[tuple[str, str, float, np.ndarray]]:
    if not settings.dattri_python:
        return
    arrays = {}
    for side, (inputs, labels) in zip(("train", "test"), _sides(networks), strict=True):
        arrays |= {f"{side}_inputs": inputs.reshape(len(inputs), -1), f"{side}_labels": labels.astype(np.int64)}
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(networks.models.parameters()[0])]  # bias, kernel, bias, ...
    for number, (bias, kernel) in enumerate(zip(leaves[::2], leaves[1::2], strict=True)):
        arrays |= {f"bias{number}": bias, f"kernel{number}": kernel}
    np.savez(folder / "networks.npz", **arrays)
    command = module("benchmarks.peers.dattri_scores", "--folder", folder, python=settings.dattri_python)
    for method, seconds in must_run(Side("dattri", "dattri", command)).items():
        yield "dattri", method, seconds, np.load(folder / f"dattri {method}.npy")


def main() -> None:
    measure(Settings, run)


if __name__ == "__main__":
    main()
