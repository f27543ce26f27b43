"""The help of the command `memjax`: one screen, all options, or one command."""

import inspect
import textwrap

from memjax.cli.options import as_text, grouped, options_of
from memjax.config.from_keywords import PURPOSES
from memjax.config.presets import PRESETS, SOURCES

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
  compare DIR DIR2       what changed between two runs
  status DIR             how far a run is          verify DIR    whether its files are intact
  report DIR             write the report again    export DIR    files for other programs
  publish DIR            a data set for others: tables, masks, data card, metadata
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
