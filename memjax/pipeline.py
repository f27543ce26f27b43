"""The stages of a run: plan, train, estimate, report.  Each looks at the run folder and does only what is missing.

This is the one file that knows both how models are trained and how they are stored.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from memjax import calibration, environment, store, summary
from memjax.config import RunConfig
from memjax.data import content_hash, load_dataset
from memjax.errors import InputError
from memjax.recipe import make_single
from memjax.specs import DataSpec, ModelSpec, SubsetSpec, TrainSpec
from memjax.store import Plan
from memjax.subsets import make_design
from memjax.types import Dataset, Outcomes, SubsetDesign

FULL_MATRIX = 2**30  # bytes up to which influence.npy is written without being asked for

Notify = Callable[[str], object]
Advance = Callable[[int], object]


@dataclass(frozen=True, eq=False)
class Run:
    """A run folder opened for a request."""

    config: RunConfig
    folder: Path
    dataset: Dataset
    design: SubsetDesign
    plan: Plan

    @property
    def missing(self) -> list[int]:
        """Blocks still to be trained."""
        return sorted(set(self.plan.blocks) - store.finished_blocks(self.folder))

    @property
    def num_trained(self) -> int:
        """Models asked for that are already there."""
        return self.plan.num_trained(store.finished_blocks(self.folder))


def open_run(config: RunConfig) -> Run:
    """Makes the run folder, or opens it if it was made for the same settings.

    Raises:
      InputError: the folder was made for other settings (which are named) or is no run folder; bad data.
    """
    folder = config.folder()
    old = store.read_plan(folder)
    dataset = load_dataset(config.data)
    design = make_design(config.subset, dataset.num_train, config.seed)
    if design.num_models is not None and config.num_models > design.num_models:
        raise InputError(f"--num-models is {config.num_models}, but there are only {design.num_models} masks")
    data = _describe(config, dataset, design)
    if old is None:
        plan = _new_plan(config, dataset, design, data)
        store.write_plan(folder, plan)
    else:
        plan = _checked(old, config, data, folder)
        if plan != old:
            store.write_plan(folder, plan)
    return Run(config, folder, dataset, design, plan)


def reopen_run(folder: Path) -> Run:
    """Opens an existing run folder with the settings of its plan.

    Raises:
      InputError: there is no run in the folder.
    """
    plan = store.read_plan(folder)
    if plan is None:
        raise InputError(f"{folder} holds no run: there is no plan.json in it")
    return open_run(config_of(plan, folder))


def config_of(plan: Plan, folder: Path) -> RunConfig:
    """The request that a plan answers.

    Raises:
      InputError: the plan has settings that this version does not know.
    """

    def tuples(section: dict[str, Any]) -> dict[str, Any]:
        return {key: tuple(value) if isinstance(value, list) else value for key, value in section.items()}

    settings = plan.config
    try:
        return RunConfig(
            run=str(folder),
            num_models=plan.num_models,
            seed=settings["seed"],
            data=DataSpec(**tuples(settings["data"])),
            subset=SubsetSpec(**tuples(settings["subset"])),
            model=ModelSpec(**settings["model"]),
            train=TrainSpec(**tuples(settings["train"])),
            keep=tuple(settings["keep"]),
        )
    except (KeyError, TypeError) as problem:
        raise InputError(f"{folder / 'plan.json'} was made by another version of memjax: {problem}") from None


def train(run: Run, advance: Advance, notify: Notify) -> None:
    """Trains the blocks that are missing and commits each as it is done."""
    missing = run.missing
    if not missing:
        return
    from memjax.training import examples_of, is_out_of_memory, train_many

    here = environment.versions() | {"device": environment.device_kind()}
    if changed := [name for name in here if here[name] != run.plan.environment.get(name, here[name])]:
        notify(
            f"this folder was begun with other versions ({', '.join(changed)}): new models may differ in the last bits"
        )
    single = make_single(run.config, run.dataset, run.design)
    examples = examples_of(run.dataset, run.config.train.scaling)
    try:
        for pack in train_many(single, run.config.seed, run.design.masks, examples, missing, run.plan.pack_size):
            block = store.Block(pack.model_ids, pack.masks, pack.output.finite, pack.output.train, pack.output.test)
            store.write_block(run.folder, pack.number, block, here)
            advance(min(len(pack.model_ids), run.plan.num_models - int(pack.model_ids[0])))
    except Exception as problem:
        if is_out_of_memory(problem):
            raise InputError(_does_not_fit(run.plan.pack_size)) from None
        raise


def _does_not_fit(pack_size: int) -> str:
    smaller = f"begin another --run with --pack-size {pack_size // 2}" if pack_size > 1 else "take a smaller --model"
    return f"a device ran out of memory with {pack_size} models a pack, which this run folder has fixed; {smaller}"


def outcomes(run: Run, notify: Notify) -> tuple[Outcomes, int] | None:
    """All models asked for and the number of diverged ones; None, after setting it aside, if a block is corrupt."""
    try:
        return store.read_outcomes(run.folder, run.plan.blocks, run.plan.num_models)
    except store.CorruptBlock as problem:
        aside = store.set_aside(run.folder, problem.number)
        notify(f"{problem}; it was renamed to {aside.name} and is trained again")
        return None


def estimate(run: Run, advance: Advance, notify: Notify) -> bool:
    """Trains what is missing, then writes the files of estimates; False if they were there already.

    Raises:
      InputError: every model diverged.
    """
    from memjax.estimation import write_results

    train(run, advance, notify)
    every = writes_all_pairs(run.config, run.dataset)
    present = store.read_results(run.folder, "estimates.npz")
    complete = (run.folder / "pairs.npz").exists() and (not every or (run.folder / "influence.npy").exists())
    if present and int(present["num_models"]) == run.plan.num_models and complete:
        return False
    while (found := outcomes(run, notify)) is None:
        train(run, advance, notify)
    if not len(found[0].model_ids):
        raise InputError(f"all {run.plan.num_models} models diverged; lower --learning-rate and give another --run")
    write_results(run.folder, run.dataset, *found, all_pairs=every)
    return True


def matrix_bytes(dataset: Dataset) -> int:
    """Size of influence.npy: float32 for every train-test pair."""
    return 4 * dataset.num_train * dataset.num_test


def writes_all_pairs(config: RunConfig, dataset: Dataset) -> bool:
    """Whether a run writes influence.npy: if asked to, or, by default, if it stays small."""
    return config.influence == "all" or (config.influence == "auto" and matrix_bytes(dataset) <= FULL_MATRIX)


def report(run: Run) -> Path:
    """Writes report.html from the files of estimates.

    Raises:
      InputError: there are none yet.
    """
    from memjax.report import render_report

    estimates, pairs = (store.read_results(run.folder, name) for name in ("estimates.npz", "pairs.npz"))
    if estimates is None or pairs is None:
        raise InputError(f"{run.folder} has no estimates yet; finish it with: python -m memjax.run --run {run.folder}")
    facts, warnings = summary.facts(run.plan, estimates), summary.warnings(estimates, pairs)
    page = render_report(run.dataset, estimates, pairs, facts, warnings)
    path = run.folder / "report.html"
    store.write_atomically(path, lambda stream: stream.write(page.encode()))
    return path


def _describe(config: RunConfig, dataset: Dataset, design: SubsetDesign) -> dict[str, Any]:
    described = {
        "name": dataset.name,
        "sha256": content_hash(dataset),
        "num_train": dataset.num_train,
        "num_test": dataset.num_test,
        "input_shape": list(dataset.input_shape),
        "class_names": list(dataset.class_names),
    }
    if design.num_models is not None:  # drawn by the user: the file may change under its name
        masks = np.packbits(design.masks(np.arange(design.num_models)), axis=1)
        described["masks_sha256"] = hashlib.sha256(masks.tobytes()).hexdigest()
    return described


def _new_plan(config: RunConfig, dataset: Dataset, design: SubsetDesign, data: dict[str, Any]) -> Plan:
    make_single(config, dataset, design)  # whatever is wrong with the request comes out before the folder is made
    pack_size = calibration.pack_size(config, dataset, design)
    here = environment.versions() | {"device": environment.device_kind()}
    return Plan(config.settings(), data, pack_size, config.num_models, here)


def _checked(old: Plan, config: RunConfig, data: dict[str, Any], folder: Path) -> Plan:
    there = config_of(old, folder).settings()  # settings that are newer than the folder have their defaults there
    changed = store.differences(replace(old, config=there), config.settings(), data)
    if config.pack_size not in (None, old.pack_size):
        changed.append(f"pack_size: {old.pack_size} there, {config.pack_size} asked for")
    if changed:
        raise InputError(f"{folder} was made for another run; give another --run. It differs in {'; '.join(changed)}")
    return replace(old, num_models=max(old.num_models, config.num_models))
