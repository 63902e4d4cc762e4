"""A guest whose root has replaced sshfs: what it can ask of the host that the mount does not show."""

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.vm.mountpoints import Shared, snapshot

if sys.platform == "win32":
    pytest.skip("machines run on Linux only so far", allow_module_level=True)

pytestmark = pytest.mark.vm

PROGRAM = Path(__file__).with_name("attack.py")
REPORT = "/tmp/attack.json"
#: Before the one that the guest has.
INSTEAD = "/usr/local/bin/sshfs"


@pytest.fixture
def outside(by_ssh: Shared) -> Iterator[Path]:
    """A directory that is not mounted, beside one that is, for as long as the guest has another sshfs."""
    with tempfile.TemporaryDirectory(prefix="lo-", dir="/tmp") as top:
        Path(top).chmod(0o777)
        found = Path(top) / "outside"
        for path in (found, Path(top) / "mounted"):
            path.mkdir()
            path.chmod(0o777)
        (found / "secret").write_text("SECRET")
        (found / "secret").chmod(0o666)
        (Path(top) / "mounted" / "allowed").write_text("allowed")
        (Path(top) / "mounted" / "hosts").symlink_to("../outside")
        program = PROGRAM.read_text().replace("@OUTSIDE@", str(found)).replace("@REPORT@", REPORT)
        by_ssh.script(f"rm -f {REPORT}; cat >{INSTEAD}; chmod +x {INSTEAD}", root=True, stdin=program)
        yield found
        by_ssh.script(f"rm -f {INSTEAD}", root=True)


def test_an_sshfs_of_the_guests_own_gets_nothing_but_the_mounted_directory(by_ssh: Shared, outside: Path) -> None:
    before = snapshot(outside)
    mounted = outside.parent / "mounted"

    done = by_ssh.limactl.run("mount", by_ssh.machine, f"{mounted}:/mnt/attacked:w")

    report = json.loads(by_ssh.script(f"cat {REPORT}"))
    granted = [what for what, is_granted, *_ in report if is_granted]
    assert granted == [f"read {mounted}/allowed", f"create {mounted}/allowed-new"]
    assert len(report) > 150
    assert "SECRET" not in json.dumps(report)
    assert snapshot(outside) == before
    assert {path.name for path in outside.parent.iterdir()} == {"mounted", "outside"}
    assert done.returncode == 1
    assert "sshfs has ended" in done.stderr
