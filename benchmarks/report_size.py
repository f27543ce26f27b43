"""How large is the report of many examples, and how fast is it in a browser?

A made-up run of 28 x 28 images with words as ids is written as a report and opened from disk in Chromium
(`tests/browser/install.sh`), --rounds times, in a browser of its own each time.  The page is in use when the first
screen, the labels that look wrong, is there with its images and takes a decision.

    python -m benchmarks.report_size --num-train 60000 --num-test 10000
    python -m benchmarks.report_size --num-train 600 --num-test 100 --rounds 1
"""

import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.common.command import measure
from benchmarks.common.tables import spread
from memjax import store
from memjax.estimators import extremes
from memjax.report import Own, draw_report, write_report
from memjax.types import Dataset

COST = "not measured"
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
SUSPECTS = 500
CHOOSE = """async () => {
  const begin = performance.now();
  document.querySelectorAll('.chip')[3].click();
  await new Promise(requestAnimationFrame);
  await new Promise(resolve => setTimeout(resolve));
  return performance.now() - begin;
}"""


@dataclass(frozen=True)
class Settings:
    """How many examples, and how often the report is opened."""

    num_train: int = 60_000
    num_test: int = 10_000
    rounds: int = 3
    out: str = ""
    """Folder that the report stays in; by default it is removed."""


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
    """A run's arrays: a long tail of memorization, 20,000 strong pairs, influences that are noise, and suspects."""
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
    order, other = np.argsort(-mem)[:SUSPECTS], np.array(names)[(labels + 1) % 10].astype(object)
    columns = {
        "label": np.array(names)[labels], "preferred": other, "preferred_probability": mem, "probability_out": 1 - mem,
        "looks_wrong": mem > np.partition(mem, -SUSPECTS // 2)[-SUSPECTS // 2], "memorization": mem,
        "low": mem - stderr, "high": mem + stderr,
    }  # fmt: skip
    ids, test_ids = (np.array([f"{side}-{row:05d}" for row in range(count)])
                     for side, count in (("image", num_train), ("test", num_test)))  # fmt: skip
    own = Own(ids, test_ids, None, f"{SUSPECTS // 2} labels look wrong.", order, columns)
    return (data, store.as_estimates(estimates), store.as_pairs(pairs | listed | moved)), own


class Look(NamedTuple):
    """Milliseconds, as one browser shows the report.

    Attributes:
      paint, usable: from the start to the first paint, and until a decision about the first suspect is shown.
      gallery: from the start of another page, opened at the gallery, until it shows its first images.
      choice: from the choice of a class to the next frame.
      frames: of each frame of a long scroll.
    """

    paint: float
    usable: float
    gallery: float
    choice: float
    frames: list[float]
    chromium: str


class Result(NamedTuple):
    """Size of the report, seconds to write it, and each look at it."""

    write_s: float
    page_bytes: int
    image_bytes: int
    image_files: int
    looks: list[Look]

    def __str__(self) -> str:
        frames = [time for look in self.looks for time in look.frames]
        tail, slow = float(np.percentile(frames, 95)), sum(time > 100 for time in frames)
        names = {
            "first paint": "paint", "first screen in use": "usable", "gallery there": "gallery",
            "choice of a class": "choice",
        }  # fmt: skip
        return "\n".join(
            [
                f"written in {self.write_s:.1f} s; page {self.page_bytes / 1e6:.1f} MB",
                f"images beside it: {self.image_bytes / 1e6:.1f} MB in {self.image_files} files",
                *(f"{name}, ms: {spread(getattr(look, key) for look in self.looks)}" for name, key in names.items()),
                f"frames of a scroll, ms: median {statistics.median(frames):.1f}, 95th percentile {tail:.1f}, "
                f"longest {max(frames):.1f}; {slow} over 100 ms; n = {len(frames):,}",
                f"median (min to max), n = {len(self.looks)}; Chromium {self.looks[0].chromium}",
            ]
        )


def look(page_file: Path) -> Look:
    """Opens the page once, in a browser of its own."""
    from playwright.sync_api import sync_playwright

    from tests.browser.chromium import find_chromium

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        page.goto(page_file.as_uri())
        page.locator(".suspect canvas").first.wait_for()
        page.get_by_role("button", name="keep").first.click()
        page.locator(".suspect.decided").first.wait_for()
        usable = page.evaluate("performance.now()")
        paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        page.close()
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        page.goto(f"{page_file.as_uri()}#examples")
        page.wait_for_selector(".gallery .card")
        gallery = page.evaluate("performance.now()")
        page.wait_for_timeout(1000)
        frames = page.evaluate(SCROLL)
        page.evaluate("scrollTo(0, 0)")
        found = Look(paint, usable, gallery, page.evaluate(CHOOSE), frames, browser.version)
        browser.close()
    return found


def run(settings: Settings) -> Result:
    arrays, own = made_up(settings.num_train, settings.num_test)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(settings.out or folder) / "report.html"
        started = time.perf_counter()
        write_report(path, draw_report(*arrays, {}, [], own=own))
        seconds = time.perf_counter() - started
        images = [file.stat().st_size for file in path.with_name("report-images").glob("*.png")]
        looks = [look(path) for _ in range(settings.rounds)]
        return Result(seconds, path.stat().st_size, sum(images), len(images), looks)


def main() -> None:
    measure(Settings, run)


if __name__ == "__main__":
    main()
