"""How `limactl shell` reaches an instance by ssh, for `show-ssh` and `tunnel`: its options, address and port."""

import os
import sys
from collections.abc import Mapping

from limavm.errors import UserError
from limavm.host import paths
from limavm.instance.connection import known_config, ssh_program
from limavm.model.instance import Instance
from limavm.model.value import Value
from limavm.ssh.client import client_facts
from limavm.ssh.client_cache import has_aes
from limavm.ssh.identities import existing_identities
from limavm.ssh.options import options, without_control


class Reach(Value, frozen=True, kw_only=True):
    """`program` is ssh with its first arguments, `options` are `Key=Value` texts."""

    hostname: str
    address: str
    port: int
    program: tuple[str, ...]
    options: tuple[str, ...]

    @property
    def all_options(self) -> list[str]:
        """The options, with those that say where the instance is."""
        return [*self.options, f"Hostname={self.address}", f"Port={self.port}"]


def reach(instance: Instance, environment: Mapping[str, str]) -> Reach:
    """The way to an instance that was inspected; raises UserError when it cannot be known."""
    hint = f"`limactl start {instance.name}` chooses one; if it is starting, try again in a moment"
    config = known_config(instance, hint)
    program = ssh_program(environment)
    values = options(
        user=config.user.name,
        ssh=config.ssh,
        identities=existing_identities(paths.config_dir(), _home(), config.ssh.load_dot_ssh_pub_keys),
        control_path=os.path.join(instance.dir, paths.SSH_SOCK),
        client=client_facts(program),
        aes=has_aes(),
        windows=sys.platform == "win32",
    )
    if sys.platform == "win32":
        values = without_control(values)
    return Reach(
        hostname=instance.hostname,
        address=instance.ssh_address,
        port=instance.ssh_local_port,
        program=tuple(program),
        options=tuple(values),
    )


def _home() -> str:
    try:
        return paths.user_home()
    except UserError:
        return ""
