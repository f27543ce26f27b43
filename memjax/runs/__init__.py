"""A run from request to result: the only place that joins data, training, store, estimators and report."""
