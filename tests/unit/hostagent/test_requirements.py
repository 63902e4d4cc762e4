"""Requirements are asked in order, reported by the lines that others grep, and given up with a hint."""

import logging
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from limavm.host.aprocess import Completed
from limavm.hostagent.requirements import (
    Group,
    Requirement,
    essential,
    final,
    optional,
    probe_script,
    satisfy,
)
from limavm.model.arch import Arch
from limavm.model.config import Config, Probe, User


def config(*, plain: bool = False, probes: tuple[Probe, ...] = ()) -> Config:
    user = User(name="dev", comment="", home="/home/dev", shell="/bin/bash", uid=1000)
    return Config(
        vm_type="qemu", arch=Arch.X86_64, user=user, cpus=1, memory="1GiB", disk="1GiB", plain=plain, probes=probes
    )


class Answers:
    """A guest that gives the listed exit statuses, one a script; None is a hanging ssh."""

    def __init__(self, *statuses: int | None) -> None:
        self._statuses: Iterator[int | None] = iter(statuses)
        self.scripts: list[str] = []

    async def run(self, script: str, *, timeout: float) -> Completed:
        self.scripts.append(script)
        status = next(self._statuses)
        if status is None:
            raise TimeoutError
        return Completed(status, b"", b"permission denied" if status else b"")


class Pauses:
    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def requirement(description: str = "x", *, fatal: bool = False) -> Requirement:
    return Requirement(description=description, script="true", hint="look at the log", fatal=fatal)


def test_a_linux_guest_must_let_ssh_in_and_have_its_session_ready() -> None:
    group = essential(config(), "boot-1")

    assert [one.description for one in group.requirements] == [
        "ssh",
        "user session is ready for ssh",
        "Explicitly start ssh ControlMaster",
    ]
    assert "boot-1" in group.requirements[1].script


def test_a_plain_guest_only_has_to_let_ssh_in() -> None:
    assert len(essential(config(plain=True), "t").requirements) == 2


def test_boot_scripts_must_have_finished_in_a_plain_guest_too() -> None:
    (found,) = final(config(plain=True), "boot-1").requirements

    assert "boot-1" in found.script


def test_probes_are_the_optional_group_with_their_own_words() -> None:
    probes = (Probe(script="#!/bin/sh\ntrue\n", description="web is up", hint="see journalctl"),)

    (found,) = optional(config(probes=probes), "t").requirements

    assert (found.description, found.hint) == ("web is up", "see journalctl")


async def test_a_requirement_is_tried_again_until_it_is_satisfied() -> None:
    answers, pauses = Answers(255, 1, None, 0), Pauses()

    errors = await satisfy([Group(name="final", requirements=(requirement(),))], answers, pause=pauses)

    assert errors == []
    assert pauses.seconds == [0.05, 0.1, 0.2]


async def test_log_lines_have_the_form_that_wrappers_grep(caplog: pytest.LogCaptureFixture) -> None:
    group = Group(name="essential", requirements=(requirement("ssh"), requirement("next")))

    with caplog.at_level(logging.INFO):
        await satisfy([group], Answers(0, 0))

    assert caplog.messages[:2] == [
        'Waiting for the essential requirement 1 of 2: "ssh"',
        "The essential requirement 1 of 2 is satisfied",
    ]


async def test_what_is_not_satisfied_in_time_is_an_error_with_its_hint_and_the_next_is_still_asked() -> None:
    group = Group(name="optional", requirements=(requirement("a"), requirement("b")))

    errors = await satisfy([group], Answers(1, 0), limit=0, pause=Pauses())

    assert len(errors) == 1
    assert "optional requirement 1 of 2" in errors[0]
    assert "permission denied" in errors[0]
    assert "look at the log" in errors[0]


async def test_a_fatal_requirement_is_tried_once_and_ends_its_group() -> None:
    group = Group(name="optional", requirements=(requirement("a", fatal=True), requirement("b")))
    answers = Answers(1)

    errors = await satisfy([group], answers, pause=Pauses())

    assert len(errors) == 1
    assert len(answers.scripts) == 1


async def test_satisfied_requirements_are_told_with_the_time_they_took() -> None:
    told: list[tuple[str, str]] = []

    await satisfy(
        [Group(name="final", requirements=(requirement("a"),))],
        Answers(0),
        satisfied=lambda group, one, took: told.append((group, one.description)) if took >= 0 else None,
    )

    assert told == [("final", "a")]


async def test_what_a_satisfied_requirement_printed_is_handed_on() -> None:
    told: list[tuple[str, bytes]] = []
    group = Group(name="final", requirements=(requirement("a"),))

    await satisfy([group], Answers(0), said=lambda group, output: told.append((group, output)))

    assert told == [("final", b"")]


def test_the_last_answer_of_the_guest_tells_which_scripts_have_failed() -> None:
    (found,) = final(config(), "boot-1").requirements

    assert "/run/lima-boot-failures" in found.script


@pytest.mark.parametrize("line", ["#!/bin/bash", "#!/bin/sh", "#!/usr/bin/env python3"])
def test_a_probe_runs_under_its_own_interpreter(line: str, tmp_path: Path) -> None:
    body = "print('LIMA_PROBE_END')" if "python" in line else "echo LIMA_PROBE_END"
    sudo = tmp_path / "sudo"
    sudo.write_text("#!/bin/sh\nprintf 'PARAM_a=x y\\n'\n")
    sudo.chmod(0o755)

    done = subprocess.run(
        ["/bin/sh"],
        input=probe_script(f"{line}\n{body}\n"),
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "LIMA_PROBE_END\n"


def test_a_probe_sees_the_params(tmp_path: Path) -> None:
    sudo = tmp_path / "sudo"
    sudo.write_text("#!/bin/sh\nprintf 'PARAM_a=x y\\nPARAM_b=\\n'\n")
    sudo.chmod(0o755)

    done = subprocess.run(
        ["/bin/sh"],
        input=probe_script('#!/bin/sh\n[ "$PARAM_a" = "x y" ] && exit 7\n'),
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        text=True,
        check=False,
    )

    assert done.returncode == 7
