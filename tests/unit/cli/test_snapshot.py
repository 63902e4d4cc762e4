"""`limactl snapshot`."""

from pathlib import Path

from tests.unit.cli.harness import Run, make_instance


def test_snapshots_are_experimental_and_want_an_instance_and_a_tag(limactl: Run, home: Path) -> None:
    make_instance(home, "dev")

    listed = limactl("snapshot", "list", "dev")
    assert (listed.code, listed.out) == (0, "")
    assert "experimental" in listed.message
    for args, problem in (
        (["create", "dev"], "tag"),
        (["create", "--tag", "x"], "at least 1"),
        (["apply", "--tag", "x", "nope"], "no instance"),
        (["delete", "--tag", "x", "dev"], "no disk"),
    ):
        done = limactl("snapshot", *args)
        assert done.code == 1
        assert problem in done.message
    assert limactl("__complete", "snapshot", "apply", "dev", "--tag", "").out == ":4\n"
