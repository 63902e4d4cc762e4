"""The configuration of an instance as commands see it: resolved, with the driver's defaults.

The fast way is the cache beside the instance. Only when an input has changed is YAML read, which is
why that code is loaded late: `list` and `shell` must not pay for it.
"""

from limavm import COMPATIBLE_WITH
from limavm.config.cache import cache_key, load_cached
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
