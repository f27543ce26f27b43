"""The plan of a run: everything that its results depend on, saved before the first model is trained."""

import hashlib
import re
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from memjax.errors import InputError
from memjax.store.files import names, publish, refresh, write_atomically
from memjax.store.objects import shown
from memjax.store.sealed import BrokenSeal, fingerprint, seal, unseal

FILE = "plan.json"
PLACES = "places.json"
EXTENDED = "extended-to-{}.json"
_NETWORK = re.compile("network-[0-9a-f]{16}.json")
_REQUEST = re.compile(r"extended-to-([1-9][0-9]{0,9})\.json")
MODELS_MOST = 2**32  # numbers of models are 32 bits
EXAMPLES_MOST = 2**28  # of each side; a plan of somebody else must not take all memory
SIDES = ("train", "test")


@dataclass(frozen=True)
class Plan:
    """Settings and data of the run in a folder."""

    config: dict[str, Any]  # settings by section, as the user gave them; JSON values only
    data: dict[str, Any]  # name, content hash, sizes and class names of the data set
    pack_size: int  # models in a block; fixed, because it can change the last bits of a result
    num_models: int  # the most requested so far; a later command may request more (`extend_plan`)
    environment: dict[str, str]  # versions and device kind when the folder was created
    created: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    # Where files of the user were last found, by the name of their setting; content decides, not the place.
    places: dict[str, str] = field(default_factory=dict)
    # What a network of the user's own computes, see `runs.build_training.network_of`; empty for built-in networks, and
    # in older folders until models are trained again.
    network: dict[str, Any] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """A checksum of everything that the content of a block depends on.  Every record has it."""
        return fingerprint({"config": self.config, "data": self.data, "pack_size": self.pack_size})

    @property
    def blocks(self) -> range:
        """Numbers of the blocks that hold the requested models.  The last block may hold a few more models."""
        return range(-(-self.num_models // self.pack_size))

    def num_trained(self, finished: set[int]) -> int:
        """Number of requested models in the finished blocks."""
        blocks = self.blocks
        spare = len(blocks) * self.pack_size - self.num_models if blocks[-1] in finished else 0
        return len(finished.intersection(blocks)) * self.pack_size - spare


def new_plan(folder: Path, plan: Plan) -> bool:
    """Creates the run folder with its plan; returns False if another process has already written a plan."""
    (folder / "blocks").mkdir(parents=True, exist_ok=True)
    return publish(folder / FILE, seal(asdict(plan)))


def extend_plan(folder: Path, plan: Plan, num_models: int) -> Plan:
    """Requests more models; returns the plan with the largest number that anybody has requested.

    The plan is never written again.  Each larger number is a file of its own that names it, created only if it does not
    exist, and the largest one counts.  So two requests at one moment end with the larger, a process that read the plan
    long ago cannot shrink it, and nothing has to be locked, on a local disk, on NFS or on an object store.
    """
    if num_models > plan.num_models:
        publish(folder / EXTENDED.format(num_models), seal({"num_models": num_models, "plan": plan.fingerprint}))
    return replace(plan, num_models=max(plan.num_models, num_models, _most_requested(names(folder))))


def add_network(folder: Path, network: dict[str, Any]) -> None:
    """Adds checksums of the network, for each version and device a file of its own; the first one stays."""
    for where, programs in network["programs"].items():
        name = f"network-{hashlib.sha256(where.encode()).hexdigest()[:16]}.json"
        publish(folder / name, seal({"tree": network["tree"], "programs": {where: programs}}))


def write_places(folder: Path, places: dict[str, str]) -> None:
    """Notes where files of the user are now, in a file of its own: a hint, which decides nothing."""
    write_atomically(folder / PLACES, lambda stream: stream.write(seal(places)))


def read_plan(folder: Path) -> Plan | None:
    """The plan of a run folder; None if the folder is new, or if it has blocks and its plan is missing.

    Raises:
      InputError: the plan cannot be read, or the folder holds other files.
    """
    path = folder / FILE
    try:
        refresh([path])
        inside = names(folder)
        if not path.exists():
            if inside and "blocks" not in inside and not _most_requested(inside):
                raise InputError(f"{shown(folder)} is not empty and has no plan.json; give another folder with --run")
            return None
        plan = _checked(Plan(**unseal(path.read_bytes())))
        places = _small_table(folder / PLACES) if PLACES in inside else plan.places
        plan = replace(
            plan, num_models=max(plan.num_models, _most_requested(inside)), network=_all_networks(folder, plan, inside),
            places={name: str(text) for name, text in places.items()},
        )  # fmt: skip
        return _checked(plan)
    except (BrokenSeal, TypeError) as problem:
        raise InputError(
            f"{shown(path)} is damaged: {problem}; restore it from a copy, or move it away and repeat the command that "
            "started the run, which then uses the existing blocks"
        ) from None
    except OSError as problem:
        raise InputError(f"run folder {folder} cannot be read: {problem.strerror}; check the path") from None


def differences(old: Plan, config: dict[str, Any], data: dict[str, Any]) -> list[str]:
    """One line for each setting that differs between a folder's plan and a new request; empty if none does."""
    lines = []
    for section, before, now in [
        *((name, old.config.get(name), config[name]) for name in config),
        ("data", old.data, data),
    ]:
        before = before if isinstance(before, dict) else {"": before}
        now = now if isinstance(now, dict) else {"": now}
        lines += [
            f"{section}.{key}".rstrip(".") + f": {before.get(key)!r} in the folder, {now.get(key)!r} requested"
            for key in sorted(before.keys() | now.keys())
            if before.get(key) != now.get(key)
        ]
    return lines


def _small_table(path: Path) -> dict[str, Any]:
    """The table in a sealed file beside the plan; nothing if it is damaged or belongs to somebody else."""
    try:
        refresh([path])
        return unseal(path.read_bytes())
    except (OSError, BrokenSeal):
        return {}


def _all_networks(folder: Path, plan: Plan, inside: set[str]) -> dict[str, Any]:
    """The checksums of the network in the plan, and those added since."""
    network = plan.network
    for name in sorted(name for name in inside if _NETWORK.fullmatch(name)):
        match _small_table(folder / name):
            case {"tree": list(tree), "programs": dict(programs)}:
                network = {"tree": network.get("tree", tree), "programs": programs | network.get("programs", {})}
    return network


def _most_requested(inside: set[str]) -> int:
    """The largest number of models among the names of files that request one; 0 if there is none."""
    numbers = (int(found[1]) for name in inside if (found := _REQUEST.fullmatch(name)))
    return max((number for number in numbers if number <= MODELS_MOST), default=0)


def _checked(plan: Plan) -> Plan:
    """The plan, or TypeError if a value has another type or is out of range: a folder may come from anyone."""
    numbers, data = (plan.pack_size, plan.num_models), plan.data
    tables = (plan.config, plan.data, plan.environment, plan.places, plan.network)
    if not all(type(number) is int and 0 < number <= MODELS_MOST for number in numbers):
        raise TypeError(f"pack_size and num_models must be whole numbers from 1 to {MODELS_MOST}")
    if not all(isinstance(table, dict) for table in tables):
        raise TypeError("config, data, environment, places and network must be tables")
    programs = plan.network.get("programs", {})
    if not isinstance(programs, dict) or not all(isinstance(each, dict) for each in programs.values()):
        raise TypeError("the programs of the network must be tables")
    if missing := {"name", "sha256", "num_train", "num_test"} - data.keys():
        raise TypeError(f"data lacks {', '.join(sorted(missing))}")
    if not all(type(data[f"num_{side}"]) is int and 0 <= data[f"num_{side}"] <= EXAMPLES_MOST for side in SIDES):
        raise TypeError(f"num_train and num_test must be whole numbers up to {EXAMPLES_MOST}")
    texts = data["name"], data["sha256"], plan.created, *data.get("class_names", ()), *plan.environment.values()
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("names and versions must be text")
    if not isinstance(plan.config.get("model"), dict) or not isinstance(plan.config["model"].get("model"), str):
        raise TypeError("config lacks the model")
    return plan
