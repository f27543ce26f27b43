"""A run folder opened for a request, in two steps: the request with its examples, then its plan."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from memjax import store
from memjax.config.run_config import RunConfig
from memjax.data.in_memory import InMemory
from memjax.errors import InputError
from memjax.machine.debugging import without_debugging
from memjax.runs.build_training import with_network
from memjax.runs.disk_space import check_room
from memjax.runs.plan_of import config_of, missing_place, settle_plan, with_own_init
from memjax.runs.request import Request, read_request, request_without_inputs
from memjax.store import Plan


@dataclass(frozen=True, eq=False)
class Run(Request):
    """A request and the plan of its run folder, which is there."""

    plan: Plan = field(kw_only=True)

    def __repr__(self) -> str:
        models = f"{self.num_trained:,} of {self.plan.num_models:,} models"
        return f"Run({store.shown(self.folder)!r}: {models}; {self.dataset})"

    def needs_inputs(self) -> None:
        """Raises InputError where the inputs are not at their place."""
        if self.missing:
            raise InputError(self.missing)

    @property
    def sees_everything(self) -> bool:
        """Whether its models train on all examples, so that there are no others to compare them with."""
        return self.config.subset.design == "everything"

    @property
    def finished(self) -> list[int]:
        """Blocks of the models asked for that are already there."""
        there = store.finished_blocks(self.folder)
        return [number for number in self.plan.blocks if number in there]

    @property
    def num_trained(self) -> int:
        """Models asked for that are already there."""
        return self.plan.num_trained(store.finished_blocks(self.folder))


@without_debugging()
def open_run(config: RunConfig, given: InMemory | None = None, asked: bool = True) -> Run:
    """Makes the run folder, or opens it if it was made for the same settings.

    Args:
      given: examples in memory; by default they are read from where the settings say.
      asked: False if the settings are the folder's own, see `settle_plan`.
    """
    missing = missing_place(config)
    if missing and not given and store.read_plan(store.place(config.folder())):
        raise InputError(missing)
    request = read_request(config, given, asked)
    plan = settle_plan(request, asked)
    named = replace(request.dataset, name=plan.data["name"])  # as at first, wherever the examples are now
    config = with_own_init(request.config, request.folder)
    return Run(**vars(replace(request, dataset=named, config=config)), plan=plan)


def extend_run(run: Run, num_models: int) -> Run:
    """The same run with more models asked for.

    Raises:
      InputError: the design has not so many, the inputs are missing, or a network of the user's own has changed.
    """
    run.needs_inputs()
    most = run.design.num_models
    if most is not None and num_models > most:
        raise InputError(f"{num_models} models are needed, but there are only {most} masks")
    with_network(run.plan, run.config, run.dataset, run.folder)
    check_room(run.folder, num_models - run.plan.num_models, run.config, run.dataset)
    return replace(run, plan=store.extend_plan(run.folder, run.plan, num_models))


def reopen_run(folder: Path, dataset: str = "") -> Run:
    """Opens an existing run folder with the settings of its plan.

    The examples are at `dataset`, by default where they were last found.  Inputs that are not there are left out; what
    needs them says so.
    """
    plan = store.read_plan(folder)
    if plan is None:
        raise InputError(f"{store.shown(folder)} holds no run: plan.json is missing; check the path")
    config = config_of(plan, folder)
    missing = "" if dataset else missing_place(config)
    if missing and not config.subset.masks_file:
        return Run(**vars(request_without_inputs(config, plan, missing)), plan=plan)
    return open_run(replace(config, data=replace(config.data, dataset=dataset or config.data.dataset)), asked=False)
