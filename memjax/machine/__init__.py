"""What runs a run: the environment, its devices and workers, and the signals that stop it."""
