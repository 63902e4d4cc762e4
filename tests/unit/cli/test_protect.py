from pathlib import Path

from tests.unit.cli.harness import Run, make_instance


def test_several_instances_are_protected_and_the_failures_told_together(limactl: Run, home: Path) -> None:
    one, two = make_instance(home, "one"), make_instance(home, "two")

    done = limactl("protect", "one", "nope", "two", "../x")

    assert done.code == 1
    assert (one / "protected").exists()
    assert (two / "protected").exists()
    assert "'nope'" in done.message
    assert "../x" in done.message


def test_protection_ends_with_unprotect(limactl: Run, home: Path) -> None:
    directory = make_instance(home, "dev")

    assert limactl("protect", "dev").code == 0
    refused = limactl("delete", "--force", "dev")
    assert limactl("unprotect", "dev").code == 0
    again = limactl("unprotect", "dev")
    assert limactl("delete", "dev").code == 0

    assert refused.code == 1
    assert "limactl unprotect dev" in refused.message
    assert again.code == 0
    assert "level=warning" in again.err
    assert not directory.exists()


def test_a_name_is_needed(limactl: Run, home: Path) -> None:
    for command in ("protect", "unprotect"):
        assert "at least 1 argument" in limactl(command).message
