"""Deliberate faults: kills, failing system calls, flipped bits, hostile files.  See `python -m tests.faults --help`.

Not tested, because it cannot happen: stale locks (there are none: a block is published once, by a hard link that fails
if the name exists), orphaned processes (a run starts none), interrupted system calls (Python repeats them), wrong
clocks (no time enters a block), mixed block sizes (the plan fixes one).  Not tested, although it can happen: disks that
lose flushed data (this needs a special disk), and main memory that runs out during training (no error is raised).
"""
