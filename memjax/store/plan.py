"""The plan of a run: everything that decides its results, written before the first model is trained."""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from memjax.errors import InputError
from memjax.store.files import here_now, names, publish, write_atomically
from memjax.store.sealed import BrokenSeal, fingerprint, seal, unseal
from memjax.store.staging import shown

MODELS_MOST = 2**32  # numbers of models are 32 bits


@dataclass(frozen=True)
class Plan:
    """What a run folder is for.

    Attributes:
      config: settings by section, as the user gave them; JSON values only.
      data: name, content hash, sizes and class names of the data set.
      pack_size: models a block; fixed, because it can change the last bits of a result.
      num_models: the most models asked for so far; more may be asked for later.
      environment: versions and device kind when the folder was made.
      created: UTC, ISO 8601.
    """

    config: dict[str, Any]
    data: dict[str, Any]
    pack_size: int
    num_models: int
    environment: dict[str, str]
    created: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    @property
    def fingerprint(self) -> str:
        """A checksum of all that decides the content of a block, noted with every block."""
        return fingerprint({"config": self.config, "data": self.data, "pack_size": self.pack_size})

    @property
    def blocks(self) -> range:
        """Blocks that hold the models asked for; the last may hold a few more, kept for later."""
        return range(-(-self.num_models // self.pack_size))

    def num_trained(self, finished: set[int]) -> int:
        """Models asked for that the finished blocks hold."""
        wanted = self.blocks
        return sum(
            min(self.pack_size, self.num_models - number * self.pack_size) for number in finished if number in wanted
        )


def new_plan(folder: Path, plan: Plan) -> bool:
    """Puts the plan into the run folder, which is made if need be; False if another process has put one there."""
    (folder / "blocks").mkdir(parents=True, exist_ok=True)
    return publish(_path(folder), seal(asdict(plan)))


def replace_plan(folder: Path, plan: Plan) -> None:
    """Puts a plan that asks for more models in place of the old one."""
    write_atomically(_path(folder), lambda stream: stream.write(seal(asdict(plan))))


def read_plan(folder: Path) -> Plan | None:
    """The plan of a run folder; None where the folder is new, or holds blocks and has lost its plan.

    Raises:
      InputError: the plan cannot be read, or the folder holds something else.
    """
    path = _path(folder)
    try:
        here_now([path])
        if not path.exists():
            if (inside := names(folder)) and "blocks" not in inside:
                raise InputError(f"{shown(folder)} is not empty and holds no plan.json; give another folder with --run")
            return None
        return _checked(Plan(**unseal(path.read_bytes())))
    except (BrokenSeal, TypeError) as problem:
        raise InputError(
            f"{shown(path)} is not a plan as it was written: {problem}; put it back from a copy, or move it away and "
            "give the command that began the run: its blocks are then taken up again"
        ) from None
    except OSError as problem:
        raise InputError(f"run folder {folder} cannot be read: {problem.strerror}") from None


def differences(old: Plan, config: dict[str, Any], data: dict[str, Any]) -> list[str]:
    """Settings in which a folder's plan and a new request differ, one line each; empty if they agree."""
    lines = []
    for section, before, now in [
        *((name, old.config.get(name), config[name]) for name in config),
        ("data", old.data, data),
    ]:
        before = before if isinstance(before, dict) else {"": before}
        now = now if isinstance(now, dict) else {"": now}
        lines += [
            f"{section}.{key}".rstrip(".") + f": {before.get(key)!r} there, {now.get(key)!r} asked for"
            for key in sorted(before.keys() | now.keys())
            if before.get(key) != now.get(key)
        ]
    return lines


def _path(folder: Path) -> Path:
    return folder / "plan.json"


def _checked(plan: Plan) -> Plan:
    """What the rest of the program relies on; a folder may come from somebody else.  TypeError if it does not hold."""
    numbers, tables = (plan.pack_size, plan.num_models), (plan.config, plan.data, plan.environment)
    if not all(type(number) is int and 0 < number <= MODELS_MOST for number in numbers):
        raise TypeError(f"pack_size and num_models must be whole numbers from 1 to {MODELS_MOST}")
    if not all(isinstance(table, dict) for table in tables):
        raise TypeError("config, data and environment must be tables")
    if missing := {"name", "sha256", "num_train", "num_test"} - plan.data.keys():
        raise TypeError(f"data lacks {', '.join(sorted(missing))}")
    if not isinstance(plan.config.get("model"), dict) or not isinstance(plan.config["model"].get("model"), str):
        raise TypeError("config lacks the model")
    return plan
