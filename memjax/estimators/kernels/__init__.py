"""The arithmetic that estimators share: moments, products of masks and scores, tiles."""
