"""Two run folders that must hold the same bits, however their models were shared out."""

from dataclasses import replace

from memjax import store

FILES = ("estimates.npz", "pairs.npz", "influence.npy")


def blocks(folder):
    """Without what one that was killed was writing: who lives on does not know whether it is still being written."""
    return {path.name: path.read_bytes() for path in sorted((folder / "blocks").glob("[0-9]*"))}


def same(folder, other):
    """Bit for bit: the plan but for its time, each block with its record, and every file of estimates."""
    assert blocks(folder) == blocks(other)
    for name in FILES:
        assert (folder / name).read_bytes() == (other / name).read_bytes(), name
    assert replace(store.read_plan(folder), created="") == replace(store.read_plan(other), created="")
    assert store.read_note(folder)._replace(set="") == store.read_note(other)._replace(set="")
    assert (folder / "report.html").exists()
