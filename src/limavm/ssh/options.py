"""Options of the OpenSSH client for one instance, as `Key=Value` texts in the order of spec/runtime.md 11.2.

Nothing is looked up here: versions, processor features and paths are handed in. `limactl shell` loads
this module, so it imports next to nothing.
"""

from collections.abc import Sequence

from limavm.errors import UserError
from limavm.model.config import SSH
from limavm.model.value import Value

#: Relations to a control master; each has its opposite in the no-master form.
_CONTROL = ("ControlMaster", "ControlPath", "ControlPersist")

#: First release that understands `^` in front of a list of ciphers.
_CIPHER_PREFIX = (8, 1, 0)
#: First release whose config parser knows a backslash inside quotes (argv_split in readconf.c).
_ESCAPES = (8, 7, 0)


class Client(Value, frozen=True, kw_only=True):
    """What the installed ssh can do; version 0.0.0 when it cannot be told."""

    version: tuple[int, int, int] = (0, 0, 0)
    gssapi: bool = False


def options(
    *,
    user: str,
    ssh: SSH,
    identities: Sequence[str],
    control_path: str,
    client: Client,
    aes: bool,
    windows: bool = False,
) -> list[str]:
    """The options, in order. `identities` are private keys, the one of `_config` first; `aes`: the CPU has it.

    Raises UserError for a path that no option can carry.
    """
    return [
        *(f"IdentityFile={quoted_path(path, client, windows=windows)}" for path in identities),
        # The guest is ours and its host key is made at its first boot: there is nothing to compare with.
        "StrictHostKeyChecking=no",
        "UserKnownHostsFile=/dev/null",
        "NoHostAuthenticationForLocalhost=yes",
        "PreferredAuthentications=publickey",
        "Compression=no",
        "BatchMode=yes",
        "IdentitiesOnly=yes",
        *["GSSAPIAuthentication=no"] * client.gssapi,
        *_ciphers(client, aes=aes, windows=windows),
        f"User={user}",
        "ControlMaster=auto",
        f"ControlPath={quoted_path(control_path, client, windows=windows)}",
        "ControlPersist=yes",
        *["ForwardAgent=yes"] * ssh.forward_agent,
        *["ForwardX11=yes"] * ssh.forward_x11,
        *["ForwardX11Trusted=yes"] * ssh.forward_x11_trusted,
    ]


def _ciphers(client: Client, *, aes: bool, windows: bool) -> list[str]:
    if client.version < _CIPHER_PREFIX:
        return []
    ciphers = "^aes128-gcm@openssh.com,aes256-gcm@openssh.com" if aes else "^chacha20-poly1305@openssh.com"
    return [f"Ciphers={ciphers}" if windows else f'Ciphers="{ciphers}"']


def quoted_path(path: str, client: Client, *, windows: bool = False) -> str:
    """A path as an option value: quoted, and with `%` doubled, which would begin a token (ssh_config(5)).

    Raises UserError for what cannot be written: line breaks, `${` (always an environment variable),
    and a quote for a client that knows no escapes.
    """
    quote = "'" if windows else '"'
    if any(char in path for char in "\n\r\0") or "${" in path:
        raise UserError("ssh cannot take a path with a line break or `${` in it", where=repr(path))
    if client.version >= _ESCAPES:
        path = path.replace("\\", "\\\\").replace(quote, "\\" + quote)
    elif quote in path:
        raise UserError(f"this ssh cannot take a path with {quote} in it", where=path, hint="use OpenSSH 8.7 or newer")
    return quote + path.replace("%", "%%") + quote


def no_master(options: Sequence[str]) -> list[str]:
    """The options for a connection of its own, whether or not a master runs."""
    return ["ControlMaster=no", "ControlPath=none", "ControlPersist=no", *without_control(options)]


def without_control(options: Sequence[str]) -> list[str]:
    """The options without any about a control master (Windows hosts have none)."""
    return [option for option in options if option.partition("=")[0] not in _CONTROL]


def option_args(options: Sequence[str]) -> list[str]:
    """The arguments that a command line of ssh, scp or sftp begins with.

    The user's own configuration is left out. Raises UserError for a value with a line break, which
    would be another option.
    """
    for option in options:
        if "\n" in option or "\r" in option:
            raise UserError("an ssh option contains a line break", where=repr(option))
    return ["-F", "/dev/null", *(word for option in options for word in ("-o", option))]
