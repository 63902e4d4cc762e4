"""The ssh identity of all instances: `_config/user` and `_config/user.pub` (spec/runtime.md 11.1).

Two commands may ask at once and any may be killed: the pair is made under the lock of the directory and
beside its final place, and a pair of which only half is there is completed. A private key that cannot be
read is moved aside, never overwritten.
"""

import base64
import binascii
import contextlib
import logging
import os

from limavm.errors import UserError
from limavm.host.files import locked, read_text, remove_on_error, sweep, write_atomic
from limavm.host.process import ProcessError, run
from limavm.ssh.identities import dot_ssh_public_keys, identity_path

log = logging.getLogger(__name__)

_COMMENT = "lima"
#: No public key line is longer; a larger file is something else.
_LONGEST_KEY = 32 << 10


def ensure_identity(config_dir: str) -> str:
    """The path of the private key (0600), which exists afterwards, and so does its public half.

    Raises UserError when ssh-keygen is missing or fails.
    """
    os.makedirs(config_dir, mode=0o700, exist_ok=True)
    private = identity_path(config_dir)
    if not _is_whole(private):
        with locked(config_dir):
            _repair(private)
    if os.stat(private).st_mode & 0o077:
        os.chmod(private, 0o600)  # ssh refuses a key that others may read
    return private


def _repair(private: str) -> None:
    if _is_whole(private):  # another command was here first
        return
    if os.path.exists(private):
        os.chmod(private, 0o600)
        try:
            # An empty passphrase is given so that ssh-keygen does not ask for one.
            public = run(["ssh-keygen", "-y", "-P", "", "-f", private])
        except ProcessError as error:
            _move_aside(private, error)
        else:
            write_atomic(private + ".pub", b" ".join(public.split()[:2]) + f" {_COMMENT}\n".encode())
            return
    _generate(private)


def _move_aside(private: str, error: ProcessError) -> None:
    number = 1
    while os.path.lexists(f"{private}.broken-{number}"):
        number += 1
    log.warning("%s is not a usable private key and is kept as %s.broken-%d: %s", private, private, number, error)
    os.rename(private, f"{private}.broken-{number}")


def _generate(private: str) -> None:
    """Make a new pair; nothing is left of one that cannot be completed, nor of one whose maker was killed."""
    directory, name = os.path.split(private)
    sweep(directory, f"{name}.*.tmp", f"{name}.*.tmp.pub")
    partial = f"{private}.{os.getpid()}.tmp"
    with remove_on_error(partial), remove_on_error(f"{partial}.pub"):
        run(["ssh-keygen", "-t", "ed25519", "-q", "-N", "", "-C", _COMMENT, "-f", partial])
        # The private half first: from it alone the other one can be made again.
        os.replace(partial, private)
        os.replace(f"{partial}.pub", f"{private}.pub")


def _is_whole(private: str) -> bool:
    """Whether both halves are there and belong together, as far as the text of the files tells."""
    secret, public = read_text(private), read_text(private + ".pub")
    if not secret or not public or key_error(public):
        return False
    lines = secret.strip().splitlines()
    if not (lines[0].startswith("-----BEGIN ") and lines[-1].startswith("-----END ")):
        return False
    if "OPENSSH PRIVATE KEY" not in lines[0]:
        return True  # older formats do not show their public half
    with contextlib.suppress(binascii.Error, ValueError):
        return base64.b64decode(public.split()[1]) in base64.b64decode("".join(lines[1:-1]), validate=True)
    return False


def public_keys(config_dir: str, home: str, load_dot_ssh: bool) -> list[str]:
    """The lines for the guest's authorized_keys: our own key, and every valid `~/.ssh/*.pub` if wanted.

    Raises UserError when our own is missing or no public key.
    """
    own = identity_path(config_dir) + ".pub"
    text = read_text(own) or ""
    if problem := key_error(text):
        raise UserError(f"this is not a public key: {problem}", where=own, hint="remove the file and start again")
    keys = [text.strip()]
    for path in dot_ssh_public_keys(home) if load_dot_ssh else []:
        line = _read_key(path)
        if line and line not in keys:
            keys.append(line)
    return keys


def _read_key(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(_LONGEST_KEY + 1)
    except (OSError, UnicodeDecodeError) as error:
        log.warning("%s is left out: %s", path, error)
        return None
    if problem := key_error(text):
        log.warning("%s is left out: %s", path, problem)
        return None
    return text.strip()


def key_error(text: str) -> str | None:
    """Why a text is not one line `TYPE BASE64 [COMMENT]` of a public key, None when it is (sshd(8))."""
    line = text.strip()
    if not line:
        return "it is empty"
    if len(line) > _LONGEST_KEY or not line.isprintable():
        return "it is not a single line of text"
    kind, _, rest = line.partition(" ")
    if kind.endswith(("-cert-v01@openssh.com",)):
        return "it is a certificate"
    try:
        blob = base64.b64decode(rest.split(" ")[0], validate=True)
    except (binascii.Error, ValueError):
        return "its second word is not base64"
    # The encoded key begins with its own type: a length of four bytes and the name.
    if blob[4 : 4 + len(kind)] != kind.encode() or int.from_bytes(blob[:4], "big") != len(kind):
        return f"the key is not of the type {kind!r} that it names"
    return None
