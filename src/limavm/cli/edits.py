"""Flags that change the YAML of an instance (spec/cli.md 5), and the changes they stand for.

Only flags that set one key are here; the others come with the yq language.
"""

from collections.abc import Callable, Mapping, Sequence

from limavm.cli import logs
from limavm.cli.flags import BoolFlag, Flag, Number
from limavm.model.value import Value

#: A path of keys and the value to set.
Edit = tuple[tuple[str, ...], object]

#: Flags of Lima that are not built yet, on all commands that edit, and on `create` and `start`.
LATER = (
    "--dns",
    "--mount",
    "--mount-only",
    "--mount-none",
    "--mount-type",
    "--mount-inotify",
    "--mount-writable",
    "--network",
    "--rosetta",
    "--set",
    "--param",
    "--video",
)
LATER_NEW = (
    "--audio-device",
    "--audio-interface",
    "--image-variant",
    "--arch-variant",
    "--containerd",
    "--port-forward",
)

_UINT16 = 65535


class Setting(Value, frozen=True, kw_only=True):
    """The key that a flag sets. `new` settings say nothing about an instance that exists."""

    flag: str
    key: tuple[str, ...]
    new: bool = False
    gib: bool = False


_SETTINGS = (
    Setting(flag="cpus", key=("cpus",)),
    Setting(flag="memory", key=("memory",), gib=True),
    Setting(flag="vm_type", key=("vmType",)),
    Setting(flag="nested_virt", key=("nestedVirtualization",)),
    Setting(flag="ssh_port", key=("ssh", "localPort")),
    Setting(flag="arch", key=("arch",), new=True),
    Setting(flag="disk", key=("disk",), gib=True),
    Setting(flag="plain", key=("plain",), new=True),
    Setting(flag="shell", key=("user", "shell")),
)


def edit_flags() -> list[Flag]:
    """The flags of every command that may change an instance."""
    return [
        Flag(["--cpus"], type=Number("int", least=0), help="Number of CPUs"),
        Flag(["--memory"], type=Number("float32", least=0), help="Memory in GiB"),
        Flag(["--disk"], type=Number("float32", least=0), help="Size of the disk in GiB"),
        Flag(["--vm-type"], metavar="string", help="Driver that runs the machine, such as qemu"),
        BoolFlag(["--nested-virt"], default=None, help="Let the guest run virtual machines of its own"),
        Flag(["--ssh-port"], type=Number("uint16", least=0, most=_UINT16), help="Port of ssh on the host (0: any)"),
        Flag(["--shell"], metavar="string", help="Shell of the guest's user, such as /bin/zsh"),
    ]


def new_flags() -> list[Flag]:
    """The flags of `create` and `start` on top of those."""
    return [
        Flag(["--arch"], metavar="string", help="Architecture of the guest, such as x86_64 or aarch64"),
        BoolFlag(["--plain"], default=None, help="No mounts, no port forwards, no guest agent"),
    ]


def edits(
    given: Mapping[str, object], *, existing: bool = False, warn: Callable[[str], None] = logs.warning
) -> list[Edit]:
    """The changes that the given flags stand for (None: not given).

    For an existing instance, flags that count only for a new one are left out with a warning.
    """
    changes: list[Edit] = []
    for setting in _SETTINGS:
        value = given.get(setting.flag)
        if value is None:
            continue
        if existing and setting.new:
            flag = "--" + setting.flag.replace("_", "-")
            warn(f"{flag} does not change an instance that exists; create a new one with it")
            continue
        changes.append((setting.key, _gib(value) if setting.gib else value))
    return changes


def _gib(value: object) -> str:
    """The size as it stands in YAML: `4GiB`, `0.5GiB`."""
    return str(value).removesuffix(".0") + "GiB"


def apply(text: bytes, changes: Sequence[Edit]) -> bytes:
    """The YAML text with the changes; untouched when there are none."""
    if not changes:
        return text
    from limavm.config.edit import apply as set_keys

    return set_keys(text, changes)
