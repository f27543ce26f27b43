"""The first step of a run: what was asked for, with the examples and the subsets that it names."""

import hashlib
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from memjax import store
from memjax.config.run_config import RunConfig
from memjax.config.specs import TableSpec
from memjax.data import content_hash, in_memory, load_dataset
from memjax.data.build import check_channels, remarks_on
from memjax.data.in_memory import InMemory, as_groups
from memjax.data.scaling import check_spread
from memjax.data.sources import named_examples
from memjax.errors import InputError
from memjax.metrics import BUILT_IN, task_named
from memjax.metrics import described as described_task
from memjax.runs.initial import Initial, initial
from memjax.store import Plan, place
from memjax.subsets import make_design
from memjax.types import Dataset, SubsetDesign
from memjax.untrusted import read_npy, user_path

GROUPS = "groups.npz"  # the group of each training example, in the run folder


@dataclass(frozen=True, eq=False)
class Request:
    """A request whose examples are read and whose subsets are known."""

    config: RunConfig
    folder: Path  # the run folder, which may not be there yet
    dataset: Dataset
    design: SubsetDesign
    data: dict[str, Any]  # what the plan says of the examples: name, content hash, sizes, class names
    # the examples as the user gave them in memory; None where they are read from a source
    given: InMemory | None = None
    groups: np.ndarray | None = None  # the group of each training example; None if subsets are drawn by example
    initial: Initial | None = None  # the parameters that models begin with; None if all are drawn
    guessed: str = ""  # the task that was taken because of the labels, in words; empty where it was named
    missing: str = ""  # why the examples' inputs are not there, in words; empty where they are

    @property
    def notices(self) -> list[str]:
        """What the user should know of the examples, one sentence each."""
        said = remarks_on(self.dataset, self.config.data, self.config.train.scaling)
        names = " and ".join(self.initial.fresh) if self.initial else ""
        fresh = names and f"--init has no {names} of these shapes: the last layer is drawn at random"
        return [*filter(None, [self.guessed, fresh]), *(self.given.notices if self.given else ()), *said]

    def check_inputs(self) -> None:
        """Raises InputError for channels that come first in an image network, and for features that would be lost."""
        from memjax.models import NOT_FOR_IMAGES, is_built_in

        config, inputs, model = self.config, self.dataset.train_inputs, self.config.model.model
        if is_built_in(config.model) and model.partition(":")[0] not in NOT_FOR_IMAGES:
            check_channels(config.data, inputs.shape[1:], model)
        if not self.dataset.tokens:
            check_spread(inputs, config.train.scaling, self.given.features if self.given else (), config.data.stream)


def read_request(config: RunConfig, given: InMemory | None = None, asked: bool = True) -> Request:
    """Reads the examples that a request names, or takes those given, and makes its subset design.

    With `asked` False the request is the folder's own, and so are its groups.
    """
    folder = place(config.folder())
    given = given or named_examples(config.data, config.table, config.subset.groups)
    if given:  # the run folder keeps the examples: what it was made from may change
        words = re.sub(r"[^A-Za-z0-9]+", "-", given.dataset.name).strip("-")
        data = replace(config.data, dataset=in_memory.SOURCE + (words or "arrays"), image_size=None)
        config = replace(config, run=config.run or str(folder), data=data, table=TableSpec())
    source = given
    if not given and config.data.dataset.startswith(in_memory.SOURCE):
        source = in_memory.read(folder)
        if source is None:
            where = folder / in_memory.FILE
            raise InputError(f"{where} is missing or damaged; give the same arrays to memjax.fit again")
    dataset = load_dataset(config.data, source.dataset if source else None)
    named, config = config.data.task, config.for_task(dataset.task)
    groups = _groups(config, dataset, source) if asked else saved_groups(config, folder)
    design = make_design(config.subset, dataset.num_train, config.seed, groups)
    if design.num_models is not None and config.num_models > design.num_models:
        raise InputError(
            f"--num-models is {config.num_models}, but there are only {design.num_models} masks; give fewer"
        )
    described, start = _describe(dataset, design), initial(config, dataset)
    if start:
        described["init_sha256"] = start.sha256
        design = design._replace(num_models=start.most(config, design.num_models))
    if groups is not None:
        described["groups_sha256"] = hashlib.sha256(json.dumps(groups.tolist()).encode()).hexdigest()
    guessed = "" if named == dataset.task else f"the labels look like {dataset.task}; if not, give another --task"
    return Request(config, folder, dataset, design, described, given, groups, start, guessed)


