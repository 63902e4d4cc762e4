import pytest

from limavm.instance.sync.changes import Action, Change, leading_out, plan
from limavm.instance.sync.manifest import Entry, Kind

DIRECTORY = Entry(kind=Kind.DIRECTORY, mode=0o755)
SPECIAL = Entry(kind=Kind.SPECIAL)


def file(version: int, *, mode: int = 0o644, inode: int = 0) -> Entry:
    return Entry(kind=Kind.FILE, mode=mode, size=10, mtime_ns=version, inode=inode)


def link(target: str) -> Entry:
    return Entry(kind=Kind.LINK, target=target)


def decided(base: Entry | None, guest: Entry | None, host: Entry | None) -> tuple[list[Action], list[Action]]:
    """The actions for one path, and those that clash."""
    trees = [{"path": entry} if entry else {} for entry in (base, guest, host)]
    found = plan(*trees)
    return [change.action for change in found.changes], [change.action for change in found.conflicts]


@pytest.mark.parametrize(
    ("base", "guest", "action"),
    [
        (None, file(1), Action.ADD),
        (None, DIRECTORY, Action.ADD),
        (None, link("a"), Action.ADD),
        (file(1), None, Action.DELETE),
        (DIRECTORY, None, Action.DELETE),
        (link("a"), None, Action.DELETE),
        (file(1), file(2), Action.MODIFY),
        (link("a"), link("b"), Action.MODIFY),
        (file(1), link("b"), Action.MODIFY),
        (DIRECTORY, file(1), Action.MODIFY),
        (file(1), DIRECTORY, Action.MODIFY),
        (file(1), file(1, mode=0o755), Action.METADATA),
        (DIRECTORY, Entry(kind=Kind.DIRECTORY, mode=0o700), Action.METADATA),
    ],
)
def test_what_only_the_guest_has_changed_is_brought_back(
    base: Entry | None, guest: Entry | None, action: Action
) -> None:
    assert decided(base, guest, base) == ([action], [])


@pytest.mark.parametrize("host", [None, file(1), file(2), file(1, mode=0o600), DIRECTORY, link("a"), SPECIAL])
@pytest.mark.parametrize("base", [file(1), DIRECTORY, link("a")])
def test_what_the_guest_has_left_alone_stays_whatever_the_host_did_with_it(base: Entry, host: Entry | None) -> None:
    assert decided(base, base, host) == ([], [])


@pytest.mark.parametrize("host", [file(1), DIRECTORY, link("a"), SPECIAL])
def test_what_the_guest_never_had_is_never_deleted(host: Entry) -> None:
    assert decided(None, None, host) == ([], [])


@pytest.mark.parametrize("host", [file(9), None, DIRECTORY, link("a"), SPECIAL, file(1, mode=0o600)])
def test_what_both_have_changed_is_a_conflict(host: Entry | None) -> None:
    changes, conflicts = decided(file(1), file(2), host)

    assert changes == []
    assert len(conflicts) == 1


def test_a_file_that_was_replaced_by_one_of_the_same_size_and_time_is_a_conflict() -> None:
    assert decided(file(1, inode=5), None, file(1, inode=6)) == ([], [Action.DELETE])


def test_a_deletion_in_the_guest_does_not_take_what_the_host_has_edited() -> None:
    assert decided(file(1), None, file(2)) == ([], [Action.DELETE])


def test_what_both_have_created_is_a_conflict() -> None:
    assert decided(None, file(1), file(2)) == ([], [Action.MODIFY])


@pytest.mark.parametrize("both", [None, file(2), DIRECTORY, link("b")])
def test_what_both_have_changed_alike_is_done(both: Entry | None) -> None:
    assert decided(file(1), both, both) == ([], [])


def test_a_pipe_of_the_host_stays() -> None:
    assert decided(SPECIAL, None, SPECIAL) == ([], [])
    assert decided(SPECIAL, file(1), SPECIAL) == ([], [Action.MODIFY])


def test_changes_are_in_the_order_of_their_paths_and_counted() -> None:
    found = plan({}, {"b": file(1), "a/b": file(1), "a": DIRECTORY}, {})

    assert [change.path for change in found.changes] == ["a", "a/b", "b"]
    assert found.count(Action.ADD) == 3
    assert found.count(Action.DELETE) == 0


def test_a_plan_is_false_when_nothing_is_to_do() -> None:
    assert not plan({"a": file(1)}, {"a": file(1)}, {"a": file(1)})
    assert plan({}, {"a": file(1)}, {})


@pytest.mark.parametrize(
    ("path", "target", "out"),
    [
        ("a/b/link", "../c", False),
        ("a/b/link", "../../c", False),
        ("a/b/link", "../../../c", True),
        ("link", "..", True),
        ("link", ".", False),
        ("link", "/etc", True),
        ("link", "x/../../y", True),
        ("link", "..x", False),
    ],
)
def test_links_that_lead_out_are_told_apart(path: str, target: str, out: bool) -> None:
    change = Change(path=path, action=Action.ADD, host=None, guest=link(target))

    assert bool(leading_out([change])) is out


def test_a_link_that_goes_away_leads_nowhere() -> None:
    assert leading_out([Change(path="a", action=Action.DELETE, host=link("/etc"), guest=None)]) == []
