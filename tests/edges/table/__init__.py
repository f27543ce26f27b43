"""All rows."""

from . import arrays, environment, estimators, files, frames, networks, options, predictions

ROWS = [row for part in (arrays, frames, files, options, networks, predictions, estimators, environment)
        for row in part.ROWS]  # fmt: skip
