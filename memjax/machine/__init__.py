"""The machine that a run uses: versions, devices, workers, hosts, and the signals that stop a run."""
