"""One file for each format that examples are read from."""
