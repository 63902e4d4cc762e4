"""The resolved configuration of an instance, kept as JSON beside it, so that `list` parses no YAML.

The key holds the identity of every file that the configuration comes from and everything else that it
depends on; any change makes the copy worthless. What is missing, torn or foreign is ignored. Loaded by
`list` and `shell`: nothing but msgspec is imported. Whoever resolves takes the key *before* the files
are read, so that an edit in between is noticed.
"""

import os
import time

import msgspec

from limavm import __version__
from limavm.host import paths
from limavm.model.config import Config
from limavm.model.host import HostFacts
from limavm.model.value import Value

FILE = ".config-cache.json"

#: Raise it when `Config` changes its meaning but not its version.
_FORMAT = 2
#: Parts the identity of networks.yaml from the rest of a key, which is JSON and has no line breaks.
_SHARED = "\n"
#: A file changed more recently may change again without a trace in its time stamp.
_SETTLED = 0.05


class _Entry(Value, frozen=True, kw_only=True):
    key: str
    config: msgspec.Raw


def cache_key(directory: str, facts: HostFacts, *, version: str) -> str:
    """What the configuration of the instance in `directory` depends on, as a text to be compared."""
    config_dir = paths.config_dir()
    files = (
        *(os.path.join(directory, name) for name in (paths.LIMA_YAML, paths.LIMA_VERSION)),
        *(os.path.join(config_dir, name) for name in ("default.yaml", "override.yaml")),
    )
    values = (
        *(_FORMAT, __version__, _PROGRAM, version, directory, config_dir, paths.exists_as_instance(directory)),
        *(facts, os.environ.get("LIMA_SSH_OVER_VSOCK"), [_identity(file) for file in files]),
    )
    shared = _identity(os.path.join(config_dir, paths.NETWORKS_YAML))
    return f"{msgspec.json.encode(values).decode()}{_SHARED}{shared}"


def load_cached(directory: str, key: str) -> Config | None:
    """The configuration that was stored under `key`; None when there is none, or it is not for this key."""
    try:
        with open(os.path.join(directory, FILE), "rb") as file:
            entry = _ENTRY.decode(file.read())
        if _own(entry.key) != _own(key):
            return None
        config: Config = _CONFIG.decode(entry.config)
        return config if entry.key == key or not _shares_networks(config) else None
    except (OSError, ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return None


def store_cached(directory: str, key: str, config: Config) -> None:
    """Keep the configuration for `key`. Nothing happens where nothing can be written."""
    if not _settled(directory, networks=_shares_networks(config)):
        return
    path = os.path.join(directory, FILE)
    partial = f"{path}.{os.getpid()}.tmp"
    try:
        with open(partial, "wb") as file:
            file.write(msgspec.json.encode(_Entry(key=key, config=msgspec.Raw(msgspec.json.encode(config)))))
        # Not synced: a copy that a power cut tears is ignored.
        os.replace(partial, path)
    except OSError:
        return
    finally:
        _remove(partial)  # after an interruption as well


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return


def _identity(path: str) -> tuple[int, ...]:
    try:
        info = os.stat(path)
    except OSError:
        return ()
    return info.st_mtime_ns, info.st_ctime_ns, info.st_size, info.st_ino


def _own(key: str) -> str:
    """The key without networks.yaml, which matters only to those that name a network."""
    return key.partition(_SHARED)[0]


def _shares_networks(config: Config) -> bool:
    return any(network.lima for network in config.networks)


def _settled(directory: str, *, networks: bool) -> bool:
    """Whether the last change of the inputs is long enough ago to be told from the next one."""
    config_dir = paths.config_dir()
    now = time.time()
    for path in (
        os.path.join(directory, paths.LIMA_YAML),
        os.path.join(config_dir, "default.yaml"),
        os.path.join(config_dir, "override.yaml"),
        *([os.path.join(config_dir, paths.NETWORKS_YAML)] if networks else ()),
    ):
        try:
            if now - os.stat(path).st_mtime < _SETTLED:
                return False
        except OSError:
            continue
    return True


#: Another installation of the same version may be another program.
_PROGRAM = _identity(os.path.dirname(os.path.abspath(__file__)))
_ENTRY = msgspec.json.Decoder(_Entry)
_CONFIG = msgspec.json.Decoder(Config)
