"""Changes made to examples on purpose, one file a kind."""
