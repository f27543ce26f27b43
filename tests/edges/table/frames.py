"""Tables: data frames in memory, and files of columns."""

import numpy as np
import pandas as pd

from tests.edges.edge import Edge, data
from tests.edges.inputs import rows, write

X, Y = rows()["x_train"], rows()["y_train"]


def frame(**changes):
    good = {"a": X[:, 0], "b": X[:, 1], "label": np.array(["ant", "bee", "cat"])[Y]}
    return pd.DataFrame({name: value for name, value in (good | changes).items() if value is not None})


def csv(text=None, options="--target label", **changes):
    """A command line that names a file of a table."""
    write({"in.csv": frame(**changes).to_csv(index=False) if text is None else text})
    return f"--dataset csv:in.csv {options} --num-models 4 --epochs 1 --model linear --pack-size 2"


def fit(**changes):
    return lambda: {"x_train": frame(**changes), "target": "label"}


def both(kind, source, right, **changes):
    """The same table in memory and in a file."""
    return (
        Edge(kind, source, "fit", fit(**changes), right),
        Edge(kind, source, "command", lambda: csv(**changes), right),
    )


ROWS = [
    *both(0, "frame", "?", a=np.where(Y, np.nan, X[:, 0])),
    *both(0, "frame", "?", label=np.array(["ant", None, "cat"], object)[Y]),
    *both(0, "frame", "?", label=np.where(Y == 1, 0.5, 1)),
    *both(0, "frame", "?", a=np.where(Y, np.inf, X[:, 0])),
    *both(
        9,
        "frame",
        "?",
        a=np.array([f"text {row}" for row in range(12)]),
        b=np.array([f"word {row}" for row in range(12)]),
    ),
    *both(0, "frame", "?", a=None, b=None),
    *both(0, "frame", "?", label=np.array(["ant"] * 12)),
    *both(0, "frame", "?", label=None),
    *both(2, "frame", "?", a=5_000_000_000_000_000_000 + np.arange(12) % 2),
    Edge(0, "frame", "fit", lambda: {"x_train": frame()}, "?"),
    Edge(0, "frame", "fit", lambda: {"x_train": frame(), "target": "lable"}, "?"),
    Edge(0, "frame", "fit", lambda: {"x_train": frame().iloc[:0], "target": "label"}, "?"),
    Edge(0, "frame", "fit", lambda: {"x_train": frame(a=[[1]] * 12), "target": "label"}, "?"),
    Edge(0, "frame", "fit", lambda: {"x_train": frame(label=None), "y_train": Y[:11]}, "?"),
    Edge(
        0,
        "frame",
        "fit",
        lambda: {"x_train": frame(label=None), "y_train": Y, "x_test": frame(a=None, label=None), "y_test": Y},
        "?",
    ),
    Edge(
        0,
        "frame",
        "fit",
        lambda: {"x_train": frame(label=None), "y_train": Y, "x_test": frame(c=Y, label=None), "y_test": Y},
        "?",
    ),
    Edge(0, "frame", "fit", lambda: {"x_train": pd.concat([frame(), frame()[["a"]]], axis=1), "target": "label"}, "?"),
    Edge(0, "csv", "command", lambda: csv(""), "?"),
    Edge(0, "csv", "command", lambda: csv("a,label\n"), "?"),
    Edge(0, "csv", "command", lambda: csv("a,label\n1,x\n"), "?"),
    Edge(0, "csv", "command", lambda: csv("a,a,label\n1,2,x\n3,4,y\n"), "?"),
    Edge(0, "csv", "command", lambda: csv("a,label\n1,x,3,4\n2,y\n"), "?"),
    Edge(0, "csv", "command", lambda: csv(b"\x00\x01\x02\xff" * 30), "?"),
    Edge(0, "csv", "command", lambda: csv(options=""), "?"),
    Edge(0, "csv", "command", lambda: csv(options="--target lable"), "?"),
    Edge(0, "csv", "command", lambda: csv(options="--target label --id nothing"), "?"),
    Edge(0, "csv", "command", lambda: csv(options="--target label --drop nothing"), "?"),
    Edge(0, "csv", "command", lambda: csv(options="--target label --test-fraction 1"), "?"),
    Edge(0, "csv", "command", lambda: csv(options="--target label --test-fraction -1"), "?"),
    Edge(0, "csv", "command", lambda: csv(options="--target label --split a"), "?"),
    Edge(0, "csv", "command", lambda: csv(options="--target label --id label"), "?"),
    Edge(0, "csv", "command", lambda: csv(options="--target label --split when", when=["test"] * 12), "?"),
    Edge(0, "csv", "command", lambda: csv(options="--target label --id name", name=["x"] * 12), "?"),
    Edge(0, "csv", "command", lambda: f"--dataset csv:{write({'in': 'x'})} --target label", "?"),
    Edge(0, "parquet", "command", lambda: f"--dataset parquet:{write({'in.parquet': b'PAR1 no'})} --target label", "?"),
    Edge(0, "parquet", "command", lambda: "--dataset parquet: --target label", "?"),
    Edge(0, "polars", "fit", lambda: {"x_train": pd.Series([1, 2, 3]), "y_train": [0, 1, 0]}, "?"),
    Edge(
        0,
        "categories",
        "fit: data",
        lambda: rows(
            y_train=pd.Categorical.from_codes(Y, ["c", "a", "b"]),
            y_test=pd.Categorical.from_codes(Y[:6], ["c", "a", "b"]),
        ),
        data([0, 1, 2] * 4, "cab"),
    ),
    Edge(
        0,
        "categories",
        "fit: data",
        lambda: rows(y_train=pd.Series(["x", "y", "x"] * 4, dtype="string"), y_test=["x"] * 6),
        data([0, 1, 0] * 4, "xy"),
    ),
    Edge(0, "categories", "fit", lambda: rows(y_train=pd.Series([0, 1, None] * 4, dtype="Int64")), "?"),
    Edge(0, "categories", "fit", lambda: rows(y_train=pd.Categorical.from_codes([0, 1, -1] * 4, ["a", "b"])), "?"),
]
