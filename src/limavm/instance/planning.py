"""Decides one run of an instance and puts it on the disk: seed, `machine.json`, `ssh.config`, Ansible's inventory."""

import os
import secrets
import sys

from limavm.config.unsupported import without_later
from limavm.driver import Driver
from limavm.errors import UserError
from limavm.host import paths
from limavm.host.files import read_text, write_atomic
from limavm.host.net import free_port, free_tcp_port
from limavm.host.platform import facts
from limavm.images.build.recipe import ROOTFLAGS
from limavm.images.disk import disk_format
from limavm.instance.seeding import write_seed
from limavm.model.config import Config
from limavm.model.instance import hostname_of
from limavm.model.machine import Drive, Files, Run
from limavm.model.plan import Plan
from limavm.model.version import at_least
from limavm.ssh.client import client_facts, has_aes
from limavm.ssh.identities import existing_identities
from limavm.ssh.inventory import inventory_text
from limavm.ssh.options import options
from limavm.store.plan import load_plan, save_plan

_LEGACY_PORT = 60022


def write_plan(name: str, directory: str, config: Config, driver: Driver, data_disks: tuple[Drive, ...] = ()) -> Plan:
    """Plan the next run of an instance that does not run, and write all that its host agent needs.

    `data_disks` are locked for it.
    """
    host = facts()
    config = without_later(config)
    run = Run(
        name=name,
        directory=directory,
        ssh_port=config.ssh.local_port or _legacy_port(name, directory) or free_tcp_port(),
        machine_id=host.machine_id,
        files=_files(directory, data_disks),
        boot_token=f"boot-{secrets.token_hex(8)}",
    )
    dns_port = free_port() if config.host_resolver.enabled else 0
    plan = Plan(
        machine=driver.describe(config, run),
        config=config,
        ssh_options=tuple(ssh_options(config, directory, host.home)),
        fixed_ssh_port=config.ssh.local_port != 0,
        dns_udp_port=dns_port,
        dns_tcp_port=dns_port,
        agent_token=agent_token(directory),
    )
    write_seed(plan)
    save_plan(plan)
    inventory = inventory_text(name, hostname_of(name), os.path.join(directory, paths.SSH_CONFIG))
    write_atomic(os.path.join(directory, paths.ANSIBLE_INVENTORY), inventory.encode())
    return plan


def agent_token(directory: str) -> str:
    """The token that the guest's agent begins with, which stands on its disk, or a new one that is kept.

    It goes with the disk, to a clone and under another name as well: an agent that begins with another one
    refuses the host until the guest's boot scripts have started it again.
    """
    path = os.path.join(directory, paths.AGENT_TOKEN)
    if not (token := (read_text(path) or "").strip()):
        token = _last_token(directory) or secrets.token_hex(16)
        write_atomic(path, f"{token}\n".encode(), 0o600)
    return token


def _last_token(directory: str) -> str:
    """That of the run before, which an older version has kept nowhere else."""
    try:
        return load_plan(directory).agent_token
    except UserError:  # the first run, or a damaged file
        return ""


def _legacy_port(name: str, directory: str) -> int:
    """The port of ssh that Lima 1 gave to the instance `default`; 0 for all others (spec/runtime.md 3.2)."""
    version = (read_text(os.path.join(directory, paths.LIMA_VERSION)) or "").strip()
    return _LEGACY_PORT if name == "default" and not at_least(version, "2.0.0") else 0


def _files(directory: str, data_disks: tuple[Drive, ...]) -> Files:
    def has(name: str) -> bool:
        return os.path.exists(os.path.join(directory, name))

    return Files(
        disk_format=disk_format(os.path.join(directory, paths.DISK)) if has(paths.DISK) else None,
        iso=has(paths.ISO),
        kernel=has(paths.KERNEL),
        initrd=has(paths.INITRD),
        containerd_archive=has(paths.CONTAINERD_ARCHIVE),
        cmdline=_cmdline(directory, first=not has(paths.SERIAL_LOG)),
        data_disks=data_disks,
    )


def _cmdline(directory: str, *, first: bool) -> str:
    """The kernel's command line; at the first boot with what keeps a crash from emptying the files made just before.

    Without ssh host keys and network settings, which the guest believes to have, it could never be reached again: this
    was seen after a panic of an emulated kernel. A crash only takes away the last seconds when ext4 allocates at once.
    """
    text = (read_text(os.path.join(directory, paths.KERNEL_CMDLINE)) or "").strip()
    return text.replace(ROOTFLAGS, f"{ROOTFLAGS},nodelalloc") if first else text


def ssh_options(config: Config, directory: str, home: str) -> list[str]:
    """The options of ssh for an instance, asked of the installed client once and then remembered."""
    return options(
        user=config.user.name,
        ssh=config.ssh,
        identities=existing_identities(paths.config_dir(), home, config.ssh.load_dot_ssh_pub_keys),
        control_path=os.path.join(directory, paths.SSH_SOCK),
        client=client_facts(),
        aes=has_aes(),
        windows=sys.platform == "win32",
    )
