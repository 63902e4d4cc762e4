"""The outermost function of limactl: runs a command line and turns what escapes into an exit code.

Exit codes are those of spec/cli.md 1.9: 1 for every expected failure, a child's own code where the
command stands for that child, 130 after Ctrl-C, 143 and 129 after SIGTERM and SIGHUP.
"""

import contextlib
import errno
import os
import signal
import sys
from collections.abc import Callable, Sequence

from limavm.cli import fast, logs
from limavm.errors import FAILURE, ChildExit, UserError

INTERRUPTED = 130
#: What a shell reports for a program that wrote to a closed pipe.
_BROKEN_PIPE = 141

#: The host cannot do what is asked: the user's business, not a defect of ours.
_HOST_ERRORS = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE}
    | {errno.ENAMETOOLONG, errno.ENOTDIR, errno.ELOOP, errno.ENOMEM, errno.EFBIG}
)


class _Ended(KeyboardInterrupt):
    """A signal asks us to end: what is begun is finished or undone, as after Ctrl-C."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def main(argv: Sequence[str]) -> int:
    """Run `limactl` with the words after the program's name; returns the exit code."""
    return guarded(lambda: _dispatch(argv))


def guarded(command: Callable[[], int]) -> int:
    """The exit code of a command; a failure is told on standard error first."""
    _keep_undecodable_names(sys.stdout)
    try:
        code = command()
        sys.stdout.flush()
    except UserError as error:
        # What was printed before the failure counts, and the fast path leaves without a last flush.
        _flush_what_can_be()
        logs.fatal(str(error))
        return FAILURE
    except ChildExit as error:
        return error.code
    except _Ended as error:
        with contextlib.suppress(OSError):  # the terminal is gone after SIGHUP
            logs.fatal(f"ended by {signal.Signals(error.number).name}")
        return 128 + error.number
    except KeyboardInterrupt:
        logs.fatal("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        _silence_stdout()
        return _BROKEN_PIPE
    except OSError as error:
        if error.errno not in _HOST_ERRORS:
            return _bug()
        logs.fatal(_host_error(error))
        _flush_what_can_be()
        return FAILURE
    except Exception:  # noqa: BLE001 - the outer edge of the program
        return _bug()
    return code


def _dispatch(argv: Sequence[str]) -> int:
    code = fast.run(argv)
    return _through_click(argv) if code is None else code


def _through_click(argv: Sequence[str]) -> int:
    fast.load_msgspec()
    import click

    from limavm.cli.app import ROOT

    try:
        with ROOT.make_context("limactl", list(argv)) as context:
            return ROOT.invoke(context) or 0
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.BadParameter as error:
        flag = max(error.param.opts, key=len) if error.param else "flag"
        raise UserError(f"invalid value for the flag {flag}: {error.message}") from error
    except click.UsageError as error:
        raise UserError(error.format_message()) from error


def end_by_signals() -> None:
    """Let SIGTERM and SIGHUP unwind what is being done; the second one ends it at once. `nohup` is obeyed."""
    numbers = [signal.SIGTERM]
    if sys.platform != "win32":
        numbers.append(signal.SIGHUP)

    def end(number: int, _frame: object) -> None:
        for each in numbers:
            signal.signal(each, signal.SIG_DFL)
        raise _Ended(number)

    for number in numbers:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, end)


def _host_error(error: OSError) -> str:
    from limavm.host.hints import hint_of

    names = [os.fsdecode(name) for name in (error.filename, error.filename2) if isinstance(name, str | bytes)]
    text = ": ".join([" -> ".join(names), error.strerror or str(error)] if names else [error.strerror or str(error)])
    if hint := hint_of(error.errno):
        text += f"\n  hint:  {hint}"
    return text


def _bug() -> int:
    import traceback

    from limavm import __version__

    traceback.print_exc()
    logs.fatal(f"this is a defect of limavm {__version__}: please report it with the lines above")
    return FAILURE


def _keep_undecodable_names(stream: object) -> None:
    """Let file names that are not UTF-8 pass through to standard output as the bytes they are."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure:
        reconfigure(errors="surrogateescape")


def _flush_what_can_be() -> None:
    """Write what is left for standard output, or let go of it when that is what cannot be written."""
    try:
        sys.stdout.flush()
    except OSError:
        _silence_stdout()


def _silence_stdout() -> None:
    """Keep the interpreter from flushing into what does not take it once more when it ends."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())
    os.close(devnull)
