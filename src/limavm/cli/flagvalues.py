"""Values that flags often have, for completion (spec/cli.md 1.13)."""

from collections.abc import Callable, Iterable, Iterator, Sequence

_ARCHES = ("x86_64", "aarch64", "riscv64", "armv7l", "s390x", "ppc64le")
_SHELLS = ("/bin/bash", "/bin/zsh", "cmd.exe", "powershell.exe", "pwsh.exe")


def known(flag: str) -> list[str]:
    """The values to offer for the flag of this name, in order."""
    find = _VALUES.get(flag)
    return list(find()) if find else []


def _instances() -> Sequence[str]:
    from limavm.store.instances import names

    return names()


def _interfaces() -> list[str]:
    import socket

    return [name for _, name in socket.if_nameindex()]


def _modes() -> Sequence[str]:
    from limavm.model.network import MODES

    return MODES


def _cpus() -> Iterator[str]:
    from limavm.host.platform import facts

    host, count = facts().cpus, 1
    while count < host:
        yield str(count)
        count *= 2
    yield str(host)


def _memory() -> Iterator[str]:
    from limavm.host.platform import facts

    half, size = facts().memory / 2**31, 1
    if half < 1:
        yield "0.5"
        return
    while size <= half:
        yield str(size)
        size *= 2
    if size / 2 != half:
        yield f"{half:.1f}"


def _drivers() -> Sequence[str]:
    from limavm.driver import registry

    return registry.names()


_VALUES: dict[str, Callable[[], Iterable[str]]] = {
    "arch": lambda: _ARCHES,
    "condition": lambda: ("login", "boot"),
    "containerd": lambda: ("user", "system", "user+system", "none"),
    "cpus": _cpus,
    "disk": lambda: ("10", "30", "50", "100", "200"),
    "doc_type": lambda: ("man", "docsy", "markdown"),
    "form": lambda: ("cmd", "args", "options", "config"),
    "format": lambda: ("json", "yaml", "table"),
    "instance": _instances,
    "interface": _interfaces,
    "log_format": lambda: ("text", "json"),
    "log_level": lambda: ("trace", "debug", "info", "warn", "error"),
    "memory": _memory,
    "mode": _modes,
    "mount_type": lambda: ("reverse-sshfs", "9p", "virtiofs"),
    "network": lambda: ("lima:shared", "lima:bridged", "lima:host", "lima:user-v2", "vzNAT"),
    "port_forward": lambda: ("8080:80", "3000:3000", "8080:80,static=true"),
    "shell": lambda: _SHELLS,
    "ssh_port": lambda: ("60022",),
    "tunnel_type": lambda: ("socks",),
    "vm_type": _drivers,
}
