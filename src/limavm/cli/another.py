"""The text of an instance for its clone or its new name: the flags of the command applied, and checked."""

import contextlib
from collections.abc import Iterator, Mapping

from limavm.cli.changed import changed_original
from limavm.cli.rejected import REJECTED, kept_when_rejected
from limavm.instance.another import original_for
from limavm.instance.edit import Original, check


@contextlib.contextmanager
def another(of: str, new: str, given: Mapping[str, object], *, done: str) -> Iterator[tuple[Original, bytes]]:
    """The text of the instance `of`, which is held, and what the flags make of it for the instance `new`.

    `done` is what happens to the instance, for messages. Raises UserError when names, flags or the text will not do.
    """
    with original_for(new, of=of, done=done) as original:
        after = changed_original(original, given, params="effective")
        if after != original.text:
            with kept_when_rejected(after):
                check(original, after, source=REJECTED)
        yield original, after
