"""All options for the help and the documentation, from the types, defaults and docstrings of the settings."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

import tyro

from memjax.config.from_keywords import PURPOSES
from memjax.config.presets import PRESETS, SOURCES
from memjax.config.run_config import RunConfig
from memjax.config.specs import DataSpec, ModelSpec, OutputSpec, SubsetSpec, TableSpec, TrainSpec

Folder = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="DIR")]  # Path would turn gs:// into gs:/
GROUPS: dict[str, tuple[type, tuple[str, ...]]] = {
    "The run": (RunConfig, ("run", "num_models", "until", "until_stderr", "max_models", "seed")),
    "Data": (DataSpec, ()),
    "A table's columns": (TableSpec, ()),
    "Subsets": (SubsetSpec, ()),
    "Model": (ModelSpec, ()),
    "Training": (TrainSpec, ()),
    "What is stored, estimated and recorded": (
        RunConfig, ("keep", "score", "influence", "record", "record_every", "record_epochs", "record_own", "examples"),
    ),
    "Machine and cluster": (
        RunConfig, ("pack_size", "cpu_devices", "worker", "engine", "checkpoint_minutes", "max_failed"),
    ),
    "What is printed": (OutputSpec, ()),
    "What is sent": (RunConfig, ("log",)),
}  # fmt: skip


class Option(NamedTuple):
    """One option or argument of the command line, as text."""

    name: str  # --NAME, or the word for an argument without a name
    takes: str  # empty for a switch
    default: str  # empty if there is none or `about` explains it
    about: str
    required: bool


def options_of(kind: type, names: tuple[str, ...] = ()) -> Iterator[Option]:
    """The options of a settings class, in their order; with `names` only those.

    Options of nested settings come after it.  The options of a run are left out: `memjax --help-all` has them.
    """
    about = _docstrings(kind)
    for part in fields(kind):
        if names and part.name not in names:
            continue
        if part.name in about:
            yield _option(part, about[part.name])
        elif is_dataclass(part.type) and part.type is not RunConfig:
            yield from options_of(part.type)  # type: ignore[arg-type]
        elif get_origin(part.type) is Annotated and is_dataclass(get_args(part.type)[0]):
            yield from options_of(get_args(part.type)[0])


def grouped() -> Iterator[tuple[str, list[Option]]]:
    """All options of a run, by group."""
    for title, (kind, names) in GROUPS.items():
        yield title, list(options_of(kind, names))


def as_text(option: Option, width: int = 100) -> str:
    """An option in the help: its name on a line, its meaning below."""
    default = f"  (default: {option.default})" if option.default else ""
    lines = textwrap.wrap(option.about, width - 6, break_long_words=False, break_on_hyphens=False)
    head = textwrap.wrap(f"{option.name} {option.takes}".rstrip() + default, width - 6, break_on_hyphens=False)
    return "\n".join([f"  {head[0]}", *(f"        {line}" for line in head[1:]), *(f"      {line}" for line in lines)])


@cache
def _docstrings(kind: type) -> dict[str, str]:
    """The text below each attribute of a settings class, on one line."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    found = {}
    for before, after in zip(body.body, body.body[1:], strict=False):  # type: ignore[attr-defined]
        if isinstance(before, ast.AnnAssign) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            found[before.target.id] = " ".join(str(after.value.value).split())  # type: ignore[union-attr]
    return found


def _option(part: Field, about: str) -> Option:
    """An option from the field of a settings class."""
    marks = getattr(part.type, "__metadata__", ())
    if tyro.conf.Positional in marks:
        given = [mark.metavar for mark in marks if mark is not tyro.conf.Positional]
        return Option((given or [part.name.upper()])[0], "", "", about, True)
    required = part.default is MISSING and part.default_factory is MISSING
    prefix = "--no-" if part.default is True else "--"
    name = next((mark.name for mark in marks if getattr(mark, "name", None)), part.name)
    default = "" if required or "Default:" in about else _default(part.default)
    return Option(prefix + name.replace("_", "-"), _takes(part.type), default, about, required)


def _takes(kind: Any) -> str:
    """The kind of value of an option: INT, TEXT, one of some words, ...; empty for a switch."""
    inner = [part for part in get_args(kind) if part is not type(None) and part is not ...]
    if get_origin(kind) is Literal:
        return "|".join(map(str, inner))
    if get_origin(kind) is tuple:
        return " ".join(_takes(part) for part in inner) + (" ..." if ... in get_args(kind) else "")
    if len(inner) == 1 or get_origin(kind) is Union:
        return _takes(inner[0])
    return {int: "INT", float: "NUMBER", bool: "", Path: "PATH"}.get(kind, "TEXT")


