"""The command line, `memjax` or `python -m memjax.run`: carries a command out and returns its exit code."""

import errno
import os
import sys
from contextlib import suppress
from io import TextIOWrapper

from memjax.cli import call
from memjax.cli.output import print_event
from memjax.errors import InputError, Interrupted
from memjax.machine.signals import INTERRUPTED, KEPT, listen
from memjax.runs import summary

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


def main(arguments: list[str] | None = None) -> int:
    """Runs a command; returns the exit code.

    0: done.  1: `verify` found something wrong.  2: the request or the input is wrong.  75: interrupted, to be begun
    again with the same command.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        return call(arguments)
    except InputError as problem:
        return _leave(arguments, 2, summary.printable(str(problem)))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or the interpreter would complain of it once more at its end
        return _leave([], 2, f"the program that read this output has ended; {KEPT}")
    except OSError as problem:
        advice = f"; {KEPT}" if problem.errno in FULL else "; check the path and its permissions"
        return _leave(arguments, 2, f"{problem.filename or 'a file'}: {problem.strerror or problem}{advice}")
    except (KeyboardInterrupt, Interrupted):
        return _leave(arguments, INTERRUPTED, f"interrupted; {KEPT}")


def _leave(arguments: list[str], code: int, text: str) -> int:
    """Says why the command ends before its end."""
    print(f"memjax: {text}", file=sys.stderr)
    if "--json" in arguments:
        with suppress(BrokenPipeError):
            print_event("error", text=text, exit_code=code)
    return code


def _open_closed_streams() -> None:
    """Opens each standard stream that is closed (as by `>&-`) as the null device.

    Otherwise the next file to be opened, which may be a block of models, would get the stream's number, and whatever a
    library prints would go into that file.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115  for as long as the process lives


def console() -> None:
    """The command `memjax`: listens to signals, and leaves with the exit code."""
    _open_closed_streams()
    listen()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a log in ASCII is no reason to lose the end of a run
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # after an interrupt a device may still be at work, and taking the interpreter down under it crashes


if __name__ == "__main__":
    console()
