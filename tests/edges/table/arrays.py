"""Arrays in memory, and the same arrays in files of named arrays and in folders with a file an array."""

import jax.numpy as jnp
import numpy as np

from tests.edges.edge import Edge, data
from tests.edges.inputs import column, images, rows

ALL, FILES, FIT = "fit, npz, npy", "npz, npy", "fit"
READ = "fit: data, npz: data, npy: data"
X, Y = rows()["x_train"], rows()["y_train"]
NAMES = np.array(["ant", "bee", "cat"])

ROWS = [
    # shapes and lengths
    Edge(0, "lengths", ALL, lambda: rows(y_train=Y[:11]), "train has 12 inputs and 11 labels; expected one label per input"),
    Edge(0, "lengths", ALL, lambda: rows(x_train=X[:11]), "train has 11 inputs and 12 labels; expected one label per input"),
    Edge(0, "lengths", ALL, lambda: rows(y_test=np.arange(5)), "test has 6 inputs and 5 labels; expected one label per input"),
    Edge(0, "lengths", ALL, lambda: rows(x_train=X.T), "train has 3 inputs and 12 labels; expected one label per input"),
    Edge(0, "shape", ALL, lambda: rows(x_train=X[0]), "train has 3 inputs and 12 labels; expected one label per input"),
    Edge(0, "shape", ALL, lambda: rows(x_train=X[:, 0]), "train inputs have shape (12,); expected ... height, width, channels)"),
    Edge(0, "shape", ALL, lambda: rows(x_train=X[:, 0], x_test=X[:6, 0]), "train inputs have shape (12,); expected ... height, width, channels)"),
    Edge(0, "shape", ALL, lambda: rows(x_train=np.float32(1)), "train has 0 inputs and 12 labels; expected one label per input"),
    Edge(0, "shape", ALL, lambda: rows(x_train=X[:, None, None, None], x_test=X[:6, None, None, None]), "train inputs have shape (12, 1, 1, 1, 3); ... height, width, channels)"),
    Edge(0, "shape", ALL, lambda: rows(x_train=X[:, :2]), "train inputs are float32 (2,), test inputs ... give them one shape and type"),
    Edge(0, "shape", ALL, lambda: rows(x_train=X[:, :0], x_test=X[:6, :0]), "train inputs have shape (12, 0), with nothing ... it; expected sizes of 1 and more"),
    Edge(0, "shape", ALL, lambda: rows(x_train=X[:0], y_train=Y[:0]), "there are no training labels; give at least two training examples"),
    Edge(0, "shape", ALL, lambda: rows(x_test=X[:0], y_test=Y[:0]), "?"),
    Edge(0, "amounts", ALL, lambda: rows(x_train=X[:1], y_train=Y[:1], x_test=X[:1], y_test=Y[:1]), "arrays has 1 classes; at least 2 needed"),
    Edge(0, "amounts", ALL, lambda: rows(y_train=Y * 0, y_test=Y[:6] * 0), "arrays has 1 classes; at least 2 needed"),
    Edge(0, "test examples", FIT, lambda: rows(y_test=None), "x_test is given without y_test; give both, or ... then influence is not defined"),
    Edge(0, "test examples", FIT, lambda: rows(x_test=None), "y_test is given without x_test; give both, or ... then influence is not defined"),
    Edge(6, "test examples", FILES, lambda: rows(y_test=None), "in.npz holds x_train, y_train, x_test; expected ... and class_names, each once"),
    Edge(6, "test examples", FILES, lambda: rows(x_test=None), "in.npz holds x_train, y_train, y_test; expected ... and class_names, each once"),
    Edge(0, "inputs", FIT, lambda: rows(x_train=None), "labels are given without x_train, their inputs; give both"),
    Edge(0, "labels", FIT, lambda: rows(y_train=None), "x_train is a ndarray without y_train; give the ... too, or the name of a data set"),
    Edge(6, "labels", FILES, lambda: rows(y_train=None), "in.npz holds x_train, x_test, y_test; expected ... and class_names, each once"),
    Edge(6, "inputs", FILES, lambda: rows(x_train=None), "in.npz holds y_train, x_test, y_test; expected ... and class_names, each once"),
    # values
    Edge(0, "NaN", ALL, lambda: column([0, 1, np.nan]), "train example 2 holds NaN or infinity (4 such ... leave them out or fill them in"),
    Edge(0, "infinity", ALL, lambda: column(np.float32([0, 1, np.inf])), "train example 2 holds NaN or infinity (4 such ... leave them out or fill them in"),
    Edge(0, "infinity", ALL, lambda: column(np.float32([0, 1, -np.inf])), "train example 2 holds NaN or infinity (4 such ... leave them out or fill them in"),
    Edge(2, "float64", "fit, npz", lambda: column([1e300, 0, 1]), "train example 0 holds a number beyond 3.4e+38, ... leave them out or fill them in"),
    Edge(0, "float16", ALL, lambda: column(np.float16([np.inf, 0, 1])), "train example 0 holds NaN or infinity (4 such ... leave them out or fill them in"),
    Edge(0, "types", ALL, lambda: rows(x_train=X.astype(complex), x_test=X[:6].astype(complex)), "test inputs are complex128; expected numbers, one row per example"),
    Edge(0, "types", ALL, lambda: rows(x_train=X.astype(str)), "train inputs are <U32; expected numbers, one row per example"),
    Edge(0, "types", ALL, lambda: rows(x_train=X.astype("S9")), "train inputs are |S9; expected numbers, one row per example"),
    Edge(0, "types", FIT, lambda: rows(x_train=X.astype(object)), "train inputs are object; expected numbers, one row per example"),
    Edge(0, "types", ALL, lambda: rows(x_train=np.arange(12).astype("M8[s]")[:, None]), "train inputs are datetime64[s]; expected numbers, one row per example"),
    Edge(0, "types", ALL, lambda: rows(x_train=np.arange(12).astype("m8[s]")[:, None]), "train inputs are timedelta64[s]; expected numbers, one row per example"),
    Edge(0, "types", ALL, lambda: rows(x_train=np.zeros((12, 3), "f4,i4")), "train inputs are [('f0', '<f4'), ('f1', ... numbers, one row per example"),
    Edge(0, "types", FIT, lambda: rows(x_train=[[1, 2], [3]] * 6), "train inputs of type list cannot be read as ... was (12,) + inhomogeneous part."),
    Edge(0, "types", FIT, lambda: rows(x_train=[["a", "b"]] * 12), "train inputs are <U1; expected numbers, one row per example"),
    Edge(0, "types", FIT, lambda: rows(x_train={"a": 1}), "train inputs are a dict; expected numbers, one row per example"),
    Edge(0, "types", FIT, lambda: rows(x_train=12), "train has 0 inputs and 12 labels; expected one label per input"),
    Edge(0, "types", FIT, lambda: rows(x_train=(row for row in X)), "train inputs are a generator; expected numbers, one row per example"),
    Edge(0, "types", FIT, lambda: rows(x_train=np.ma.masked_array(X, X > 0)), "train inputs has 17 masked entries; expected ... them in, or leave their rows out"),
    Edge(0, "types", ALL, lambda: rows(x_train=X.astype(np.uint8)), "train inputs are uint8 (3,), test inputs ... give them one shape and type"),
    # labels
    Edge(0, "labels", ALL, lambda: rows(y_train=np.eye(3)[Y]), "train labels have shape (12, 3); expected one ... labels give labels.argmax(1)"),
    Edge(16, "labels", ALL, lambda: rows(y_train=Y + 0.5), "train label 0.5 of row 0 is no class; expected ... (regression) are not supported"),
    Edge(16, "labels", ALL, lambda: rows(y_train=Y + 1e300), "train label 1e+300 of row 0 is no class; ... (regression) are not supported"),
    Edge(0, "labels", ALL, lambda: rows(y_train=np.where(Y, Y, np.nan)), "train label nan of row 0 is no class; expected ... (regression) are not supported"),
    Edge(0, "labels", ALL, lambda: rows(y_train=np.where(Y, Y, np.inf)), "train label inf of row 0 is no class; expected ... (regression) are not supported"),
    Edge(0, "labels", ALL, lambda: rows(y_train=Y.astype(complex)), "train labels are complex128; expected text, whole numbers or booleans"),
    Edge(0, "labels", ALL, lambda: rows(y_train=Y.astype("M8[s]")), "train labels are datetime64[s]; expected text, ... whole numbers or booleans"),
    Edge(0, "labels", FIT, lambda: rows(y_train=[0, "a", 1] * 4), "train labels are a mixture of int, str; ... text, whole numbers or booleans"),
    Edge(0, "labels", FIT, lambda: rows(y_train=["a", None, "b"] * 4), "train label of row 1 is missing (4 such rows); leave them out"),
    Edge(0, "labels", FIT, lambda: rows(y_train=[True, 2, 3] * 4), "train labels are a mixture of bool, int; ... text, whole numbers or booleans"),
    Edge(0, "labels", FIT, lambda: rows(y_train=[(0, 1)] * 12), "train labels have shape (12, 2); expected one ... labels give labels.argmax(1)"),
    Edge(0, "labels", FIT, lambda: rows(y_train=[{}] * 12), "train labels are a mixture of dict; expected ... text, whole numbers or booleans"),
    Edge(0, "labels", FIT, lambda: rows(y_train=[0, 1, None] * 4), "train label of row 2 is missing (4 such rows); leave them out"),
    Edge(0, "labels", ALL, lambda: rows(y_train=NAMES[Y]), "train labels are <U3 and test labels are int64; ... give both the same type"),
    Edge(16, "labels", ALL, lambda: rows(y_test=np.arange(6)), "test label 3 of row 3 has no training example; ... training examples of that class"),
    Edge(16, "labels", ALL, lambda: rows(y_train=NAMES[Y], y_test=np.resize(["ant", "dog"], 6)), "test label 'dog' of row 1 has no training ... training examples of that class"),
    Edge(2, "labels", ALL, lambda: rows(y_train=Y.astype(np.uint64) + np.uint64(2**63)), "train labels reach 9223372036854775810; give ... whole numbers below 2^63, or text"),
    Edge(0, "labels", FIT, lambda: rows(y_train=np.uint8(1)), "train labels have shape (); expected one label ... labels give labels.argmax(1)"),
    Edge(0, "labels", FIT, lambda: rows(y_train="abc"), "train labels have shape (); expected one label ... labels give labels.argmax(1)"),
    Edge(0, "labels", FIT, lambda: rows(y_train=Y.reshape(3, 4)), "train labels have shape (3, 4); expected one ... labels give labels.argmax(1)"),
    # labels that mean what they say
    Edge(16, "labels 1 to K", READ, lambda: rows(y_train=Y + 1, y_test=Y[:6] + 1), data([0, 1, 2] * 4, "123")),
    Edge(
        2,
        "labels past 2^32",
        READ,
        lambda: rows(y_train=Y + 2**32, y_test=Y[:6] + 2**32),
        data([0, 1, 2] * 4, [str(2**32 + n) for n in range(3)]),
    ),
    Edge(
        2,
        "labels of 3e9",
        READ,
        lambda: rows(y_train=Y * 3_000_000_000, y_test=Y[:6] * 0),
        data([0, 1, 2] * 4, ["0", "3000000000", "6000000000"]),
    ),
    Edge(2, "labels below 0", READ, lambda: rows(y_train=Y - 2**62, y_test=Y[:6] - 2**62), data([0, 1, 2] * 4)),
    Edge(
        0,
        "labels with gaps",
        READ,
        lambda: rows(y_train=Y * 7, y_test=Y[:6] * 7),
        data([0, 1, 2] * 4, ["0", "7", "14"]),
    ),
    Edge(16, "labels of text", READ, lambda: rows(y_train=NAMES[Y], y_test=NAMES[Y[:6]]), data([0, 1, 2] * 4, NAMES)),
    Edge(
        0,
        "labels of float",
        READ,
        lambda: rows(y_train=Y.astype(float), y_test=Y[:6].astype(np.float16)),
        data([0, 1, 2] * 4, "012"),
    ),
    Edge(
        0, "labels of bool", READ, lambda: rows(y_train=Y > 0, y_test=Y[:6] > 0), data([0, 1, 1] * 4, ["False", "True"])
    ),
    Edge(
        0,
        "labels of bytes",
        "fit: data",
        lambda: rows(y_train=NAMES[Y].astype("S3"), y_test=NAMES[Y[:6]].astype("S3")),
        data([0, 1, 2] * 4, NAMES),
    ),
    Edge(
        0, "labels in a column", READ, lambda: rows(y_train=Y[:, None], y_test=Y[:6, None]), data([0, 1, 2] * 4, "012")
    ),
    Edge(
        0,
        "labels of uint8",
        READ,
        lambda: rows(y_train=Y.astype(np.uint8), y_test=Y[:6].astype(np.uint8)),
        data([0, 1, 2] * 4),
    ),
    Edge(
        0,
        "labels in another byte order",
        READ,
        lambda: rows(y_train=Y.astype(">i2"), y_test=Y[:6].astype(">i2")),
        data([0, 1, 2] * 4, "012"),
    ),
    Edge(
        0,
        "labels of uint64",
        READ,
        lambda: rows(y_train=Y.astype(np.uint64), y_test=Y[:6].astype(np.uint64)),
        data([0, 1, 2] * 4),
    ),
    Edge(
        0, "labels in a list", "fit: data", lambda: rows(y_train=Y.tolist(), y_test=Y[:6].tolist()), data([0, 1, 2] * 4)
    ),
    Edge(
        0,
        "labels of a JAX array",
        "fit: data",
        lambda: rows(y_train=jnp.asarray(Y), y_test=jnp.asarray(Y[:6])),
        data([0, 1, 2] * 4),
    ),
    # inputs that mean what they say
    Edge(0, "big endian", READ, lambda: rows(x_train=X.astype(">f4")), data(inputs=X)),
    Edge(0, "Fortran order", READ, lambda: rows(x_train=np.asfortranarray(X)), data(inputs=X)),
    Edge(0, "strided", READ, lambda: rows(x_train=np.repeat(X, 2, 1)[:, ::2]), data(inputs=X)),
    Edge(0, "reversed", READ, lambda: rows(x_train=X[::-1], y_train=Y[::-1]), data(inputs=X[::-1])),
    Edge(
        0,
        "float16",
        "fit: data, npz: data",
        lambda: rows(x_train=X.astype(np.float16), x_test=X[:6].astype(np.float16)),
        data(inputs=X.astype(np.float16).astype(np.float32)),
    ),
    Edge(0, "bool", READ, lambda: rows(x_train=X > 0, x_test=X[:6] > 0), data(inputs=X > 0)),
    Edge(0, "list", "fit: data", lambda: rows(x_train=X.tolist()), data(inputs=X)),
    Edge(0, "JAX array", "fit: data", lambda: rows(x_train=jnp.asarray(X)), data(inputs=X)),
    Edge(
        0,
        "bfloat16",
        "fit: data",
        lambda: rows(x_train=jnp.asarray(X, jnp.bfloat16)),
        data(inputs=np.asarray(jnp.asarray(X, jnp.bfloat16), np.float32)),
    ),
    Edge(
        0,
        "without test examples",
        "fit: data, npz: data",
        lambda: rows(x_test=None, y_test=None),
        data([0, 1, 2] * 4, inputs=X),
    ),
    Edge(0, "images", READ, lambda: images((4, 5)), data(inputs=images((4, 5))["x_train"])),
    Edge(0, "colour images", READ, lambda: images((4, 5, 3)), data(inputs=images((4, 5, 3))["x_train"])),
    Edge(0, "one column", READ, lambda: rows(x_train=X[:, :1], x_test=X[:6, :1]), data(inputs=X[:, :1])),
    Edge(
        0,
        "subnormal",
        READ,
        lambda: column(np.float32([1e-45, 0, 1])),
        data(inputs=column(np.float32([1e-45, 0, 1]))["x_train"]),
    ),
]