def _default(value: Any) -> str:
    if value is None or value == "" or value == () or isinstance(value, bool):
        return ""
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


SHORT = """\
memjax trains many small models on random subsets of a data set. It estimates how much each
training example is memorized and how much it influences each test example.

  memjax                                                   digits, 512 models, about 20 seconds
  memjax --dataset csv:mine.csv --target label --id name --run runs/mine
  memjax --dataset fashion_mnist --per-class 600 --model cnn --num-models 200

Options used most; memjax --help-all explains all of them, and the presets of the papers:
  --run DIR              folder of the run; the same command resumes it
  --num-models N         models in all; a larger number trains the missing ones
  --until GOAL           train until it is known: stderr=0.03, ranking=50, threshold=0.25, pairs
  --dataset NAME         digits, csv:FILE with --target COLUMN, npz:FILE, tfds:NAME, cifar10, ...
  --per-class N          at most N training examples of each class
  --label-noise RATE     replace this share of the training labels by wrong ones
  --model NAME           linear, mlp:WIDTHS, cnn, resnet18, ... or package.module:factory
  --for PURPOSE          memorization, influence or membership: the subsets that need fewest models
  --design NAME          how subsets are drawn; --subset-fraction F is their size
  --epochs N             passes over the data; --learning-rate, --batch-size, --optimizer
  --record NAMES         record correct, loss, ... of every example after every epoch
  --preset NAME          data, network and training of a paper
  --seed N               decides subsets, initial weights and batches
  --quiet, --json        print only the result; print one JSON object per line

Other commands; memjax COMMAND --help explains each:
  suspects DIR           labels that look wrong    apply REVIEW  the table with labels corrected
  compare DIR SECOND     what changed between two runs
  status DIR             how far a run is          verify DIR    whether its files are intact
  report DIR             write the report again    export DIR    files for other programs
  publish DIR            a data set for others: tables, masks, data card, metadata
  judge SCORES --run DIR attribution scores of any method, judged by the models of a run
  estimate --arrays F    estimates from predictions of models trained elsewhere
  describe DATASET       what is understood of the data; time, memory and precision of a run
  doctor                 the same of a run with these options, here or on other machines
  seed DATASET FOLDER    use data files that you already have
  completion SHELL       completion for bash, zsh or tcsh

Exit codes: 0 done, 1 verify found a problem, 2 wrong input, 3 verify --repair repaired
all problems, 130 Ctrl-C, 143 SIGTERM, 75 SIGUSR1: run it again.
"""


def of_command(name: str, kind: type) -> str:
    """The help of one command: its usage, what it does, and its options."""
    options = list(options_of(kind))
    needed = [f"{option.name} {option.takes}".rstrip() for option in options if option.required]
    usage = " ".join(["memjax", name, *needed, *(["[OPTIONS]"] if len(needed) < len(options) else [])])
    about = textwrap.fill(" ".join(inspect.getdoc(kind).split()), 100)  # type: ignore[union-attr]
    return "\n".join([f"usage: {usage}", "", about, "", *map(as_text, options), ""])


def everything() -> str:
    """All options in groups, and the presets with their sources."""
    parts = [SHORT]
    for title, options in grouped():
        parts += [f"{title}:", *map(as_text, options), ""]
    parts += ["Purposes (--for NAME); other options change them:", *map(_purpose, PURPOSES), ""]
    parts += ["Presets (--preset NAME); other options change them:", *map(_preset, PRESETS)]
    return "\n".join([*parts, ""])


def _purpose(name: str) -> str:
    subset, keep = PURPOSES[name], " --keep correct probability log_odds" * (name == "membership")
    return f"  {name}\n      --design {subset.design} --subset-fraction {subset.subset_fraction:g}{keep}"


def _preset(name: str) -> str:
    config = PRESETS[name]
    about = f"{config.data.dataset}, {config.model.model}, {config.train.epochs} epochs, {config.num_models:,} models"
    lines = [about, *(f"{what}: {source}" for what, source in SOURCES[name].items())]
    wrapped = [textwrap.fill(line, 100, initial_indent="      ", subsequent_indent="        ") for line in lines]
    return "\n".join([f"  {name}", *wrapped])
