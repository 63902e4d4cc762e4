"""From texts to a configuration that its driver accepts (spec/config.md 1.12, 7)."""

import os
from collections.abc import Sequence

from limavm import COMPATIBLE_WITH
from limavm.config.cache import cache_key, store_cached
from limavm.config.resolve import Resolved, resolve, resolve_text
from limavm.driver import Driver
from limavm.driver.registry import driver
from limavm.errors import UserError
from limavm.host import paths
from limavm.host.platform import facts
from limavm.model.config import Config
from limavm.roundtrip.nodes import Document


def resolve_and_cache(directory: str) -> tuple[Config, tuple[str, ...]]:
    """The configuration of an existing instance with its warnings; the next command finds it in the cache.

    Raises NotFoundError without `lima.yaml`, UserError for whatever is wrong with it.
    """
    source = os.path.join(directory, paths.LIMA_YAML)
    host = facts()
    key = cache_key(directory, host, version=COMPATIBLE_WITH)
    resolved = resolve(directory, host, version=COMPATIBLE_WITH)
    config = accepted(resolved, source, creator_version(directory))
    store_cached(directory, key, config)
    return config, resolved.warnings


def resolve_new(text: bytes | Document, *, source: str, directory: str) -> tuple[Config, tuple[str, ...]]:
    """The configuration that a text would have in `directory`, with its warnings; nothing is written.

    `directory` need not exist; defaults that depend on the version are those of the one that made it.
    """
    resolved = resolve_text(text, source=source, directory=directory, facts=facts(), version=COMPATIBLE_WITH)
    return accepted(resolved, source, creator_version(directory)), resolved.warnings


def accepted(resolved: Resolved, source: str, creator: str) -> Config:
    """The configuration with its driver's defaults; raises UserError with every reason against it."""
    name = resolved.config.vm_type
    which = driver(name)
    host = facts()
    config = which.fill(resolved.config, host, creator_version=creator)
    if problems := which.problems(config, host):
        raise UserError(_listed(f"the {name} driver cannot run this configuration", problems), where=source)
    return config


def _listed(head: str, problems: Sequence[str]) -> str:
    return head + ": " + problems[0] if len(problems) == 1 else "\n- ".join([head + ":", *problems])


def checked_driver(config: Config) -> tuple[Driver, list[str]]:
    """The driver of a configuration and its warnings about this host; raises UserError when it cannot work."""
    which = driver(config.vm_type)
    return which, which.check_host(config)


def creator_version(directory: str) -> str:
    """The version that made the instance, as version-dependent defaults want it (spec/runtime.md 1.3)."""
    if not paths.exists_as_instance(directory):
        return COMPATIBLE_WITH
    try:
        with open(os.path.join(directory, paths.LIMA_VERSION), encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except FileNotFoundError:
        return ""
