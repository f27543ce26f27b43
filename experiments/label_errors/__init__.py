"""Wrong labels: which scores find them."""
