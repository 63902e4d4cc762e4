"""Help without a command behind it (spec/cli.md 1.7)."""

import click

from limavm.cli.app import Command
from limavm.cli.session import Session

_RESTRICTIONS = """\
What expressions of yq may not do.

Expressions that limactl evaluates on templates and on its own output (--set,
--yq, --filter, the edit flags, `template yq`, `info --yq`) see nothing but what
they are given: operators that read the environment (env, strenv, envsubst) and
files (load, load_str and the like) are errors there, since templates come from
others. A value of your shell is put into the expression by the shell itself:

  limactl edit --set ".env.EDITOR = \\"$EDITOR\\"" dev

`limactl yq` is a yq of its own. There these operators work, unless
--security-disable-env-ops or --security-disable-file-ops forbids them.

The operator `system` works nowhere. Regular expressions are those of RE2, and
an expression that takes too many steps is given up."""


class Topic(Command):
    """A text to be read with `limactl help`; it has no flags worth showing."""

    def get_help(self, ctx: click.Context) -> str:  # noqa: ARG002 - the text is the same anywhere
        """The text alone."""
        return self.help or ""


def _show(_session: Session, _words: list[str]) -> None:
    print(_RESTRICTIONS)


YQ_RESTRICTIONS = Topic("yq-restrictions", _show, help=_RESTRICTIONS)
