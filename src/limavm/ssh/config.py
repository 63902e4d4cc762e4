"""`ssh.config` of an instance: for `ssh -F`, and for editors that connect by a config file.

Pure; the caller writes it with mode 0600. Format: spec/runtime.md 3.8 and ssh_config(5).
"""

from collections.abc import Sequence

from limavm.errors import UserError
from limavm.ssh.options import without_control

_HEADER = """\
# Connect to this instance with: ssh -F <this file> {hostname}
# An editor takes it as a config file of its own, or through an `Include` line in ~/.ssh/config.
# limactl writes it at each start; changes are lost.
"""


def config_text(hostname: str, options: Sequence[str], address: str, port: int, *, windows: bool = False) -> str:
    """The text for `Host HOSTNAME` with the options of `options.options`.

    Raises UserError for a value with a line break.
    """
    pairs = [option.partition("=") for option in (without_control(options) if windows else options)]
    lines = [f"  {key} {value}" for key, _, value in pairs]
    lines += [f"  Hostname {address}", f"  Port {port}"]
    if any("\n" in line or "\r" in line for line in [hostname, *lines]):
        raise UserError("an ssh option contains a line break", where="ssh.config")
    return _HEADER.format(hostname=hostname) + "\n".join([f"Host {hostname}", *lines]) + "\n"
