"""`limactl watch`, on files of events that a test writes."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cli.harness import Run, make_instance

if sys.platform == "win32":
    pytest.skip("POSIX signals", allow_module_level=True)


def watching(*args: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "limavm", "watch", *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def tell(directory: Path, status: str) -> None:
    with (directory / "ha.stdout.log").open("a") as file:
        file.write(f'{{"time":"2026-01-01T00:00:00.5Z","status":{status}}}\n')


def ended(child: "subprocess.Popen[str]") -> tuple[str, str, int]:
    child.send_signal(signal.SIGINT)
    out, err = child.communicate()
    return out, err, child.returncode


def test_events_of_all_instances_and_of_new_ones_come_as_they_are_told(home: Path) -> None:
    dev = make_instance(home, "dev")
    with watching() as child:
        assert child.stdout
        assert child.stderr
        assert "watching dev" in child.stderr.readline()
        tell(dev, '{"running":true,"sshLocalPort":60022}')
        lines = [child.stdout.readline(), child.stdout.readline()]
        tell(make_instance(home, "new"), '{"exiting":true}')
        assert "new instance new" in child.stderr.readline()
        lines.append(child.stdout.readline())
        rest = ended(child)

    assert [line.partition(" ")[2][9:] for line in lines] == [
        "dev | running\n",
        "dev | ssh port: 60022\n",
        "new | exiting\n",
    ]
    assert rest == ("", "", 130)


def test_as_json_an_event_is_a_line(home: Path) -> None:
    dev = make_instance(home, "dev")
    tell(dev, '{"running":true}')
    with watching("dev", "--json", "--history") as child:
        assert child.stdout
        first = json.loads(child.stdout.readline())
        tell(dev, '{"exiting":true}')
        second = json.loads(child.stdout.readline())
        ended(child)

    assert first == {"instance": "dev", "event": {"time": "2026-01-01T00:00:00.5Z", "status": {"running": True}}}
    assert second["event"]["status"] == {"exiting": True}


def test_logs_of_the_host_agents_are_shown_only_if_wanted(home: Path) -> None:
    dev = make_instance(home, "dev")
    (dev / "ha.stderr.log").write_text('{"level":"info","msg":"hello"}\n')
    tell(dev, '{"running":true}')
    shown = []
    for flags in (["--verbose"], []):
        with watching("--history", *flags) as child:
            assert child.stdout
            child.stdout.readline()
            shown.append("[hostagent] hello" in ended(child)[1])

    assert shown == [True, False]


def test_a_reader_that_leaves_is_no_error(home: Path) -> None:
    tell(make_instance(home, "dev"), '{"running":true}')
    with watching("--history") as child:
        assert child.stdout
        child.stdout.readline()
        child.stdout.close()
        child.stdout = None
        child.communicate()

    assert child.returncode == 141


def test_an_unknown_name_is_warned_of_and_the_others_are_watched(home: Path) -> None:
    tell(make_instance(home, "dev"), '{"running":true}')
    with watching("none", "dev", "--history") as child:
        assert child.stdout
        assert "dev | running" in child.stdout.readline()
        _, err, _ = ended(child)

    assert "there is no instance 'none'" in err


@pytest.mark.parametrize("names", [["none"], ["none", "other"], ["../x"], ["x" * 200], ["größe"]])
def test_nothing_to_watch_is_an_error(limactl: Run, home: Path, names: list[str]) -> None:
    done = limactl("watch", *names)

    assert (done.code, done.out) == (1, "")
    assert len(done.err.splitlines()) == 1


def test_a_damaged_line_is_a_warning(home: Path) -> None:
    dev = make_instance(home, "dev")
    (dev / "ha.stdout.log").write_text("\x1b nonsense\n")
    tell(dev, '{"running":true}')
    with watching("--history") as child:
        assert child.stdout
        child.stdout.readline()
        _, err, _ = ended(child)

    assert "no event" in err
    assert "\x1b" not in err
