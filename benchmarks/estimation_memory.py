"""How much memory do the estimates of a run take, and how long, beside those of another checkout?

    python -m benchmarks.estimation_memory --models 500 2000 --before ../older

Run folders of made-up models, correctness and probability kept, are written and estimated, each in a process of its own
and the checkouts in turn.  Peak: the largest resident memory of the process less that before the estimation, with jax
and the data set there.  Prints one JSON line a process.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tyro

MIB = 2**20


@dataclass(frozen=True)
class Benchmark:
    """Memory of the estimates."""

    models: tuple[int, ...] = (500, 2000)
    num_train: int = 20_000
    num_test: int = 2_000
    classes: int = 10
    pack_size: int = 20
    rounds: int = 1
    before: str = ""
    """Another checkout of memjax to measure in turn with this one."""
    folder: str = ""
    """A folder to estimate, in this process: what the benchmark asks of its own processes."""


def write_data(path: Path, benchmark: Benchmark) -> None:
    """Labels in turn, and of inputs a single number."""
    sides = {"train": benchmark.num_train, "test": benchmark.num_test}
    inputs: dict[str, Any] = {f"x_{side}": np.arange(count, dtype=np.float32)[:, None] for side, count in sides.items()}
    labels: dict[str, Any] = {f"y_{side}": np.arange(count) % benchmark.classes for side, count in sides.items()}
    np.savez(path, **inputs, **labels)


def write_run(folder: Path, data: Path, num_models: int, benchmark: Benchmark) -> None:
    """A fifth of the examples is memorized, and each of these helps one test example of its class."""
    from memjax import store
    from memjax.config.run_config import RunConfig
    from memjax.config.specs import DataSpec
    from memjax.runs import open_folder

    keep = ("correct", "probability")
    request = RunConfig(
        run=str(folder), num_models=num_models, data=DataSpec(f"npz:{data}"), keep=keep, influence="same-class",
        pack_size=benchmark.pack_size,
    )  # fmt: skip
    run = open_folder.open_run(request)
    rng = np.random.default_rng(0)
    memorized = rng.random(benchmark.num_train) < 0.2
    helper = rng.integers(0, benchmark.num_train // benchmark.classes, benchmark.num_test) * benchmark.classes
    helper += np.arange(benchmark.num_test) % benchmark.classes
    (folder / "blocks").mkdir(exist_ok=True)
    for number in run.plan.blocks:
        ids = np.arange(number * benchmark.pack_size, (number + 1) * benchmark.pack_size)
        masks = run.design.masks(ids)
        chance = np.where(masks, 0.98, np.where(memorized, 0.4, 0.9))
        on_test = np.where(masks[:, helper] & memorized[helper], 0.9, 0.6)
        sides = {}
        for side, values in (("train", chance), ("test", on_test)):
            probability = np.clip(values + rng.normal(0, 0.3, values.shape), 0, 1).astype(np.float32)
            sides[side] = {"correct": probability > 0.5, "probability": probability}
        block = store.Block(ids, masks, np.ones(len(ids), bool), sides["train"], sides["test"])
        store.write_block(folder, number, block, run.plan.fingerprint, {"made": "up"})


def estimate(folder: Path) -> None:
    """In a process of its own; of public names only those that older checkouts have as well."""
    import jax

    from memjax.runs import open_folder, stages

    run = open_folder.reopen_run(folder)
    jax.numpy.zeros(1).block_until_ready()
    before, start = _peak(), time.perf_counter()
    stages.estimate(run, lambda number: None, lambda text: None)
    line = {"seconds": round(time.perf_counter() - start, 2), "peak_mib": round((_peak() - before) / MIB)}
    print(json.dumps(line))


def _peak() -> int:
    """Bytes; Linux counts in kibibytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main(benchmark: Benchmark) -> None:
    if benchmark.folder:
        estimate(Path(benchmark.folder))
        return
    here = str(Path(__file__).parent.parent)
    with tempfile.TemporaryDirectory() as scratch:
        data = Path(scratch) / "data.npz"
        write_data(data, benchmark)
        for num_models in benchmark.models:
            folder = Path(scratch) / str(num_models)
            write_run(folder, data, num_models, benchmark)
            for _ in range(benchmark.rounds):
                for name, checkout in {"this": here, "before": benchmark.before}.items():
                    if not checkout:
                        continue
                    copy = shutil.copytree(folder, Path(scratch) / "copy")
                    command = [sys.executable, __file__, "--folder", str(copy)]
                    path = os.environ | {"PYTHONPATH": str(Path(checkout).resolve())}
                    done = subprocess.run(command, env=path, cwd=scratch, capture_output=True, text=True, check=True)
                    print(json.dumps({"checkout": name, "models": num_models, **json.loads(done.stdout)}), flush=True)
                    shutil.rmtree(copy)


if __name__ == "__main__":
    main(tyro.cli(Benchmark))
