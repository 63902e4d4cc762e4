"""A configuration is replaced as a whole, by one that was checked, and by nobody at the same time."""

import os
import stat
from pathlib import Path

import pytest

from limavm.config.errors import ConfigError
from limavm.errors import BusyError, NotFoundError, UserError
from limavm.instance.edit import Original, check, opened, opened_file, save
from tests.unit.instance.conftest import YAML


def changed(old: bytes, new: bytes) -> bytes:
    assert old in YAML
    return YAML.replace(old, new)


def test_the_text_is_replaced_and_keeps_its_mode(dev: Path) -> None:
    after = changed(b"cpus: 3", b"cpus: 2")

    with opened("dev") as original:
        assert original.text == YAML
        check(original, after, source="x.yaml")
        save(original, after)

    assert (dev / "lima.yaml").read_bytes() == after
    assert stat.S_IMODE((dev / "lima.yaml").stat().st_mode) == 0o644
    assert not [path for path in dev.iterdir() if path.suffix == ".tmp"]


def test_a_file_that_refers_to_others_is_told_how_to_stand_alone(tmp_path: Path) -> None:
    path = tmp_path / "web.yaml"
    text = b"base: template:debian\nparam: {a: b}\nprovision:\n- file: a.sh\n"
    path.write_bytes(text)

    with pytest.raises(ConfigError) as caught:
        check(opened_file(str(path)), text, source="x.yaml")

    assert [problem.key for problem in caught.value.problems] == ["base", "provision[0].file"]
    assert "`limactl template copy --embed-all`" in str(caught.value.hint)


def test_nobody_else_changes_the_instance_meanwhile(dev: Path) -> None:
    with opened("dev"), pytest.raises(BusyError, match="another limactl command"), opened("dev"):
        pass


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (b"cpus: 3", b"cpus: many", "x.yaml:4: cpus"),
        (b"cpus: 3", b"base: template:debian", "base"),
        (b"images:\n- location: /no/such.qcow2\n", b"", "images"),
        (b"cpus: 3", b"vmType: nope", "vmType"),
        (b"cpus: 3", b"arch: [", "x.yaml:6"),
        (b"disk: 5GiB", b"disk: 4GiB", "cannot shrink: it was 5GiB"),
    ],
)
def test_a_text_that_will_not_do_is_told_with_its_line(dev: Path, old: bytes, new: bytes, problem: str) -> None:
    with opened("dev") as original, pytest.raises(UserError, match=problem):
        check(original, changed(old, new), source="x.yaml")


def test_a_missing_disk_size_is_the_default_and_no_smaller(dev: Path) -> None:
    with opened("dev") as original:
        check(original, changed(b"disk: 5GiB\n", b""), source="x.yaml")


def test_a_size_that_default_yaml_gives_counts(dev: Path, home: Path) -> None:
    (home / "_config").mkdir(exist_ok=True)
    (home / "_config" / "default.yaml").write_text("disk: 1GiB\n")

    with opened("dev") as original, pytest.raises(UserError, match="cannot shrink"):
        check(original, changed(b"disk: 5GiB\n", b""), source="x.yaml")


def test_a_disk_that_does_not_exist_yet_may_shrink_when_asked(dev: Path) -> None:
    after = changed(b"disk: 5GiB", b"disk: 4GiB")

    with opened("dev") as original:
        check(original, after, source="x.yaml", may_shrink=True)


@pytest.mark.parametrize("name", ["disk", "diffdisk"])
def test_a_real_disk_never_shrinks(dev: Path, name: str) -> None:
    with open(dev / name, "wb") as file:
        os.truncate(file.fileno(), 5 << 30)

    with opened("dev") as original, pytest.raises(UserError, match="cannot shrink: it has 5GiB"):
        check(original, changed(b"disk: 5GiB", b"disk: 4GiB"), source="x.yaml", may_shrink=True)


def test_a_broken_configuration_can_be_mended(dev: Path) -> None:
    (dev / "lima.yaml").write_text("cpus: many\n")

    with opened("dev") as original:
        check(original, YAML, source="x.yaml")
        save(original, YAML)

    assert (dev / "lima.yaml").read_bytes() == YAML


def test_a_text_that_somebody_else_changed_is_not_overwritten(dev: Path) -> None:
    with opened("dev") as original:
        (dev / "lima.yaml").write_bytes(changed(b"cpus: 3", b"cpus: 1"))
        with pytest.raises(UserError, match="changed by somebody else"):
            save(original, changed(b"cpus: 3", b"cpus: 2"))

    assert b"cpus: 1" in (dev / "lima.yaml").read_bytes()


def test_a_text_that_was_removed_meanwhile_is_not_made_anew(dev: Path) -> None:
    with opened("dev") as original:
        (dev / "lima.yaml").unlink()
        with pytest.raises(NotFoundError):
            save(original, YAML)


def test_a_link_goes_on_leading_to_the_file(dev: Path, tmp_path: Path) -> None:
    real = tmp_path / "real.yaml"
    (dev / "lima.yaml").rename(real)
    (dev / "lima.yaml").symlink_to(real)

    with opened("dev") as original:
        save(original, b"cpus: 1\n")

    assert (dev / "lima.yaml").is_symlink()
    assert real.read_bytes() == b"cpus: 1\n"


def test_a_plain_file_keeps_its_mode_and_may_shrink_its_disk(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(YAML)
    path.chmod(0o600)
    original = opened_file(str(path))
    after = changed(b"disk: 5GiB", b"disk: 4GiB")

    check(original, after, source="x.yaml")
    save(original, after)

    assert path.read_bytes() == after
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("text", [b"", b"base: template:debian\nimages: [{location: /x}]", b"cpus: [1"])
def test_a_plain_file_is_checked(home: Path, text: bytes) -> None:
    with pytest.raises(UserError):
        check(Original(path="/x/mine.yaml", text=YAML), text, source="x.yaml")


def test_what_cannot_be_read(home: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        opened_file(str(tmp_path / "nope.yaml"))
    with pytest.raises(UserError, match="directory"):
        opened_file(str(tmp_path))
    with pytest.raises(UserError, match="null"):
        opened_file("a\0b")
    (tmp_path / "large.yaml").write_bytes(b"#" * (5 << 20))
    with pytest.raises(UserError, match="4 MiB"):
        opened_file(str(tmp_path / "large.yaml"))


def test_what_cannot_be_written_is_an_error_with_its_file(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "here" / "mine.yaml"
    path.parent.mkdir()
    path.write_bytes(YAML)
    original = opened_file(str(path))
    (path.parent / f"mine.yaml.{os.getpid()}.tmp").mkdir()

    with pytest.raises(UserError, match="cannot be written") as caught:
        save(original, b"cpus: 1\n")

    assert caught.value.where == str(path)
    assert path.read_bytes() == YAML
