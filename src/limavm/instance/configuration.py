"""The configuration of an instance as commands see it: resolved, with the driver's defaults.

The fast way is the cache beside the instance. Only when an input has changed is YAML read, which is
why that code is loaded late: `list` and `shell` must not pay for it.
"""

import os

from limavm import COMPATIBLE_WITH
from limavm.config.cache import cache_key, load_cached
from limavm.host import paths
from limavm.host.platform import facts
from limavm.model.config import Config
from limavm.model.host import HostFacts


def configuration(directory: str, host: HostFacts | None = None) -> Config:
    """The configuration of the instance in `directory`; who asks for many hands in the facts of the host.

    Raises NotFoundError when there is no `lima.yaml`, ConfigError with every problem when it is wrong.
    """
    cached = load_cached(directory, cache_key(directory, host or facts(), version=COMPATIBLE_WITH))
    if cached is not None:
        return cached
    from limavm.instance.resolving import resolve_and_cache

    return resolve_and_cache(directory)[0]


def creator_version(directory: str) -> str:
    """The version that made the instance, as version-dependent defaults want it (spec/runtime.md 1.3)."""
    if not paths.exists_as_instance(directory):
        return COMPATIBLE_WITH
    try:
        with open(os.path.join(directory, paths.LIMA_VERSION), encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except FileNotFoundError:
        return ""
