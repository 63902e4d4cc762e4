import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from limavm.errors import UserError
from limavm.images.disk import check_size, disk_format, ensure_disk
from tests.unit.images.qcow2file import Fields, header
from tests.unit.images.sparse import allocated

MIB = 1 << 20
ISO = bytes(0x8001) + b"CD001\1" + bytes(4096)


#: Exit status of `qemu-img check` for an image that is whole and has space that nothing refers to.
CLUSTERS_LEAKED = 3


def qemu_img(directory: Path, *argv: str) -> bytes:
    return subprocess.run(["qemu-img", *argv], cwd=directory, check=True, capture_output=True).stdout


def info(directory: Path, *options: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(qemu_img(directory, "info", *options, "--output=json", "disk"))
    return found


def raw_base(directory: Path, size: int = 4 * MIB) -> None:
    (directory / "basedisk").write_bytes(b"base".ljust(size, b"\0"))


def test_the_disk_is_an_overlay_found_from_its_own_directory(tmp_path: Path) -> None:
    raw_base(tmp_path)

    ensure_disk(str(tmp_path), 64 * MIB)

    found = info(tmp_path)
    assert found["virtual-size"] == 64 * MIB
    assert found["backing-filename"] == "basedisk"
    assert found["backing-filename-format"] == "raw"
    assert disk_format(str(tmp_path / "disk")) == "qcow2"
    assert sorted(os.listdir(tmp_path)) == ["basedisk", "disk"]


def test_a_qcow2_base_is_named_as_such(tmp_path: Path) -> None:
    qemu_img(tmp_path, "create", "-f", "qcow2", "basedisk", "8M")

    ensure_disk(str(tmp_path), 64 * MIB)

    assert info(tmp_path)["backing-filename-format"] == "qcow2"


def test_making_a_disk_writes_little(tmp_path: Path) -> None:
    raw_base(tmp_path)

    ensure_disk(str(tmp_path), 100 << 30)

    assert allocated(tmp_path / "disk") < 2 * MIB


def test_a_second_call_changes_nothing(tmp_path: Path) -> None:
    raw_base(tmp_path)
    ensure_disk(str(tmp_path), 64 * MIB)
    before = (tmp_path / "disk").stat()

    ensure_disk(str(tmp_path), 64 * MIB)

    after = (tmp_path / "disk").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_larger_size_grows_the_disk(tmp_path: Path) -> None:
    raw_base(tmp_path)
    ensure_disk(str(tmp_path), 64 * MIB)

    ensure_disk(str(tmp_path), 128 * MIB + 1)

    assert info(tmp_path)["virtual-size"] == 128 * MIB + 512
    qemu_img(tmp_path, "check", "-f", "qcow2", "disk")


def test_a_disk_never_shrinks(tmp_path: Path) -> None:
    raw_base(tmp_path)
    ensure_disk(str(tmp_path), 64 * MIB)

    with pytest.raises(UserError, match=r"it has 64MiB .*, and `disk` is 32MiB"):
        ensure_disk(str(tmp_path), 32 * MIB)

    assert info(tmp_path)["virtual-size"] == 64 * MIB


@pytest.mark.parametrize("kind", ["raw", "qcow2"])
def test_an_image_larger_than_the_disk_is_an_error_with_both_sizes(kind: str, tmp_path: Path) -> None:
    qemu_img(tmp_path, "create", "-f", kind, "basedisk", "64M")

    with pytest.raises(UserError, match=r"larger than the disk: 64MiB .* 32MiB") as caught:
        ensure_disk(str(tmp_path), 32 * MIB)

    assert caught.value.hint == "set `disk` to 64MiB or more"
    assert not (tmp_path / "disk").exists()


def test_an_iso_stands_beside_an_empty_disk(tmp_path: Path) -> None:
    (tmp_path / "iso").write_bytes(ISO)

    ensure_disk(str(tmp_path), 64 * MIB)

    assert info(tmp_path)["virtual-size"] == 64 * MIB
    assert "backing-filename" not in info(tmp_path)


def test_without_an_image_there_is_no_disk(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no image to make the disk from"):
        ensure_disk(str(tmp_path), 64 * MIB)

    assert os.listdir(tmp_path) == []


def test_a_hostile_base_is_refused(tmp_path: Path) -> None:
    (tmp_path / "basedisk").write_bytes(header(backing=b"/etc/shadow"))

    with pytest.raises(UserError, match="/etc/shadow"):
        ensure_disk(str(tmp_path), 2 << 30)


# What other versions of Lima left (spec/runtime.md 2.2 step 3, 4.10)


def test_a_diffdisk_of_old_becomes_reachable_as_disk(tmp_path: Path) -> None:
    raw_base(tmp_path)
    base = str(tmp_path / "basedisk")
    qemu_img(tmp_path, "create", "-f", "qcow2", "-F", "raw", "-b", base, "diffdisk", "64M")

    ensure_disk(str(tmp_path), 128 * MIB)

    assert os.readlink(tmp_path / "disk") == "diffdisk"
    assert info(tmp_path)["virtual-size"] == 128 * MIB
    assert disk_format(str(tmp_path / "disk")) == "qcow2"


def test_an_iso_of_old_becomes_reachable_as_iso(tmp_path: Path) -> None:
    (tmp_path / "basedisk").write_bytes(ISO)
    qemu_img(tmp_path, "create", "-f", "qcow2", "diffdisk", "64M")

    ensure_disk(str(tmp_path), 64 * MIB)

    assert os.readlink(tmp_path / "iso") == "basedisk"


@pytest.mark.parametrize("kind", ["raw", "qcow2"])
def test_a_disk_without_a_base_is_kept_and_grown(kind: str, tmp_path: Path) -> None:
    qemu_img(tmp_path, "create", "-f", kind, "disk", "8M")

    ensure_disk(str(tmp_path), 64 * MIB)

    assert disk_format(str(tmp_path / "disk")) == kind
    assert qemu_img(tmp_path, "info", "-f", kind, "disk").find(b"64 MiB") > 0


@pytest.mark.parametrize("kind", ["raw", "qcow2"])
def test_an_image_becomes_the_disk(kind: str, tmp_path: Path) -> None:
    qemu_img(tmp_path, "create", "-f", kind, "image", "8M")

    ensure_disk(str(tmp_path), 64 * MIB)

    assert os.listdir(tmp_path) == ["disk"]
    assert disk_format(str(tmp_path / "disk")) == kind


def test_an_image_that_is_an_iso_becomes_the_iso(tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(ISO)

    ensure_disk(str(tmp_path), 64 * MIB)

    assert sorted(os.listdir(tmp_path)) == ["disk", "iso"]


def test_an_image_of_another_virtualizer_is_converted(tmp_path: Path) -> None:
    qemu_img(tmp_path, "create", "-f", "vmdk", "image", "8M")

    ensure_disk(str(tmp_path), 64 * MIB)

    assert os.listdir(tmp_path) == ["disk"]
    assert disk_format(str(tmp_path / "disk")) == "raw"


def test_a_hostile_image_is_refused(tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(header(backing=b"/etc/shadow"))

    with pytest.raises(UserError, match="/etc/shadow"):
        ensure_disk(str(tmp_path), 2 << 30)


# What a machine may have written into its own raw disk


@pytest.mark.parametrize(
    "content",
    [
        header(backing=b"/etc/shadow"),
        header(backing=b"../other/basedisk"),
        header(backing=b"json:{}"),
        header(backing=b"nbd://host/basedisk"),
        header(Fields(incompatible=4), backing=b"basedisk"),
        header(Fields(version=7)),
        b"QFI\xfb" + bytes(1 * MIB),
    ],
)
def test_a_disk_that_refers_to_other_files_is_refused(content: bytes, tmp_path: Path) -> None:
    raw_base(tmp_path)
    (tmp_path / "disk").write_bytes(content)

    with pytest.raises(UserError, match="the disk is refused"):
        ensure_disk(str(tmp_path), 2 << 30)


def test_another_format_on_a_raw_disk_stays_raw(tmp_path: Path) -> None:
    (tmp_path / "disk").write_bytes(b"KDMV" + bytes(MIB - 4))

    assert disk_format(str(tmp_path / "disk")) == "raw"


def test_a_directory_reached_through_a_link_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    raw_base(tmp_path / "real")
    base = str(tmp_path / "link" / "basedisk")
    qemu_img(tmp_path / "real", "create", "-f", "qcow2", "-F", "raw", "-b", base, "disk", "64M")

    assert disk_format(str(tmp_path / "real" / "disk")) == "qcow2"


CHILD = "import sys; from limavm.images.disk import ensure_disk; ensure_disk(sys.argv[1], int(sys.argv[2]))"

if sys.platform != "win32":

    @pytest.mark.parametrize("seed", range(6))
    def test_a_kill_at_a_random_instant_is_repaired_by_the_next_call(seed: int, tmp_path: Path) -> None:
        raw_base(tmp_path)
        if seed % 2:
            ensure_disk(str(tmp_path), 64 * MIB)
        argv = [sys.executable, "-c", CHILD, str(tmp_path), str(1 << 40)]
        running = subprocess.Popen(argv, start_new_session=True)
        try:
            running.wait(random.Random(seed).uniform(0.05, 0.25))
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)  # qemu-img too
        running.wait()

        ensure_disk(str(tmp_path), 1 << 40)

        # The killed qemu-img may hold its lock for a moment longer: it is looked at through the lock.
        assert info(tmp_path, "--force-share")["virtual-size"] == 1 << 40
        assert sorted(os.listdir(tmp_path)) == ["basedisk", "disk"]
        done = subprocess.run(["qemu-img", "check", "-U", "-f", "qcow2", tmp_path / "disk"], check=False)
        assert done.returncode in (0, CLUSTERS_LEAKED)


def test_a_lock_that_a_killed_command_left_for_a_moment_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "qemu-img"
    program.parent.mkdir()
    program.write_text(f"""#!/bin/sh
if [ -e {tmp_path}/seen ]; then exit 0; fi
touch {tmp_path}/seen
echo 'qemu-img: Could not open: Failed to get "write" lock' >&2
exit 1
""")
    program.chmod(0o755)
    disk = tmp_path / "disk"
    disk.write_bytes(b"\1" * 512)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")

    ensure_disk(str(tmp_path), 1024)

    assert (tmp_path / "seen").exists()


def test_a_size_is_checked_before_anything_is_written(tmp_path: Path) -> None:
    qemu_img(tmp_path, "create", "-f", "qcow2", "disk", "64M")

    assert check_size(str(tmp_path / "disk"), 64 * MIB) == 64 * MIB
    assert check_size(str(tmp_path / "missing"), 1) == 0
    with pytest.raises(UserError, match="cannot shrink"):
        check_size(str(tmp_path / "disk"), 32 * MIB)
