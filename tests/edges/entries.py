"""The entries: each takes an input and gives a result, or refuses it."""

import ast
import contextlib
import io
import logging
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import memjax
from memjax import estimators, exchange, run
from memjax.config.from_keywords import run_config
from memjax.config.specs import DataSpec, TableSpec
from memjax.data import load_dataset
from memjax.data.sources import examples_given
from memjax.errors import InputError
from memjax.runs.request import read_request

from .inputs import write

ROOT = Path(__file__).parents[2]
LISTS = ("classes", "corrupt", "keep", "record", "record_epochs", "optimizer_options", "drop", "drops")
FEW = "--num-models 4 --epochs 1 --model linear --pack-size 2"


class Refused(Exception):
    """A command ended with an exit code other than 0; the text is what it printed to the error stream."""

    def __init__(self, code: int, text: str):
        super().__init__(text)
        self.code = code


def command(line: str) -> str:
    """A command line of memjax in this process; returns what it printed."""
    out, err = io.StringIO(), io.StringIO()
    notices = logging.StreamHandler(err)
    logging.getLogger("memjax").addHandler(notices)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = run.main(shlex.split(line))
        except SystemExit as leave:  # options that cannot be parsed are refused in a frame
            code = leave.code
        finally:
            logging.getLogger("memjax").removeHandler(notices)
    if code:
        raise Refused(code, err.getvalue())
    return out.getvalue() + err.getvalue()


def process(line: str) -> str:
    """The same in a process of its own, by the shell, which may set variables and close streams."""
    line = line.format(memjax=f"{sys.executable} -m memjax")
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    variables.pop("JAX_NUM_CPU_DEVICES", None)
    done = subprocess.run(["bash", "-c", line], env=variables, capture_output=True, text=True)
    if done.returncode:
        raise Refused(done.returncode, done.stderr)
    return done.stdout + done.stderr


def keywords(line: str) -> dict[str, Any]:
    """The options of a command line as keywords of `memjax.fit`."""
    found, name = {}, ""
    for word in shlex.split(line):
        if word.startswith("--"):
            name = word[2:].replace("-", "_")
            found[name] = ()
        else:
            try:
                value = ast.literal_eval(word)
            except (ValueError, SyntaxError):
                value = word
            found[name] = (*found[name], value)
    return {
        name: values if name in LISTS else values[0] if len(values) == 1 else values or True
        for name, values in found.items()
    }


def fit(given: Any) -> Any:
    """`memjax.fit` of arrays, or of the options of a command line."""
    given = keywords(given) if isinstance(given, str) else given
    return memjax.fit(**keywords(FEW) | {"progress": False} | given)


def request(given: dict[str, Any]) -> Any:
    """The first step of `memjax.fit`: the examples as they are trained on."""
    options = {name: value for name, value in given.items() if name not in ("x_train", "y_train", "x_test", "y_test")}
    parts = [given.get(name) for name in ("x_train", "y_train", "x_test", "y_test")]
    found = examples_given(*parts, ids=None, class_names=(), name="arrays", table=TableSpec(), seed=0)
    return read_request(run_config(None, dataset="saved:arrays", run="out", **options), found).dataset


def estimate(source: str, options: str = "") -> dict[str, np.ndarray]:
    command(f"estimate --arrays {source} --out out {options}")
    return dict(np.load("out/estimates.npz"))


def _report_arrays(given: dict[str, Any]) -> dict[str, np.ndarray]:
    memjax.report_arrays(given, "out")
    return dict(np.load("out/estimates.npz"))


def _npy(given: dict[str, Any]) -> str:
    write({f"in/{name}.npy": np.asarray(array) for name, array in given.items()})
    return "in"


def _npz(given: dict[str, Any]) -> str:
    return write({"in.npz": {name: np.asarray(array) for name, array in given.items() if name != "model"}})


def _options(given: dict[str, Any]) -> str:
    return f"--model {given['model']}" if "model" in given else ""


ENTRIES: dict[str, Callable[[Any], Any]] = {
    "fit": fit,
    "fit: data": request,
    "npz": lambda given: command(f"--dataset npz:{_npz(given)} {FEW} {_options(given)}"),
    "npz: data": lambda given: load_dataset(DataSpec(f"npz:{_npz(given)}")),
    "npy": lambda given: command(f"--dataset npy:{_npy(given)} {FEW}"),
    "npy: data": lambda given: load_dataset(DataSpec(f"npy:{_npy(given)}")),
    "command": command,
    "process": process,
    "estimate": lambda given: estimate(_npz(given)),
    "estimate: folder": lambda given: estimate(_npy(given)),
    "report_arrays": _report_arrays,
    "outcomes_of": lambda given: exchange.outcomes_of(given),
    "memorization": lambda given: memjax.memorization(given["masks"], given["train_correct"]),
    "c_score": lambda given: estimators.c_score(given["masks"], given["train_correct"]),
    "influence": lambda given: memjax.influence(given["masks"], given["test_correct"]),
    "call": lambda given: given,
}
REFUSALS = (InputError, Refused)
