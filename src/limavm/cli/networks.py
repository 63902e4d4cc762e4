"""The networks of networks.yaml as commands show and change them."""

import json
import os
import re
from collections.abc import Mapping, Sequence

import msgspec

from limavm.cli import logbridge, logs
from limavm.config.networks import ensure_networks, held, load_networks, networks_file
from limavm.config.networktext import decode_networks
from limavm.errors import UserError
from limavm.host import textfile
from limavm.host.paths import identifier_error
from limavm.host.platform import facts
from limavm.model.network import BRIDGED, SharedNetwork, prefix_length
from limavm.yq import edit

# A networks.yaml that cannot be made is told through `logging`.
logbridge.install()


def defined() -> dict[str, SharedNetwork]:
    """All networks by their names; what is odd about networks.yaml is logged."""
    found = load_networks(facts())
    for warning in found.warnings:
        logs.warning(warning)
    return found.networks.networks


def as_json(name: str, network: SharedNetwork) -> dict[str, str]:
    """A network as `list --json` prints it."""
    return {"name": name, "mode": network.mode, **msgspec.to_builtins(network)}


def cells(network: SharedNetwork) -> tuple[str, str, str]:
    """Mode, gateway and interface for the table."""
    gateway = network.gateway
    if gateway and network.netmask and ":" not in gateway + network.netmask:
        length = prefix_length(network.netmask)
        bare = "".join(f"{int(part):02x}" for part in network.netmask.split("."))
        gateway += f"/{bare if length is None else length}"
    return network.mode, gateway or "-", network.interface or "-"


def entry(mode: str, gateway: str, interface: str) -> dict[str, str]:
    """What networks.yaml says of a new network; raises UserError for what the mode does not take."""
    if mode == BRIDGED:
        if gateway:
            raise UserError("a bridged network has the gateway of the network that it is on", hint="omit --gateway")
        if not interface:
            raise UserError("a bridged network needs the interface that it is on", hint="name it with --interface")
        return {"mode": mode, "interface": interface}
    if interface:
        raise UserError(f"a network of the mode {mode!r} is on no interface", hint="omit --interface")
    if not gateway:
        message = f"a network of the mode {mode!r} needs an address"
        raise UserError(message, hint="give it by --gateway, such as 192.168.42.1/24")
    address, netmask = _address(gateway)
    return {"mode": mode, "gateway": address, "netmask": netmask, "interface": ""}


def _address(gateway: str) -> tuple[str, str]:
    """The address and the netmask of `ADDRESS[/LENGTH]`."""
    import ipaddress

    text = gateway if "/" in gateway else f"{gateway}/24"
    try:
        if not re.fullmatch(r"[0-9a-fA-F.:]+/[0-9]{1,3}", text):
            raise ValueError(f"{gateway!r} is no address with a length")
        found = ipaddress.ip_interface(text)
    except ValueError as error:
        raise UserError(f"the gateway is wrong: {error}", where="--gateway", hint="such as 192.168.42.1/24") from error
    if found.ip.is_unspecified or found.ip.is_loopback:
        raise UserError(f"{found.ip} cannot be the address of a gateway", where="--gateway")
    return str(found.ip), str(found.netmask)


def create(name: str, network: Mapping[str, str]) -> None:
    """Add a network to networks.yaml; raises UserError when it has one of that name."""
    if problem := identifier_error(name):
        raise UserError(problem, where="network name", hint="use a name such as `dev` or `web-1`")
    if name in defined():
        raise UserError(f"there is a network {name!r} already", hint="`limactl network list` shows them")
    _edit([f".networks.{json.dumps(name)} = {json.dumps(dict(network))}"], absent=name)


def delete(names: Sequence[str]) -> list[str]:
    """Remove networks from networks.yaml; returns the names that it did not have."""
    path = networks_file()
    if not os.path.exists(path):
        return list(names)
    known = decode_networks(ensure_networks(path), path, host_os=facts().os).networks.networks
    present = [name for name in dict.fromkeys(names) if name in known]
    if present:
        _edit([f"del(.networks[{json.dumps(name)}])" for name in present])
    return [name for name in dict.fromkeys(names) if name not in known]


def _edit(expressions: Sequence[str], *, absent: str | None = None) -> None:
    """Change networks.yaml, which must be as good afterwards as before; `absent` must not have come meanwhile."""
    path = networks_file()
    try:
        with held(path) as text:
            if absent in decode_networks(text, path, host_os="").networks.networks:
                raise UserError(f"another command has just made the network {absent!r}")
            changed = edit.apply(text, expressions, source=path)
            decode_networks(changed, path, host_os="")
            textfile.write(path, changed)
    except OSError as error:
        raise UserError(f"the networks cannot be changed: {error.strerror}", where=path) from error


def users(names: Sequence[str]) -> dict[str, list[str]]:
    """For each of the networks, the instances that name it, where there are any."""
    from limavm.instance.inspect import inspect
    from limavm.store.instances import names as instance_names

    found: dict[str, list[str]] = {}
    for instance in instance_names():
        try:
            wanted = {network.lima for network in inspect(instance).networks}
        except UserError:
            continue  # it is broken, or vanishes: it uses nothing
        for name in names:
            if name in wanted:
                found.setdefault(name, []).append(instance)
    return found
