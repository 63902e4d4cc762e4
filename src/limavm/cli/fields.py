"""The fields of an instance as `list` prints them: JSON keys and the names of Go templates (spec/cli.md 9.4, 9.5)."""

from typing import Any

import msgspec

from limavm.errors import UserError
from limavm.host import paths
from limavm.host.platform import facts
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


class TemplateData(dict[str, Any]):
    """The fields of an instance; to ask for another one is an error, as it is with Lima's structs."""

    def get(self, key: str, default: Any = None) -> Any:
        """The field; raises UserError when there is none of that name."""
        if key not in self:
            raise UserError(f"an instance has no field {key!r}", hint="`limactl list --list-fields` shows them")
        return super().get(key, default)


def template_data(instance: Instance) -> TemplateData:
    """What a Go template for `--format` is executed on."""
    return TemplateData({**go_named(_ordered(instance, _ZERO_IN_TEMPLATES)), **_host()})


def _ordered(instance: Instance, zero: dict[str, object]) -> dict[str, Any]:
    values = msgspec.to_builtins(instance)
    return {key: values.get(key, zero.get(key)) for key in TEMPLATE_NAMES if key in values or key in zero}


def _host() -> dict[str, str]:
    host = facts()
    return {
        "HostOS": host.os,
        "HostArch": host.arch,
        "LimaHome": paths.lima_home(),
        "IdentityFile": f"{paths.config_dir()}/user",
    }
