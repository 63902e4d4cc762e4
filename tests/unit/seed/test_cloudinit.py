"""spec/runtime.md 6.3: user-data, meta-data and network-config, read back as YAML."""

from typing import Any

import msgspec
import pytest
import yaml

from limavm.model.config import Config, HostResolver, Provision
from limavm.seed import cloudinit
from limavm.seed.facts import SeedFacts
from tests.unit.seed.examples import CONFIG, FACTS, RICH, RICH_FACTS

replace = msgspec.structs.replace


def user_data(config: Config = CONFIG, facts: SeedFacts = FACTS) -> Any:
    return yaml.safe_load(cloudinit.user_data(config, facts))


def ethernets(config: Config = CONFIG, facts: SeedFacts = FACTS) -> Any:
    return yaml.safe_load(cloudinit.network_config(config, facts))["ethernets"]


def instance_id(config: Config = CONFIG, facts: SeedFacts = FACTS) -> str:
    return str(yaml.safe_load(cloudinit.meta_data(config, facts))["instance-id"])


@pytest.mark.parametrize(
    ("config", "facts"),
    [
        pytest.param(CONFIG, replace(FACTS, identity="other"), id="clone"),
        pytest.param(CONFIG, replace(FACTS, ssh_public_keys=("ssh-rsa AAAA",)), id="keys"),
        pytest.param(CONFIG, replace(FACTS, nics=RICH_FACTS.nics), id="network"),
        pytest.param(CONFIG, replace(FACTS, hostname="lima-new"), id="hostname"),
        pytest.param(replace(CONFIG, timezone="UTC"), FACTS, id="timezone"),
        pytest.param(replace(CONFIG, mount_type="9p", mounts=RICH.mounts), FACTS, id="mounts"),
    ],
)
def test_what_cloud_init_applies_once_makes_a_new_instance_of_it(config: Config, facts: SeedFacts) -> None:
    assert instance_id(config, facts) != instance_id()


def test_scripts_and_variables_of_each_boot_do_not_make_a_new_instance() -> None:
    config = replace(CONFIG, provision=(Provision(script="#!/bin/sh\n"),), env={"A": "b"})

    assert instance_id(config) == instance_id()


def test_a_boot_step_runs_with_its_own_interpreter_and_the_parameters() -> None:
    step = user_data(RICH, RICH_FACTS)["bootcmd"][2]

    assert step[:3] == ["env", "PARAM_Colour=it's blue", "PARAM_internal_netplanOptional=true"]
    assert step[3:5] == ["sh", "-c"]
    assert step[6:] == ["lima-boot-step", "00000000", "#!/bin/bash\nset -eu\necho 'early'\n", "/bin/bash"]


def test_a_password_is_asked_for_when_the_configuration_says_so() -> None:
    (user,) = user_data(RICH, RICH_FACTS)["users"]

    assert (user["sudo"], user["lock_passwd"]) == ("ALL=(ALL) ALL", False)


def test_certificates_are_trimmed() -> None:
    assert user_data(RICH, RICH_FACTS)["ca_certs"] == {
        "remove_defaults": True,
        "trusted": ["-----BEGIN CERTIFICATE-----\nMIIBqjCC\nAVCgAwIB\n-----END CERTIFICATE-----\n"],
    }


@pytest.mark.parametrize(("facts", "goes"), [(replace(RICH_FACTS, ca_certs=()), True), (RICH_FACTS, False)])
def test_without_any_certificate_to_trust_the_bundle_of_the_defaults_goes_too(facts: SeedFacts, goes: bool) -> None:
    commands = user_data(RICH, facts)["bootcmd"]

    assert any("/etc/ssl/certs/ca-certificates.crt" in command for command in commands) is goes


@pytest.mark.parametrize(
    ("config", "facts", "servers"),
    [
        (CONFIG, FACTS, ["192.168.5.3"]),
        (replace(CONFIG, dns=("1.1.1.1",)), FACTS, ["1.1.1.1"]),
        (CONFIG, replace(FACTS, vm_type="vz"), ["192.168.5.2"]),
        (
            replace(CONFIG, host_resolver=HostResolver(enabled=False)),
            replace(FACTS, host_dns=("10.0.0.1",)),
            ["10.0.0.1"],
        ),
        (replace(CONFIG, host_resolver=HostResolver(enabled=False)), FACTS, None),
    ],
)
def test_name_servers_come_from_the_first_source_that_applies(
    config: Config, facts: SeedFacts, servers: list[str] | None
) -> None:
    eth0 = ethernets(config, facts)["eth0"]

    assert user_data(config, facts).get("resolv_conf", {}).get("nameservers") == servers
    assert eth0.get("nameservers", {}).get("addresses") == servers


def test_only_the_first_nic_carries_name_servers() -> None:
    found = ethernets(RICH, RICH_FACTS)

    assert "nameservers" in found["eth0"]
    assert "nameservers" not in found["lima0"]
    assert found["lima0"]["match"] == {"macaddress": "52:55:55:aa:bb:cc"}


def test_reverse_sshfs_is_not_in_fstab() -> None:
    assert "mounts" not in user_data(replace(CONFIG, mounts=RICH.mounts))


def test_virtiofs_mounts_need_no_9p_options() -> None:
    mounts = user_data(replace(CONFIG, mount_type="virtiofs", mounts=RICH.mounts))["mounts"]

    # The other one has a blank in it, which cloud-init would not escape; a boot script takes care of it.
    assert [mount[1:] for mount in mounts] == [["/home/me", "virtiofs", "ro,nofail", "0", "0"]]
    assert len(mounts[0][0]) == 21
