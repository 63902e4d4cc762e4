"""One edit from the text as it is to the text as it is wanted, by flags or in the editor (spec/cli.md 6.1)."""

from collections.abc import Mapping

from limavm.cli import editor, logs
from limavm.cli.changed import changed_original
from limavm.cli.rejected import REJECTED, kept_when_rejected
from limavm.cli.session import Session
from limavm.errors import UserError
from limavm.instance.edit import Original, check, opened, opened_file, save
from limavm.instance.inspect import inspect


def edit_instance(session: Session, name: str, flags: Mapping[str, object]) -> bool:
    """Edit the configuration of an instance, which is held meanwhile; whether it changed.

    Raises UserError when the instance runs, and when the new text is not taken.
    """
    inspect(name)
    with opened(name) as original:
        # Asked once more now that nobody can start it.
        found = inspect(name)
        if found.host_agent_pid or found.driver_pid:
            raise UserError(
                f"the instance {name!r} is running, and is not edited meanwhile",
                where=found.dir,
                hint=f"stop it with `limactl stop {name}`, or use `limactl restart` with the flags",
            )
        if not _edited(session, original, f"the configuration of the instance {name!r}", flags):
            return False
    logs.info(f"the configuration of instance {name!r} was changed", file=original.path)
    return True


def edit_file(session: Session, path: str, flags: Mapping[str, object]) -> None:
    """Edit a YAML file that belongs to no instance."""
    original = opened_file(path)
    _edited(session, original, original.path, flags)


def _edited(session: Session, original: Original, what: str, flags: Mapping[str, object]) -> bool:
    text = _wanted(session, original, what, flags)
    if text is None:
        return False
    if text == original.text:
        logs.info("nothing was changed: the text is the same")
        return False
    with kept_when_rejected(text):
        check(original, text, source=REJECTED)
        save(original, text)
    # Asked again for the lines of the file that has the text now.
    for warning in check(original, text, source=original.path):
        logs.warning(warning)
    return True


def _wanted(session: Session, original: Original, what: str, flags: Mapping[str, object]) -> bytes | None:
    """The new text: by the flags if they say something, else by the editor; None when neither gives one."""
    if any(value not in (None, ()) for value in flags.values()):
        return changed_original(original, flags, params="text")
    if not session.tty:
        logs.info("nothing was changed: no flag says what to change, and --tty=false allows no editor")
        return None
    text = editor.edit(original.text, what)
    if not text:
        logs.info("nothing was changed: the text was left empty")
    return text or None
