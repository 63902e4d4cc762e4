"""Entry points of the installed programs `limactl`, `lima` and `*.lima`."""

import os
import sys
from collections.abc import Callable, Sequence

from limavm.cli.main import end_by_signals, main

__all__ = ["apptainer", "docker", "kubectl", "lima", "mcp", "nerdctl", "podman", "run"]


def run() -> None:
    """`limactl`, or yq under a name such as `yq` or `yq.exe` (spec/cli.md 1.2)."""
    if os.path.basename(sys.argv[0]).partition(".")[0] == "yq":
        sys.argv.insert(1, "yq")
    _leave(main)


def lima() -> None:
    """`lima`: a shell in the default instance."""
    from limavm.cli import lima as wrapper

    _leave(wrapper.main)


def apptainer() -> None:
    """`apptainer.lima`."""
    from limavm.cli import wrappers

    _leave(wrappers.apptainer)


def docker() -> None:
    """`docker.lima`."""
    from limavm.cli import wrappers

    _leave(wrappers.docker)


def kubectl() -> None:
    """`kubectl.lima`."""
    from limavm.cli import wrappers

    _leave(wrappers.kubectl)


def mcp() -> None:
    """`limactl-mcp`: what `limactl mcp` does."""
    _leave(lambda words: main(["mcp", *words]))


def nerdctl() -> None:
    """`nerdctl.lima`."""
    from limavm.cli import wrappers

    _leave(wrappers.nerdctl)


def podman() -> None:
    """`podman.lima`."""
    from limavm.cli import wrappers

    _leave(wrappers.podman)


def _leave(program: Callable[[Sequence[str]], int]) -> None:
    _open_standard_streams()
    if sys.platform == "win32":
        from limavm.host.extrapath import extended_path

        os.environ["PATH"] = extended_path(os.environ, os.path.isdir)
    # A host agent asks its loop what to do, and one that is ended in between leaves its machine to the next.
    if "hostagent" not in sys.argv[1:3]:
        end_by_signals()
    code = program(sys.argv[1:])
    if "click" not in sys.modules:
        # What came through `cli.fast` started no thread and left nothing to be cleaned up, and taking the
        # interpreter apart costs as much as a tenth of it.
        os._exit(code)
    sys.exit(code)


def _open_standard_streams() -> None:
    """Give us the streams that our caller closed (`limactl list >&-`); a file must not take their place."""
    if sys.stdin and sys.stdout and sys.stderr:
        return
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            if os.open(os.devnull, os.O_RDWR) != number:
                return
            os.set_inheritable(number, True)
            stream = open(number, "w" if number else "r", encoding="utf-8", closefd=False)  # noqa: SIM115 - stays
            setattr(sys, name, stream)


if __name__ == "__main__":
    run()
