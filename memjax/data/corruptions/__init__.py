"""Data corrupted on purpose."""
