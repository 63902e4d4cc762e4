"""Brings an instance's disks in place before a start (spec/runtime.md 2.2)."""

from limavm.driver import registry
from limavm.errors import UserError
from limavm.images.disk import ensure_disk
from limavm.images.prepare import check_local
from limavm.images.prepare import prepare as prepare_images
from limavm.instance.containerd import ensure_containerd, with_packages
from limavm.instance.resolving import checked_driver, resolve_and_cache
from limavm.model.config import Config
from limavm.model.report import Reporter
from limavm.model.size import parse_size
from limavm.store import instances
from limavm.store.timings import Recorder


def prepare(name: str, *, report: Reporter) -> None:
    """Download or build what the instance `name` starts from, so that a start needs no network."""
    with instances.exclusive(name) as directory:
        config, _ = resolve_and_cache(directory)
        prepare_locked(config, directory, report, Recorder(directory))


def prepare_locked(config: Config, directory: str, report: Reporter, recorder: Recorder) -> None:
    """The same for a caller that holds the instance."""
    checked_driver(config)
    if not config.images:
        raise UserError("the configuration has no image", where="images", hint="see `limactl start --list-templates`")
    with recorder.phase("image"):
        # First: nobody waits for a large archive, to be told then that a file of the own host is not there.
        check_local(config.images, config.arch, directory)
        ensure_containerd(config, directory, report)
        prepare_images(with_packages(config.images, config, directory), config.arch, directory, report)
        registry.prepare(config.vm_type, config, directory, report)
    with recorder.phase("disk"):
        ensure_disk(directory, parse_size(config.disk))
