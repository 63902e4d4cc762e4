"""One plain and one rich instance, for the tests of this directory."""

import msgspec

from limavm.model.arch import Arch
from limavm.model.config import CACerts, Config, Disk, Mount, NineP, Provision, User
from limavm.seed.facts import NIC, SeedFacts

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGl3bGRlc3Rrc3RyaW5nIHdpdGggMzIgYnl0ZXMh lima"
PEM = "-----BEGIN CERTIFICATE-----\n  MIIBqjCC\n\nAVCgAwIB \n-----END CERTIFICATE-----"

CONFIG = Config(
    vm_type="qemu",
    arch=Arch.X86_64,
    cpus=4,
    memory="4GiB",
    disk="100GiB",
    user=User(name="me", comment="", home="/home/me.guest", shell="/bin/bash", uid=1000),
    mount_type="reverse-sshfs",
    timezone="Europe/Berlin",
)

FACTS = SeedFacts(
    name="default",
    hostname="lima-default",
    identity="0123456789abcdef/home/me/.lima/default",
    boot_token="boot-1",
    ssh_public_keys=(KEY,),
    nics=(NIC(mac="52:55:55:0A:0b:0c", interface="eth0", metric=200),),
    host_home="/home/me",
)

RICH = msgspec.structs.replace(
    CONFIG,
    user=User(
        name="dev",
        comment="Dév, Eloper: the 'first'",
        home="/home/dev.guest",
        shell="/usr/bin/zsh",
        uid=501,
        passwordless_sudo=False,
    ),
    mount_type="9p",
    mounts=(
        Mount(location="/home/me", mount_point="/home/me"),
        Mount(location="/tmp/a b", mount_point="/tmp/a b", writable=True, ninep=NineP(msize="512KiB", cache="mmap")),
    ),
    additional_disks=(Disk(name="data"), Disk(name="swap", format=False, fs_type="swap", fs_args=("-f", "-c"))),
    provision=(
        Provision(mode="boot", script="#!/bin/bash\nset -eu\necho 'early'\n"),
        Provision(mode="system", script="#!/bin/sh\ntrue\n"),
        Provision(mode="data", content="x = 1\n", path="/etc/my/app.conf", owner="dev:dev", permissions="640"),
        Provision(mode="user", script="#!/usr/bin/env python3\nprint()\n"),
        Provision(mode="dependency", script="#!/bin/sh\ntrue\n", skip_default_dependency_resolution=True),
        Provision(mode="data", content="", path="/etc/once", overwrite=False),
    ),
    param={"Colour": "it's blue", "internal_netplanOptional": "true"},
    env={"EDITOR": "vi", "HTTP_PROXY": "http://user:pw@127.0.0.1:3128/", "no_proxy": "localhost"},
    upgrade_packages=True,
    dns=("9.9.9.9", "149.112.112.112"),
    ca_certs=CACerts(remove_defaults=True),
)

RICH_FACTS = msgspec.structs.replace(
    FACTS,
    name="rich",
    hostname="lima-rich",
    nics=(*FACTS.nics, NIC(mac="52:55:55:aa:bb:cc", interface="lima0", metric=100)),
    proxies={"https_proxy": "http://proxy.example:8080", "HTTPS_PROXY": "http://other.example"},
    ca_certs=(PEM,),
    udp_dns_local_port=40053,
    tcp_dns_local_port=40054,
    debug=True,
)
