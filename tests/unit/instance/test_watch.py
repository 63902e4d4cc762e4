import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from limavm.instance.watch import Appeared, Happening, Logged, Puzzled, Told, Vanished, Watcher, happenings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIMA_HOME", str(tmp_path))
    return tmp_path


def instance(home: Path, name: str) -> Path:
    directory = home / name
    directory.mkdir()
    (directory / "lima.yaml").touch()
    return directory


def tell(directory: Path, port: int, *, anew: bool = False) -> None:
    path = directory / "ha.stdout.log"
    if anew:
        path.unlink()
    with path.open("a") as file:
        file.write(f'{{"time":"2026-01-01T00:00:00Z","status":{{"sshLocalPort":{port}}}}}\n')


def told(happenings: Iterator[Happening]) -> list[tuple[str, int]]:
    return [(item.instance, item.event.status.ssh_local_port) for item in happenings if isinstance(item, Told)]


def test_what_is_told_from_now_on_by_any_instance(home: Path) -> None:
    dev, web = instance(home, "dev"), instance(home, "web")
    tell(dev, 1)
    watcher = Watcher(None)
    tell(web, 2)
    tell(dev, 3)

    assert told(watcher.poll()) == [("dev", 3), ("web", 2)]
    assert list(watcher.poll()) == []
    watcher.close()


def test_history_begins_with_the_last_start(home: Path) -> None:
    tell(instance(home, "dev"), 1)
    watcher = Watcher(["dev"], history=True)

    assert told(watcher.poll()) == [("dev", 1)]
    watcher.close()


def test_the_next_start_is_followed(home: Path) -> None:
    dev = instance(home, "dev")
    tell(dev, 1)
    watcher = Watcher(None)
    tell(dev, 2, anew=True)

    assert told(watcher.poll()) == [("dev", 2)]
    watcher.close()


def test_instances_appear_and_vanish_where_all_are_watched(home: Path) -> None:
    dev = instance(home, "dev")
    watcher = Watcher(None)
    (home / "half").mkdir()
    tell(instance(home, "new"), 7)
    tell(dev, 8)

    assert list(watcher.look()) == [Appeared(instance="new")]
    assert told(watcher.poll()) == [("dev", 8), ("new", 7)]
    shutil.rmtree(dev)
    assert list(watcher.look()) == [Vanished(instance="dev")]
    assert watcher.names == ["new"]
    watcher.close()


def test_those_that_were_named_are_all(home: Path) -> None:
    instance(home, "dev")
    watcher = Watcher(["dev"])
    instance(home, "new")

    assert list(watcher.look()) == []
    watcher.close()


def test_a_home_that_does_not_exist_yet_has_no_instances(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMA_HOME", str(home / "later"))
    watcher = Watcher(None)
    (home / "later").mkdir()
    instance(home / "later", "dev")

    assert list(watcher.look()) == [Appeared(instance="dev")]
    watcher.close()


def test_a_damaged_line_is_told_and_the_rest_goes_on(home: Path) -> None:
    dev = instance(home, "dev")
    (dev / "ha.stdout.log").write_bytes(b'nonsense\n{"time":"t","status":{"errors":["\xff"]}}\n')
    tell(dev, 1)
    watcher = Watcher(["dev"], history=True)

    assert [type(item) for item in watcher.poll()] == [Puzzled, Puzzled, Told]
    watcher.close()


def test_a_file_that_cannot_be_read_is_told_once(home: Path) -> None:
    dev = instance(home, "dev")
    watcher = Watcher(["dev"])
    (dev / "ha.stdout.log").mkdir()

    assert [type(item) for item in watcher.poll()] == [Puzzled]
    assert list(watcher.poll()) == []
    watcher.close()


def test_the_logs_of_the_host_agents_are_told_if_wanted(home: Path) -> None:
    dev = instance(home, "dev")
    with_logs, without = Watcher(["dev"], logs=True), Watcher(["dev"])
    (dev / "ha.stderr.log").write_text('{"level":"info","msg":"hello"}\n')

    assert [item.line.msg for item in with_logs.poll() if isinstance(item, Logged)] == ["hello"]
    assert list(without.poll()) == []
    with_logs.close()


def test_it_looks_for_instances_now_and_then_and_goes_on_for_ever(home: Path) -> None:
    dev = instance(home, "dev")
    watcher = Watcher(None)
    instance(home, "new")
    tell(dev, 1)
    ticks = itertools.count()

    found = list(itertools.islice(happenings(watcher, clock=lambda: float(next(ticks))), 2))

    assert found[0] == Appeared(instance="new")
    assert told(iter(found)) == [("dev", 1)]
    watcher.close()
    assert os.listdir(home / "new") == ["lima.yaml"]
