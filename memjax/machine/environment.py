"""The machine and the versions that a run uses."""

import hashlib
import math
import os
import platform
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from memjax import __version__
from memjax.errors import InputError
from memjax.machine.debugging import debugging
from memjax.untrusted import cache_folder

OWN = Path("/proc/self/cgroup")
ALL = Path("/sys/fs/cgroup")


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that results depend on.  Imports none of them."""
    packages = {name: version(name) for name in ("jax", "jaxlib", "flax", "optax", "numpy")}
    return {"memjax": __version__, "python": platform.python_version(), **packages}


def start_jax(cpu_devices: int | None = None) -> str:
    """Gives jax one CPU device per core, unless the user has set another number, and sets up the compilation cache.

    Call it before jax is first used.  Small models leave a core idle between operations, so two devices on two cores
    train nearly twice as fast as one.

    Returns what the user should know: how to get more devices, if jax already runs in this process with fewer, and
    which settings for debugging memjax switches off.  InputError if jax cannot start in this environment.
    """
    try:
        import jax
    except ValueError as problem:  # jax reads its environment variables when it is imported
        advice = "correct this environment variable, or unset it"
        raise InputError(f"JAX cannot be imported: {_line(problem)}; {advice}") from None
    if jax.config.jax_num_cpu_devices < -1 or not jax.config.jax_num_cpu_devices:  # -1 is jax's default
        raise InputError(f"JAX_NUM_CPU_DEVICES is {jax.config.jax_num_cpu_devices}; give 1 or more, or unset it")
    chosen = "JAX_NUM_CPU_DEVICES" in os.environ or "host_platform_device_count" in os.environ.get("XLA_FLAGS", "")
    advice = [_set_cpu_devices(cpu_devices or usable_cores()) if cpu_devices or not chosen else ""]
    if not jax.config.jax_compilation_cache_dir and (folder := compile_cache()):
        jax.config.update("jax_compilation_cache_dir", str(folder))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
        # XLA cannot store programs with oneDNN's convolutions and warns each time; they are compiled again instead.
        warnings.filterwarnings("ignore", message="Error writing persistent compilation cache entry")
    try:
        jax.local_devices()
    except (RuntimeError, AssertionError) as problem:  # an assertion where a platform is known and has no device
        reason = _line(problem) or f"there is no device for JAX_PLATFORMS={jax.config.jax_platforms}"
        raise InputError(f"JAX finds no device: {reason}; set JAX_PLATFORMS=cpu, or unset it") from None
    if names := debugging():
        off = ", ".join(map(str.upper, names))
        advice.append(f"switched off while memjax computes: {off}; NaN in a result means that a score is undefined")
    return "; ".join(filter(None, advice))


def _line(problem: Exception) -> str:
    return " ".join(str(problem).split()).partition(" (set JAX_PLATFORMS")[0].rstrip(".")


def _set_cpu_devices(count: int) -> str:
    import jax

    try:
        jax.config.update("jax_num_cpu_devices", count)
    except RuntimeError:  # jax has its devices already
        present = jax.local_device_count()
        if jax.default_backend() == "cpu" and present < count:
            return (
                f"JAX already runs in this process with {present} of {count} CPU devices; for all, call "
                f'jax.config.update("jax_num_cpu_devices", {count}) before JAX is first used'
            )
    return ""


def compile_cache() -> Path | None:
    """The user's folder of compiled programs for this kind of processor; None if it cannot be used.

    Anyone who can write to the folder can run code in this process.  So the folder is used only if it belongs to the
    user and no one else may write to it.
    """
    folder = cache_folder(f"compiled-{_processor()}")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except OSError:
        return None
    mine = not hasattr(os, "getuid") or status.st_uid == os.getuid()
    return folder if mine and not status.st_mode & 0o022 else None


def _processor() -> str:
    """A short hash of the processor's instruction set, because different machines may share a home folder."""
    try:
        features = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("flags"))
    except (OSError, StopIteration):
        features = platform.processor()
    return hashlib.sha256(f"{platform.machine()} {features}".encode()).hexdigest()[:8]


def usable_cores() -> int:
    """Cores that this process may use: those that it may run on, or fewer if its control group has a limit."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, math.ceil(core_limit() or cores)))


def describe() -> dict[str, str]:
    """Everything about the environment that may change the last bits of a result.

    Whether there is one device or several matters: programs for several devices go through one more compiler pass,
    which may change the order of sums.  The exact number does not matter.
    """
    import jax

    devices = "one" if jax.local_device_count() == 1 else "several"
    flags = compiler_flags()
    return versions() | {"device": device_kind(), "devices": devices} | ({"flags": flags} if flags else {})


def compiler_flags() -> str:
    """What the environment tells compiler and hardware, such as fast-math, without what changes no result."""
    harmless = ("--xla_force_host_platform_device_count", "--xla_dump")
    told = {name: os.environ.get(name, "").split() for name in ("XLA_FLAGS", "LIBTPU_INIT_ARGS")}
    flags = sorted(flag for words in told.values() for flag in words if not flag.startswith(harmless))
    tf32 = os.environ.get("NVIDIA_TF32_OVERRIDE")
    return " ".join([*flags, *([f"NVIDIA_TF32_OVERRIDE={tf32}"] if tf32 else [])])


def differences(before: dict[str, str]) -> list[str]:
    """How this environment differs from an earlier `describe`; older folders lack what was not recorded then."""
    here = describe()
    names = sorted(before.keys() & here.keys() | {"flags"})
    pairs = ((name, before.get(name, "none"), here.get(name, "none")) for name in names)
    return [f"{name} {old} there, {new} here" for name, old, new in pairs if old != new]


def device_kind() -> str:
    """Backend and kind of the devices, such as `cpu: cpu` or `gpu: NVIDIA H100`."""
    import jax

    device = jax.local_devices()[0]
    return f"{device.platform}: {device.device_kind}"


def memory() -> int:
    """Bytes of main memory that this process may use: the smaller of the machine's and its control groups' limit."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min(machine, memory_limit() or machine)


def device_memory() -> int:
    """Bytes that programs on one device may use: 90 % of a GPU's or TPU's memory, or of a CPU device's share."""
    import jax

    devices = jax.local_devices()
    limit = (devices[0].memory_stats() or {}).get("bytes_limit") or memory() // len(devices)
    return limit * 9 // 10


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
