"""The plan of a run: everything that decides its results, written before the first model is trained."""

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from memjax.errors import InputError
from memjax.store.files import write_atomically


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
    def blocks(self) -> range:
        """Blocks that hold the models asked for; the last may hold a few more, kept for later."""
        return range(-(-self.num_models // self.pack_size))

    def num_trained(self, finished: set[int]) -> int:
        """Models asked for that the finished blocks hold."""
        return sum(
            min(self.pack_size, self.num_models - number * self.pack_size) for number in finished & {*self.blocks}
        )


def write_plan(folder: Path, plan: Plan) -> None:
    """Puts the plan into the run folder, which is made if need be."""
    text = json.dumps(asdict(plan), indent=1).encode()
    (folder / "blocks").mkdir(parents=True, exist_ok=True)
    write_atomically(folder / "plan.json", lambda stream: stream.write(text))


def read_plan(folder: Path) -> Plan | None:
    """The plan of a run folder, or None where the folder is new.

    Raises:
      InputError: the plan cannot be read, or the folder holds something else.
    """
    path = folder / "plan.json"
    try:
        if not path.exists():
            if folder.exists() and any(folder.iterdir()):
                raise InputError(f"{folder} is not empty and holds no plan.json; give another folder with --run")
            return None
        return _checked(Plan(**json.loads(path.read_bytes())))
    except (ValueError, TypeError) as problem:
        raise InputError(f"{path} is not a plan that this version can read: {problem}") from None
    except OSError as problem:
        raise InputError(f"run folder {folder} cannot be read: {problem.strerror}") from None


def _checked(plan: Plan) -> Plan:
    """What the rest of the program relies on; a folder may come from somebody else.  TypeError if it does not hold."""
    numbers, tables = (plan.pack_size, plan.num_models), (plan.config, plan.data, plan.environment)
    if not all(type(number) is int and number > 0 for number in numbers):
        raise TypeError("pack_size and num_models must be whole numbers above 0")
    if not all(isinstance(table, dict) for table in tables):
        raise TypeError("config, data and environment must be tables")
    if missing := {"name", "sha256", "num_train", "num_test"} - plan.data.keys():
        raise TypeError(f"data lacks {', '.join(sorted(missing))}")
    if not isinstance(plan.config.get("model"), dict) or not isinstance(plan.config["model"].get("model"), str):
        raise TypeError("config lacks the model")
    return plan


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
