"""`ansible-inventory.yaml` of an instance: `ansible -i INVENTORY lima -m ping` reaches the guest over its `ssh.config`.

Pure. The group and the variables are those of spec/cli.md 4.6; values are written as JSON, which is YAML too.
"""

import json
from shlex import quote


def inventory_text(name: str, hostname: str, ssh_config: str) -> str:
    """The inventory for the instance `name`, which `ssh_config` knows as `hostname`."""
    variables = {
        "ansible_connection": "ssh",
        "ansible_host": hostname,
        # Ansible splits this as a shell does.
        "ansible_ssh_common_args": f"-F {quote(ssh_config)}",
    }
    lines = [f"      {key}: {json.dumps(value)}" for key, value in variables.items()]
    return "\n".join(["lima:", "  hosts:", f"    {json.dumps(name)}:", *lines]) + "\n"
