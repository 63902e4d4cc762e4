"""Go's field names, which Lima's templates use, for values spelled as in JSON (spec/config.md 4.3)."""

from collections.abc import Mapping

_SPECIAL = {
    "9p": "NineP",
    "autoStartedIdentifier": "AutoStartedIdentifier",
    "binfmt": "BinFmt",
    "caCerts": "CACertificates",
    "cpuType": "CPUType",
    "cpus": "CPUs",
    "dns": "DNS",
    "driverPID": "DriverPID",
    "forwardX11": "ForwardX11",
    "fsArgs": "FSArgs",
    "fsType": "FSType",
    "guest": "GuestFile",
    "host": "HostFile",
    "hostAgentPID": "HostAgentPID",
    "macAddress": "MACAddress",
    "network": "Networks",
    "os": "OS",
    "sftpDriver": "SFTPDriver",
    "ssh": "SSH",
    "sshAddress": "SSHAddress",
    "sshConfigFile": "SSHConfigFile",
    "sshLocalPort": "SSHLocalPort",
    "sshfs": "SSHFS",
    "timezone": "TimeZone",
    "tpm": "TPM",
    "uid": "UID",
    "url": "URL",
    "vmOpts": "VMOpts",
    "vmType": "VMType",
    "vnc": "VNC",
    "vzNAT": "VZNAT",
}
#: Below these the keys are the user's own.
_FREE_MAPS = frozenset({"vmOpts", "osOpts", "env", "param", "cpuType", "hosts"})


def go_name(key: str) -> str:
    """Go's name for a JSON key."""
    return _SPECIAL.get(key) or key[:1].upper() + key[1:]


def go_named(value: Mapping[str, object]) -> dict[str, object]:
    """The mapping with every key, at any depth, under Go's name."""
    return {go_name(key): item if key in _FREE_MAPS else _renamed(item) for key, item in value.items()}


def _renamed(value: object) -> object:
    if isinstance(value, Mapping):
        return go_named(value)
    if isinstance(value, list | tuple):
        return [_renamed(item) for item in value]
    return value
