"""`python -m memjax` is the command `memjax`."""

from memjax.run import console

if __name__ == "__main__":
    console()
