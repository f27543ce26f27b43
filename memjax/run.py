"""The command line, `memjax` or `python -m memjax.run`: carries a command out and returns its exit code."""

import errno
import os
import sys
from contextlib import suppress
from io import TextIOWrapper

from memjax.machine.signals import KEPT, exit_code, listen

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


def main(arguments: list[str] | None = None) -> int:
    """Runs a command; returns the exit code.

    0: done.  1: `verify` found something wrong.  2: the request or the input is wrong.  130 (Ctrl-C), 143 (SIGTERM),
    129 (SIGHUP): stopped.  75 (SIGUSR1): stopped, to be begun again.  The same command goes on after every stop.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        from memjax.cli import call, output  # here, so that signals are listened to before much is imported
        from memjax.errors import InputError, Interrupted
        from memjax.runs.summary import printable
    except KeyboardInterrupt:
        return _leave(arguments, exit_code(), "interrupted before it began")
    try:
        code = call(arguments)
        if output.unwritten:  # whoever reads the file must know that it is cut off
            reason = output.unwritten[0].strerror
            output.unwritten.clear()
            return code or _leave([], 2, f"the output cannot be written: {reason}; {KEPT}")
        return code
    except InputError as problem:
        return _leave(arguments, 2, printable(str(problem)))
    except BrokenPipeError:
        return _leave([], 2, f"the program that read this output has ended; {KEPT}")
    except OSError as problem:
        advice = f"; {KEPT}" if problem.errno in FULL else "; check the path and its permissions"
        return _leave(arguments, 2, f"{problem.filename or 'a file'}: {problem.strerror or problem}{advice}")
    except (KeyboardInterrupt, Interrupted):
        return _leave(arguments, exit_code(), f"interrupted; {KEPT}")


def _leave(arguments: list[str], code: int, text: str) -> int:
    """Says why the command ends before its end, as far as anybody listens."""
    with suppress(OSError, ValueError):
        print(f"memjax: {text}", file=sys.stderr)
    if "--json" in arguments:
        from memjax.cli.output import print_event

        with suppress(OSError, ValueError):
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
    listen()
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a log in ASCII is no reason to lose the end of a run
    code = main()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (BrokenPipeError, ValueError):  # the reader has gone
            pass
        except OSError:  # the disk is full: whoever reads the file must know that it is cut off
            code = code or 2
    os._exit(code)  # after an interrupt a device may still be at work, and taking the interpreter down under it crashes


if __name__ == "__main__":
    console()
