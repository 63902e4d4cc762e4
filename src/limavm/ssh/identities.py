"""The private keys that ssh offers to a guest. Loaded by `shell`; `keys` makes and checks them."""

import os

from limavm.errors import UserError

_NAME = "user"


def identity_path(config_dir: str) -> str:
    """The private key of all instances, which need not exist yet."""
    return os.path.join(config_dir, _NAME)


def existing_identities(config_dir: str, home: str, load_dot_ssh: bool) -> list[str]:
    """The private keys to offer, our own first; those of `~/.ssh/*.pub` with a private half if wanted.

    Raises UserError when our own is missing.
    """
    own = identity_path(config_dir)
    if not os.path.exists(own):
        raise UserError("the ssh key of the instances is missing", where=own, hint="start an instance to have one made")
    return [own, *(dot_ssh_identities(home) if load_dot_ssh else [])]


def dot_ssh_identities(home: str) -> list[str]:
    """The private keys beside the public ones in `~/.ssh`, sorted."""
    return [path[:-4] for path in dot_ssh_public_keys(home) if os.path.exists(path[:-4])]


def dot_ssh_public_keys(home: str) -> list[str]:
    """The paths of `~/.ssh/*.pub`, sorted; none when there is no such directory."""
    directory = os.path.join(home, ".ssh")
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return []
    return [os.path.join(directory, name) for name in names if name.endswith(".pub")]
