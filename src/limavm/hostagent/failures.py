"""Which scripts of a boot have failed, and the ends of what they said, in words for the user.

The guest's boot scripts write it to a file (`seed/guest/boot.sh`): a line for each failure, and below it lines that
begin with a tab. It comes with the answer to the last requirement, so that nothing more is asked of the guest. As in
Lima, an instance is not degraded for it.
"""

import re
from collections.abc import Iterator

#: What a script in the guest does last: it prints the file, where there is one, without a process where there is none.
TOLD = (
    "read -r boot < /proc/sys/kernel/random/boot_id; "
    "file=/run/lima-boot-failures.$boot; [ -e $file ] && cat $file; exit 0"
)
_STEP = re.compile(r"(?:.*/)?provision\.([a-z]+)/0*([0-9]+)")
_SCRIPT = re.compile(r".*/(boot(?:\.essential)?\.[A-Za-z]+/[^/]+)")
#: Characters that would do something to a terminal.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def without_controls(text: str) -> str:
    """The text without what a terminal would obey."""
    return _CONTROL.sub("", text)


def failures(output: bytes) -> Iterator[str]:
    """A text for each failure: what has failed and how, and below it the end of its output."""
    text: list[str] = []
    for line in output.decode(errors="replace").splitlines():
        if line.startswith("\t"):
            text.append("  " + without_controls(line[1:]))
            continue
        if text:
            yield "\n".join(text)
        name, _, how = line.rpartition(": ")
        text = [f"{_named(name)} has failed: {how}"]
    if text:
        yield "\n".join(text)


def _named(name: str) -> str:
    """As the configuration has it."""
    if found := _STEP.fullmatch(name):
        mode, number = found.groups()
        return f"provision[{number}] (mode {mode})"
    if found := _SCRIPT.fullmatch(name):
        return f"The boot script {found.group(1)}"
    return without_controls(name) or "A boot script"
