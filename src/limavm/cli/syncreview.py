"""What the user is asked before a guest's changes reach the host: yes, no, view; and what becomes of conflicts."""

import os
import tempfile
from collections.abc import Iterator

from limavm.cli import menu, pager
from limavm.instance.sync.changes import Action, Change, Plan
from limavm.instance.sync.difference import differences, summary
from limavm.model.value import Value

_YES = "Yes, bring the changes back to the host"
_NO = "No, leave the host as it is and discard the guest's changes"
_VIEW = "View the changes first"
_LATER = "Leave the host as it is for now, and keep the copy in the guest"

_KEEP = "Keep the host's versions, and the copy in the guest"
_BESIDE = "Put the guest's versions beside them, as NAME.from-guest"
_OVERWRITE = "Overwrite the host's versions with the guest's"

_AGAIN = "Try again"

_COLOURS = (("+", 32), ("-", 31), ("@", 36))


class Choice(Value, frozen=True, kw_only=True):
    """What is to happen. `beside` are conflicts whose guest's version gets a name of its own."""

    plan: Plan
    beside: tuple[Change, ...] = ()
    #: Nothing is brought back, and the copy in the guest is removed or kept.
    leave: bool = False
    keep_copy: bool = False


def ask(plan: Plan, root: str, staging: str) -> Choice:
    """The user's choice; raises UserError when they cannot be asked, KeyboardInterrupt when they leave by Ctrl-C."""
    question = f"Bring the changes back ({counts(plan)})?"
    while True:
        match _selected(question, (_YES, _NO, _VIEW, _LATER)):
            case answer if answer == _YES:
                return _with_conflicts(plan) if plan.conflicts else Choice(plan=plan)
            case answer if answer == _NO:
                return Choice(plan=plan, leave=True)
            case answer if answer == _LATER:
                return Choice(plan=plan, leave=True, keep_copy=True)
            case _:
                _view(plan, root, staging)


def try_again() -> bool:
    """Whether the user has mended what was in the way; raises as `ask` does."""
    return _selected("Not everything could be brought back:", (_AGAIN, _LATER)) == _AGAIN


def _selected(question: str, options: tuple[str, ...]) -> str:
    """The answer. Ctrl-C is what it is everywhere else, although a terminal in raw mode makes no signal of it."""
    try:
        return menu.select(question, options)
    except menu.MenuInterruptedError as error:
        raise KeyboardInterrupt from error


def counts(plan: Plan) -> str:
    """How many changes of each kind, such as `2 added, 1 deleted, 0 modified, 0 metadata`."""
    order = (Action.ADD, Action.DELETE, Action.MODIFY, Action.METADATA)
    told = [f"{plan.count(action)} {action}" for action in order]
    if plan.conflicts:
        told.append(f"{len(plan.conflicts)} changed on both sides")
    return ", ".join(told)


def _with_conflicts(plan: Plan) -> Choice:
    count = len(plan.conflicts)
    question = f"{count} {'were' if count > 1 else 'was'} changed on the host as well, meanwhile:"
    match _selected(question, (_KEEP, _BESIDE, _OVERWRITE)):
        case answer if answer == _BESIDE:
            return Choice(plan=Plan(changes=plan.changes), beside=plan.conflicts)
        case answer if answer == _OVERWRITE:
            both = sorted((*plan.changes, *plan.conflicts), key=lambda change: change.path)
            return Choice(plan=Plan(changes=tuple(both)))
        case _:
            return Choice(plan=plan)


def _view(plan: Plan, root: str, staging: str) -> None:
    with tempfile.TemporaryDirectory(prefix="lima-guest-synced-") as directory:
        path = os.path.join(directory, "changes.diff")
        with open(path, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.writelines(f"{line}\n" for line in text(plan, root, staging))
        pager.page(path)


def text(plan: Plan, root: str, staging: str) -> Iterator[str]:
    """All that there is to see, with colours."""
    yield from summary(plan)
    for line in differences((*plan.conflicts, *plan.changes), root, staging):
        colour = next((code for sign, code in _COLOURS if line.startswith(sign)), None)
        yield f"\x1b[{colour}m{line}\x1b[0m" if colour else line
