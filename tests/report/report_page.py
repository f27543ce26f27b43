"""What the tests of the report share: a small run, and a reader of pages."""

import base64
import json
from html.parser import HTMLParser

import numpy as np

from memjax import store
from memjax.estimators import extremes
from memjax.report.page.render import draw_report
from memjax.types import Dataset

VOID = {"meta", "img", "br"}
KINDS = ("uint8", "int16", "uint16", "int32", "float32", "float64")


class Page(HTMLParser):
    """What a browser makes of a page: every element with its attributes, the text in it and its ancestors."""

    def __init__(self, html: str):
        super().__init__(convert_charrefs=True)
        self.elements: list[dict] = []
        self._open: list[dict] = []
        self.feed(html)
        self.close()
        assert not self._open, f"not closed: {[element['tag'] for element in self._open]}"

    def handle_starttag(self, tag, attrs):
        element = {"tag": tag, "attrs": dict(attrs), "text": "", "parents": list(self._open)}
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.elements.append({"tag": tag, "attrs": dict(attrs), "text": "", "parents": list(self._open)})

    def handle_endtag(self, tag):
        assert self._open.pop()["tag"] == tag

    def handle_data(self, data):
        inert = [element for element in self._open if element["tag"] in ("script", "style")]
        for element in inert or self._open:
            element["text"] += data

    def texts(self, tag: str = "", kind: str = "", inside: dict | None = None) -> list[str]:
        return [" ".join(element["text"].split()) for element in self.find(tag, kind, inside)]

    def find(self, tag: str = "", kind: str = "", inside: dict | None = None) -> list[dict]:
        return [
            element
            for element in self.elements
            if (not tag or element["tag"] == tag)
            and (not kind or element["attrs"].get("class") == kind)
            and (inside is None or any(parent is inside for parent in element["parents"]))
        ]


def dataset_of(inputs: np.ndarray, tests: np.ndarray, names=("cat", "dog", "cow"), name="pets") -> Dataset:
    train, test = len(inputs), len(tests)
    return Dataset(
        name=name,
        train_inputs=inputs,
        train_labels=np.arange(train, dtype=np.int32) % len(names),
        test_inputs=tests,
        test_labels=np.arange(test, dtype=np.int32) % len(names),
        train_ids=1000 + 7 * np.arange(train),
        test_ids=5000 + 3 * np.arange(test),
        class_names=tuple(names),
        mislabelled=np.arange(train) == 4,
    )


def images(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, 6, 5), dtype=np.uint8)


def estimates_of(dataset: Dataset, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    train, test = dataset.num_train, dataset.num_test
    num_in = rng.integers(60, 80, train).astype(np.int32)
    correct_in, correct_out = 1 - rng.random(train).astype(np.float32) / 50, rng.random(train).astype(np.float32)
    return {
        "tr_mem": correct_in - correct_out,
        "tr_mem_stderr": rng.random(train).astype(np.float32) / 10,
        "tr_num_in": num_in,
        "tr_num_out": 100 - num_in,
        "tr_correct_in": correct_in,
        "tr_correct_out": correct_out,
        "tr_labels": dataset.train_labels,
        "tt_labels": dataset.test_labels,
        "tr_ids": dataset.train_ids,
        "tt_ids": dataset.test_ids,
        "tr_mislabelled": dataset.mislabelled,
        "tt_correct": rng.random(test).astype(np.float32),
        "num_models": np.array(1234),
        "num_failed": np.array(5),
        "in_sample_accuracy": np.array(0.9876, np.float32),
        "held_out_accuracy": np.array(0.7654, np.float32),
        "test_accuracy": np.array(0.6543, np.float32),
    }


def pairs_of(train: list[int], test: list[int], mem: np.ndarray) -> dict[str, np.ndarray]:
    rows = np.array(train, np.int64)
    return {
        "tr_idx": rows,
        "tt_idx": np.array(test, np.int64),
        "infl": np.linspace(0.8, 0.2, len(rows), dtype=np.float32),
        "infl_stderr": np.linspace(0.01, 0.02, len(rows), dtype=np.float32),
        "mem": mem[rows].astype(np.float32),
        "mem_stderr": np.full(len(rows), 0.04, np.float32),
        "infl_threshold": np.array(0.15),
        "mem_threshold": np.array(0.25),
    }


def extremes_of(dataset: Dataset, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    infl = rng.normal(0, 0.2, (dataset.num_train, dataset.num_test)).clip(-1, 1).astype(np.float32)
    return extremes(infl, rng.uniform(0.02, 0.1, infl.shape).astype(np.float32))._asdict()


def recorded_of(dataset: Dataset, num_epochs: int = 6, seed: int = 0) -> dict[str, np.ndarray]:
    """What dynamics.npz holds, made up: late records every second epoch, one example that no model trained on."""
    rng = np.random.default_rng(seed)
    train, epochs = dataset.num_train, 1 + 2 * np.arange(num_epochs)
    arrays: dict[str, np.ndarray] = {"epochs": epochs, "learned_from": np.array("correct")}
    for side, scale in (("in", 1.0), ("out", 3.0)):
        level = scale * rng.gamma(0.5, 1, (train, 1)) + 0.01
        loss = level * np.exp(-np.arange(num_epochs) / 4 / scale) * rng.uniform(0.9, 1.1, (train, num_epochs))
        count = rng.integers(20, 30, train)
        arrays |= {
            f"tr_num_{side}": count.astype(np.int32),
            f"tr_num_learned_{side}": (count - rng.integers(0, 3, train)).astype(np.int32),
            f"tr_loss_{side}": loss.astype(np.float32),
            f"tr_loss_{side}_stderr": (loss / 9).astype(np.float32),
            f"tr_learned_{side}": rng.uniform(1, epochs[-1], train).astype(np.float32),
            f"tr_learned_{side}_stderr": rng.uniform(0.1, 0.5, train).astype(np.float32),
        }
    for name in ("learned", "loss"):
        arrays[f"tr_{name}_in"][11] = arrays[f"tr_{name}_in_stderr"][11] = np.nan
    arrays["tr_num_in"][11] = arrays["tr_num_learned_in"][11] = 0
    return arrays


def render(dataset: Dataset, estimates=None, pairs=None, facts=None, warnings=None, **more) -> str:
    estimates = estimates_of(dataset) if estimates is None else estimates
    pairs = pairs_of([3, 8, 3, 20], [1, 2, 4, 1], estimates["tr_mem"]) if pairs is None else pairs
    found = store.as_estimates(estimates), store.as_pairs(pairs)
    return draw_report(dataset, *found, facts or {"seed": "0"}, warnings or ["Few models."], **more).page()


def numbers_of(page: Page) -> dict:
    """What the script is given, with the packed columns as arrays."""
    (run,) = [element for element in page.find("script") if element["attrs"].get("id") == "run"]
    return _unpacked(json.loads(run["text"], parse_constant=_refuse))


def _refuse(constant: str):
    raise AssertionError(f"{constant} is not JSON")


def _unpacked(value):
    if isinstance(value, dict):
        return {key: _unpacked(entry) for key, entry in value.items()}
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and value[0] in KINDS:
        return np.frombuffer(base64.b64decode(value[1]), value[0])
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [_unpacked(entry) for entry in value]
    return value


def read(number: str) -> float:
    return float(number.replace("\N{MINUS SIGN}", "-").replace(",", ""))
