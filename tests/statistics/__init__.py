"""Worlds whose truth is known: what is said about errors, held against it."""
