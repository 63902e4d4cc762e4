"""The progress of cloud-init: the lines of this boot, then one last word, whatever happens."""

import re
import subprocess
from pathlib import Path

from limavm.host.aprocess import Completed
from limavm.hostagent.cloudinit import follow_cloud_init
from limavm.model.event import CloudInitProgress

EARLIER = "Cloud-init v. 25.1 running 'init'\nold line\nCloud-init v. 25.1 finished at Mon, 23 Nov 2026\n"


class LocalGuest:
    """Runs the scripts here, on a log file and a result file of a temporary directory."""

    def __init__(self, directory: Path, failures: int = 0) -> None:
        self.log = directory / "output.log"
        self.result = directory / "result.json"
        self._failures = failures

    async def run(self, script: str, *, timeout: float) -> Completed:
        if self._failures:
            self._failures -= 1
            return Completed(255, b"", b"")
        script = re.sub(r"/var/log/cloud-init-output.log", str(self.log), script)
        script = script.replace("/run/cloud-init/result.json", str(self.result))
        done = subprocess.run(["sh"], input=script.encode(), capture_output=True, check=False)
        return Completed(done.returncode, done.stdout, done.stderr)


async def told(guest: LocalGuest, steps: list[str], limit: float = 60) -> list[CloudInitProgress]:
    """What is told when each pause appends the next text to the log, and the last one ends cloud-init."""
    seen: list[CloudInitProgress] = []
    remaining = iter(steps)

    async def pause(_seconds: float) -> None:
        text = next(remaining, None)
        if text is None:
            guest.result.write_text("{}")
        else:
            with guest.log.open("a") as log:
                log.write(text)

    await follow_cloud_init(guest, seen.append, limit=limit, pause=pause)
    return seen


async def test_the_lines_of_this_boot_are_told_once_and_then_the_end(tmp_path: Path) -> None:
    guest = LocalGuest(tmp_path)
    guest.log.write_text(EARLIER + "first\n")

    seen = await told(guest, ["second\n\n", "third\n"])

    assert [one.log_line for one in seen[:-1]] == ["first", "second", "third"]
    assert all(one.active and not one.completed for one in seen[:-1])
    assert seen[-1] == CloudInitProgress(log_line="cloud-init has finished", completed=True)


async def test_a_long_log_is_told_to_its_end(tmp_path: Path) -> None:
    guest = LocalGuest(tmp_path)
    guest.log.write_text("".join(f"line {number}\n" for number in range(1000)))
    guest.result.write_text("{}")

    seen = await told(guest, [])

    assert len(seen) == 1001


async def test_a_guest_without_a_log_and_an_ssh_that_fails_for_a_while(tmp_path: Path) -> None:
    guest = LocalGuest(tmp_path, failures=3)
    guest.result.write_text("{}")

    assert [one.completed for one in await told(guest, [])] == [True]


async def test_a_cloud_init_that_never_ends_is_given_up_with_a_word(tmp_path: Path) -> None:
    guest = LocalGuest(tmp_path, failures=10**6)

    (last,) = await told(guest, [], limit=0.01)

    assert last.completed
    assert "did not finish" in last.log_line


class BrokenGuest(LocalGuest):
    """Whose session cannot be spoken to at all."""

    async def run(self, script: str, *, timeout: float) -> Completed:
        raise RuntimeError("a defect")


async def test_a_defect_of_what_tells_is_told_as_the_end(tmp_path: Path) -> None:
    seen = await told(BrokenGuest(tmp_path), [])

    assert [(one.completed, "a defect" in one.log_line) for one in seen] == [(True, True)]
