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
    Edge(0, "lengths", ALL, lambda: rows(y_train=Y[:11]), "?"),
    Edge(0, "lengths", ALL, lambda: rows(x_train=X[:11]), "?"),
    Edge(0, "lengths", ALL, lambda: rows(y_test=np.arange(5)), "?"),
    Edge(0, "lengths", ALL, lambda: rows(x_train=X.T), "?"),
    Edge(0, "shape", ALL, lambda: rows(x_train=X[0]), "?"),
    Edge(0, "shape", ALL, lambda: rows(x_train=X[:, 0]), "?"),
    Edge(0, "shape", ALL, lambda: rows(x_train=X[:, 0], x_test=X[:6, 0]), "?"),
    Edge(0, "shape", ALL, lambda: rows(x_train=np.float32(1)), "?"),
    Edge(0, "shape", ALL, lambda: rows(x_train=X[:, None, None, None], x_test=X[:6, None, None, None]), "?"),
    Edge(0, "shape", ALL, lambda: rows(x_train=X[:, :2]), "?"),
    Edge(0, "shape", ALL, lambda: rows(x_train=X[:, :0], x_test=X[:6, :0]), "?"),
    Edge(0, "shape", ALL, lambda: rows(x_train=X[:0], y_train=Y[:0]), "?"),
    Edge(0, "shape", ALL, lambda: rows(x_test=X[:0], y_test=Y[:0]), "?"),
    Edge(0, "amounts", ALL, lambda: rows(x_train=X[:1], y_train=Y[:1], x_test=X[:1], y_test=Y[:1]), "?"),
    Edge(0, "amounts", ALL, lambda: rows(y_train=Y * 0, y_test=Y[:6] * 0), "?"),
    Edge(0, "test examples", FIT, lambda: rows(y_test=None), "?"),
    Edge(0, "test examples", FIT, lambda: rows(x_test=None), "?"),
    Edge(6, "test examples", FILES, lambda: rows(y_test=None), "?"),
    Edge(6, "test examples", FILES, lambda: rows(x_test=None), "?"),
    Edge(0, "inputs", FIT, lambda: rows(x_train=None), "?"),
    Edge(0, "labels", FIT, lambda: rows(y_train=None), "?"),
    Edge(6, "labels", FILES, lambda: rows(y_train=None), "?"),
    Edge(6, "inputs", FILES, lambda: rows(x_train=None), "?"),
    # values
    Edge(0, "NaN", ALL, lambda: column([0, 1, np.nan]), "?"),
    Edge(0, "infinity", ALL, lambda: column(np.float32([0, 1, np.inf])), "?"),
    Edge(0, "infinity", ALL, lambda: column(np.float32([0, 1, -np.inf])), "?"),
    Edge(2, "float64", "fit, npz", lambda: column([1e300, 0, 1]), "?"),
    Edge(0, "float16", ALL, lambda: column(np.float16([np.inf, 0, 1])), "?"),
    Edge(0, "types", ALL, lambda: rows(x_train=X.astype(complex), x_test=X[:6].astype(complex)), "?"),
    Edge(0, "types", ALL, lambda: rows(x_train=X.astype(str)), "?"),
    Edge(0, "types", ALL, lambda: rows(x_train=X.astype("S9")), "?"),
    Edge(0, "types", FIT, lambda: rows(x_train=X.astype(object)), "?"),
    Edge(0, "types", ALL, lambda: rows(x_train=np.arange(12).astype("M8[s]")[:, None]), "?"),
    Edge(0, "types", ALL, lambda: rows(x_train=np.arange(12).astype("m8[s]")[:, None]), "?"),
    Edge(0, "types", ALL, lambda: rows(x_train=np.zeros((12, 3), "f4,i4")), "?"),
    Edge(0, "types", FIT, lambda: rows(x_train=[[1, 2], [3]] * 6), "?"),
    Edge(0, "types", FIT, lambda: rows(x_train=[["a", "b"]] * 12), "?"),
    Edge(0, "types", FIT, lambda: rows(x_train={"a": 1}), "?"),
    Edge(0, "types", FIT, lambda: rows(x_train=12), "?"),
    Edge(0, "types", FIT, lambda: rows(x_train=(row for row in X)), "?"),
    Edge(0, "types", FIT, lambda: rows(x_train=np.ma.masked_array(X, X > 0)), "?"),
    Edge(0, "types", ALL, lambda: rows(x_train=X.astype(np.uint8)), "?"),
    # labels
    Edge(0, "labels", ALL, lambda: rows(y_train=np.eye(3)[Y]), "?"),
    Edge(16, "labels", ALL, lambda: rows(y_train=Y + 0.5), "?"),
    Edge(16, "labels", ALL, lambda: rows(y_train=Y + 1e300), "?"),
    Edge(0, "labels", ALL, lambda: rows(y_train=np.where(Y, Y, np.nan)), "?"),
    Edge(0, "labels", ALL, lambda: rows(y_train=np.where(Y, Y, np.inf)), "?"),
    Edge(0, "labels", ALL, lambda: rows(y_train=Y.astype(complex)), "?"),
    Edge(0, "labels", ALL, lambda: rows(y_train=Y.astype("M8[s]")), "?"),
    Edge(0, "labels", FIT, lambda: rows(y_train=[0, "a", 1] * 4), "?"),
    Edge(0, "labels", FIT, lambda: rows(y_train=["a", None, "b"] * 4), "?"),
    Edge(0, "labels", FIT, lambda: rows(y_train=[True, 2, 3] * 4), "?"),
    Edge(0, "labels", FIT, lambda: rows(y_train=[(0, 1)] * 12), "?"),
    Edge(0, "labels", FIT, lambda: rows(y_train=[{}] * 12), "?"),
    Edge(0, "labels", FIT, lambda: rows(y_train=[0, 1, None] * 4), "?"),
    Edge(0, "labels", ALL, lambda: rows(y_train=NAMES[Y]), "?"),
    Edge(16, "labels", ALL, lambda: rows(y_test=np.arange(6)), "?"),
    Edge(16, "labels", ALL, lambda: rows(y_train=NAMES[Y], y_test=np.resize(["ant", "dog"], 6)), "?"),
    Edge(2, "labels", ALL, lambda: rows(y_train=Y.astype(np.uint64) + np.uint64(2**63)), "?"),
    Edge(0, "labels", FIT, lambda: rows(y_train=np.uint8(1)), "?"),
    Edge(0, "labels", FIT, lambda: rows(y_train="abc"), "?"),
    Edge(0, "labels", FIT, lambda: rows(y_train=Y.reshape(3, 4)), "?"),
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
