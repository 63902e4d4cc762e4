"""Services of the guest's user that do not run are told by name, whatever else the guest says."""

import logging
from pathlib import Path

import pytest

from limavm.host.aprocess import Completed, complete
from limavm.hostagent.usersservices import failed, warn_of_failed

SYSTEMCTL = """#!/bin/sh
case $* in *containerd.service) echo failed ;; *) echo running ;; esac
"""
JOURNAL = "#!/bin/sh\nprintf 'first\\nno such directory\\n'\n"


class Answers:
    """A guest that answers this, or not in time."""

    def __init__(self, answer: Completed | None) -> None:
        self._answer = answer

    async def run(self, script: str, *, timeout: float) -> Completed:
        if self._answer is None:
            raise TimeoutError
        return self._answer


class Here:
    """Runs the script on this machine, with programs of a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        for name, text in {"systemctl": SYSTEMCTL, "journalctl": JOURNAL}.items():
            (directory / name).write_text(text)
            (directory / name).chmod(0o755)
        wants = directory / "systemd/user/default.target.wants"
        wants.mkdir(parents=True)
        for name in ("containerd", "default-buildkit"):
            (wants / f"{name}.service").symlink_to(f"../{name}.service")

    async def run(self, script: str, *, timeout: float) -> Completed:
        setting = f"PATH={self._directory}:$PATH XDG_CONFIG_HOME={self._directory}\n"
        return await complete(["sh"], stdin=(setting + script).encode(), timeout=timeout)


async def test_a_service_that_has_failed_is_named_with_the_end_of_its_journal(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await warn_of_failed(Here(tmp_path))

    assert caplog.messages == [
        "The user's service containerd.service does not run in the guest (failed)\n  first\n  no such directory"
    ]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "within 0.5 s"),
        (Completed(255, b"", b""), "status 255"),
        (Completed(-9, b"x.service: failed\n", b""), "-9"),
    ],
)
async def test_a_guest_that_does_not_say_is_one_warning(
    answer: Completed | None, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    await warn_of_failed(Answers(answer), limit=0.5)

    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert words in record.message


@pytest.mark.parametrize("output", [b"", b"\xff\xfe\x00\n\n", b"\ta journal of nothing\n", b"motd: hello\n" * 1000])
def test_what_names_no_service_is_not_told(output: bytes) -> None:
    assert list(failed(output)) == []


def test_a_huge_answer_is_told_in_part() -> None:
    journal = b"".join(b"\t%d \x1b[31m%s\n" % (number, b"x" * 2000) for number in range(1000))

    texts = list(failed((b"containerd.service: failed\n" + journal) * 50))

    assert len(texts) == 8
    assert all(text.count("\n") == 10 and len(text) < 6000 and "\x1b" not in text for text in texts)
    assert "  999 " in texts[0]
