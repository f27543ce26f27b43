"""Attribution by gradients and features of trained networks: a file for each kind; none opens a file.

Arguments that do not fit, numbers that are not finite and options out of their range are refused with an `InputError`.
"""
