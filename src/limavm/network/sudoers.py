"""The rules by which sudo lets a group manage the networks of macOS (spec/config.md 6.4). Pure.

The text is compared byte for byte with the installed one, by Lima as well: nothing of it may change.
"""

from limavm.model.network import USER_V2, Networks
from limavm.network.daemons import mkdir_command, start_command, stop_command


def sudoers(networks: Networks, *, installed: bool, root_group: str = "wheel") -> str:
    """The rules for all networks that need root; without their commands while socket_vmnet is not installed."""
    text = f"%{networks.group} ALL=(root:wheel) NOPASSWD:NOSETENV: {mkdir_command(networks)}\n"
    for name in sorted(networks.networks, key=str.encode):
        if networks.networks[name].mode == USER_V2:
            continue
        text += f'\n# Manage "{name}" network daemons\n'
        if installed:
            text += (
                f"\n%{networks.group} ALL=(root:{root_group}) NOPASSWD:NOSETENV: \\\n"
                f"    {start_command(networks, name)}, \\\n"
                f"    {stop_command(networks, name)}\n"
            )
    return text
