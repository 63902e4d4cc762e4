import json
import os
import sys
from pathlib import Path

import pytest

from limavm.cli.diskusage import text
from limavm.instance.occupied import Item, Kind, Usage
from tests.unit.cli.harness import Run, make_instance

if sys.platform == "win32":
    pytest.skip("st_blocks", allow_module_level=True)


def item(kind: Kind, name: str, occupied: int, own: int) -> Item:
    return Item(kind=kind, name=name, path="/x", occupied=occupied, shared=occupied - own, own=own)


def test_the_table_has_a_line_each_and_says_what_it_comes_to() -> None:
    found = Usage(
        items=(
            item(Kind.INSTANCE, "dev", 3 << 30, 1 << 30),
            item(Kind.DOWNLOAD, "https://a.test/images/debian.qcow2?x=1", 2 << 30, 0),
        ),
        total=3 << 30,
        prunable=0,
    )

    assert text(found).splitlines() == [
        "KIND        NAME            OCCUPIED    SHARED    OWN",
        "instance    dev             3GiB        2GiB      1GiB",
        "download    debian.qcow2    2GiB        2GiB      0B",
        "",
        "Together 3GiB, each byte counted once. `limactl prune` would free 0B.",
    ]


def test_names_that_others_wrote_do_not_drive_the_terminal() -> None:
    found = Usage(items=(item(Kind.DOWNLOAD, "https://a.test/\x1b[2J.img", 0, 0),), total=0, prunable=0)

    assert "\x1b" not in text(found)


def test_json_is_one_object_in_bytes(limactl: Run, home: Path) -> None:
    directory = make_instance(home, "dev")
    (directory / "disk").write_bytes(os.urandom(100_000))
    os.sync()

    done = limactl("disk-usage", "--json")

    value = json.loads(done.out)
    assert done.out.count("\n") == 1
    assert set(value) == {"items", "total", "prunable"}
    (found,) = (one for one in value["items"] if one["kind"] == "instance")
    assert (found["name"], found["path"]) == ("dev", str(directory))
    assert found["occupied"] == found["own"] + found["shared"] >= 100_000


def test_a_name_shows_one_and_an_unknown_one_fails_afterwards(limactl: Run, home: Path) -> None:
    make_instance(home, "dev")
    make_instance(home, "web")

    done = limactl("disk-usage", "dev", "nope", "../x", "nope")

    assert done.code == 1
    assert [line.split()[1] for line in done.out.splitlines()[1:2]] == ["dev"]
    assert "web" not in done.out
    assert done.err.count("level=warning") == 2
    assert "'nope', '../x'" in done.message


def test_a_host_without_anything_has_a_head_and_no_lines(limactl: Run, home: Path) -> None:
    done = limactl("disk-usage")

    assert done.code == 0
    assert done.out.splitlines()[0].split() == ["KIND", "NAME", "OCCUPIED", "SHARED", "OWN"]
    assert "Together 0B" in done.out


def test_names_of_nothing_have_no_empty_table(limactl: Run, home: Path) -> None:
    done = limactl("disk-usage", "nope")

    assert done.code == 1
    assert done.out == ""
    assert "'nope'" in done.message
