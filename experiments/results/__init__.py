"""What the runs of the protocol found: a result.json for each, and the tables that are made from them."""
