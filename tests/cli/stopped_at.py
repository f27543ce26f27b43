"""Runs the command `memjax` and sends signals to it when it reaches a stage.

python -m tests.cli.stopped_at STAGE SIGNAL COUNT -- ARGUMENTS
"""

import os
import signal
import sys
import time

# What a process does first in each stage: an audit event, and a word in its first argument.
STAGES = {
    "start": ("import", "memjax.cli"),
    "read": ("import", "memjax.data.readers"),
    "plan": ("open", "/.plan.json."),
    "compile": ("memjax.compile", ""),
    "train": ("open", "/.000001.npz."),
    "commit": ("open", "/.000001.json."),
    "estimate": ("open", "/.estimates.npz."),
    "pairs": ("open", "/.pairs.npz."),
    "seal": ("open", "/results/.000001.json."),
    "show": ("os.rename", "/.pairs.npz."),
    "index": ("open", "/.index.npz."),
    "report": ("open", "/.report.html."),
    "arrays": ("open", "/.masks.npy."),
    "table": ("open", "/.pairs.csv."),
    "verify": ("open", "/000001.json"),
    "repair": ("os.rename", "/000002.json"),
}


def watch(stage: str, number: int, count: int) -> None:
    """Sends the signal `count` times when the stage is reached for the first time."""
    event, word = STAGES[stage]
    left = [count]

    def hook(name: str, arguments: tuple) -> None:
        if left[0] and name == event and word in str(arguments[0]):
            while left[0]:
                left[0] -= 1
                os.kill(os.getpid(), number)
                time.sleep(0.05)  # two signals at once would be one

    sys.addaudithook(hook)


def announce_compilation() -> None:
    """Compiling a program is no audit event of its own."""
    import jax

    compiled = jax.stages.Lowered.compile

    def announced(*arguments, **options):
        sys.audit("memjax.compile", "")
        return compiled(*arguments, **options)

    jax.stages.Lowered.compile = announced


if __name__ == "__main__":
    stage, name, count = sys.argv[1:4]
    sys.argv = ["memjax", *sys.argv[5:]]
    if stage == "compile":
        announce_compilation()
    watch(stage, signal.Signals[name], int(count))
    from memjax.run import console

    console()
