"""How commands end: the exit codes, and errors in one line, never with a traceback."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable

from assay.errors import AssayError, ConfigurationError

EXIT_ERROR = 1  # it could not be done, or not all of it
EXIT_USAGE = 2  # asked wrongly, as with an option that does not exist
EXIT_LOST = 3  # `assay repair`: something is gone
EXIT_MISSED = 100  # it was done, and what was demanded of the figures is not so
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


def run(app: Callable[[], object]) -> None:
    """Call `app`, and end the process with the right code where it fails on purpose."""
    _print_anything()
    try:
        app()
    except AssayError as error:
        say_error(str(error))
        sys.exit(EXIT_USAGE if isinstance(error, ConfigurationError) else EXIT_ERROR)
    except OSError as error:
        if error.filename is None and error.errno not in NO_ROOM:
            raise
        where = "" if error.filename is None else f"{error.filename}: "
        no_room = error.errno in NO_ROOM
        hint = "Free some space, or choose another place." if no_room else "Is the path right, and may you write there?"
        say_error(f"{where}{error.strerror}. {hint}")
        sys.exit(EXIT_ERROR)


def say_error(message: str) -> None:
    """One line on standard error, red where it is a terminal; what it quotes cannot give the terminal orders."""
    from assay.command.columns import text

    red, plain = ("\x1b[31m", "\x1b[0m") if sys.stderr.isatty() else ("", "")
    print(f"{red}error:{plain} {text(message)}", file=sys.stderr)


def say(message: str) -> None:
    """A remark beside the result, which stays what programs read."""
    print(message, file=sys.stderr)


def _print_anything() -> None:
    """A terminal that lacks a character shows a question mark: no reason to end."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
