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


# fmt: off
ROWS = [
    *both(0, "frame", "column 'a' of the train inputs lacks 6 of 9 ... the column out with --drop a", a=np.where(Y, np.nan, X[:, 0])),
    *both(0, "frame", "column 'label' lacks 4 of 12 labels; leave these rows ... NaN and null stand for a missing one)", label=np.array(["ant", None, "cat"], object)[Y]),
    *both(0, "frame", "train label 1e+300 of row 1 is no class; expected ... are to be predicted give --task regression", label=np.where(Y == 1, 1e300, 1)),
    *both(0, "frame", "column 'a' of the train inputs is infinite in 6 of 9 rows; ... the column out with --drop a", a=np.where(Y, np.inf, X[:, 0])),
    *both(0, "frame", "the train inputs have no column; expected at ... least one beside the labels", a=None, b=None),
    *both(0, "frame", "has 1 classes; at least 2 needed", label=np.array(["ant"] * 12)),
    *both(0, "frame", "--target 'label' is not known; choose one of: a, b", label=None),
    Edge(0, "frame", "fit", lambda: {"x_train": frame()}, "the table does not say which column has the ... COLUMN, one of: a, b, label"),
    Edge(0, "frame", "fit", lambda: {"x_train": frame(), "target": "lable"}, "--target 'lable' is not known; did you mean ... label? Choose one of: a, b, label"),
    Edge(0, "frame", "fit", lambda: {"x_train": frame().iloc[:0], "target": "label"}, "there are no training labels; give at least two training examples"),
    Edge(0, "frame", "fit", lambda: {"x_train": frame(a=[[1]] * 12), "target": "label"}, "column 'a' of the train inputs holds a list; ... numbers, texts, booleans or dates"),
    Edge(0, "frame", "fit", lambda: {"x_train": frame(label=None), "y_train": Y[:11]}, "train has 12 inputs and 11 labels; expected one label per input"),
    Edge(0, "frame", "fit", lambda: {"x_train": frame(label=None), "y_train": Y, "x_test": frame(a=None, label=None), "y_test": Y}, "the test inputs lack column 'a', which the training inputs have"),
    Edge(0, "frame", "fit", lambda: {"x_train": frame(label=None), "y_train": Y, "x_test": frame(c=Y, label=None), "y_test": Y}, "the test inputs have column 'c', which the training inputs lack"),
    Edge(0, "frame", "fit", lambda: {"x_train": pd.concat([frame(), frame()[["a"]]], axis=1), "target": "label"}, "the table names column 'a' twice; give each column its own name"),
    Edge(0, "csv", "command", lambda: csv(""), "in.csv cannot be read: No columns to parse from ... check the file or get it again"),
    Edge(0, "csv", "command", lambda: csv("a,label\n"), "in.csv has 0 rows below its header; expected at least two"),
    Edge(0, "csv", "command", lambda: csv("a,label\n1,x\n"), "in.csv has 1 rows below its header; expected at least two"),
    Edge(0, "csv", "command", lambda: csv("a,a,label\n1,2,x\n3,4,y\n"), "in.csv names column 'a' twice; give each column its own name"),
    Edge(0, "csv", "command", lambda: csv("a,label\n1,x,3,4\n2,y\n"), "in.csv cannot be read: Length of header or ... check the file or get it again"),
    Edge(0, "csv", "command", lambda: csv(b"\x00\x01\x02\xff" * 30), "in.csv is no text; csv: expects lines of text ... with commas, semicolons or tabs"),
    Edge(0, "csv", "command", lambda: csv(options=""), "the table does not say which column has the ... COLUMN, one of: a, b, label"),
    Edge(0, "csv", "command", lambda: csv(options="--target lable"), "--target 'lable' is not known; did you mean ... label? Choose one of: a, b, label"),
    Edge(0, "csv", "command", lambda: csv(options="--target label --id nothing"), "--id 'nothing' is not known; choose one of: a, b, label"),
    Edge(0, "csv", "command", lambda: csv(options="--target label --drop nothing"), "--drop 'nothing' is not known; choose one of: a, b, label"),
    Edge(0, "csv", "command", lambda: csv(options="--target label --test-fraction 1"), "--test-fraction is 1.0; give a fraction from 0 up to, not including, 1"),
    Edge(0, "csv", "command", lambda: csv(options="--target label --test-fraction -1"), "--test-fraction is -1.0; give a fraction from 0 ... up to, not including, 1"),
    Edge(0, "csv", "command", lambda: csv(options="--target label --split a"), "column 'a' says '0.12573022'; expected train or test in each row"),
    Edge(0, "csv", "command", lambda: csv(options="--target label --id label"), "column 'label' names two rows 'ant'; expected a name for each row"),
    Edge(0, "csv", "command", lambda: csv(options="--target label --split when", when=["test"] * 12), "column 'when' says test in each row; some must say train"),
    Edge(0, "csv", "command", lambda: csv(options="--target label --id name", name=["x"] * 12), "column 'name' names two rows 'x'; expected a name for each row"),
    Edge(0, "csv", "command", lambda: f"--dataset csv:{write({'in': 'x'})} --target label", "in has 0 rows below its header; expected at least two"),
    Edge(0, "parquet", "command", lambda: f"--dataset parquet:{write({'in.parquet': b'PAR1 no'})} --target label", "in.parquet cannot be read: Could not open ... check the file or get it again"),
    Edge(0, "parquet", "command", lambda: "--dataset parquet: --target label", "data set 'parquet:' does not say where; write parquet:FILE"),
    Edge(0, "polars", "fit", lambda: {"x_train": pd.Series([1, 2, 3]), "y_train": [0, 1, 0]}, "train inputs have shape (3,); expected ... height, width, channels)"),
    Edge(0, "categories", "fit: data", lambda: rows(y_train=pd.Categorical.from_codes(Y, ["c", "a", "b"]), y_test=pd.Categorical.from_codes(Y[:6], ["c", "a", "b"])), data([0, 1, 2] * 4, "cab")),
    Edge(0, "categories", "fit: data", lambda: rows(y_train=pd.Series(["x", "y", "x"] * 4, dtype="string"), y_test=["x"] * 6), data([0, 1, 0] * 4, "xy")),
    Edge(0, "categories", "fit", lambda: rows(y_train=pd.Series([0, 1, None] * 4, dtype="Int64")), "train label of row 2 is missing (4 such rows); leave them out"),
    Edge(0, "categories", "fit", lambda: rows(y_train=pd.Categorical.from_codes([0, 1, -1] * 4, ["a", "b"])), "train label of row 2 is missing (4 such rows); leave them out"),
]
