"""Flags that change the YAML of an instance, and the yq expressions that they stand for (spec/cli.md 5).

`decide` is a pure function of what was given; `apply` changes a text by what it returned.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from limavm.cli import expressions, logs
from limavm.cli.expressions import Home, boolean, gib, quoted
from limavm.cli.flags import BoolFlag, Flag, Number
from limavm.errors import UserError
from limavm.model.value import Value

_UINT16 = 65535
#: Flags of which only one may be given.
_EITHER = ("mount", "mount_only", "mount_none")


class Edit(Value, frozen=True, kw_only=True):
    """An expression and the flag that asks for it."""

    flag: str
    expression: str


class Situation(Value, frozen=True, kw_only=True):
    """What the meaning of a flag depends on besides its value.

    `params` tells the params that may be set, and is asked only when one is. For an instance that
    exists already, flags that count only for a new one are left out with a warning.
    """

    place: Home
    params: Callable[[], Collection[str]]
    existing: bool = False


class _Row(NamedTuple):
    flag: str
    expressions: Callable[[Any, Situation], list[str]]
    #: It says nothing about an instance that exists.
    new: bool = False
    experimental: bool = False


def _set(form: str, write: Callable[[Any], str]) -> Callable[[Any, Situation], list[str]]:
    return lambda value, _: [form.format(write(value))]


def _mounts(form: str, order: int) -> Callable[[Any, Situation], list[str]]:
    return lambda value, at: [form.format(",".join(expressions.mounts(value, at.place)[::order]))]


def _rosetta(value: Any, _: Situation) -> list[str]:
    return [" | ".join(f".vmOpts.vz.rosetta.{key} = {boolean(value)}" for key in ("enabled", "binfmt"))]


def _params(values: Any, at: Situation) -> list[str]:
    allowed = at.params()
    return [expressions.param(value, allowed) for value in values]


def _image(key: str) -> Callable[[Any, Situation], list[str]]:
    return lambda value, _: [expressions.images(key, value)]


#: The order is that in which the expressions are applied.
_TABLE = (
    _Row("cpus", _set(".cpus = {}", str)),
    _Row("dns", _set("{}", expressions.dns)),
    _Row("memory", _set(".memory = {}", gib)),
    _Row("mount", _mounts(".mounts = [{}] + .mounts", -1)),
    _Row("mount_only", _mounts(".mounts = [{}]", 1)),
    # Even for --mount-none=false, as in Lima.
    _Row("mount_none", _set(".mounts = null", str)),
    _Row("mount_type", _set(".mountType = {}", quoted)),
    _Row("vm_type", _set(".vmType = {}", quoted)),
    _Row("mount_inotify", _set(".mountInotify = {}", boolean), experimental=True),
    _Row("mount_writable", _set(".mounts[].writable = {}", boolean)),
    _Row("network", _set("{}", expressions.networks)),
    _Row("nested_virt", _set(".nestedVirtualization = {}", boolean)),
    _Row("rosetta", _rosetta),
    _Row("set", lambda values, _: list(map(_some, values))),
    _Row("param", _params),
    _Row("video", _set(".video.display = {}", lambda value: quoted("default" if value else "none"))),
    _Row("audio_device", _set(".audio.device = {}", quoted), experimental=True),
    _Row("audio_interface", _set(".audio.interface = {}", quoted), experimental=True),
    _Row("ssh_port", _set(".ssh.localPort = {}", str)),
    _Row("image_variant", _image("variant"), new=True),
    _Row("arch_variant", _image("archVariant"), new=True),
    _Row("arch", _set(".arch = {}", quoted), new=True),
    _Row("containerd", _set("{}", expressions.containerd), new=True),
    _Row("disk", _set(".disk = {}", gib)),
    _Row("plain", _set(".plain = {}", boolean), new=True),
    _Row("port_forward", _set("{}", expressions.port_forwards)),
    _Row("shell", _set(".user.shell = {}", quoted)),
)


def _some(expression: str) -> str:
    if not expression.strip():
        raise ValueError("the expression is empty")
    return expression


def edit_flags() -> list[Flag]:
    """The flags of every command that may change an instance."""
    return [
        Flag(["--cpus"], type=Number("int", least=0), help="Number of CPUs"),
        Flag(["--memory"], type=Number("float32", least=0), help="Memory in GiB"),
        Flag(["--disk"], type=Number("float32", least=0), help="Size of the disk in GiB"),
        Flag(["--mount"], metavar="strings", multiple=True, help="Directories to share besides; DIR:w is writable"),
        Flag(["--mount-only"], metavar="strings", multiple=True, help="Directories to share, and no others"),
        BoolFlag(["--mount-none"], default=None, help="Share no directory"),
        Flag(["--mount-type"], metavar="string", help="How to share: reverse-sshfs, 9p or virtiofs"),
        BoolFlag(["--mount-writable"], default=None, help="Make all shared directories writable"),
        BoolFlag(["--mount-inotify"], default=None, help="Tell the guest of changed files (experimental)"),
        Flag(["--network"], metavar="strings", multiple=True, help="Networks to join besides, such as lima:user-v2"),
        Flag(["--dns"], metavar="ipSlice", multiple=True, help="Name servers of the guest, instead of the host's"),
        Flag(["--vm-type"], metavar="string", help="Driver that runs the machine, such as qemu"),
        BoolFlag(["--nested-virt"], default=None, help="Let the guest run virtual machines of its own"),
        BoolFlag(["--rosetta"], default=None, help="Run x86_64 programs by Rosetta (vz on Apple silicon)"),
        BoolFlag(["--video"], default=None, help="Open a window for the guest's screen"),
        Flag(["--ssh-port"], type=Number("uint16", least=0, most=_UINT16), help="Port of ssh on the host (0: any)"),
        Flag(["--shell"], metavar="string", help="Shell of the guest's user, such as /bin/zsh"),
        Flag(["--param"], metavar="NAME=VALUE", multiple=True, help="A param that the configuration declares"),
        Flag(["--set"], metavar="string", multiple=True, help="Change anything by yq, such as '.cpus = 4'"),
    ]


def new_flags() -> list[Flag]:
    """The flags of `create` and `start` on top of those."""
    return [
        Flag(["--arch"], metavar="string", help="Architecture of the guest, such as x86_64 or aarch64"),
        Flag(["--image-variant"], metavar="string", help="Use only images of this variant"),
        Flag(["--arch-variant"], metavar="string", help="Use only images of this variant of the architecture"),
        Flag(["--containerd"], metavar="string", help="Services of containerd: user, system, user+system or none"),
        BoolFlag(["--plain"], default=None, help="No mounts, no port forwards, no guest agent"),
        Flag(["--port-forward"], metavar="HOST:GUEST", multiple=True, help="Forward a port; may end in ,static=true"),
        Flag(["--audio-device"], metavar="string", help="Sound of the host: pa, coreaudio, none (experimental)"),
        Flag(["--audio-interface"], metavar="string", help="Sound card of the guest: hda, virtio (experimental)"),
    ]


def decide(given: Mapping[str, object], at: Situation, *, warn: Callable[[str], None] = logs.warning) -> list[Edit]:
    """The expressions that the given flags stand for, in order; None and an empty tuple are not given.

    Raises UserError, naming the flag, for a value that cannot be meant.
    """
    together = [_name(flag) for flag in _EITHER if _given(given.get(flag))]
    if len(together) > 1:
        raise UserError(f"{' and '.join(together)} exclude each other")
    edits: list[Edit] = []
    for row in _TABLE:
        value, name = given.get(row.flag), _name(row.flag)
        if not _given(value):
            continue
        if row.new and at.existing:
            warn(f"{name} does not change an instance that exists; create a new one with it")
            continue
        if row.experimental:
            warn(f"{name} is experimental")
        try:
            edits += [Edit(flag=name, expression=expression) for expression in row.expressions(value, at)]
        except ValueError as error:
            raise UserError(f"invalid value for the flag {name}: {error}") from error
        if row.flag == "dns":
            warn("the guest asks the given name servers, no longer the resolver of the host (hostResolver is disabled)")
    return edits


def _given(value: object) -> bool:
    return value is not None and value != ()


def _name(flag: str) -> str:
    return "--" + flag.replace("_", "-")
