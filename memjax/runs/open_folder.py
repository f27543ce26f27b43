"""A run folder opened for a request, in three steps: the request with its examples, its plan, and its programs."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from memjax import store
from memjax.config.run_config import RunConfig
from memjax.data.in_memory import InMemory
from memjax.errors import InputError
from memjax.machine.debugging import without_debugging
from memjax.runs.build_training import make_examples, make_single
from memjax.runs.disk_space import check_room
from memjax.runs.places import missing_place
from memjax.runs.plan_of import config_of, extended, settle_plan
from memjax.runs.request import Request, read_request, request_without_inputs
from memjax.store import Plan
from memjax.types import Dataset, SubsetDesign

if TYPE_CHECKING:
    from memjax.training import Examples, Stream, StreamedTraining, Training


@dataclass(frozen=True, eq=False)
class Run:
    """A run folder opened for a request."""

    request: Request
    plan: Plan

    @property
    def config(self) -> RunConfig:
        return self.request.config

    @property
    def folder(self) -> Path:
        return self.request.folder

    @property
    def dataset(self) -> Dataset:
        return self.request.dataset

    @property
    def design(self) -> SubsetDesign:
        return self.request.design

    def __repr__(self) -> str:
        models = f"{self.num_trained:,} of {self.plan.num_models:,} models"
        return f"Run({store.shown(self.folder)!r}: {models}; {self.dataset})"

    def with_config(self, config: RunConfig) -> "Run":
        """The same run with other settings, of those that decide no result."""
        return replace(self, request=replace(self.request, config=config))

    def needs_inputs(self) -> None:
        """Raises InputError where the inputs are not at their place."""
        if self.request.missing:
            raise InputError(self.request.missing)

    @property
    def missing(self) -> list[int]:
        """Blocks still to be trained."""
        finished = store.finished_blocks(self.folder)
        return [number for number in self.plan.blocks if number not in finished]

    @property
    def num_trained(self) -> int:
        """Models asked for that are already there."""
        return self.plan.num_trained(store.finished_blocks(self.folder))


class Programs(NamedTuple):
    """What trains the models of a run: the training of one model, and the examples as it takes them."""

    single: "Training | StreamedTraining"
    examples: "Examples | Stream"


@without_debugging()
def open_run(config: RunConfig, given: InMemory | None = None) -> Run:
    """Makes the run folder, or opens it if it was made for the same settings.

    Args:
      given: examples in memory; by default they are read from where the settings say.

    Raises:
      InputError: the folder was made for other settings (which are named) or is no run folder; bad data.
    """
    missing = missing_place(config)
    if missing and not given and store.read_plan(store.place(config.folder())):
        raise InputError(missing)
    request = read_request(config, given)
    plan = settle_plan(request)
    named = replace(request.dataset, name=plan.data["name"])  # as at first, wherever the examples are now
    return Run(replace(request, dataset=named), plan)


def build_programs(run: Run) -> Programs:
    """The third step, taken only where something is to be trained.

    Raises:
      InputError: the inputs are not at their place.
    """
    run.needs_inputs()
    return Programs(make_single(run.config, run.dataset, run.design), make_examples(run.config, run.dataset))


def extend_run(run: Run, num_models: int) -> Run:
    """The same run with more models asked for.

    Raises:
      InputError: the design has not so many, or the inputs are not at their place.
    """
    run.needs_inputs()
    most = run.design.num_models
    if most is not None and num_models > most:
        raise InputError(f"{num_models} models are needed, but there are only {most} masks")
    check_room(run.folder, num_models - run.plan.num_models, run.config, run.dataset)
    return replace(run, plan=extended(run.plan, run.folder, num_models))


def reopen_run(folder: Path, dataset: str = "") -> Run:
    """Opens an existing run folder with the settings of its plan.

    Inputs that are not at their place are left out; what needs them says so.

    Args:
      dataset: where the examples are now, as of `--dataset`; by default where they were last found.

    Raises:
      InputError: there is no run in the folder, or the examples are others.
    """
    plan = store.read_plan(folder)
    if plan is None:
        raise InputError(f"{store.shown(folder)} holds no run: plan.json is missing; check the path")
    config = config_of(plan, folder)
    missing = "" if dataset else missing_place(config)
    if missing and not config.subset.masks_file:
        return Run(request_without_inputs(config, plan, missing), plan)
    return open_run(replace(config, data=replace(config.data, dataset=dataset or config.data.dataset)))
