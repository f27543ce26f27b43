"""The contestants' sides: what is run for memjax, and for the peers, in a given setting."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.sides import Side, module
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
    """memjax by precision and pack size; options are those of `benchmarks.rate`."""
    return [
        Side(
            who,
            f"{precision}, {devices} devices x {pack} models" if devices > 1 else f"{precision}, {pack} models",
            module(
                "benchmarks.rate", *options, "--cpu-devices", devices, "--precision", precision, "--pack-size", pack
            ),
        )
        for precision in precisions
        for pack in packs
    ]


def torch_sides(
    python: str, folder: Path, options: Options, precisions: Iterable[str], variants: Iterable[str] = ("",)
) -> list[Side]:
    """The plain loop in torch, by precision, by variant, which is a text of flags, and by number of threads."""
    return [
        Side(
            "torch",
            ", ".join([precision, *variant.replace("--", "").split(), way]),
            module(
                "benchmarks.peers.torch_loop",
                *("--data", folder, "--precision", precision, *options, *variant.split(), *flags),
                python=python,
            ),
        )
        for precision in precisions
        for variant in variants
        for way, flags in WAYS.items()
    ]


def vmap_sides(
    python: str,
    folder: Path,
    options: Options,
    stacks: Iterable[int],
    variants: Iterable[str] = ("",),
    who: str = "torch.func.vmap",
) -> list[Side]:
    """torch.func.vmap by number of models stacked, by variant, which is a text of flags, and by number of threads."""
    return [
        Side(
            who,
            ", ".join([f"{stack} models", *variant.replace("--", "").split(), way]),
            module(
                "benchmarks.peers.torch_func_vmap",
                *("--data", folder, "--stack", stack, *options, *variant.split(), *flags),
                python=python,
            ),
        )
        for stack in stacks
        for variant in variants
        for way, flags in WAYS.items()
    ]


@contextmanager
def exported(spec: DataSpec) -> Iterator[Path]:
    """A folder with a data set as .npy files, for those who do not know memjax; gone afterwards."""
    dataset = load_dataset(spec)
    with TemporaryDirectory() as folder:
        for name in ("train_inputs", "train_labels", "test_inputs", "test_labels"):
            np.save(Path(folder, name), getattr(dataset, name))
        yield Path(folder)
