"""The machine and the versions that a run was made with."""

import hashlib
import os
import platform
import warnings
from importlib.metadata import version
from pathlib import Path

from memjax import __version__


def versions() -> dict[str, str]:
    """Names and versions of what decides a result, without importing any of it."""
    packages = {name: version(name) for name in ("jax", "jaxlib", "flax", "optax", "numpy")}
    return {"memjax": __version__, "python": platform.python_version(), **packages}


def start_jax(cpu_devices: int | None = None) -> str:
    """Cuts the processor into one device a core, unless the user has said otherwise; before jax is first used.

    Small models leave a core idle between operations; two devices on two cores train nearly twice as fast.  Compiled
    programs are kept for the next process.

    Returns:
      Where jax has been used in this process already and keeps its devices: how to have more of them; else nothing.
    """
    import jax

    said = "JAX_NUM_CPU_DEVICES" in os.environ or "host_platform_device_count" in os.environ.get("XLA_FLAGS", "")
    advice = _cut_processor(cpu_devices or usable_cores()) if cpu_devices or not said else ""
    if not jax.config.jax_compilation_cache_dir and (folder := compile_cache()):
        jax.config.update("jax_compilation_cache_dir", str(folder))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
        # XLA cannot store programs with oneDNN's convolutions; they are compiled anew, which nobody has to be told.
        warnings.filterwarnings("ignore", message="Error writing persistent compilation cache entry")
    return advice


def _cut_processor(count: int) -> str:
    import jax

    try:
        jax.config.update("jax_num_cpu_devices", count)
    except RuntimeError:  # jax has its devices already
        here = jax.local_device_count()
        if jax.default_backend() == "cpu" and here < count:
            return (
                f"JAX already runs in this process with {here} CPU device{'s' * (here > 1)}; for {count}, call "
                f'jax.config.update("jax_num_cpu_devices", {count}) before JAX is first used'
            )
    return ""


def compile_cache() -> Path | None:
    """The user's folder of compiled programs for this kind of processor; None where there can be none.

    Whoever can write there can run code here: the folder is the user's alone, and is not used if it is not.
    """
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = Path(home) / "memjax" / f"compiled-{_processor()}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except OSError:
        return None
    mine = not hasattr(os, "getuid") or status.st_uid == os.getuid()
    return folder if mine and not status.st_mode & 0o022 else None


def _processor() -> str:
    """A word for the instructions that the processor has: a home folder may be shared by unlike machines."""
    try:
        features = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("flags"))
    except (OSError, StopIteration):
        features = platform.processor()
    return hashlib.sha256(f"{platform.machine()} {features}".encode()).hexdigest()[:8]


def usable_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def here() -> dict[str, str]:
    """All of the environment that may change the last bits of a result.

    One device or several is part of it, though not how many: a program for several goes through one more pass of the
    compiler, which may put the same sums in another order.
    """
    import jax

    devices = "one" if jax.local_device_count() == 1 else "several"
    return versions() | {"device": device_kind(), "devices": devices}


def device_kind() -> str:
    """Backend and kind of the devices, e.g. `cpu: cpu` or `gpu: NVIDIA H100`."""
    import jax

    device = jax.local_devices()[0]
    return f"{device.platform}: {device.device_kind}"


def memory() -> int:
    """Bytes of main memory that this process may use: the machine's, or its control group's if that is less."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            with open(path) as stream:
                return min(machine, int(stream.read()))
        except (OSError, ValueError):  # no control group, or "max"
            continue
    return machine


def device_memory() -> int:
    """Bytes that the programs on one device may use: nine tenths of a GPU's or TPU's, or of a CPU device's share."""
    import jax

    devices = jax.local_devices()
    limit = (devices[0].memory_stats() or {}).get("bytes_limit") or memory() // len(devices)
    return limit * 9 // 10
