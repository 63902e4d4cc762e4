"""Makes an instance from a template text: nothing, or all of it (spec/runtime.md 2.1)."""

import codecs
import os

from limavm import COMPATIBLE_WITH
from limavm.host import paths
from limavm.host.files import write_atomic
from limavm.instance.inspect import inspect
from limavm.instance.messagecheck import check_message
from limavm.instance.resolving import checked_driver, resolve_new
from limavm.instance.seeding import reference_copy
from limavm.model.instance import Instance
from limavm.model.report import Reporter
from limavm.store import instances


def create(name: str, text: bytes, *, report: Reporter, source: str | None = None) -> Instance:
    """Make the instance `name` from the text of its `lima.yaml`; `source` is where the lines of the text are.

    Raises UserError when the name, the text or the host will not do; nothing is left then.
    """
    paths.check_instance_name(name)
    target = paths.instance_dir(name)
    paths.check_socket_length(target)
    source = source or os.path.join(target, paths.LIMA_YAML)
    config, warnings = resolve_new(text, source=source, directory=target)
    check_message(config, source=source, directory=target)
    _, host_warnings = checked_driver(config)
    for warning in (*warnings, *host_warnings):
        report.warning(warning)
    with instances.created(name) as directory:
        # Lima takes a byte order mark for a part of the first key.
        write_atomic(os.path.join(directory, paths.LIMA_YAML), text.removeprefix(codecs.BOM_UTF8))
        write_atomic(os.path.join(directory, paths.LIMA_VERSION), COMPATIBLE_WITH.encode(), 0o444)
        write_atomic(os.path.join(directory, paths.CLOUD_CONFIG), reference_copy(config, name, target), 0o444)
    return inspect(name)
