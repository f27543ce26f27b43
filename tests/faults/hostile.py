"""Every reader of files gets hostile files and randomly changed files."""

import gzip
import hashlib
import io
import itertools
import json
import os
import random
import resource
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from memjax import exchange, store
from memjax.config.specs import DataSpec
from memjax.data import load_dataset
from memjax.errors import InputError
from memjax.store.blocks import block_path
from memjax.store.records import Record, record_path
from memjax.store.sealed import seal
from memjax.untrusted import read_npy
from tests.faults.folder import Tally, begin, make_plan, write

SECONDS, BYTES = 2.0, 2**28  # processor time and memory that a reader may use
Reader = Callable[[bytes], object]


def attacks(count: int, place: Path) -> Tally:
    """Each reader refuses each hostile file with an InputError, fast, in little memory, and runs no code in it."""
    total = Tally()
    for _, content in itertools.islice(_hostile(place), count):
        for read in _readers(place).values():
            total += _attempt(read, content)
    return total + Tally(0, 0, (place / "canary").exists())


def fuzz(count: int, place: Path) -> Tally:
    """`count` files for each reader: good files with bytes randomly changed, removed, repeated or inserted."""
    total, rng = Tally(), random.Random(2)
    for name, read in _readers(place).items():
        good = _good(place)[name]
        for _ in range(count):
            total += _attempt(read, _mutated(good, rng))
    return total


def _attempt(read: Reader, content: bytes) -> Tally:
    """A reader is wrong if it raises another error than ours, or takes too much time or memory."""
    tracemalloc.start()
    started = time.process_time()
    try:
        read(content)
        wrong = False
    except (InputError, store.CorruptBlock):
        wrong = False
    except Exception:
        wrong = True
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return Tally(1, 0, wrong or peak > BYTES or time.process_time() - started > SECONDS)


def _readers(place: Path) -> dict[str, Reader]:
    """The readers by name.  Each takes the bytes of a file.  Blocks get a record with the right checksum."""
    folder = place / "run"
    if not folder.exists():
        begin(folder, 1)
        write(folder, 0)
        (place / "idx").mkdir()

    def block(content: bytes) -> object:
        block_path(folder, 0).write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        record = Record(0, make_plan(1).fingerprint, digest, len(content), 3, 0, {})
        record_path(folder, 0).write_bytes(seal(record._asdict()))
        return store.read_block(folder, 0)

    def of(name: str, read: Callable[[Path], object]) -> Reader:
        path = place / name

        def put(content: bytes) -> object:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            return read(path)

        return put

    def record(path: Path) -> object:
        try:
            return store.read_record(place, 0)
        except store.BrokenSeal as problem:
            raise InputError(str(problem)) from None

    def idx(path: Path) -> object:
        for part in ("train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
            (path.parent / part).write_bytes(path.read_bytes())
        return load_dataset(DataSpec(dataset=f"idx:{path.parent}"))

    return {
        "block": block,
        "record": of("blocks/000000.json", record),
        "plan": of("plan.json", lambda path: store.read_plan(path.parent)),
        "results": of("results/000001.json", lambda path: store.read_note(place)),
        "older results": of("older/results.json", lambda path: store.read_note(path.parent)),
        "estimates": of("older/estimates.npz", lambda path: store.read_found(path.parent, checked=False)),
        "index": of("index.npz", lambda path: store.take_stock(place, make_plan(1).fingerprint)),
        "data set": of("data.npz", lambda path: load_dataset(DataSpec(dataset=f"npz:{path}"))),
        "masks": of("masks.npy", read_npy),
        "predictions": of("arrays/a.npz", exchange.read_predictions),
        "aux_arrays": of("fz/0/aux_arrays.npz", lambda path: exchange.read_predictions(path.parent.parent)),
        "experiment": of("lira/experiment-0_1/keep.npy", lambda path: exchange.read_predictions(path.parent.parent)),
        "published": of("published.npz", exchange.read_estimates),
        "idx": of("idx/train-images-idx3-ubyte", idx),
    }


def _good(place: Path) -> dict[str, bytes]:
    """A good file for each reader."""
    clean = place / "good"
    if not clean.exists():
        begin(clean, 1)
        write(clean, 0)
        stock = store.take_stock(clean, make_plan(1).fingerprint)
        store.write_index(clean, stock, make_plan(1).fingerprint)
    data = {"x_train": np.ones((6, 2, 2), np.uint8), "y_train": np.arange(6) % 3}
    masks = io.BytesIO()
    np.save(masks, np.eye(4, dtype=bool))
    plan = (clean / "plan.json").read_bytes()
    return {
        "block": block_path(clean, 0).read_bytes(),
        "record": record_path(clean, 0).read_bytes(),
        "plan": plan,
        "results": seal({"plan": "p", "num_models": 3, "files": {"estimates.npz": ["ab", 3]}, "set": "0" * 16}),
        "older results": seal({"plan": "p", "num_models": 3, "files": {"estimates.npz": ["ab", 3]}}),
        "estimates": block_path(clean, 0).read_bytes(),
        "index": (clean / "index.npz").read_bytes(),
        "data set": _npz(**data, x_test=data["x_train"], y_test=data["y_train"]),
        "masks": masks.getvalue(),
        "predictions": _npz(masks=np.eye(4, 3), train_correct=np.eye(4, 3), train_labels=np.arange(3)),
        "aux_arrays": _npz(
            **{f"index_{side}": rows for side, rows in (("train", [2, 0]), ("removed", [1]), ("test", [0, 1]))},
            **{f"correctness_{side}": [1.0] * count for side, count in (("train", 2), ("removed", 1), ("test", 2))},
        ),
        "experiment": masks.getvalue(),
        "published": _npz(
            tr_labels=np.zeros(3),
            tr_mem=np.ones(3),
            tr_classidx_0=np.arange(3),
            tt_classidx_0=np.arange(2),
            infl_matrix_class0=np.ones((3, 2)),
        ),
        "idx": struct.pack(">HBBIII", 0, 8, 3, 2, 3, 3) + bytes(18),
    }


def _npz(**arrays) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def _mutated(content: bytes, rng: random.Random) -> bytes:
    data = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 4, 16])):
        at, length = rng.randrange(len(data) + 1), rng.randrange(1, 64)
        action = rng.randrange(5)
        if action == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif action == 1:
            data[at:at] = rng.randbytes(length)
        elif action == 2:
            del data[at : at + length]
        elif action == 3:
            data[at : at + length] = rng.choice([b"\xff" * 8, b"\x00" * 8, struct.pack("<Q", 2**62), b"9" * 20])
        else:
            data[at:at] = data[:length]
    return bytes(data)


