"""Data sets known by name: where their files are on the web and on disk."""
