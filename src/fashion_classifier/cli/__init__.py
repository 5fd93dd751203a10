"""The command `fashion`: one thin module a command, errors translated in one place."""

from __future__ import annotations

import time

STARTED = time.perf_counter()

import errno  # noqa: E402 - the clock starts before anything is imported
import json  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
import traceback  # noqa: E402

from fashion_classifier.errors import FashionError, Interrupted, UnavailableError  # noqa: E402

DEBUG = "--debug"
WRONG_USAGE = 2
TRAINING = {"run", "train", "tune", "evaluate", "compare"}  # commands that import PyTorch
ADDRESS_SPACE = 1_400_000_000  # bytes that it and what goes with it reserve when they are imported


def main() -> None:
    """Run the command line and exit with a documented code.

    0 all is well; 1 an unexpected fault; 2 wrong usage; 3 bad data; 4 what could not be had; 5 an unfit model;
    130 interrupted; 141 whoever read the output had enough.
    """
    # OpenMP's threads spin while they wait, without end by default: beside another busy process small steps then take
    # many times as long. Some microseconds of spinning cost nothing on a quiet machine (docs/experiments.md).
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")
    debug = DEBUG in sys.argv
    arguments = [argument for argument in sys.argv[1:] if argument != DEBUG]
    as_json = "--json" in arguments
    try:
        _run(arguments, as_json=as_json)
    except KeyboardInterrupt:
        _report("Interrupted.", Interrupted.exit_code, as_json=as_json)
    except BrokenPipeError:
        from fashion_classifier.cli.output import NOT_READ, drop_output

        drop_output()
        sys.exit(NOT_READ)
    except Exception as error:
        if debug and not isinstance(error, FashionError):
            raise
        if debug:
            traceback.print_exc()
        message, code = _told(error)
        _report(message, code, as_json=as_json and not _is_of_output(error))


def _run(arguments: list[str], *, as_json: bool) -> None:
    """Run the command and exit; what it printed has then arrived."""
    from typer.exceptions import Abort, TyperException

    command = next((argument for argument in arguments if not argument.startswith("-")), "")
    if command in TRAINING:
        from fashion_classifier.limits import check_address_space

        check_address_space(ADDRESS_SPACE, f"fashion {command}")
    from fashion_classifier.cli.app import app  # here, for processes that are started beside this one do without it

    try:
        code = app(args=arguments, prog_name="fashion", standalone_mode=not as_json)
    except SystemExit as end:
        code = end.code
    except Abort as error:
        raise KeyboardInterrupt from error
    except TyperException as error:  # wrong usage, which Typer tells by itself but for programs
        _report(_message(error), WRONG_USAGE, as_json=as_json)
    sys.stdout.flush()
    sys.exit(code)


def _told(error: Exception) -> tuple[str, int]:
    """Return what an error says, and the code with which it ends the command."""
    if isinstance(error, FashionError):
        return str(error), error.exit_code
    from fashion_classifier.limits import explained, is_want_of_memory

    if is_want_of_memory(error):
        said = explained(error)
        said = f"{said[:1].upper()}{said[1:]}. What was finished is kept; --resume goes on with a run."
        return said, UnavailableError.exit_code
    if isinstance(error, OSError):
        if _is_of_output(error):
            from fashion_classifier.cli.output import drop_output

            drop_output()
        place = error.filename or "the output"
        refused = f"{place}: {error.strerror or error}. Make room or give leave to write there, and run it again."
        return refused, UnavailableError.exit_code
    return f"This should not have happened: {type(error).__name__}: {error}. Run it again with {DEBUG} to see where.", 1


def _is_of_output(error: Exception) -> bool:
    """Tell whether it was the output that could not be written."""
    if not isinstance(error, OSError) or isinstance(error, FashionError):
        return False
    return error.filename is None and error.errno != errno.ENOMEM


def _message(error: Exception) -> str:
    """Return what a usage error says."""
    return str(error.format_message()) if hasattr(error, "format_message") else str(error)


def _report(message: str, exit_code: int, *, as_json: bool) -> None:
    """Say what went wrong, and exit."""
    from fashion_classifier.cli.output import printable

    print(f"Error: {printable(message)}", file=sys.stderr)  # noqa: T201
    if as_json:
        print(json.dumps({"schema": "fashion.error/1", "error": message, "exit_code": exit_code}))  # noqa: T201
    sys.exit(exit_code)
