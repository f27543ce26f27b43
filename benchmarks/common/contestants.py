"""The contestants' sides: what is run for memjax, and for the peers, in a given setting."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.common.sides import Side, module
from memjax.config.specs import DataSpec
from memjax.data import load_dataset

Options = tuple[object, ...]
WAYS: dict[str, Options] = {
    "1 thread": (),
    "2 threads": ("--threads", 2),
    "2 processes of 1 thread": ("--processes", 2),
}


def memjax_sides(
    options: Options, devices: int, precisions: Iterable[str], packs: Iterable[int], who: str = "memjax"
) -> list[Side]:
    """memjax by precision and number of models per device; options are those of `benchmarks.common.rate`."""
    return [
        Side(
            who,
            f"{precision}, {devices} devices x {pack} models" if devices > 1 else f"{precision}, {pack} models",
            module(
                "benchmarks.common.rate",
                *(*options, "--cpu-devices", devices, "--precision", precision, "--pack-size", pack),
            ),
        )
        for precision in precisions
        for pack in packs
    ]


def loop_side(folder: Path, epochs: int, who: str) -> Side:
    """The loop of the released script, which compiles anew for each model."""
    command = module("benchmarks.peers.feldman_zhang_loop", "--data", folder, "--epochs", epochs)
    return Side(who, "float32, one model", command)


def torch_sides(
    python: str, folder: Path, options: Options, precisions: Iterable[str], variants: Iterable[str] = ("",)
) -> list[Side]:
    """A plain loop in torch, by precision, by variant (a text of flags) and by number of threads."""
    return [
        side
        for precision in precisions
        for variant in variants
        for side in _by_threads(
            *("torch", precision, variant, python, "benchmarks.peers.torch_loop"),
            ("--data", folder, "--precision", precision, *options),
        )
    ]


def vmap_sides(
    python: str,
    folder: Path,
    options: Options,
    stacks: Iterable[int],
    variants: Iterable[str] = ("",),
    who: str = "torch.func.vmap",
) -> list[Side]:
    """torch.func.vmap by number of models stacked, by variant (a text of flags) and by number of threads."""
    return [
        side
        for stack in stacks
        for variant in variants
        for side in _by_threads(
            *(who, f"{stack} models", variant, python, "benchmarks.peers.torch_func_vmap"),
            ("--data", folder, "--stack", stack, *options),
        )
    ]


def _by_threads(who: str, how: str, variant: str, python: str, peer: str, options: Options) -> list[Side]:
    words = [how, *variant.replace("--", "").split()]
    return [
        Side(who, ", ".join([*words, way]), module(peer, *options, *variant.split(), *flags, python=python))
        for way, flags in WAYS.items()
    ]


@contextmanager
def exported(spec: DataSpec) -> Iterator[Path]:
    """A folder with a data set as .npy files, for programs that do not know memjax; removed afterwards."""
    dataset = load_dataset(spec)
    with TemporaryDirectory() as folder:
        for name in ("train_inputs", "train_labels", "test_inputs", "test_labels"):
            np.save(Path(folder, name), getattr(dataset, name))
        yield Path(folder)
