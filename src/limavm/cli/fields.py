"""The fields of an instance as `list` prints them: JSON keys and the names of Go templates (spec/cli.md 9.4, 9.5)."""

from typing import Any

import msgspec

from limavm.host import paths
from limavm.instance.gonames import go_named
from limavm.model.instance import Instance

#: JSON key -> template field, in the order of the output.
TEMPLATE_NAMES = {
    "name": "Name",
    "hostname": "Hostname",
    "status": "Status",
    "dir": "Dir",
    "vmType": "VMType",
    "arch": "Arch",
    "cpus": "CPUs",
    "memory": "Memory",
    "disk": "Disk",
    "message": "Message",
    "additionalDisks": "AdditionalDisks",
    "network": "Networks",
    "sshLocalPort": "SSHLocalPort",
    "sshConfigFile": "SSHConfigFile",
    "hostAgentPID": "HostAgentPID",
    "driverPID": "DriverPID",
    "errors": "Errors",
    "config": "Config",
    "sshAddress": "SSHAddress",
    "protected": "Protected",
    "limaVersion": "LimaVersion",
    "param": "Param",
    "autoStartedIdentifier": "AutoStartedIdentifier",
}
#: What a template sees of a field that JSON leaves out.
_ZERO: dict[str, object] = {
    "name": "",
    "hostname": "",
    "status": "",
    "dir": "",
    "vmType": "",
    "arch": "",
    "protected": False,
    "limaVersion": "",
}
_ZERO_IN_TEMPLATES: dict[str, object] = {
    **_ZERO,
    **dict.fromkeys(("cpus", "memory", "disk", "sshLocalPort", "hostAgentPID", "driverPID"), 0),
    **dict.fromkeys(("message", "sshConfigFile", "sshAddress", "autoStartedIdentifier"), ""),
    "additionalDisks": [],
    "network": [],
    "errors": [],
    "param": {},
    "config": None,
}


def of(instance: Instance) -> dict[str, Any]:
    """The JSON object of an instance, with the four deprecated keys about the host."""
    return {**_ordered(instance, _ZERO), **_host()}


def template_data(instance: Instance) -> dict[str, Any]:
    """What a Go template for `--format` is executed on."""
    return {**go_named(_ordered(instance, _ZERO_IN_TEMPLATES)), **_host()}


def _ordered(instance: Instance, zero: dict[str, object]) -> dict[str, Any]:
    values = msgspec.to_builtins(instance)
    return {key: values.get(key, zero.get(key)) for key in TEMPLATE_NAMES if key in values or key in zero}


def _host() -> dict[str, str]:
    import platform
    import sys

    from limavm.model.arch import arch_of_machine

    return {
        "HostOS": {"win32": "windows"}.get(sys.platform, sys.platform.rstrip("0123456789")),
        "HostArch": arch_of_machine(platform.machine()),
        "LimaHome": paths.lima_home(),
        "IdentityFile": f"{paths.config_dir()}/user",
    }
