"""What a disk holds is shared by those who were cloned from it, and outlives each of them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from limavm.errors import UserError
from limavm.host.process import ProcessError
from limavm.images import layers, qcow2
from limavm.images.disk import disk_format, ensure_disk
from tests.unit.images.qcow2file import Fields, header
from tests.unit.images.sparse import allocated

MIB = 1 << 20
SIZE = 256 * MIB


def qemu_io(disk: Path, *commands: str) -> str:
    argv = ["qemu-io", "-f", "qcow2", *(word for one in commands for word in ("-c", one)), str(disk)]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def write(disk: Path, byte: int, offset: int = 0, length: int = 8 * MIB) -> None:
    qemu_io(disk, f"write -P {byte} {offset} {length}")


def has(disk: Path, byte: int, offset: int = 0, length: int = 8 * MIB) -> bool:
    return "Pattern verification failed" not in qemu_io(disk, f"read -P {byte} {offset} {length}")


def shared(source: Path, target: Path) -> Path:
    """A second directory with the disk of the first, as a clone makes it."""
    layers.freeze(str(source))
    target.mkdir()
    for path in source.iterdir():
        if layers.is_layer(path.name) or path.name == "basedisk":
            os.link(path, target / path.name)
    shutil.copy(source / "disk", target / "disk")
    return target


def found(directory: Path) -> list[Path]:
    return [path for path in directory.iterdir() if layers.is_layer(path.name)]


@pytest.fixture
def used(tmp_path: Path) -> Path:
    """A directory whose disk has 8 MiB of ones."""
    directory = tmp_path / "dev"
    directory.mkdir()
    (directory / "basedisk").write_bytes(bytes(MIB))
    ensure_disk(str(directory), SIZE)
    write(directory / "disk", 1)
    return directory


def test_a_disk_becomes_a_layer_beneath_an_empty_one(used: Path) -> None:
    mode = (used / "disk").stat().st_mode

    assert layers.freeze(str(used))

    (layer,) = found(used)
    assert allocated(used / "disk") < MIB
    assert (used / "disk").stat().st_mode == mode
    assert layer.stat().st_mode & 0o777 == 0o444
    assert list(layers.beneath(str(used / "disk"))) == [layer.name, "basedisk"]
    assert disk_format(str(used / "disk")) == "qcow2"
    assert qcow2.read_header(str(used / "disk")).size == SIZE
    assert has(used / "disk", 1)


@pytest.mark.parametrize("first", ["dev", "test"])
def test_what_one_writes_the_other_does_not_see_and_either_may_go_first(first: str, used: Path, tmp_path: Path) -> None:
    copy = shared(used, tmp_path / "test")

    write(used / "disk", 2)
    write(copy / "disk", 3, 4 * MIB, MIB)
    shutil.rmtree(tmp_path / first)

    if first == "dev":
        assert has(copy / "disk", 1, 0, 4 * MIB)
        assert has(copy / "disk", 3, 4 * MIB, MIB)
    else:
        assert has(used / "disk", 2)


def test_generations_of_clones_survive_the_end_of_all_but_the_last(used: Path, tmp_path: Path) -> None:
    last = used
    for generation in range(2, 6):
        last = shared(last, tmp_path / f"clone-{generation}")
        write(last / "disk", generation, generation * 8 * MIB)
    for path in tmp_path.iterdir():
        if path != last:
            shutil.rmtree(path)

    assert disk_format(str(last / "disk")) == "qcow2"
    assert has(last / "disk", 1)
    assert all(has(last / "disk", generation, generation * 8 * MIB) for generation in range(2, 6))


def test_a_disk_on_layers_grows(used: Path) -> None:
    layers.freeze(str(used))

    ensure_disk(str(used), 2 * SIZE)

    assert qcow2.read_header(str(used / "disk")).size == 2 * SIZE
    assert has(used / "disk", 1)


def test_a_small_disk_stays_as_it_is(used: Path) -> None:
    assert layers.freeze(str(used))

    assert not layers.freeze(str(used))
    assert len(found(used)) == 1


def test_a_disk_with_snapshots_stays_as_it_is(used: Path) -> None:
    subprocess.run(["qemu-img", "snapshot", "-c", "before", used / "disk"], check=True)

    assert not layers.freeze(str(used))
    assert not found(used)


def test_a_raw_disk_and_one_under_another_name_and_none_stay_as_they_are(used: Path) -> None:
    (used / "disk").rename(used / "diffdisk")
    assert not layers.freeze(str(used))
    (used / "disk").symlink_to("diffdisk")
    assert not layers.freeze(str(used))
    (used / "disk").unlink()
    (used / "disk").write_bytes(b"raw!" * 2 * MIB)
    assert not layers.freeze(str(used))
    assert not found(used)


def test_a_chain_does_not_grow_for_ever(used: Path) -> None:
    frozen = 0
    while layers.freeze(str(used)):
        frozen += 1
        assert frozen < 50
        write(used / "disk", frozen)

    assert len(found(used)) == frozen
    assert has(used / "disk", frozen)


@pytest.mark.parametrize(
    "name", ["/etc/shadow", "../other/basedisk", "layer-1", "layer-0123456789abcdef/../../x", "json:{}"]
)
def test_a_layer_that_refers_to_something_else_is_refused(name: str, used: Path) -> None:
    layers.freeze(str(used))
    (layer,) = found(used)
    layer.unlink()
    layer.write_bytes(header(backing=name.encode()))

    with pytest.raises(UserError, match="the disk is refused"):
        disk_format(str(used / "disk"))


def test_a_layer_that_is_gone_or_torn_or_builds_on_itself_is_refused(used: Path) -> None:
    layers.freeze(str(used))
    (layer,) = found(used)
    content = layer.read_bytes()
    layer.unlink()
    for torn in (None, b"QFI\xfb" + bytes(100), header(backing=layer.name.encode()), header(Fields(incompatible=4))):
        if torn is not None:
            layer.write_bytes(torn)
        with pytest.raises(UserError, match="the disk is refused"):
            disk_format(str(used / "disk"))

    layer.write_bytes(content)
    assert has(used / "disk", 1)


def test_a_disk_that_cannot_be_replaced_stays_as_it_is(used: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (used / "disk").read_bytes()
    program = used.parent / "bin" / "qemu-img"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho No space left on device >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")

    with pytest.raises(ProcessError, match="No space left"):
        layers.freeze(str(used))

    assert (used / "disk").read_bytes() == before
    assert not found(used)
    assert sorted(path.name for path in used.iterdir()) == ["basedisk", "disk"]


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_kill_at_any_moment_loses_nothing(moment: str, used: Path, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "qemu-img"
    program.parent.mkdir()
    real = shutil.which("qemu-img")
    create = f'"{real}" "$@" && ' if moment == "after" else ""
    program.write_text(f"#!/bin/sh\n{create}kill -KILL $PPID\n")
    program.chmod(0o755)
    code = f"from limavm.images import layers; layers.freeze({str(used)!r})"
    env = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"}

    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, check=False)

    assert done.returncode == -9  # SIGKILL, which Windows does not have
    assert has(used / "disk", 1)
    write(used / "disk", 2)
    assert layers.freeze(str(used))
    assert len(found(used)) == 1
    assert has(used / "disk", 2)


def test_a_disk_that_cannot_be_understood_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "disk").write_bytes(b"QFI\xfb" + b"\xff" * (5 * MIB))

    assert not layers.freeze(str(tmp_path))
    assert not found(tmp_path)


def test_what_stands_beneath_a_disk_is_told_from_the_top(used: Path) -> None:
    layers.freeze(str(used))
    write(used / "disk", 2)
    layers.freeze(str(used))

    names = list(layers.beneath(str(used / "disk")))

    assert len(names) == 3
    assert names[-1] == "basedisk"
    assert json.loads(
        subprocess.run(
            ["qemu-img", "info", "--backing-chain", "--output=json", used / "disk"], check=True, capture_output=True
        ).stdout
    )[1]["filename"] == str(used / names[0])
