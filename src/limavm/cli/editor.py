"""The user's editor on a text (spec/cli.md 1.11)."""

import contextlib
import os
import signal
from collections.abc import Iterator

from limavm.cli import logs
from limavm.cli.rejected import kept_when_rejected
from limavm.errors import UserError
from limavm.host import paths
from limavm.host.files import read_text

_FALLBACKS = ("editor", "vim", "vi", "emacs")
_WARNED = ("default.yaml", "override.yaml")


def find_editor() -> list[str]:
    """The argv of the first of $VISUAL, $EDITOR and the usual programs that is in PATH; raises UserError.

    The variables may hold arguments, as in `code --wait`.
    """
    import shutil

    for variable in ("VISUAL", "EDITOR"):
        value = os.environ.get(variable, "")
        for argv in ([value], _words(value)):
            if argv and argv[0] and (path := shutil.which(argv[0])):
                return [path, *argv[1:]]
        if value.strip():
            logs.warning(f"{variable}={value} is not in PATH; another editor is taken")
    for name in _FALLBACKS:
        if path := shutil.which(name):
            return [path]
    raise UserError("no editor was found", where="PATH", hint="set EDITOR to the program to edit with")


def _words(value: str) -> list[str]:
    import shlex

    try:
        return shlex.split(value)
    except ValueError:
        return []


def edit(content: bytes, what: str, *notes: str) -> bytes:
    """The text as the user leaves it, without the header; empty means: the user gave up, even by removing the file.

    Raises UserError when there is no editor or when it fails.
    """
    import tempfile

    from limavm.host import process

    editor = find_editor()
    top = header(what, *notes).encode()
    text = b""
    descriptor, path = tempfile.mkstemp(prefix="lima-editor-", suffix=".yaml")
    try:
        with open(descriptor, "wb") as file:
            file.write(top + content)
        with _ctrl_c_left_to_the_editor() as pressed:
            code = process.interactive([*editor, path])
        if code and pressed:
            raise KeyboardInterrupt
        with contextlib.suppress(FileNotFoundError), open(path, "rb") as file:
            text = file.read().removeprefix(top)
        if code:
            failed = UserError(f"the editor {editor[0]} ended with exit status {code}", hint="nothing was changed")
            # An editor fails too when its terminal is closed, and what was saved in it is the work of the user.
            with kept_when_rejected(text) if text.strip() and text != content else contextlib.nullcontext():
                raise failed
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
    return text if text.strip() else b""


@contextlib.contextmanager
def _ctrl_c_left_to_the_editor() -> Iterator[list[int]]:
    """Go on after SIGINT, which Emacs gives to all of us for C-g; yields the signals that came.

    It is no SIG_IGN, which the editor would inherit.
    """
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield came
    finally:
        signal.signal(signal.SIGINT, before)


def header(what: str, *notes: str) -> str:
    """Comment lines above the text: what is edited, how to give up, and settings that come from elsewhere."""
    lines = [
        f"# Edit {what}, save, and leave the editor.",
        "# An empty file gives up.",
        *(f"# {note}" for note in notes),
    ]
    text = "\n".join(lines) + "\n\n"
    for name in _WARNED:
        path = os.path.join(paths.config_dir(), name)
        content = (read_text(path) or "").rstrip()
        if content:
            quoted = "\n".join(f"#   {line}".rstrip() for line in content.splitlines())
            text += f"# WARNING: {path} counts for every instance, too. It says:\n{quoted}\n\n"
    return text
