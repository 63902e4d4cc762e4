from pathlib import Path

import pytest

from tests.unit.cli.harness import Run, make_instance


@pytest.mark.parametrize(("arguments", "name"), [([], "default"), (["dev"], "dev")])
def test_the_disk_is_gone_and_the_configuration_stays(
    limactl: Run, home: Path, arguments: list[str], name: str
) -> None:
    directory = make_instance(home, name)
    (directory / "disk").touch()

    done = limactl("factory-reset", *arguments)

    assert done.code == 0
    assert (directory / "lima.yaml").exists()
    assert (directory / "cloud-config.yaml").exists()
    assert not (directory / "disk").exists()


def test_what_is_removed_is_told_in_one_line_and_with_debug_file_by_file(limactl: Run, home: Path) -> None:
    directory = make_instance(home, "dev")
    for name in ("disk", "ha.stdout.log", "serial.log"):
        (directory / name).touch()

    done = limactl("factory-reset", "dev")
    (directory / "disk").touch()
    detailed = limactl("--debug", "factory-reset", "dev")

    assert done.code == 0
    assert done.err.count("\n") == done.err.count("level=info") == 1
    assert f"Removed {directory}/disk" in detailed.err


def test_a_missing_instance_is_no_failure(limactl: Run, home: Path) -> None:
    done = limactl("factory-reset", "nope")

    assert done.code == 0
    assert "level=info" in done.err


def test_a_protected_instance_is_refused(limactl: Run, home: Path) -> None:
    directory = make_instance(home, "dev")
    (directory / "disk").touch()
    limactl("protect", "dev")

    done = limactl("factory-reset", "dev")

    assert done.code == 1
    assert "limactl unprotect dev" in done.message
    assert (directory / "disk").exists()


def test_one_instance_at_a_time(limactl: Run, home: Path) -> None:
    assert "at most 1 argument" in limactl("factory-reset", "one", "two").message
