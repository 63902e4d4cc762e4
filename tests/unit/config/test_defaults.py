from pathlib import Path

import msgspec
import pytest

from limavm.config.defaults import mac_address
from limavm.model.arch import Arch
from limavm.model.config import Containerd, HostResolver, Mount, NineP
from tests.unit.config.conftest import ARM, LINUX, MAC, Resolve


def test_an_empty_template_has_every_default(resolved: Resolve) -> None:
    config = resolved().config

    assert (config.vm_type, config.os, config.arch) == ("qemu", "Linux", Arch.X86_64)
    assert (config.cpus, config.memory, config.disk) == (4, "4GiB", "100GiB")
    assert config.timezone == "Europe/Berlin"
    assert config.guest_install_prefix == "/usr/local"
    assert config.host_resolver == HostResolver(enabled=True, ipv6=False)
    assert config.propagate_proxy_env
    assert config.video.display == "none"
    assert config.mount_type is None
    flags = (config.plain, config.tpm, config.nested_virtualization, config.upgrade_packages, config.mount_inotify)
    assert not any(flags)
    assert (config.containerd.system, config.containerd.user) == (False, True)
    assert [archive.arch for archive in config.containerd.archives] == [Arch.X86_64, Arch.AARCH64]


def test_a_small_host_gives_what_it_has(resolved: Resolve) -> None:
    config = resolved(facts=msgspec.structs.replace(LINUX, cpus=2, memory=3 << 30)).config

    assert (config.cpus, config.memory) == (2, "1.5GiB")


@pytest.mark.parametrize(
    ("text", "attribute", "value"),
    [
        ("cpus: 0", "cpus", 4),
        ("memory: ''", "memory", "4GiB"),
        ("disk: ''", "disk", "100GiB"),
        ("os: ''", "os", "Linux"),
        ("os: default", "os", "Linux"),
        ("arch: default", "arch", Arch.X86_64),
        ("timezone: ''", "timezone", ""),
    ],
)
def test_some_values_mean_unset(resolved: Resolve, text: str, attribute: str, value: object) -> None:
    assert getattr(resolved(text).config, attribute) == value


@pytest.mark.parametrize(
    ("facts", "text", "vm_type"),
    [
        (LINUX, "", "qemu"),
        (MAC, "", "vz"),
        (MAC, "arch: x86_64", "qemu"),
        (msgspec.structs.replace(LINUX, os="windows"), "", "qemu"),
        (LINUX, "vmType: vz", "vz"),
    ],
)
def test_the_driver_follows_the_host_and_the_architecture(
    resolved: Resolve, facts: object, text: str, vm_type: str
) -> None:
    assert resolved(text, facts=facts).config.vm_type == vm_type


def test_images_have_the_architecture_of_the_guest(resolved: Resolve) -> None:
    image = "images: [{location: /x}, {location: /y, arch: s390x, kernel: {location: /k}}]\n"

    one, two = resolved("arch: aarch64", image=image).config.images

    assert one.arch == Arch.AARCH64
    assert two.arch == Arch.S390X
    assert two.kernel is not None
    assert two.kernel.arch == Arch.S390X


@pytest.mark.parametrize(("arch", "user"), [("aarch64", True), ("riscv64", False)])
def test_containerd_is_for_the_common_architectures(resolved: Resolve, arch: str, user: bool) -> None:
    assert resolved(f"arch: {arch}").config.containerd.user is user


def test_archives_of_a_template_replace_the_built_in_ones(resolved: Resolve) -> None:
    text = "containerd: {archives: [{location: /n.tar.gz}]}"

    (archive,) = resolved(text, facts=ARM).config.containerd.archives

    assert (archive.location, archive.arch) == ("/n.tar.gz", Arch.AARCH64)


def test_mounts_are_expanded_and_have_their_defaults(resolved: Resolve, tmp_path: Path) -> None:
    text = f"""
mounts:
- location: {tmp_path}/../{tmp_path.name}/
- location: "{{{{.Dir}}}}/data"
  mountPoint: "{{{{.Home}}}}/data"
  writable: true
- location: "~/x"
"""

    one, two, three = resolved(text).config.mounts

    assert one == Mount(location=str(tmp_path), mount_point=str(tmp_path))
    assert two.location.endswith("/lima/dev/data")
    assert two.mount_point == "/home/jane.guest/data"
    assert two.ninep == NineP(cache="mmap")
    assert (three.location, three.mount_point) == ("/home/jane/x", "/home/jane/x")


def test_mounts_of_one_mount_point_are_combined_weakest_first(resolved: Resolve) -> None:
    config = resolved(
        "mounts: [{location: /b, mountPoint: /a, writable: true}, {location: /c}]",
        default="mounts: [{location: /a, sshfs: {cache: false}}]",
        override="mounts: [{location: /a, 9p: {msize: 1MiB}}]",
    ).config

    assert [(mount.location, mount.mount_point) for mount in config.mounts] == [("/a", "/a"), ("/c", "/c")]
    assert config.mounts[0].writable
    assert not config.mounts[0].sshfs.cache
    assert config.mounts[0].ninep.msize == "1MiB"


