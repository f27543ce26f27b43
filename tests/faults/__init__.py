"""Faults on purpose: kills, failing system calls, flipped bits, hostile files.  `python -m tests.faults --help`.

What is not here, because it cannot happen in this design: stale or stolen locks (there are none: a block is published
once, by a hard link that fails where the name is taken), children left behind (a run starts no process), interrupted
system calls (Python tries them again), clocks and time zones (no time enters a block; the plan's date is only shown),
mixed pack sizes (the plan fixes one).  What is not here although it can happen: disks that lose what they said was
flushed, which would take a disk of our own, and memory that runs out while a CPU trains, which nobody tells us of.
"""
