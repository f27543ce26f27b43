"""What Neural Networks Memorize and Why (Feldman and Zhang 2020, arXiv 2008.03703), claim by claim."""
