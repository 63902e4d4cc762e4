"""Help without a command behind it (spec/cli.md 1.7)."""

from limavm.cli.app import Command
from limavm.cli.session import Session

_RESTRICTIONS = """\
What expressions of yq may not do.

Expressions that limactl evaluates on templates and on its own output (--set, --yq, --filter, the edit flags,
`template yq`, `info --yq`) see nothing but what they are given: operators that read the environment (env, strenv,
envsubst) and files (load, load_str and the like) are errors there, since templates come from others.

`limactl yq` is a yq of its own. There these operators work, unless --security-disable-env-ops or
--security-disable-file-ops forbids them.

The operator `system` works nowhere. Regular expressions are those of RE2, and an expression that takes too many
steps is given up."""


def _show(_session: Session, _words: list[str]) -> None:
    print(_RESTRICTIONS)


YQ_RESTRICTIONS = Command("yq-restrictions", _show, help=_RESTRICTIONS)
