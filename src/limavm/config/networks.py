"""`$LIMA_HOME/_config/networks.yaml`: made when it is first needed, read, and asked by configurations.

What the text means is in `networktext`. Whoever makes or changes the file holds the lock of its directory,
so that the defaults of one command never replace what another one has just defined.
"""

import logging
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from limavm.config.checknetworks import check_defined
from limavm.config.errors import ConfigError, Problem
from limavm.config.flaw import Flaw, Flaws
from limavm.config.networktext import DecodedNetworks, decode_networks
from limavm.config.yamltext import MAX_BYTES
from limavm.errors import UserError
from limavm.gotemplate import render
from limavm.gotemplate.escapes import to_json
from limavm.host import paths, textfile
from limavm.host.files import locked, write_atomic
from limavm.model.config import Config
from limavm.model.host import HostFacts
from limavm.model.value import Value

log = logging.getLogger(__name__)

_SOCKET_VMNET = (
    "/opt/socket_vmnet/bin/socket_vmnet",
    "socket_vmnet",
    "/usr/local/opt/socket_vmnet/bin/socket_vmnet",
    "/opt/homebrew/opt/socket_vmnet/bin/socket_vmnet",
)


class NetworkCheck(Value, frozen=True, kw_only=True):
    """What is wrong with the networks of a configuration, and with networks.yaml itself."""

    flaws: tuple[Flaw, ...] = ()
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()


def check(config: Config, facts: HostFacts) -> NetworkCheck:
    """Compare the configuration with networks.yaml, which is read only when a network is named."""
    if not any(network.lima for network in config.networks):
        return NetworkCheck()
    try:
        found = load_networks(facts)
    except ConfigError as error:
        return NetworkCheck(problems=error.problems)
    except UserError as error:
        return NetworkCheck(problems=(Problem(message=error.message, source=networks_file()),))
    flaws = Flaws()
    check_defined(config.networks, found.networks, facts, flaws)
    return NetworkCheck(flaws=tuple(flaws.found), warnings=found.warnings)


def networks_file() -> str:
    """The path of networks.yaml."""
    return os.path.join(paths.config_dir(), paths.NETWORKS_YAML)


def load_networks(facts: HostFacts) -> DecodedNetworks:
    """The networks of this LIMA_HOME. Raises ConfigError with every problem of the file, and UserError."""
    source = networks_file()
    text = ensure_networks(source)
    return decode_networks(text, source, host_os=facts.os)


def ensure_networks(source: str) -> bytes:
    """The text of networks.yaml, which is made with the defaults when there is none.

    Where it cannot be made the defaults are as good: nothing needs the file itself.
    """
    found = textfile.read_if_any(source, MAX_BYTES)
    if found is not None:
        return found
    try:
        os.makedirs(os.path.dirname(source), 0o755, exist_ok=True)
        with held(source) as text:
            return text
    except OSError as error:
        log.warning("networks.yaml cannot be made, its defaults are used: %s", error.strerror)
        return default_text()


@contextmanager
def held(source: str) -> Iterator[bytes]:
    """The text of networks.yaml, made if need be, while no other command changes it.

    Raises OSError when it can be neither held nor made, UserError when it cannot be read.
    """
    with locked(os.path.dirname(source)):
        text = textfile.read_if_any(source, MAX_BYTES)
        if text is None:
            text = default_text()
            # A link that leads nowhere yet goes on being one.
            write_atomic(os.path.realpath(source), text, 0o644)
        yield text


def default_text(candidates: Iterable[str] = _SOCKET_VMNET) -> bytes:
    """The text of a new networks.yaml, with the path of socket_vmnet where it is installed."""
    with open(os.path.join(os.path.dirname(__file__), "networks.yaml"), encoding="utf-8") as file:
        template = file.read()
    return render(template, {"SocketVMNet": socket_vmnet(candidates)}, {"json": to_json}).encode()


def socket_vmnet(candidates: Iterable[str] = _SOCKET_VMNET) -> str:
    """The first program that exists, without symbolic links, since sudo is told its path; else the first name."""
    names = list(candidates)
    for name in names:
        if found := shutil.which(name):
            return os.path.realpath(found)
    return names[0]
