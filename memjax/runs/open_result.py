"""The result of a run folder that is there already."""

from pathlib import Path

from memjax import store
from memjax.runs.open_folder import reopen_run
from memjax.runs.result import Result


def open(folder: str | Path, dataset: str = "") -> Result:
    """The result of a run folder, finished or not; nothing is trained.

    Args:
      folder: where the run is, here or as gs://BUCKET/NAME or s3://BUCKET/NAME.
      dataset: where the examples are now, as of `--dataset`, if they have moved.  Without them the results can be read
        and exported; the report, estimates and more models need them.

    Raises:
      InputError: there is no run in the folder, or the examples are others.
    """
    return Result(reopen_run(store.place(folder), dataset))
