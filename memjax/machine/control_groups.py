"""Limits of memory and processor time that Linux sets for a group of processes, as containers and SLURM use them.

A process is subject to the limits of its own group and of all groups above it.
"""

from collections.abc import Iterator
from pathlib import Path

OWN = Path("/proc/self/cgroup")
ALL = Path("/sys/fs/cgroup")


def memory_limit(own: Path = OWN, all_groups: Path = ALL) -> int | None:
    """Bytes that this process may use at most; None without a limit.  `own` is the file that names its groups."""
    files = ("memory.max", "memory.limit_in_bytes")
    texts = [_read(place / name) for place in _groups(own, all_groups, "memory") for name in files]
    return min((int(text) for text in texts if text.isdigit()), default=None)


def core_limit(own: Path = OWN, all_groups: Path = ALL) -> float | None:
    """Cores that this process may use at most, such as 1.5; None without a limit."""
    limits = []
    for place in _groups(own, all_groups, "cpu"):
        names = ("cpu.cfs_quota_us", "cpu.cfs_period_us")
        quota, _, period = (_read(place / "cpu.max") or " ".join(_read(place / name) for name in names)).partition(" ")
        if quota.isdigit() and period.isdigit() and int(period):
            limits.append(int(quota) / int(period))
    return min(limits, default=None)


def _groups(own: Path, all_groups: Path, controller: str) -> Iterator[Path]:
    """Folders of the groups of this process and of all groups above it, up to the root; some may not exist.

    A line of `own` is `number:controllers:path`.  Version 2 of control groups has one line without controllers, version
    1 has a folder for each controller.
    """
    for line in _read(own).splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if not controllers or controller in controllers.split(","):
            root = all_groups / controller if controllers else all_groups
            place = root / path.strip("/")
            yield from (place, *(parent for parent in place.parents if parent.is_relative_to(root)))


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, ValueError):
        return ""
