"""How large is the report of many examples, and how fast is it in a browser?

    python -m benchmarks.report_size --num-train 60000 --num-test 10000

A made-up run of 28 x 28 images is written as a report and opened from disk in Chromium (`tests/browser/install.sh`),
--rounds times, in a process of its own each time.  Prints one JSON line: seconds to write; bytes of the page and of the
images beside it; milliseconds to the first paint, until the gallery shows its first images, from the choice of a class
to the next frame; and of the frames of a long scroll the median, the 95th percentile and the longest.
"""

import json
import platform
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro

from memjax import store
from memjax.estimators import extremes
from memjax.machine.environment import versions
from memjax.report import write_report
from memjax.types import Dataset

SCROLL = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  const times = [];
  let last = await frame();
  for (let step = 0; step < 240; step++) {
    scrollBy(0, 480);
    const now = await frame();
    times.push(now - last);
    last = now;
  }
  return times;
}"""
CHOOSE = """async () => {
  const begin = performance.now();
  document.querySelectorAll('.chip')[3].click();
  await new Promise(requestAnimationFrame);
  await new Promise(resolve => setTimeout(resolve));
  return performance.now() - begin;
}"""


@dataclass(frozen=True)
class Benchmark:
    """Size and speed of a report."""

    num_train: int = 60_000
    num_test: int = 10_000
    rounds: int = 3
    out: str = ""
    """Folder to keep the report in; by default it is thrown away."""


def images(count: int, seed: int) -> np.ndarray:
    """Soft shapes on black, of about the same information as clothes: a handful of strokes and some grain."""
    rng = np.random.default_rng(seed)
    axis = np.arange(28, dtype=np.float32)
    total = np.zeros((count, 28, 28), np.float32)
    for _ in range(4):
        centre, width = rng.uniform(6, 22, (2, count, 1)), rng.uniform(2, 6, (2, count, 1))
        rows, columns = (np.exp(-(((axis - c) / w) ** 4)) for c, w in zip(centre, width, strict=True))
        total = np.maximum(total, rows[:, :, None] * columns[:, None, :] * rng.uniform(60, 255, (count, 1, 1)))
    grain = rng.normal(0, 12, total.shape) * (total > 20)
    return (total + grain).clip(0, 255).astype(np.uint8)


def made_up(num_train: int, num_test: int):
    """A run's arrays: a long tail of memorization, 20,000 strong pairs, and influences that are noise."""
    rng = np.random.default_rng(0)
    labels, test_labels = (np.arange(count, dtype=np.int32) % 10 for count in (num_train, num_test))
    names = tuple(f"class {number}" for number in range(10))
    data = Dataset(
        "made up", images(num_train, 1), labels, images(num_test, 2), test_labels, np.arange(num_train),
        np.arange(num_test), names, np.zeros(num_train, bool),
    )  # fmt: skip
    mem = (rng.beta(0.15, 2, num_train) + rng.normal(0, 0.01, num_train)).clip(-1, 1).astype(np.float32)
    stderr = rng.uniform(0.01, 0.05, num_train).astype(np.float32)
    estimates = {
        "tr_mem": mem, "tr_mem_stderr": stderr, "tr_labels": labels, "tt_labels": test_labels,
        "tr_ids": data.train_ids, "tt_ids": data.test_ids, "tr_mislabelled": data.mislabelled,
        "tr_num_in": np.full(num_train, 1400, np.int32), "tr_num_out": np.full(num_train, 600, np.int32),
        "tr_correct_in": np.ones(num_train, np.float32), "tr_correct_out": 1 - mem, "tr_probability_out": 1 - mem,
        "tt_correct": rng.random(num_test).astype(np.float32),
        **{key: np.array(value) for key, value in (("num_models", 2000), ("num_failed", 0), ("in_sample_accuracy", 1.0),
                                                   ("held_out_accuracy", 0.9), ("test_accuracy", 0.9))},
    }  # fmt: skip
    rows = rng.choice(np.flatnonzero(mem >= 0.25), 20_000)
    infl = np.sort(rng.uniform(0.15, 0.9, 20_000).astype(np.float32))[::-1]
    pairs = {
        "tr_idx": rows, "tt_idx": rng.integers(0, num_test // 10, 20_000) * 10 + labels[rows], "infl": infl,
        "infl_stderr": np.full(20_000, 0.03, np.float32), "mem": mem[rows], "mem_stderr": stderr[rows],
        "infl_threshold": np.array(0.15), "mem_threshold": np.array(0.25),
    }  # fmt: skip
    some = rng.normal(0, 0.03, (num_train, 200)).astype(np.float32)
    listed = extremes(some, np.full_like(some, 0.03))._asdict()
    moved = {key: value * (num_test // 200) for key, value in listed.items() if key.endswith("_idx")}
    return data, store.as_estimates(estimates), store.as_pairs(pairs | listed | moved)


def look(page_file: Path) -> dict[str, float | list[float]]:
    """Opens the page once, in a browser of its own."""
    from playwright.sync_api import sync_playwright

    from tests.browser.chromium import find_chromium

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        page.goto(f"{page_file.as_uri()}#examples")
        ready = "performance.now()"
        page.wait_for_selector(".gallery .card")
        usable = page.evaluate(ready)
        paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        page.wait_for_timeout(1000)
        frames = page.evaluate(SCROLL)
        page.evaluate("scrollTo(0, 0)")
        choice = page.evaluate(CHOOSE)
        version = browser.version
        browser.close()
    return {"paint": paint, "usable": usable, "frames": frames, "choice": choice, "chromium": version}


def main(benchmark: Benchmark) -> None:
    arrays = made_up(benchmark.num_train, benchmark.num_test)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(benchmark.out or folder) / "report.html"
        begin = time.perf_counter()
        write_report(path, *arrays, {}, [])
        seconds = time.perf_counter() - begin
        beside = list(path.with_name("report-images").glob("*.png"))
        rounds = [look(path) for _ in range(benchmark.rounds)]
        sizes = path.stat().st_size, sum(image.stat().st_size for image in beside)
    frames = [time for one in rounds for time in one["frames"]]
    print(
        json.dumps(
            {
                "examples": benchmark.num_train + benchmark.num_test,
                "write_s": round(seconds, 1),
                "page_bytes": sizes[0],
                "image_bytes": sizes[1],
                "image_files": len(beside),
                **{f"{key}_ms": sorted(round(one[key]) for one in rounds) for key in ("paint", "usable", "choice")},
                "frame_ms": {
                    "median": round(statistics.median(frames), 1),
                    "p95": round(float(np.percentile(frames, 95)), 1),
                    "longest": round(max(frames), 1),
                    "over_100": sum(frame > 100 for frame in frames),
                    "n": len(frames),
                },
                "rounds": benchmark.rounds,
                "chromium": rounds[0]["chromium"],
                "machine": platform.machine(),
                **{key: value for key, value in versions().items() if key in ("memjax", "python", "numpy")},
            }
        )
    )


if __name__ == "__main__":
    main(tyro.cli(Benchmark, description=__doc__))
