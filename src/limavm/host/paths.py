"""Where things are: LIMA_HOME, instance directories, the cache, and the names of files in them.

Names and limits are an interface (spec/runtime.md 1.1, 1.2, 13.1). Paths are plain strings: this
module is loaded by `list` and `shell`, which cannot afford pathlib.
"""

import os
import re
import sys

from limavm.errors import UserError

LIMA_YAML = "lima.yaml"
LIMA_VERSION = "lima-version"
NETWORKS_YAML = "networks.yaml"
PROTECTED = "protected"
ANSIBLE_INVENTORY = "ansible-inventory.yaml"
CLOUD_CONFIG = "cloud-config.yaml"
CIDATA_ISO = "cidata.iso"
BASE_DISK = "basedisk"
DISK = "disk"
DIFF_DISK = "diffdisk"
ISO = "iso"
IMAGE = "image"
KERNEL = "kernel"
KERNEL_CMDLINE = "kernel.cmdline"
INITRD = "initrd"
HA_PID = "ha.pid"
HA_SOCK = "ha.sock"
HA_STDOUT = "ha.stdout.log"
HA_STDERR = "ha.stderr.log"
GA_SOCK = "ga.sock"
QMP_SOCK = "qmp.sock"
SERIAL_LOG = "serial.log"
#: What the guest writes to its UEFI firmware.
EFI_VARIABLES = "qemu-efi-vars.fd"
SSH_SOCK = "ssh.sock"
SSH_CONFIG = "ssh.config"
#: Ours: the description of the machine that runs, for adoption by a new host agent.
MACHINE_JSON = "machine.json"
#: Ours: what the guest's agent wants to hear.
AGENT_TOKEN = "agent-token"  # noqa: S105 - a file name
#: Ours: what is forwarded now, for the host agent that takes over from a killed one.
FORWARDS_JSON = "forwards.json"
#: Ours: how the mounts differ from those of the configuration, for the same.
MOUNTS_JSON = "mounts.json"
#: Ours: the archive of containerd and nerdctl while the guest lacks it, and what the guest is known to have.
CONTAINERD_ARCHIVE = "containerd.tgz"
CONTAINERD_JSON = "containerd.json"
#: Ours: when each phase of the last start began and ended.
TIMINGS_JSON = "timings.json"
#: Where a viewer finds the display of a run, and its password.
VNC_DISPLAY = "vncdisplay"
VNC_PASSWORD = "vncpassword"  # noqa: S105 - the name of a file
VNC_FILES = (VNC_DISPLAY, VNC_PASSWORD)

#: Suffixes of files that mean nothing once nothing runs.
DISPOSABLE = (".pid", ".sock", ".tmp")

#: Any of these makes a directory an existing instance (spec/runtime.md 1.3).
_EXISTING = frozenset((HA_STDOUT, HA_STDERR, "vz-identifier", IMAGE, DISK, BASE_DISK, DIFF_DISK, CIDATA_ISO))

_IDENTIFIER = re.compile(r"[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*")
_MAX_IDENTIFIER = 76
#: ssh appends a random suffix of this length while it binds a control socket.
_LONGEST_SOCKET = "ssh.sock.1234567890123456"


def lima_home() -> str:
    """`$LIMA_HOME` or `~/.lima`: absolute, with symbolic links resolved when it exists.

    Raises UserError when neither is known, or when its name is no text, which YAML and JSON could not hold.
    """
    home = os.environ.get("LIMA_HOME") or os.path.join(user_home(), ".lima")
    if home in _resolved:
        return _resolved[home]
    there = os.path.lexists(home)
    path = os.path.realpath(home) if there else os.path.abspath(home)
    try:
        path.encode()
    except UnicodeEncodeError as error:
        hint = "use a directory whose name is UTF-8"
        raise UserError("the path of the instances is not UTF-8", where=f"LIMA_HOME={path!r}", hint=hint) from error
    return _resolved.setdefault(home, path) if there else path


#: Homes that exist, resolved once: `list` asks twice for every instance. A relative one is for the
#: directory in which the command began.
_resolved: dict[str, str] = {}


def user_home() -> str:
    """The home directory of the user; raises UserError when the environment does not tell."""
    home = os.environ.get("USERPROFILE" if sys.platform == "win32" else "HOME")
    if not home:
        raise UserError("the home directory is unknown", hint="set HOME, or LIMA_HOME to the directory to use")
    return home


def instance_dir(name: str) -> str:
    """The directory of the instance `name`, which need not exist."""
    return os.path.join(lima_home(), name)


def config_dir() -> str:
    """The directory of the ssh identity, `default.yaml`, `override.yaml` and `networks.yaml`."""
    return os.path.join(lima_home(), "_config")


def cache_dir() -> str:
    """The user's cache directory for limavm: downloads, decompressed images, local builds."""
    return os.path.join(_user_cache(), "lima")


def _user_cache() -> str:
    match sys.platform:
        case "win32":
            return os.environ.get("LOCALAPPDATA") or os.path.join(user_home(), "AppData", "Local")
        case "darwin":
            return os.path.join(user_home(), "Library", "Caches")
        case _:
            return os.environ.get("XDG_CACHE_HOME") or os.path.join(user_home(), ".cache")


def identifier_error(text: str) -> str | None:
    """Why `text` cannot be a name, or None when it can."""
    if not text:
        return "the name is empty"
    if len(os.fsencode(text)) > _MAX_IDENTIFIER:
        return f"the name {text[:40]!r}… is longer than {_MAX_IDENTIFIER} bytes"
    if not _IDENTIFIER.fullmatch(text):
        return f"the name {text!r} is not made of letters and digits with single '.', '_' or '-' between them"
    return None


def is_instance_name(text: str) -> bool:
    """Whether `text` may name an instance (as opposed to a file, a URL or a template)."""
    return identifier_error(text) is None and not text.lower().endswith((".yml", ".yaml"))


def check_instance_name(name: str) -> None:
    """Raises UserError with the rule that `name` breaks."""
    problem = identifier_error(name)
    if problem is None and name.lower().endswith((".yml", ".yaml")):
        problem = f"the name {name!r} ends like a YAML file"
    if problem:
        raise UserError(problem, where="instance name", hint="use a name such as `dev` or `web-1.test`")


def check_socket_length(directory: str) -> None:
    """Raises UserError when sockets in `directory` would exceed the platform's limit."""
    limit = 108 if sys.platform in ("linux", "win32") else 104
    path = os.path.join(directory, _LONGEST_SOCKET)
    if len(os.fsencode(path)) >= limit:
        raise UserError(
            f"the instance directory is too long for sockets: {len(os.fsencode(path))} bytes, limit {limit - 1}",
            where=path,
            hint="choose a shorter name, or set LIMA_HOME to a shorter path",
        )


def exists_as_instance(directory: str) -> bool:
    """Whether the directory was used already, which decides version-dependent defaults."""
    try:
        return not _EXISTING.isdisjoint(os.listdir(directory))
    except (FileNotFoundError, NotADirectoryError):
        return False
