"""The machine and the versions that a run was made with."""

import os
import platform
from importlib.metadata import version

from memjax import __version__


def versions() -> dict[str, str]:
    """Names and versions of what decides a result, without importing any of it."""
    packages = {name: version(name) for name in ("jax", "jaxlib", "flax", "optax", "numpy")}
    return {"memjax": __version__, "python": platform.python_version(), **packages}


def start_jax(cpu_devices: int | None = None) -> None:
    """Cuts the processor into one device a core, unless the user has said otherwise; before jax is first used.

    Small models leave a core idle between operations; two devices on two cores train nearly twice as fast.
    """
    import jax

    said = "JAX_NUM_CPU_DEVICES" in os.environ or "host_platform_device_count" in os.environ.get("XLA_FLAGS", "")
    if cpu_devices or not said:
        jax.config.update("jax_num_cpu_devices", cpu_devices or usable_cores())


def usable_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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
