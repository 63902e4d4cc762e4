import re
from pathlib import Path
from typing import Any

import pytest

from limavm.cli.templates import visible_templates
from limavm.config.decode import decode
from limavm.images.build.location import parse_location
from limavm.model.arch import Arch
from tests.unit.config.conftest import lima_home as lima_home
from tests.unit.templates.catalogue import (
    ALIASES,
    IMAGES,
    MINIMUM,
    PLAIN,
    USABLE,
    bases,
    content,
    listed,
    text,
)


def images_of(name: str) -> list[dict[str, Any]]:
    found = content(name)["images"]
    assert isinstance(found, list)
    return found


def test_these_templates_there_are() -> None:
    names = [*USABLE, *ALIASES, *(f"_images/{name}" for name in IMAGES), "_default/mounts"]

    assert listed() == sorted(names)


def test_users_are_shown_all_but_the_building_blocks(lima_home: Path) -> None:
    aliases = [alias for alias in ALIASES if not alias.startswith("_")]

    assert visible_templates() == sorted([*USABLE, *aliases])


@pytest.mark.parametrize("name", listed())
def test_a_template_has_no_unknown_key_and_no_value_of_a_wrong_type(name: str) -> None:
    decoded = decode(text(name).encode(), name)

    assert decoded.problems == ()
    assert decoded.warnings == ()


@pytest.mark.parametrize("name", listed())
def test_the_file_of_a_template_says_what_it_is_and_has_clean_lines(name: str) -> None:
    lines = text(name).split("\n")

    assert re.match(r"# \w", lines[0])
    assert lines[-1] == ""
    assert lines[-2] != ""
    assert [line for line in lines if line != line.rstrip() or "\t" in line] == []
    assert [line for line in lines if len(line) > 120 and "://" not in line and "digest: " not in line] == []


@pytest.mark.parametrize("alias", ALIASES)
def test_an_alias_is_a_copy(alias: str) -> None:
    assert text(alias) == text(ALIASES[alias])


@pytest.mark.parametrize("name", USABLE)
def test_a_template_is_based_on_an_image_and_then_on_mounts(name: str) -> None:
    base = content(name).get("base", [])

    assert ([base] if isinstance(base, str) else base) == bases(name)


@pytest.mark.parametrize("name", USABLE)
def test_a_template_says_which_lima_it_needs(name: str) -> None:
    assert content(name).get("minimumLimaVersion") == MINIMUM.get(name, "2.0.0")


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_template_has_nothing_of_its_own(name: str) -> None:
    assert set(content(name)) == {"minimumLimaVersion", "base"}


def test_the_home_directory_is_mounted_to_be_read() -> None:
    assert content("_default/mounts") == {"mounts": [{"location": "~"}]}


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_template_has_images_and_the_quirks_of_the_distribution(name: str) -> None:
    found = content(f"_images/{name}")
    servers, quirks = IMAGES[name]

    locations = [image["location"] for image in found.pop("images")]
    assert {re.sub(r"^https?://([^/]+)/.*", r"\1", location) for location in locations} == set(servers.split())
    assert found == quirks


@pytest.mark.parametrize("name", [f"_images/{name}" for name in IMAGES])
def test_images_with_digests_come_first_and_later_ones_without_stand_in_for_one(name: str) -> None:
    groups: dict[tuple[object, ...], list[bool]] = {}
    for image in images_of(name):
        assert set(image) <= {"location", "arch", "digest", "variant", "archVariant"}
        assert image["arch"] in Arch.__members__.values()
        group = (image["arch"], image.get("variant"), image.get("archVariant"))
        groups.setdefault(group, []).append("digest" in image)

    for pinned in groups.values():
        assert pinned == sorted(pinned, reverse=True)
    if any("digest" in image for image in images_of(name)):
        assert all(pinned[0] for pinned in groups.values())


@pytest.mark.parametrize("name", listed())
def test_no_image_is_listed_twice(name: str) -> None:
    locations = [image["location"] for image in content(name).get("images") or () if "mmdebstrap:" not in str(image)]

    assert len(locations) == len(set(locations))


@pytest.mark.parametrize(
    ("name", "first", "others"),
    [
        ("ubuntu-22.04", "server", {"minimal"}),
        ("ubuntu-24.04", "server", {"minimal"}),
        ("ubuntu-26.04", "server", {"minimal"}),
        ("debian-12", "genericcloud", {"nocloud"}),
        ("debian-13", "genericcloud", {"nocloud"}),
    ],
)
@pytest.mark.parametrize("arch", ["x86_64", "aarch64"])
def test_a_distribution_of_several_variants_has_the_usual_one_first(
    name: str, first: str, others: set[str], arch: str
) -> None:
    variants = [image["variant"] for image in images_of(f"_images/{name}") if image["arch"] == arch]
    if (name, arch) == ("ubuntu-22.04", "aarch64"):
        others = set()

    assert variants[0] == first
    assert set(variants) == {first} | others


@pytest.mark.parametrize(("name", "level"), [("almalinux-10", "v2"), ("ubuntu-26.04", "v3")])
def test_another_level_of_x86_64_has_to_be_asked_for(name: str, level: str) -> None:
    found = [image.get("archVariant") for image in images_of(f"_images/{name}") if image["arch"] == "x86_64"]

    assert found[0] is None
    assert set(found) == {None, level}


@pytest.mark.parametrize(("name", "suite"), [("debian-12", "bookworm"), ("debian-13", "trixie")])
def test_the_last_resort_of_debian_is_a_local_build(name: str, suite: str) -> None:
    builds = images_of(f"_images/{name}")[-2:]

    assert [image["arch"] for image in builds] == ["x86_64", "aarch64"]
    for image in builds:
        assert parse_location(image["location"]).suite == suite
        assert image["variant"] == "genericcloud"


def test_the_page_on_templates_names_each_of_them_and_no_others() -> None:
    page = (Path(__file__).parents[3] / "docs" / "templates.md").read_text()
    tables = re.findall(r"^\| (`[^|]*) \|", page, re.MULTILINE)
    named = [name for cell in tables for name in re.findall(r"`([^`]+)`", cell)]

    assert sorted(named) == sorted([*USABLE, *(alias for alias in ALIASES if not alias.startswith("_"))])
    aliases = {(one, other) for cell in tables for one, other in re.findall(r"`([^`]+)` = (?=`([^`]+)`)", cell)}
    for one, other in aliases:
        assert ALIASES.get(one, one) == ALIASES.get(other, other)
