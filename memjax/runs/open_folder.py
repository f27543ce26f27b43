"""A run folder opened for a request, in two steps: the request with its examples, then its plan.

The plan is made for a new folder, or compared with the one in the folder.
"""

import os
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from memjax import store
from memjax.config.from_keywords import run_config
from memjax.config.run_config import RunConfig
from memjax.data import in_memory
from memjax.errors import InputError
from memjax.machine import environment
from memjax.machine.debugging import pinned, without_debugging
from memjax.metrics import remember
from memjax.runs.build_training import is_importable, make_single, network_of, with_network
from memjax.runs.disk_space import check_room
from memjax.runs.initial import FILE
from memjax.runs.pack_size import chosen_pack_size
from memjax.runs.request import GROUPS, Request, read_request, request_without_inputs
from memjax.store import Plan
from memjax.untrusted import user_path

KINDS = ("idx", "npz", "npy")


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
def open_run(config: RunConfig, given: in_memory.InMemory | None = None, asked: bool = True) -> Run:
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


@pinned()
def settle_plan(request: Request, asked: bool = True) -> Plan:
    """The plan of the request's folder, created if needed; it asks for at least as many models as the request.

    With `asked` False the request is the folder's own: a network of the user's own, whose code may be elsewhere, is
    then compared when models are trained.
    """
    folder = request.folder
    old = store.read_plan(folder)
    more = request.config.num_models - (old.num_models if old else 0)
    if more > 0:
        check_room(folder, more, request.config, request.dataset)
    if old is None:
        plan = _new_plan(request)
        if store.new_plan(folder, plan):
            _keep_examples(request)
            return plan
        old = store.read_plan(folder)  # another process was first
        assert old is not None
    places = _checked(old, request)
    plan = replace(old, num_models=max(old.num_models, request.config.num_models), places=places)
    if asked and (plan.num_trained(store.finished_blocks(folder)) < plan.num_models or is_importable(request.config)):
        with_network(plan, request.config, request.dataset, folder)
    if places != old.places:
        store.write_places(folder, places)
    _keep_examples(request)
    return store.extend_plan(folder, replace(old, places=places), plan.num_models)


def config_of(plan: Plan, folder: Path) -> RunConfig:
    """The request that a plan answers."""

    settings, note = plan.config, store.as_noted(folder)
    try:
        if ":" in (task := settings["data"].get("task", "")):
            remember(task, plan.data["task"])
        recorded = settings.get("record", {"metrics": (), "epochs": ()})  # an older folder has recorded nothing
        config = run_config(
            RunConfig(run=str(folder)),
            num_models=plan.num_models,
            seed=settings["seed"],
            keep=settings["keep"],
            score=next((name for name in settings["keep"] if note and name == note.score), "correct"),
            record=recorded["metrics"],
            record_epochs=recorded["epochs"],
            record_own=recorded.get("own", "after"),
            **settings["data"], **settings["subset"], **settings["model"], **settings["train"],
        )  # fmt: skip
        return at_places(with_own_init(config, folder), plan.places)
    except (InputError, KeyError, TypeError, ValueError, AttributeError) as problem:
        raise InputError(f"{folder / 'plan.json'} was made by another version of memjax: {problem}") from None


def with_own_init(config: RunConfig, folder: Path) -> RunConfig:
    """The settings with the initial parameters that the run folder keeps, if models begin with some."""
    init = config.model.init and str(folder / FILE)
    return replace(config, model=replace(config.model, init=init))


def _keep_examples(request: Request) -> None:
    if request.given and store.read_arrays(request.folder / in_memory.FILE) is None:  # missing or damaged
        in_memory.save(request.folder, request.given)
    if request.groups is not None and store.read_arrays(request.folder / GROUPS) is None:
        store.write_arrays(request.folder / GROUPS, {"groups": request.groups}.items())
    if request.initial and store.read_arrays(request.folder / FILE) is None:
        store.write_arrays(request.folder / FILE, request.initial.arrays.items())