def test_windows_paths_become_guest_paths(resolved: Resolve) -> None:
    facts = msgspec.structs.replace(LINUX, os="windows", home="C:\\Users\\jane")

    (mount,) = resolved("mounts: [{location: '~'}]", facts=facts).config.mounts

    assert (mount.location, mount.mount_point) == ("C:\\Users\\jane", "/c/Users/jane")


def test_networks_have_names_and_stable_addresses(resolved: Resolve) -> None:
    text = "networks: [{lima: user-v2}, {lima: user-v2, interface: x0, metric: 5}, {lima: user-v2, macAddress: a}]"

    found = resolved(text.replace("a}", "'aa:bb:cc:dd:ee:ff'}")).config.networks

    assert [(network.interface, network.metric) for network in found] == [("lima0", 100), ("x0", 5), ("lima2", 100)]
    assert found[0].mac_address.startswith("52:55:55:")
    assert found[0].mac_address != found[1].mac_address
    assert found[2].mac_address == "aa:bb:cc:dd:ee:ff"
    assert found == resolved(text.replace("a}", "'aa:bb:cc:dd:ee:ff'}")).config.networks


def test_an_address_depends_on_the_host_and_the_name() -> None:
    other = msgspec.structs.replace(LINUX, machine_id="other")

    assert len({mac_address(LINUX, "a"), mac_address(LINUX, "b"), mac_address(other, "a")}) == 3


def test_provisioning_has_the_defaults_of_its_mode(resolved: Resolve) -> None:
    text = """
provision:
- script: 'echo {{.User}}'
- {mode: data, path: '{{.Home}}/f', content: '{{.Param.p}}'}
- {mode: yq, path: /f, expression: .a, owner: '{{.User}}', permissions: 0640}
param: {p: v}
"""

    script, data, edit = resolved(text).config.provision

    assert (script.mode, script.script, script.owner, script.overwrite) == ("system", "echo jane", None, None)
    assert (data.path, data.content, data.owner) == ("/home/jane.guest/f", "v", "root:root")
    assert (data.permissions, data.overwrite, data.format) == ("644", True, None)
    assert (edit.owner, edit.permissions, edit.format, edit.overwrite) == ("jane", "416", "auto", None)


def test_packages_are_resolved_by_default_where_dependencies_are_installed(resolved: Resolve) -> None:
    steps = resolved("provision: [{mode: dependency, script: x}, {script: x}]").config.provision

    assert [step.skip_default_dependency_resolution for step in steps] == [False, None]


@pytest.mark.parametrize("key", ["os", "arch"])
@pytest.mark.parametrize("value", ["default", "''"])
def test_an_override_can_ask_for_the_default(resolved: Resolve, key: str, value: str) -> None:
    config = resolved("os: FreeBSD\narch: s390x", override=f"{key}: {value}").config

    assert (config.os, config.arch) == (("Linux", "s390x") if key == "os" else ("FreeBSD", "x86_64"))


def test_probes_are_counted_in_their_description(resolved: Resolve) -> None:
    probes = resolved("probes: [{script: '#!a'}, {script: '#!b', description: B}, {script: '#!c'}]").config.probes

    assert [probe.description for probe in probes] == ["user probe 1/3", "B", "user probe 3/3"]


def test_plain_mode_drops_what_needs_the_guest_agent(resolved: Resolve) -> None:
    config = resolved(
        """
plain: true
mounts: [{location: /tmp}]
containerd: {system: true}
portForwards: [{guestPort: 80}, {guestPort: 81, static: true}]
probes: [{script: '#!x'}]
networks: [{lima: user-v2}]
"""
    ).config

    assert config.mounts == ()
    assert [rule.guest_port for rule in config.port_forwards] == [81]
    assert (config.containerd.system, config.containerd.user, config.timezone) == (False, False, "")
    assert config.probes
    assert config.networks
    assert isinstance(config.containerd, Containerd)


def test_the_layers_are_folded_with_the_override_on_top(resolved: Resolve) -> None:
    config = resolved("cpus: 2\nmemory: 2GiB", default="cpus: 1\ndisk: 1GiB", override="memory: 3GiB").config

    assert (config.cpus, config.memory, config.disk) == (2, "3GiB", "1GiB")


def test_an_unknown_host_still_runs_common_guests(resolved: Resolve) -> None:
    assert resolved(facts=msgspec.structs.replace(LINUX, arch="loongarch64")).config.arch == Arch.X86_64


def test_maps_are_in_the_order_of_their_keys(resolved: Resolve) -> None:
    config = resolved("""\
env: {b: 1, a: 2}
hostResolver: {hosts: {z.example: 1.1.1.1, y.example: 2.2.2.2}}
vmOpts: {qemu: {minimumVersion: 8.0.0, cpuType: {x86_64: max, aarch64: max}}}
""").config

    assert list(config.env) == ["a", "b"]
    assert list(config.host_resolver.hosts) == ["y.example", "z.example"]
    assert list(config.vm_opts["qemu"]) == ["cpuType", "minimumVersion"]
    assert list(config.vm_opts["qemu"]["cpuType"]) == ["aarch64", "x86_64"]
