"""Where the user's files of a run lie.  Their content says whether they are those of the run, their place does not."""

import os
from dataclasses import replace

from memjax.config.run_config import RunConfig
from memjax.untrusted import user_path

KINDS = ("idx", "npz", "npy")


def places_of(config: RunConfig) -> dict[str, str]:
    """The files that the settings name, with absolute paths, by the name of the setting."""
    kind, _, path = config.data.dataset.partition(":")
    found = {"dataset": f"{kind}:{os.path.abspath(user_path(path))}"} if kind in KINDS and path else {}
    masks = config.subset.masks_file
    return found | ({"masks_file": os.path.abspath(masks)} if masks else {})


def at_places(config: RunConfig, places: dict[str, str]) -> RunConfig:
    """The settings with the files at the places where they were last found; as written, where only that is there."""
    found = {"dataset": config.data.dataset, "masks_file": config.subset.masks_file}
    for name, text in places.items():
        if _is_there(text) or text.startswith("saved:") or not _is_there(found[name]):
            found[name] = text
    data = replace(config.data, dataset=found["dataset"])
    return replace(config, data=data, subset=replace(config.subset, masks_file=found["masks_file"]))


def missing_place(config: RunConfig) -> str:
    """What to do where a file of a run is not at its place; empty where all are there."""
    for name, text in places_of(config).items():
        if not _is_there(text):
            kind, path = text.split(":", 1) if name == "dataset" else ("", text)
            new = f"--dataset {kind}:PATH" if kind else "--masks-file PATH"
            return f"{path} does not exist; if it has moved, give its new place with {new}"
    return ""


def _is_there(text: str) -> bool:
    kind, _, path = text.partition(":")
    return os.path.exists(user_path(path) if kind in KINDS else text)
