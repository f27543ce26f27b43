"""Runs fault campaigns against the store and prints a table of their results.

  python -m tests.faults              all campaigns, about 6 minutes
  python -m tests.faults --full       with many more faults, before a release
  python -m tests.faults flips --broken no-checksum      one campaign against a store that breaks a promise

The exit code is 1 if anything was lost or wrong.  This program does not import jax.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.faults import bits, broken, disks, hostile, kills, runs, syscalls
from tests.faults.folder import Tally


class Campaign(NamedTuple):
    """A campaign, with its number of faults by default and with --full."""

    words: str
    function: Callable[..., Tally]
    usual: int
    full: int


CAMPAIGNS = {
    "kills": Campaign("writers killed at a random moment", kills.kills, 300, 3000),
    "together": Campaign("simultaneous writers of the same blocks", kills.together, 20, 200),
    "killed-at-each": Campaign("writers killed at a system call", syscalls.killed_at_each, 40, 1000),
    "failing-each": Campaign("failing system calls", syscalls.failing_each, 72, 1000),
    "full-disk": Campaign("full disks", disks.full, 8, 12),
    "limited-files": Campaign("limits of file size", disks.limited, 5, 12),
    "forbidden": Campaign("folders without write permission", disks.forbidden, 3, 12),
    "flips": Campaign("bits flipped", bits.flips, 12_000, 10**9),
    "cuts": Campaign("files cut or spliced", bits.cuts, 2_000, 10**5),
    "attacks": Campaign("hostile files, all readers", hostile.attacks, 1000, 1000),
    "fuzz": Campaign("randomly changed files", hostile.fuzz, 500, 20_000),
    "killed-runs": Campaign("whole runs killed", runs.killed_runs, 6, 60),
    "stopped-runs": Campaign("whole runs asked to stop", runs.stopped_runs, 6, 42),
}
AS_ROOT = ("full-disk", "forbidden")
TRACED = ("killed-at-each", "failing-each")
IN_CHILDREN = (*TRACED, "killed-runs", "stopped-runs")  # other processes use the broken store


def run(name: str, count: int, store: str) -> Tally:
    """One campaign in a folder of its own."""
    with tempfile.TemporaryDirectory() as place:
        if name in IN_CHILDREN:
            return CAMPAIGNS[name].function(count, Path(place), store)
        if store:
            broken.STORES[store]()
        return CAMPAIGNS[name].function(count, Path(place))


def cannot(name: str) -> str:
    """Why a campaign cannot be run on this machine; else an empty text."""
    if name in TRACED and not syscalls.available():
        return "strace is not installed or may not trace"
    with tempfile.TemporaryDirectory() as place:
        asroot = name in AS_ROOT and not disks.may_mount(Path(place))
    return "only root may mount a small disk or act for another user" if asroot else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(CAMPAIGNS))
    parser.add_argument("--full", action="store_true", help="many more faults, for a release")
    parser.add_argument("--count", type=int, help="number of faults in each campaign")
    parser.add_argument("--broken", default="", help="a store that breaks a promise: " + ", ".join(broken.STORES))
    parser.add_argument("--json", action="store_true", help="print one JSON line per campaign")
    parser.add_argument("--strict", action="store_true", help="exit code 1 also if a campaign cannot be run")
    options = parser.parse_args()
    bad = 0
    if not options.json:
        print("| faults | tried | lost | wrong | seconds |\n|---|---|---|---|---|")
    for name in options.names or CAMPAIGNS:
        campaign = CAMPAIGNS[name]
        if reason := cannot(name):
            print(json.dumps({"name": name, "skipped": reason}) if options.json else f"| {campaign.words}: {reason} |")
            bad += options.strict
            continue
        started = time.monotonic()
        tally = run(name, options.count or (campaign.full if options.full else campaign.usual), options.broken)
        seconds = time.monotonic() - started
        bad += tally.lost + tally.wrong
        if options.json:
            print(json.dumps({"name": name, **tally._asdict(), "seconds": seconds}))
        else:
            print(f"| {campaign.words} | {tally.tried:,} | {tally.lost} | {tally.wrong} | {seconds:.0f} |", flush=True)
    assert "jax" not in sys.modules
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
