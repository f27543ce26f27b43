"""Linear models of outputs by masks: datamodels, lasso, ridge."""
