from pathlib import Path

import msgspec
import pytest

from limavm.model.config import User
from tests.unit.config.conftest import LINUX, ROOT, Resolve


def test_the_guest_user_is_the_user(resolved: Resolve) -> None:
    assert resolved().config.user == User(
        name="jane", comment="Jane Doe", home="/home/jane.guest", shell="/bin/bash", uid=1234, passwordless_sudo=True
    )


def test_the_guest_user_of_root_is_lima_and_a_warning_says_so_once(resolved: Resolve) -> None:
    result = resolved(facts=ROOT)

    assert (result.config.user.name, result.config.user.uid) == ("lima", 1000)
    assert result.config.user.home == "/home/lima.guest"
    assert [warning for warning in result.warnings if "root" in warning] == [
        "limactl runs as root: the user of the guest is 'lima' with uid 1000"
    ]


def test_root_may_name_the_guest_user_without_a_warning(resolved: Resolve) -> None:
    result = resolved("user: {name: bob, uid: 5}", facts=ROOT)

    assert (result.config.user.name, result.config.user.uid, result.warnings) == ("bob", 5, ())


@pytest.mark.parametrize("name", ["Jane", "jane.doe", "1jane", "", "jané", "admin"])
def test_a_name_that_guests_cannot_have_is_replaced(resolved: Resolve, name: str) -> None:
    result = resolved(facts=msgspec.structs.replace(LINUX, user_name=name))

    assert result.config.user.name == "lima"
    assert len(result.warnings) == 1


def test_a_name_that_was_given_is_not_checked(resolved: Resolve) -> None:
    assert resolved("user: {name: admin}").config.user.name == "admin"


@pytest.mark.parametrize(
    ("text", "home"),
    [
        ("user: {home: '/srv/{{.User}}'}", "/srv/jane"),
        ("user: {home: '/h/{{.Name}}/{{.UID}}'}", "/h/dev/1234"),
        ("user: {home: '{{.Home}}x'}", "{{.Home}}xx"),
        ("user: {home: '/h/{{.Nothing}}'}", "/h/<no value>"),
    ],
)
def test_the_home_directory_is_a_template(resolved: Resolve, text: str, home: str) -> None:
    assert resolved(text).config.user.home == home


@pytest.mark.parametrize(
    ("guest_os", "shell", "home", "sudo"),
    [
        ("FreeBSD", "/bin/sh", "/home/jane.guest", True),
        ("Darwin", "/bin/zsh", "/Users/jane.guest", False),
        ("Windows", "cmd.exe", "/home/jane.guest", True),
    ],
)
def test_other_systems_have_other_users(resolved: Resolve, guest_os: str, shell: str, home: str, sudo: bool) -> None:
    user = resolved(f"os: {guest_os}").config.user

    assert (user.shell, user.home, user.passwordless_sudo) == (shell, home, sudo)


def test_an_instance_keeps_the_home_of_the_version_that_made_it(resolved: Resolve, lima_home: Path) -> None:
    directory = lima_home / "dev"
    directory.mkdir()
    (directory / "lima-version").write_text("2.0.3\n")

    assert resolved().config.user.home == "/home/jane.guest", "lima-version alone is no instance yet"

    (directory / "basedisk").touch()

    assert resolved().config.user.home == "/home/jane.linux"


@pytest.mark.parametrize(
    "file", ["ha.stdout.log", "ha.stderr.log", "vz-identifier", "image", "disk", "basedisk", "diffdisk", "cidata.iso"]
)
def test_an_instance_that_does_not_say_its_version_is_the_oldest(resolved: Resolve, lima_home: Path, file: str) -> None:
    (lima_home / "dev").mkdir()
    (lima_home / "dev" / "lima.yaml").touch()

    assert resolved().config.user.home == "/home/jane.guest"

    (lima_home / "dev" / file).touch()

    assert resolved().config.user.home == "/home/jane.linux"


@pytest.mark.parametrize(
    ("version", "directory", "name"),
    [
        ("2.1.0", "guest", "lima"),
        ("v2.1.0-beta.1", "guest", "lima"),
        ("<unknown>", "guest", "lima"),
        ("2.0.9-12-gabc.m", "linux", "lima"),
        ("1.0.0", "linux", "lima"),
        ("0.23.2", "linux", "admin"),
    ],
)
def test_name_and_home_depend_on_the_version_of_the_instance(
    resolved: Resolve, lima_home: Path, version: str, directory: str, name: str
) -> None:
    (lima_home / "dev").mkdir()
    (lima_home / "dev" / "disk").touch()
    (lima_home / "dev" / "lima-version").write_text(f" {version}\n")

    user = resolved(facts=msgspec.structs.replace(LINUX, user_name="admin")).config.user

    assert (user.name, user.home) == (name, f"/home/{name}.{directory}")
