"""spec/runtime.md 6.2 to 6.5: what the seed carries, and what it refuses to carry."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import yaml

from limavm.errors import UserError
from limavm.model.config import Config, HostResolver, Mount, Provision
from limavm.seed.documents import cloud_config, documents
from limavm.seed.facts import SeedFacts
from tests.unit.seed.examples import CONFIG, FACTS, RICH, RICH_FACTS

replace = msgspec.structs.replace


def loaded(config: Config = CONFIG, facts: SeedFacts = FACTS, name: str = "user-data") -> Any:
    return yaml.safe_load(documents(config, facts)[name])


def environment(config: Config = CONFIG, facts: SeedFacts = FACTS, name: str = "lima.env") -> dict[str, str]:
    lines = documents(config, facts)[name].decode().splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


def instance_id(config: Config = CONFIG, facts: SeedFacts = FACTS) -> str:
    return str(loaded(config, facts, "meta-data")["instance-id"])


@pytest.mark.parametrize(("case", "config", "facts"), [("default", CONFIG, FACTS), ("rich", RICH, RICH_FACTS)])
@pytest.mark.parametrize(
    "name", ["user-data", "meta-data", "network-config", "lima.env", "param.env", "etc_environment"]
)
def test_the_documents_are_as_reviewed(
    case: str, config: Config, facts: SeedFacts, name: str, golden: Callable[[str, str], None]
) -> None:
    golden(f"seed/{case}/{name}", documents(config, facts)[name].decode())


def test_the_same_input_gives_the_same_files() -> None:
    assert documents(RICH, RICH_FACTS) == documents(RICH, RICH_FACTS)


def test_only_lima_env_differs_from_one_boot_to_the_next() -> None:
    first = documents(RICH, RICH_FACTS)
    second = documents(RICH, replace(RICH_FACTS, boot_token="boot-2", udp_dns_local_port=1, tcp_dns_local_port=2))

    assert {name for name in first if first[name] != second[name]} == {"lima.env"}


def test_names_fit_into_the_image() -> None:
    for name in documents(RICH, RICH_FACTS):
        assert all(len(part) <= 30 for part in name.split("/"))


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


def test_provisions_keep_their_place_in_the_list_as_number() -> None:
    files = documents(RICH, RICH_FACTS)

    assert files["provision.system/00000001"] == b"#!/bin/sh\ntrue\n"
    assert files["provision.data/00000002"] == b"x = 1\n"
    assert files["provision.user/00000003"].startswith(b"#!/usr/bin/env python3")
    assert files["provision.dependency/00000004"] == b"#!/bin/sh\ntrue\n"
    assert not any(name.startswith("provision.boot") for name in files)


def test_a_boot_step_runs_with_its_own_interpreter_and_the_parameters() -> None:
    interpreter, flag, script = loaded(RICH, RICH_FACTS)["bootcmd"][1]

    assert (interpreter, flag) == ("/bin/bash", "-c")
    assert script.startswith("export PARAM_Colour='it'\\''s blue'\n")
    assert script.endswith("echo 'early'\n")


def test_the_reference_copy_is_user_data_with_a_note() -> None:
    text = cloud_config(CONFIG, FACTS)

    assert text.startswith(b"#cloud-config\n# ")
    assert yaml.safe_load(text) == loaded()


def test_a_password_is_asked_for_when_the_configuration_says_so() -> None:
    (user,) = loaded(RICH, RICH_FACTS)["users"]

    assert (user["sudo"], user["lock_passwd"]) == ("ALL=(ALL) ALL", False)


def test_certificates_are_trimmed() -> None:
    assert loaded(RICH, RICH_FACTS)["ca_certs"] == {
        "remove_defaults": True,
        "trusted": ["-----BEGIN CERTIFICATE-----\nMIIBqjCC\nAVCgAwIB\n-----END CERTIFICATE-----\n"],
    }


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
    user_data = loaded(config, facts)
    eth0 = loaded(config, facts, "network-config")["ethernets"]["eth0"]

    assert user_data.get("resolv_conf", {}).get("nameservers") == servers
    assert eth0.get("nameservers", {}).get("addresses") == servers


def test_only_the_first_nic_carries_name_servers() -> None:
    ethernets = loaded(RICH, RICH_FACTS, "network-config")["ethernets"]

    assert "nameservers" in ethernets["eth0"]
    assert "nameservers" not in ethernets["lima0"]
    assert ethernets["lima0"]["match"] == {"macaddress": "52:55:55:aa:bb:cc"}


def test_reverse_sshfs_is_not_in_fstab() -> None:
    assert "mounts" not in loaded(replace(CONFIG, mounts=RICH.mounts))


def test_virtiofs_mounts_need_no_9p_options() -> None:
    mounts = loaded(replace(CONFIG, mount_type="virtiofs", mounts=RICH.mounts))["mounts"]

    assert [mount[1:] for mount in mounts] == [
        ["/home/me", "virtiofs", "ro,nofail", "0", "0"],
        ["/tmp/a b", "virtiofs", "rw,nofail", "0", "0"],
    ]
    assert len(mounts[0][0]) == 21


def test_the_hosts_home_is_named_when_it_is_mounted() -> None:
    assert environment()["LIMA_CIDATA_HOSTHOME_MOUNTPOINT"] == ""
    assert environment(RICH, RICH_FACTS)["LIMA_CIDATA_HOSTHOME_MOUNTPOINT"] == "/home/me"


def test_proxies_on_the_hosts_loopback_are_reached_through_the_gateway() -> None:
    found = environment(RICH, RICH_FACTS, "etc_environment")

    assert found["http_proxy"] == found["HTTP_PROXY"] == "http://user:pw@192.168.5.2:3128/"
    assert found["https_proxy"] == found["HTTPS_PROXY"] == "http://proxy.example:8080"
    assert found["no_proxy"] == found["NO_PROXY"] == "localhost"
    assert found["EDITOR"] == "vi"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://localhost:3128", "http://192.168.5.2:3128"),
        ("http://[::1]:3128/x", "http://192.168.5.2:3128/x"),
        ("http://127.8.9.1", "http://192.168.5.2"),
        ("http://10.0.0.1:3128", "http://10.0.0.1:3128"),
        ("localhost:3128", "localhost:3128"),
        ("http://[bad", "http://[bad"),
        ("http://localhost:port", "http://localhost:port"),
    ],
)
def test_a_proxy_url_that_is_not_understood_is_kept(url: str, expected: str) -> None:
    config = replace(CONFIG, env={"http_proxy": url})

    assert environment(config, name="etc_environment")["http_proxy"] == expected


def test_an_empty_proxy_variable_of_the_host_deletes_that_of_the_configuration() -> None:
    config = replace(CONFIG, env={"http_proxy": "http://a:1"})

    assert environment(config, replace(FACTS, proxies={"http_proxy": ""}), "etc_environment") == {}


def test_the_hosts_proxies_stay_outside_when_they_are_not_to_be_propagated() -> None:
    config = replace(CONFIG, propagate_proxy_env=False, env={"http_proxy": "http://a:1"})

    found = environment(config, replace(FACTS, proxies={"http_proxy": "http://b:2"}), "etc_environment")

    assert found["HTTP_PROXY"] == "http://a:1"


@pytest.mark.parametrize(
    ("config", "facts", "message"),
    [
        (replace(CONFIG, os="FreeBSD"), FACTS, "FreeBSD are not supported yet"),
        (replace(CONFIG, os="Windows"), FACTS, "Windows are not supported yet"),
        (replace(CONFIG, os="Darwin"), FACTS, "Darwin are not supported yet"),
        (
            replace(CONFIG, provision=(Provision(mode="yq", expression=".a=1", path="/a"),)),
            FACTS,
            "yq is not supported",
        ),
        (replace(CONFIG, user=replace(CONFIG.user, name="root")), FACTS, "cannot be root"),
        (replace(CONFIG, user=replace(CONFIG.user, uid=0)), FACTS, "cannot be root"),
        (replace(CONFIG, user=replace(CONFIG.user, name="a b")), FACTS, "not a name of a Linux user"),
        (replace(CONFIG, user=replace(CONFIG.user, home="")), FACTS, "not an absolute path"),
        (replace(CONFIG, user=replace(CONFIG.user, shell="")), FACTS, "not an absolute path"),
        (replace(CONFIG, user=replace(CONFIG.user, comment="a\nLIMA_CIDATA_UID=0")), FACTS, "line break"),
        (replace(CONFIG, env={"A": "b\nC=d"}), FACTS, "line break"),
        (replace(CONFIG, param={"A": "b\rd"}), FACTS, "line break"),
        (replace(CONFIG, mounts=(Mount(location="/a", mount_point="rel"),)), FACTS, "not an absolute path"),
        (CONFIG, replace(FACTS, name="a b"), "instance name"),
        (CONFIG, replace(FACTS, ssh_public_keys=()), "no public key"),
    ],
)
def test_what_would_make_a_guest_of_no_use_is_refused(config: Config, facts: SeedFacts, message: str) -> None:
    with pytest.raises(UserError, match=message):
        documents(config, facts)
