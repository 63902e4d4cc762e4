"""The environment variable that overrides `ssh.overVsock`, kept for old scripts (spec/config.md 1.7)."""

from msgspec.structs import replace

from limavm.config.layer import Layer

OVER_VSOCK = "LIMA_SSH_OVER_VSOCK"

_TRUE = ("1", "t", "T", "TRUE", "true", "True")
_FALSE = ("0", "f", "F", "FALSE", "false", "False")


def over_vsock(layer: Layer, value: str | None) -> tuple[Layer, list[str]]:
    """The layer with what the variable says, and warnings; `value` None or empty means it is not set."""
    if not value:
        return layer, []
    if value not in _TRUE + _FALSE:
        return layer, [f"{OVER_VSOCK} is {value!r}, which is neither true nor false, and is ignored"]
    warning = f"{OVER_VSOCK} is deprecated; set ssh.overVsock in the template instead"
    return replace(layer, ssh=replace(layer.ssh, over_vsock=value in _TRUE)), [warning]
