import re
from typing import Any

import pytest

from limavm.images.build.location import Location
from limavm.images.build.recipe import Recipe, parse_packages
from limavm.images.build.sources import Mirror
from limavm.model.arch import Arch


def recipe(**changes: Any) -> Recipe:
    values = {
        "location": Location(suite="trixie"),
        "arch": Arch.X86_64,
        "mirror": Mirror(archive="http://a.test/debian"),
        "packages": ("linux-image-cloud-@ARCH@", "sudo"),
        "files": "0" * 64,
    }
    return Recipe(**{**values, **changes})


def test_equal_inputs_have_the_same_key() -> None:
    assert recipe().key == recipe().key
    assert re.fullmatch("[0-9a-f]{64}", recipe().key)


@pytest.mark.parametrize(
    "changes",
    [
        {"location": Location(suite="bookworm")},
        {"location": Location(suite="trixie", include=("git",))},
        {"location": Location(suite="trixie", variant="standard")},
        {"arch": Arch.AARCH64},
        {"mirror": Mirror(archive="http://b.test/debian")},
        {"mirror": Mirror(archive="http://a.test/debian", security="http://s.test/")},
        {"packages": ("sudo",)},
        {"files": "1" * 64},
        {"revision": 0},
    ],
)
def test_every_input_changes_the_key(changes: dict[str, Any]) -> None:
    assert recipe(**changes).key != recipe().key


def test_packages_of_the_list_and_of_the_location_are_installed() -> None:
    location = Location(suite="trixie", include=("git", "sudo"))

    assert recipe(location=location, arch=Arch.AARCH64).include == ["git", "linux-image-cloud-arm64", "sudo"]


def test_the_guest_gets_updates_and_security_when_the_host_has_them() -> None:
    mirror = Mirror(archive="http://a.test/debian", updates=True, security="http://s.test/debian-security")

    assert recipe(mirror=mirror).apt_sources() == [
        "deb http://a.test/debian trixie main",
        "deb http://a.test/debian trixie-updates main",
        "deb http://s.test/debian-security trixie-security main",
    ]
    assert recipe().apt_sources() == ["deb http://a.test/debian trixie main"]


def test_the_root_is_named_by_a_uuid_that_follows_from_the_inputs() -> None:
    assert re.fullmatch("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}", recipe().uuid)
    assert f"root=UUID={recipe().uuid} " in recipe().cmdline()


def test_the_console_is_the_one_of_the_architecture() -> None:
    assert "console=ttyS0" in recipe().cmdline()
    assert "console=ttyAMA0" in recipe(arch=Arch.AARCH64).cmdline()


def test_the_kernel_of_an_emulated_pc_does_without_cmpxchg16b() -> None:
    assert "clearcpuid=cx16" in recipe().cmdline().split()
    assert "clearcpuid" not in recipe(arch=Arch.AARCH64).cmdline()


def test_security_mitigations_stay_on() -> None:
    assert "mitigations" not in recipe().cmdline()


def test_comments_and_empty_lines_are_no_packages() -> None:
    assert parse_packages("# title\n\nsudo # to become root\n  less\n") == ("sudo", "less")


def test_a_kernel_that_is_asked_for_takes_the_place_of_the_usual_one() -> None:
    location = Location(suite="trixie", include=("linux-image-amd64",))

    assert recipe(location=location).include == ["linux-image-amd64", "sudo"]
