"""A Closer Look at Memorization in Deep Networks (Arpit et al. 2017, arXiv 1706.05394), claim by claim."""
