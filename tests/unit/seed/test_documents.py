"""spec/runtime.md 6.2 and the end of 6.4: what the seed carries, and what it refuses to carry."""

from collections.abc import Callable

import msgspec
import pytest
import yaml

from limavm.errors import UserError
from limavm.model.config import Config, Mount, Provision
from limavm.seed.documents import cloud_config, documents
from limavm.seed.facts import SeedFacts
from tests.unit.seed.examples import CONFIG, FACTS, RICH, RICH_FACTS

replace = msgspec.structs.replace


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


def test_provisions_keep_their_place_in_the_list_as_number() -> None:
    files = documents(RICH, RICH_FACTS)

    assert files["provision.system/00000001"] == b"#!/bin/sh\ntrue\n"
    assert files["provision.data/00000002"] == b"x = 1\n"
    assert files["provision.user/00000003"].startswith(b"#!/usr/bin/env python3")
    assert files["provision.dependency/00000004"] == b"#!/bin/sh\ntrue\n"
    assert not any(name.startswith("provision.boot") for name in files)


def test_edits_by_yq_bring_their_program_and_their_variables() -> None:
    step = Provision(mode="yq", expression=".a = 1", path="/etc/a.json", format="json", owner="dev:dev")
    files = documents(replace(CONFIG, provision=(step,)), replace(FACTS, yq=b"program"))

    assert files["provision.yq/00000000"] == b".a = 1"
    assert files["lima-yq"] == b"program"
    assert [line for line in files["lima.env"].decode().splitlines() if "YQ_P" in line] == [
        "LIMA_CIDATA_YQ_PROVISION_00000000_FORMAT=json",
        "LIMA_CIDATA_YQ_PROVISION_00000000_OWNER=dev:dev",
        "LIMA_CIDATA_YQ_PROVISION_00000000_PATH=/etc/a.json",
        "LIMA_CIDATA_YQ_PROVISION_00000000_PERMISSIONS=644",
    ]
    assert b"\nLIMA_CIDATA_YQ_DIGEST=1310ca2c8932dbd1\n" in files["lima.env"]


def test_the_reference_copy_is_user_data_with_a_note() -> None:
    text = cloud_config(CONFIG, FACTS)

    assert text.startswith(b"#cloud-config\n# ")
    assert yaml.safe_load(text) == yaml.safe_load(documents(CONFIG, FACTS)["user-data"])


@pytest.mark.parametrize(
    ("config", "facts", "message"),
    [
        (replace(CONFIG, os="FreeBSD"), FACTS, "FreeBSD are not supported yet"),
        (replace(CONFIG, os="Windows"), FACTS, "Windows are not supported yet"),
        (replace(CONFIG, os="Darwin"), FACTS, "Darwin are not supported yet"),
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


def test_the_copy_for_reading_is_refused_as_well_for_a_guest_of_no_use() -> None:
    with pytest.raises(UserError, match="cannot be root"):
        cloud_config(replace(CONFIG, user=replace(CONFIG.user, uid=0)), FACTS)


@pytest.mark.parametrize(
    ("change", "marked"),
    [
        ({}, True),
        ({"upgrade_packages": True}, False),
        ({"provision": (Provision(mode="boot", script="#!/bin/sh\ntrue"),)}, False),
        ({"provision": (Provision(mode="system", script="#!/bin/sh\ntrue"),)}, True),
    ],
)
def test_a_seed_says_whether_later_boots_need_cloud_init(change: dict[str, object], marked: bool) -> None:
    found = documents(msgspec.structs.replace(CONFIG, **change), FACTS)

    assert ("cloud-init.once" in found) is marked