def _groups(config: RunConfig, dataset: Dataset, source: InMemory | None) -> np.ndarray | None:
    """The group of each training example, as the user names them now."""
    if not config.subset.groups:
        return None
    if source and source.groups is not None:
        return source.groups[np.isin(source.dataset.train_ids, dataset.train_ids)]
    values, rows = read_npy(user_path(config.subset.groups)), dataset.train_ids
    if values.ndim != 1 or len(values) <= rows.max() or (len(rows) == rows.max() + 1 < len(values)):
        raise InputError(
            f"--groups {config.subset.groups} has shape {values.shape}; expected one value for each training example "
            f"of {dataset.name}, {rows.max() + 1} or more"
        )
    return as_groups(values[rows], len(rows))


def saved_groups(config: RunConfig, folder: Path) -> np.ndarray | None:
    """The groups as a run folder holds them."""
    if not config.subset.groups:
        return None
    if (found := store.read_arrays(folder / GROUPS)) is None or "groups" not in found:
        raise InputError(f"{folder / GROUPS} is missing or damaged; give the same groups to memjax.fit again")
    return as_groups(found["groups"], len(found["groups"]))


def request_without_inputs(config: RunConfig, plan: Plan, missing: str) -> Request:
    """The request of a run whose inputs are not at their place; `missing` says why.

    The run's own files say what else there is to know.  Labels are -1 where there are no estimates yet.
    """
    folder, num_train, num_test = place(config.folder()), plan.data["num_train"], plan.data["num_test"]
    known: dict[str, Any] = {"train_labels": np.full(num_train, -1), "test_labels": np.full(num_test, -1)}
    known |= {"train_ids": np.arange(num_train), "test_ids": np.arange(num_test)}
    known |= {"mislabelled": np.zeros(num_train, bool), "corrupted": np.zeros(num_train, bool)}
    known |= {"test_corrupted": np.zeros(num_test, bool)}
    if estimates := store.read_estimates(folder):
        known |= {name: found for name in known if (found := getattr(estimates, name)) is not None}
    nothing = {f"{side}_inputs": np.zeros((len(known[f"{side}_ids"]), 0), np.uint8) for side in ("train", "test")}
    if task_named(config.data.task).targets != "classes":
        known |= {f"{side}_targets": np.full(len(known[f"{side}_ids"]), np.nan) for side in ("train", "test")}
    names = {"name": plan.data["name"], "class_names": tuple(plan.data["class_names"]), "task": config.data.task}
    dataset, groups = Dataset(**names, **nothing, **known), saved_groups(config, folder)
    design = make_design(config.subset, num_train, config.seed, groups)
    return Request(config, folder, dataset, design, plan.data, groups=groups, missing=missing)


def _describe(dataset: Dataset, design: SubsetDesign) -> dict[str, Any]:
    described = {
        "name": dataset.name,
        "sha256": content_hash(dataset),
        "num_train": dataset.num_train,
        "num_test": dataset.num_test,
        "input_shape": list(dataset.input_shape),
        "class_names": list(dataset.class_names),
    }
    if dataset.task not in ("", *BUILT_IN):
        described["task"] = described_task(task_named(dataset.task))
    if design.num_models is not None:  # drawn by the user: the file may change under its name
        masks = np.packbits(design.masks(np.arange(design.num_models)), axis=1)
        described["masks_sha256"] = hashlib.sha256(masks.tobytes()).hexdigest()
    return described