def _new_plan(request: Request) -> Plan:
    config, folder = request.config, request.folder
    request.check_inputs()
    network = network_of(config, request.dataset)
    make_single(config, request.dataset, request.design)  # a wrong request is refused before the folder is made
    blocks = store.finished_blocks(folder)  # there are some where a plan was lost
    records = []
    for number in sorted(blocks):
        with suppress(OSError, store.BrokenSeal):
            records.append(store.read_record(folder, number))
    size = config.pack_size or next((record.models for record in records), None)
    size = size or chosen_pack_size(config, request.dataset, request.design)
    here = environment.describe()
    places = places_of(config)
    plan = Plan(config.settings(), request.data, size, config.num_models, here, places=places, network=network)
    if blocks and not any(record.plan == plan.fingerprint for record in records):
        where = store.shown(folder)
        raise InputError(f"{where} holds blocks of another run and has lost its plan.json; give another --run")
    return plan


def _checked(old: Plan, request: Request) -> dict[str, str]:
    """Where the user's files are now.  Raises InputError if a request asks for another run than that of the plan."""
    config, folder, data = request.config, request.folder, dict(request.data)
    there = config_of(old, folder)  # settings that are newer than the folder have their defaults there
    found, places = places_of(there), places_of(config)
    before, now = there.settings(), config.settings()
    data["name"] = old.data["name"]
    if old.data["sha256"] == data["sha256"] or found.get("dataset") == places.get("dataset") is not None:
        before["data"]["dataset"] = now["data"]["dataset"]  # the content says whether the examples are the same
    if old.data.get("masks_sha256") == data.get("masks_sha256"):
        before["subset"]["masks_file"] = now["subset"]["masks_file"]
    if old.data.get("groups_sha256") == data.get("groups_sha256") is not None:
        before["subset"]["groups"] = now["subset"]["groups"]
    if before["model"].get("init") and now["model"].get("init"):
        before["model"]["init"] = now["model"]["init"]  # the checksum of the parameters decides
    changed = store.differences(replace(old, config=before), now, data)
    if config.pack_size not in (None, old.pack_size):
        changed.append(f"pack_size: {old.pack_size} in the folder, {config.pack_size} requested")
    if changed:
        where, how = store.shown(folder), "; ".join(changed)
        raise InputError(f"{where} was made for another run; give another --run. It differs in {how}")
    if there.data.dataset.startswith(in_memory.SOURCE) or places == found:
        places = old.places
    elif request.given:
        places["dataset"] = config.data.dataset
    return places


def places_of(config: RunConfig) -> dict[str, str]:
    """The files that the settings name, with absolute paths, by the name of the setting."""
    kind, _, path = config.data.dataset.partition(":")
    found = {"dataset": f"{kind}:{os.path.abspath(user_path(path))}"} if kind in KINDS and path else {}
    masks = config.subset.masks_file
    return found | ({"masks_file": os.path.abspath(masks)} if masks else {})


def at_places(config: RunConfig, places: dict[str, str]) -> RunConfig:
    """The settings with the files at the places where they were last found; as written, where only that is there."""
    found = {"dataset": config.data.dataset, "masks_file": config.subset.masks_file}
    beside = os.path.join(os.path.dirname(config.run), os.path.basename(found["masks_file"]))
    if found["masks_file"] and not _is_there(found["masks_file"]) and os.path.exists(beside):
        found["masks_file"] = beside  # the run folder was moved together with the masks
    for name, text in places.items():
        if _is_there(text) or text.startswith("saved:") or not _is_there(found[name]):
            found[name] = text
    data = replace(config.data, dataset=found["dataset"])
    return replace(config, data=data, subset=replace(config.subset, masks_file=found["masks_file"]))


def missing_place(config: RunConfig) -> str:
    """What to do where a file of a run is not at its place; empty where all are there."""
    for name, text in places_of(config).items():
        if not _is_there(text):
            kind, path = text.split(":", 1) if name == "dataset" else ("", text)
            new = f"--dataset {kind}:PATH" if kind else "--masks-file PATH"
            return f"{path} does not exist; if it has moved, give its new place with {new}"
    return ""


def _is_there(text: str) -> bool:
    kind, _, path = text.partition(":")
    return os.path.exists(user_path(path) if kind in KINDS else text)
