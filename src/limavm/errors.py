"""The few kinds of failure that reach a user, and the exit codes of limactl (spec/cli.md 1.9).

A `UserError` is an expected failure: it is printed without a traceback. Anything else that escapes
is a bug and keeps its traceback. A new subclass is made only when somebody catches it.
"""

#: Exit code of every failure that is not a child's own.
FAILURE = 1


class UserError(Exception):
    """Something the user, the guest or the network did that limavm cannot go on from.

    `message` says what happened, `where` names the file, line, key or program, `hint` what to do.
    """

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        lines = [self.message]
        if self.where:
            lines.append(f"  where: {self.where}")
        if self.hint:
            lines.append(f"  hint:  {self.hint}")
        return "\n".join(lines)


class NotFoundError(UserError):
    """An instance, a template or a file that was named does not exist."""


class BusyError(UserError):
    """Another command holds the lock that this one needs."""


class ChildExit(Exception):  # noqa: N818 - it carries an exit code outwards, as SystemExit does
    """A child's exit code that becomes limactl's own, without a message (spec/cli.md 1.9)."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code
