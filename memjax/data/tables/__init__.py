"""Tables: the columns of a CSV or Parquet file or of a data frame as examples, one row each."""
