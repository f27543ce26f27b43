"""A small world for the page to show, with known numbers and one near-duplicate."""

from typing import NamedTuple

import numpy as np

from memjax import store
from memjax.types import Dataset
from tests.report.report_page import dataset_of, estimates_of, extremes_of, images


class World(NamedTuple):
    """What a report is made of."""

    dataset: Dataset
    estimates: dict[str, np.ndarray]
    pairs: dict[str, np.ndarray]
    facts: dict[str, str]
    warnings: list[str]
    checksums: dict[str, str]

    @property
    def arrays(self):
        return self.dataset, store.as_estimates(self.estimates), store.as_pairs(self.pairs)

    @property
    def order(self) -> np.ndarray:
        """Rows from the most memorized on; those without a score at the end."""
        mem = self.estimates["tr_mem"]
        return np.lexsort((self.estimates["tr_mem_stderr"], np.where(np.isnan(mem), np.inf, -mem)))

    def ids(self, rows) -> list[int]:
        return self.dataset.train_ids[rows].tolist()


def make_world(names=("cat", "dog", "cow"), inputs=None, tests=None) -> World:
    inputs, tests = (images(400) if inputs is None else inputs), (images(120) if tests is None else tests)
    dataset = dataset_of(inputs, tests, names)
    estimates = estimates_of(dataset) | {"tr_probability_out": np.random.default_rng(1).random(400).astype(np.float32)}
    estimates["tr_mem"][[7, 300]] = estimates["tr_mem_stderr"][[7, 300]] = np.nan
    pairs = strong_pairs(dataset, estimates["tr_mem"]) | extremes_of(dataset)
    first, second = pairs["tr_idx"][0], pairs["tt_idx"][0]
    dataset.test_inputs[second] = dataset.train_inputs[first]  # the strongest pair is a near-duplicate
    twin = int(np.lexsort((estimates["tr_mem_stderr"], -estimates["tr_mem"]))[0])
    dataset.train_inputs[(twin + 1) % 400] = dataset.train_inputs[twin]
    warnings = ["Only 37 models: standard errors reach 0.11. Do not rank single examples by these scores."]
    facts = {"seed": "3", "made with": "memjax 9.9, device cpu: cpu"}
    return World(dataset, estimates, pairs, facts, warnings, {"estimates.npz": "ab" * 32})


def strong_pairs(dataset: Dataset, mem: np.ndarray) -> dict[str, np.ndarray]:
    """Sixty pairs of one class over the usual thresholds."""
    rng = np.random.default_rng(5)
    rows = rng.choice(np.flatnonzero(mem >= 0.25), 60)
    columns = np.array([rng.choice(np.flatnonzero(dataset.test_labels == dataset.train_labels[row])) for row in rows])
    rows, columns = np.unique(np.stack([rows, columns], 1), axis=0).T
    infl = rng.uniform(0.15, 0.9, len(rows)).astype(np.float32)
    order = np.argsort(-infl)
    rows, columns, infl = rows[order], columns[order], infl[order]
    return {
        "tr_idx": rows,
        "tt_idx": columns,
        "infl": infl,
        "infl_stderr": rng.uniform(0.01, 0.2, len(rows)).astype(np.float32),
        "mem": mem[rows],
        "mem_stderr": np.full(len(rows), 0.04, np.float32),
        "infl_threshold": np.array(0.15),
        "mem_threshold": np.array(0.25),
        "expected_by_chance": np.array(2.5),
    }
