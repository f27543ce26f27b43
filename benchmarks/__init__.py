"""Benchmarks: one question of speed or memory a file.  `python -m benchmarks` lists them."""
