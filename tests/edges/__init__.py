"""The table of edges: inputs that were once answered wrongly, or that people have reported of other programs."""
