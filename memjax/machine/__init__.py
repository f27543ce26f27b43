"""The machine that a run uses: versions, devices, workers, and the signals that stop a run."""
