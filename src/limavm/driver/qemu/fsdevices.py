"""The devices of virtiofs, on the command line and when they are plugged in later. Pure.

Where the board has PCI Express each device sits behind a port of its own, so that it can be taken away and put
back while the machine runs: after its daemon has died that is the only way to a session that works. A few more ports
are for directories that are added later.
"""

from limavm.driver.qemu.devices import escape
from limavm.model.arch import Arch
from limavm.model.machine import Machine, Share

#: Ports for shares that are added while the machine runs.
SPARE = 8
_WITH_PORTS = frozenset((Arch.X86_64, Arch.AARCH64, Arch.ARMV7L, Arch.RISCV64))
#: Where the ports begin on the root bus, eight to a slot.
_FIRST_SLOT = 0x10
_FUNCTIONS = 8
_SLOTS = 0x20
#: With these, the root bus has no place for another port.
MOST = (_SLOTS - _FIRST_SLOT) * _FUNCTIONS - SPARE

#: An option of several properties, as QMP takes it.
Properties = dict[str, str | int]


def ports(machine: Machine) -> int:
    """How many directories the machine can have by virtiofs at a time, 0 when their number is fixed."""
    if machine.share_type != "virtiofs" or machine.arch not in _WITH_PORTS:
        return 0
    return len(machine.shares) + SPARE


def socket_path(machine: Machine, index: int) -> str:
    """Where QEMU connects for a share."""
    return f"{machine.directory}/virtiofsd-{index}.sock"


def chardev_id(index: int) -> str:
    """What QEMU calls that connection."""
    return f"char-virtiofs-{index}"


def device_id(index: int) -> str:
    """What QEMU calls the device."""
    return f"share-{index}"


def device(machine: Machine, index: int, share: Share) -> Properties:
    """The device of a share."""
    return {
        "driver": "vhost-user-fs-pci",
        "id": device_id(index),
        **({"bus": _port(index)} if ports(machine) else {}),
        "queue-size": share.queue_size,
        "chardev": chardev_id(index),
        "tag": share.tag,
    }


def memory_args(machine: Machine) -> list[str]:
    """The guest's memory in a form that other processes can map.

    An anonymous file: unlike one in /dev/shm (Lima's way) it is limited by nothing but the memory of the host.
    """
    if machine.share_type != "virtiofs":
        return []
    memory = f"memory-backend-memfd,id=virtiofs-shm,size={machine.memory},share=on"
    return ["-object", memory, "-numa", "node,memdev=virtiofs-shm"]


def args(machine: Machine) -> list[str]:
    """All ports, and the devices of the shares that the machine has from the start."""
    found = [word for index in range(ports(machine)) for word in ("-device", _option(_port_properties(index)))]
    for index, share in enumerate(machine.shares):
        path = escape(socket_path(machine, index))
        found += ["-chardev", f"socket,id={chardev_id(index)},path={path}"]
        found += ["-device", _option(device(machine, index, share))]
    return found


def chardev_add(machine: Machine, index: int) -> dict[str, object]:
    """The arguments of `chardev-add` for a share."""
    address = {"type": "unix", "data": {"path": socket_path(machine, index)}}
    return {"id": chardev_id(index), "backend": {"type": "socket", "data": {"addr": address, "server": False}}}


def _port(index: int) -> str:
    return f"share-port-{index}"


def _port_properties(index: int) -> Properties:
    slot, function = divmod(index, _FUNCTIONS)
    return {
        "driver": "pcie-root-port",
        "id": _port(index),
        "bus": "pcie.0",
        "addr": f"{_FIRST_SLOT + slot:#x}.{function}",
        **({"multifunction": "on"} if function == 0 else {}),
        "chassis": index + 1,
        # Ranges of I/O ports are few, and no device of ours has any.
        "io-reserve": 0,
    }


def _option(properties: Properties) -> str:
    driver, *rest = properties.items()
    return ",".join([str(driver[1]), *(f"{name}={escape(str(value))}" for name, value in rest)])
