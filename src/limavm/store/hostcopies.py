"""The files of `copyToHost` on the host: where a guest may have been, and what goes when the instance stops."""

import logging
from collections.abc import Sequence

from limavm.host.planted import remove_safely
from limavm.model.config import Config

log = logging.getLogger(__name__)


def delete_copies(config: Config, directory: str) -> None:
    """Delete the host's files of the rules with `deleteOnStop`; what cannot be deleted is logged."""
    for rule in config.copy_to_host:
        if rule.delete_on_stop:
            try:
                if remove_safely(rule.host, distrusted_of(config, directory)):
                    log.info("Deleted %s, a copy from the guest", rule.host)
            except OSError as error:
                log.warning("a copy from the guest cannot be deleted: %s", error)


def distrusted_of(config: Config, directory: str) -> Sequence[str]:
    """Directories of the host below which a guest may have planted links; `directory` is the instance's."""
    return [directory, *(mount.location for mount in config.mounts if mount.writable)]
