"""Faults on purpose: kills, failing system calls, flipped bits, hostile files.  `python -m tests.faults --help`."""
