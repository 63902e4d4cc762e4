"""The configuration of an instance as commands see it: resolved, with the driver's defaults.

The fast way is the cache beside the instance. Only when an input has changed is YAML read, which is
why that code is loaded late: `list` and `shell` must not pay for it.
"""

import os

from limavm import __version__
from limavm.config.cache import load_cached
from limavm.host import paths
from limavm.model.config import Config


def configuration(directory: str) -> Config:
    """The configuration of the instance in `directory`.

    Raises NotFoundError when there is no `lima.yaml`, ConfigError with every problem when it is wrong.
    """
    cached = load_cached(directory)
    if cached is not None:
        return cached
    from limavm.instance.resolving import resolve_and_cache

    return resolve_and_cache(directory)[0]


def creator_version(directory: str) -> str:
    """The version that made the instance, as version-dependent defaults want it (spec/runtime.md 1.3)."""
    if not paths.exists_as_instance(directory):
        return __version__
    try:
        with open(os.path.join(directory, paths.LIMA_VERSION), encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except FileNotFoundError:
        return ""