def _hostile(place: Path) -> Iterator[tuple[str, bytes]]:
    """Known attacks on readers of files, by name."""
    yield "nothing", b""
    yield "pickle", _pickle(place)
    for dtype, shape in (("<f8", (2**40,)), ("|u1", (2**62, 2**62)), ("|O", (3,)), ("<f4", (-1,)), ("|V8", (9,))):
        yield f"npy of {dtype} {shape}", _npy(dtype, shape)
        yield f"npz of {dtype} {shape}", _zip({"model_ids.npy": _npy(dtype, shape)})
    yield "npy with a pickle", _npy("|O", (1,)) + _pickle(place)
    yield "npy with a long header", b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**31)
    yield "npy with a deep header", _npy("|u1", "(" * 5000)
    yield "npy with a call in its header", _npy("|u1", f"__import__('os').mkdir({str(place / 'canary')!r})")
    yield "zip of zeros", _zip({"model_ids.npy": bytes(2**26)}, zipfile.ZIP_DEFLATED)
    yield "zip with many members", _zip({f"m{number}.npy": b"" for number in range(20_000)})
    yield "zip with names that are paths", _zip({"../../canary": b"x", "/tmp/canary": b"x"})
    yield "zip that lies about sizes", _lying_zip()
    yield "zip with members over each other", _zip({"masks.npy": _npy("|u1", (3,)) + b"abc"}) * 2
    yield "zip of many zeros", _zip({f"a{n}.npy": bytes(2**25) for n in range(20)}, zipfile.ZIP_DEFLATED)
    yield "gzip of zeros", gzip.compress(bytes(2**26))
    yield "idx of much", struct.pack(">HBBIII", 0, 8, 3, 2**32 - 1, 2**32 - 1, 2**32 - 1)
    yield "idx of doubles", struct.pack(">HBBI", 0, 14, 1, 4) + bytes(32)
    yield "deep JSON", b"[" * 100_000
    yield "long number", b'{"a": ' + b"9" * 100_000 + b"}"
    yield "long JSON", b" " * (2**26 + 1) + b"{}"
    yield "JSON of another kind", b"[1, 2, 3]"
    for change in ({"pack_size": 10**30}, {"num_models": 10**12}, {"config": []}, {"data": None}, {"more": 1}):
        yield f"plan with {change}", seal(make_plan(1).__dict__ | change)
    for change in ({"number": "../../x"}, {"bytes": -1}, {"environment": 3}, {"models": 1e400}, {"sha256": None}):
        record = Record(0, "p", "00", 1, 1, 0, {})._asdict() | change
        yield f"record with {change}", seal(record)
    for change in ({"set": "../blocks"}, {"set": 3}, {"blocks": {}}, {"num_failed": "x"}, {"environment": [1]}):
        yield f"results with {change}", seal({"plan": "p", "num_models": 3, "files": {}} | change)
    yield "results that nest", seal({"plan": "p", "num_models": 3, "files": {}, "environment": _deep(500)})
    for files in ({"../plan.json": ["ab", 3]}, {"estimates.npz": 3}, [], {"estimates.npz": ["ab", 1e300]}):
        yield f"results with {files}", seal({"plan": "p", "num_models": 3, "files": files})
    yield "surrogates", json.dumps({"a": "\ud800"}).encode()


def _deep(levels: int) -> dict:
    table: dict = {}
    for _ in range(levels):
        table = {"a": table}
    return table


def _pickle(place: Path) -> bytes:
    """A pickle that creates a folder when it is loaded."""
    return b"cos\nmkdir\n(V" + str(place / "canary").encode() + b"\ntR."


def _npy(dtype: str, shape: object) -> bytes:
    text = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", min(len(text), 65535)) + text


def _zip(members: dict[str, bytes], packing: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", packing) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def _lying_zip() -> bytes:
    """The directory says that one member is 8 GB long."""
    content = _zip({"model_ids.npy": _npy("<f8", (2**30,))})
    at = content.rindex(b"PK\x01\x02")
    return content[: at + 20] + struct.pack("<II", 2**32 - 2, 2**32 - 2) + content[at + 28 :]


def limit_memory() -> None:
    """Limits the memory of this process, so that a reader that allocates too much fails instead of the machine."""
    resource.setrlimit(resource.RLIMIT_AS, (2**33, 2**33))
    assert os.name == "posix"
