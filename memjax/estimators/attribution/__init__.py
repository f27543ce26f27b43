"""Attribution by gradients and features of trained networks: a file for each method; none opens a file."""
