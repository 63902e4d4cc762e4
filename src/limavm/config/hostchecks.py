"""The checks of a configuration that look at files of the host (spec/config.md 7.2, 7.4)."""

import os
import stat

from limavm.config.flaw import Flaws
from limavm.model.config import Config

#: As many bytes as a template may have.
_LONGEST_PLAYBOOK = 4 << 20


def problems(config: Config) -> Flaws:
    """Mounts that are no directories, sockets that are none, playbooks that cannot be read."""
    flaws = Flaws()
    for index, mount in enumerate(config.mounts):
        mode = _mode(mount.location, flaws, "mounts", index, "location")
        if mode is not None and not stat.S_ISDIR(mode):
            flaws.add(f"{mount.location} is no directory", "mounts", index, "location")
    for index, network in enumerate(config.networks):
        if network.socket:
            mode = _mode(network.socket, flaws, "networks", index, "socket")
            if mode is not None and not stat.S_ISSOCK(mode):
                flaws.add(f"{network.socket} is no socket", "networks", index, "socket")
    for index, item in enumerate(config.provision):
        if item.playbook and read_playbook(item.playbook) is None:
            flaws.add(f"{item.playbook} cannot be read", "provision", index, "playbook")
    return flaws


def warnings(config: Config) -> Flaws:
    """Mounts of directories that do not exist."""
    flaws = Flaws()
    for index, mount in enumerate(config.mounts):
        if not os.path.lexists(mount.location):
            flaws.add(f"{mount.location} does not exist", "mounts", index, "location")
    return flaws


def read_playbook(path: str) -> str | None:
    """The text of a playbook, in which params may be used; None when it is no file that can be read."""
    try:
        if not os.path.isfile(path):
            return None
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(_LONGEST_PLAYBOOK)
    except (OSError, ValueError):
        return None


def _mode(path: str, flaws: Flaws, *key: str | int) -> int | None:
    """The mode of a file, None when it does not exist or cannot be examined, which is a flaw."""
    try:
        return os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        flaws.add(f"{path} cannot be examined: {reason}", *key)
        return None
