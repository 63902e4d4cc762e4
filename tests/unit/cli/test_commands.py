"""Commands on instances that are missing, broken or badly named: one message, no traceback, exit code 1."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.harness import Run, make_instance

BAD_NAMES = ["a/b", "../x", "/etc", "größe", "x" * 200, "x.yaml", ".", "..", "", "a b", "x\n", "_config", "x\x00"]

_NAMING = [
    *("stop", "delete", "restart", "hostagent", "timings", "ports"),
    *("protect", "unprotect", "factory-reset"),
]


@pytest.mark.parametrize("command", _NAMING)
@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_bad_name_is_an_error(limactl: Run, home: Path, command: str, name: str) -> None:
    done = limactl(command, name)

    assert done.code == 1
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize("command", ["stop", "restart", "hostagent", "timings", "ports", "protect", "unprotect"])
def test_a_missing_instance_is_an_error(limactl: Run, home: Path, command: str) -> None:
    done = limactl(command, "nope")

    assert done.code == 1
    assert "'nope'" in done.message


def test_to_delete_a_missing_instance_is_only_warned_about(limactl: Run, home: Path) -> None:
    done = limactl("delete", "nope")

    assert done.code == 0
    assert "level=warning" in done.err


@pytest.mark.parametrize("alias", ["delete", "rm", "remove"])
def test_a_stopped_instance_is_deleted(limactl: Run, home: Path, alias: str) -> None:
    directory = make_instance(home, "dev")

    assert limactl(alias, "dev", "dev").code == 0
    assert not directory.exists()


@pytest.mark.parametrize("flags", [[], ["--force"]])
def test_a_directory_that_is_no_instance_is_not_deleted(limactl: Run, home: Path, flags: list[str]) -> None:
    (home / "stranger").mkdir()

    assert limactl("delete", *flags, "stranger").code == 1
    assert (home / "stranger").exists()


def test_what_is_no_instance_keeps_no_other_from_being_deleted(limactl: Run, home: Path) -> None:
    for name in ("one", "two"):
        (home / name).mkdir()
    directory = make_instance(home, "dev")

    done = limactl("delete", "one", "dev", "two")

    assert done.code == 1
    assert not directory.exists()
    assert "'one'" in done.message
    assert "'two'" in done.message


def test_delete_stops_at_the_first_failure(limactl: Run, home: Path) -> None:
    (make_instance(home, "kept") / "protected").touch()
    other = make_instance(home, "other")

    assert limactl("delete", "kept", "other").code == 1
    assert other.exists()


def test_a_bad_name_among_good_ones_deletes_nothing(limactl: Run, home: Path) -> None:
    directory = make_instance(home, "dev")

    assert limactl("delete", "dev", "../x").code == 1
    assert directory.exists()


def test_stop_goes_on_after_a_failure_and_tells_all_of_them(limactl: Run, home: Path) -> None:
    make_instance(home, "one")
    make_instance(home, "two")

    done = limactl("stop", "one", "nope", "two")

    assert done.code == 1
    assert all(name in done.message for name in ("'one'", "'nope'", "'two'"))
    assert "limactl stop -f one" in done.message


def test_forced_stop_of_a_stopped_instance_sweeps_and_succeeds(limactl: Run, home: Path) -> None:
    directory = make_instance(home, "dev")
    (directory / "ha.pid").write_text("999999999\n")
    (directory / "x.tmp").touch()

    assert limactl("stop", "--force", "dev").code == 0
    assert not (directory / "ha.pid").exists()
    assert not (directory / "x.tmp").exists()


@pytest.mark.parametrize(("arguments", "name"), [([], "default"), (["dev"], "dev")])
def test_the_guest_agent_is_not_installed_in_a_guest_that_does_not_run(
    limactl: Run, home: Path, arguments: list[str], name: str
) -> None:
    make_instance(home, name)

    done = limactl("guest-install", *arguments)

    assert done.code == 1
    assert f"'{name}' is not running" in done.message


def test_info_is_an_object_with_the_keys_of_lima(limactl: Run, home: Path) -> None:
    done = limactl("info")

    assert done.code == 0
    value = json.loads(done.out)
    assert set(value) >= {
        *("version", "templates", "defaultTemplate", "limaHome", "vmTypes", "vmTypesEx", "guestAgents"),
        *("shellEnvBlock", "hostOS", "hostArch", "identityFile", "plugins", "libexecPaths", "sharePaths"),
    }
    assert value["limaHome"] == str(home)
    assert value["vmTypesEx"]["qemu"] == {"location": "internal"}
    assert value["defaultTemplate"]["base"][0] == {"url": "template:_images/debian-13"}
    assert done.out.startswith('{\n    "version": ')


def test_info_works_although_the_default_template_is_wrong(limactl: Run, home: Path) -> None:
    (home / "_templates").mkdir()
    (home / "_templates" / "default.yaml").write_text("cpus: many\n")

    done = limactl("info")

    assert json.loads(done.out)["defaultTemplate"] is None
    assert "level=warning" in done.err


def test_a_valid_template_is_told_and_can_be_printed_filled(limactl: Run, home: Path) -> None:
    assert "level=info" in limactl("validate", "template:debian").err
    assert limactl("validate", "template:debian").out == ""
    assert "\nmemory: " in limactl("validate", "--fill", "template:debian").out
    both = limactl("validate", "--fill", "template:debian", "template:debian-12").out
    assert both.startswith("---\n")
    assert both.endswith("...\n")
    assert both.count("---\n") == both.count("...\n") == 2


@pytest.mark.parametrize("driver", ["vz", "wsl2"])
def test_a_template_may_be_for_another_driver_of_lima(limactl: Run, home: Path, tmp_path: Path, driver: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(f"images: [{{location: /x}}]\nvmType: {driver}\nmounts: [{{location: relative}}]\n")
    wrong = limactl("validate", str(path))
    path.write_text(f"images: [{{location: /x}}]\nvmType: {driver}\n")
    done = limactl("validate", str(path))

    assert (wrong.code, done.code) == (1, 0)
    assert f"the driver '{driver}' is not available here" in done.err


def test_validate_ends_at_the_first_wrong_template(limactl: Run, home: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("images:\n- location: /x\ncpus: many\nmemory: lots\n")

    done = limactl("validate", "template:debian", str(wrong), "template:nope")

    assert done.code == 1
    assert f"{wrong}:3: cpus" in done.message
    assert f"{wrong}:4: memory" in done.message
    assert "template:nope" not in done.err


@pytest.mark.parametrize("text", ["", "  \n", "\x00", "a: b: c", "[", "{}", "x: &a [*a]"])
def test_validate_of_what_is_no_template(limactl: Run, home: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "x.yaml").write_text(text)

    assert limactl("validate", str(tmp_path / "x.yaml")).code == 1


def test_a_message_that_no_instance_could_show_is_an_error(limactl: Run, home: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text('images: [{location: /x}]\nmessage: "{{.Foo}}"\n')

    for argv in (["validate"], ["create", "--tty=false"]):
        done = limactl(*argv, str(path))

        assert done.code == 1
        assert "there is no field Foo" in done.message
        assert f"where: message in {path}" in done.message
    assert not (home / "x").exists()


@pytest.mark.parametrize("locator", ["./nope", "/nowhere/x.yaml", "template:", "template:/etc/passwd", "a\x00b", ""])
def test_validate_of_what_cannot_be_read(limactl: Run, home: Path, locator: str) -> None:
    assert limactl("validate", locator).code == 1
