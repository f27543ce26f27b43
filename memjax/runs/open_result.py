"""The result of a run folder that is there already."""

from pathlib import Path

from memjax import store
from memjax.runs.open_folder import reopen_run
from memjax.runs.result import Result


def open(folder: str | Path) -> Result:
    """The result of a run folder, finished or not; nothing is trained.

    Args:
      folder: where the run is, here or as gs://BUCKET/NAME or s3://BUCKET/NAME.

    Raises:
      InputError: there is no run in the folder, or its examples cannot be read.
    """
    return Result(reopen_run(store.place(folder)))
