"""Who holds a port of the host that a forward wants, in words: `nginx (PID 71)`.

Another instance is named: that two of them want one port is what happens most.
"""

import asyncio
import os

from limavm.host import paths
from limavm.host.platform.portowner import Owner, port_owner
from limavm.hostagent.forwarding.portrules.addresses import parsed_place
from limavm.model.forward import Forward
from limavm.model.printable import printable


async def holder(forward: Forward) -> str:
    """Who listens where the forward should; empty when that cannot be found out."""
    place = parsed_place(forward.host)
    if place is None:
        return ""
    protocol = "udp" if forward.protocol == "udp" else "tcp"
    owner = await asyncio.to_thread(port_owner, protocol, place.ip, place.port)
    return described(owner, paths.lima_home()) if owner else ""


def described(owner: Owner, home: str) -> str:
    """The words for an owner; `home` is the directory of all instances."""
    if not owner.pid:
        return f"a process of the user {owner.user}"
    name = printable(owner.name[:64]) or "a process"
    words = f"{name} (PID {owner.pid})"
    if owner.pid == os.getpid():
        return f"this instance: {words}"
    instance = instance_in(owner.argv, home)
    return f"the instance {instance!r}: {words}" if instance else words


def instance_in(argv: tuple[str, ...], home: str) -> str:
    """The instance whose files a command line names; empty when it names none."""
    prefix = home + os.sep
    for argument in argv:
        for part in argument.split(prefix)[1:]:
            name, separator, _ = part.partition(os.sep)
            if separator and paths.is_instance_name(name):
                return name
    return ""
