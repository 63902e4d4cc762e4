import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.hostagent.inotify.changes import Look, Pending, Sign, Told, look

TOP = "/top"
LOOK = Look(mtime_ns=5_000_000_001, size=3, inode=7, mode=0o100644)

names = st.lists(st.sampled_from("abcd"), min_size=0, max_size=5).map(lambda parts: "/".join((TOP, *parts)))
signs = st.sampled_from([Sign(0), Sign.MODIFIED, Sign.CLOSED, Sign.NAMED])


def pending(limit: int = 1000) -> Pending:
    made = Pending(limit)
    made.tops = frozenset({TOP})
    return made


def test_many_changes_of_a_file_are_told_once() -> None:
    waiting = pending()
    for _ in range(1000):
        waiting.add("/top/a", Sign.MODIFIED)
    waiting.add("/top/b", Sign.NAMED)
    waiting.add("/top/a", Sign.CLOSED)

    assert waiting.take(10) == [("/top/a", Sign.MODIFIED | Sign.CLOSED), ("/top/b", Sign.NAMED)]
    assert waiting.take(10) == []


def test_a_storm_becomes_the_directories_that_it_was_in() -> None:
    waiting = pending(limit=100)
    waiting.add("/top/other/single", Sign.MODIFIED)
    for number in range(20_000):
        waiting.add(f"/top/storm/{number % 40}/{number}", Sign.NAMED)

    taken = waiting.take(1000)

    assert len(taken) <= 100
    assert ("/top/other/single", Sign.MODIFIED) in taken
    told = {path for path, _ in taken}
    assert all({f"/top/storm/{n % 40}", f"/top/storm/{n % 40}/{n}"} & told for n in range(20_000))


def test_more_directories_than_can_be_told_become_those_above() -> None:
    waiting = pending(limit=10)
    for number in range(1000):
        waiting.add(f"/top/{number}/a/b", Sign.NAMED)

    assert waiting.take(100) == [(TOP, Sign.WHOLE)]


def test_after_a_storm_was_told_single_files_are_told_again() -> None:
    waiting = pending(limit=10)
    for number in range(1000):
        waiting.add(f"/top/a/{number}", Sign.NAMED)
    assert waiting.take(100) == [("/top/a", Sign.WHOLE)]

    waiting.add("/top/a/5", Sign.MODIFIED)

    assert waiting.take(100) == [("/top/a/5", Sign.MODIFIED)]


@pytest.mark.parametrize(("seconds", "expected"), [(6.4, 50), (1.6, 100), (0.32, 500), (0.016, 1000), (0.0, 1000)])
def test_no_more_waits_than_a_slow_guest_can_be_told_soon(seconds: float, expected: int) -> None:
    waiting = pending(limit=1000)
    for number in range(1000):
        waiting.add(f"/top/{number // 20}/{number}", Sign.NAMED)

    waiting.told(32, seconds)

    assert len(waiting) <= expected
    for number in range(1000):
        waiting.add(f"/top/{number}", Sign.NAMED)
        assert len(waiting) <= expected


def test_paths_that_are_watched_no_more_do_not_hold_it_up() -> None:
    waiting = pending(limit=4)
    for number in range(100):
        waiting.add(f"/gone/{number}", Sign.NAMED)
        waiting.add("/", Sign.NAMED)

    assert len(waiting) <= 4


@given(st.lists(st.one_of(st.tuples(names, signs), st.integers(1, 5)), max_size=200), st.integers(2, 12))
def test_whatever_changes_in_whatever_order_it_is_told_or_a_directory_above_it(
    steps: list[tuple[str, Sign] | int], limit: int
) -> None:
    waiting = pending(limit)
    untold: set[str] = set()

    def tell(most: int) -> None:
        for path, sign in waiting.take(most):
            untold.discard(path)
            if Sign.WHOLE in sign:
                untold.difference_update([name for name in untold if name.startswith(path + "/")])

    for step in steps:
        if isinstance(step, int):
            tell(step)
        else:
            waiting.add(*step)
            untold.add(step[0])
        assert len(waiting) <= limit
    tell(limit)

    assert untold == set()
    assert len(waiting) == 0


@pytest.mark.parametrize(
    ("sign", "proof"),
    [
        (Sign(0), False),
        (Sign.MODIFIED, False),  # also what the guest does to the times
        (Sign.CLOSED, False),  # also a lock file that nobody writes to
        (Sign.MODIFIED | Sign.CLOSED, True),
        (Sign.NAMED, True),
        (Sign.WHOLE, True),
    ],
)
def test_what_proves_a_change_is_told_even_if_the_file_looks_the_same(sign: Sign, proof: bool) -> None:
    told = Told()
    told.remember("/f", LOOK)

    assert sign.is_proof is proof
    assert told.is_news("/f", LOOK, sign) is proof


@pytest.mark.parametrize("change", [{"mtime_ns": 4}, {"size": 4}, {"inode": 8}, {"mode": 0o100755}])
def test_any_difference_is_told(change: dict[str, int]) -> None:
    told = Told()
    told.remember("/f", LOOK)

    assert told.is_news("/f", LOOK._replace(**change), Sign(0))
    assert told.is_news("/f", None, Sign(0))


def test_a_time_that_sftp_has_cut_off_is_no_change() -> None:
    told = Told()
    told.remember("/f", LOOK)

    assert not told.is_news("/f", LOOK._replace(mtime_ns=5_000_000_000), Sign.MODIFIED)
    assert told.is_news("/f", LOOK._replace(mtime_ns=5_000_000_000, size=4), Sign.MODIFIED)


def test_what_has_gone_is_told_once_and_only_if_it_was_there() -> None:
    told = Told()

    assert not told.is_news("/f", None, Sign.MODIFIED)
    assert told.is_news("/f", None, Sign.NAMED)
    told.remember("/f", None)
    assert not told.is_news("/f", None, Sign.NAMED)
    assert told.is_news("/f", LOOK, Sign(0))


def test_what_could_not_be_told_is_news_still() -> None:
    told = Told()
    told.remember("/f", LOOK)
    told.forget(["/f", "/other"])

    assert told.is_news("/f", LOOK, Sign(0))


def test_only_so_many_files_are_remembered() -> None:
    told = Told(most=2)
    for name in ("/a", "/b", "/c"):
        told.remember(name, LOOK)

    assert [name for name in ("/a", "/b", "/c") if told.is_news(name, LOOK, Sign(0))] == ["/a"]


def test_the_size_of_a_directory_does_not_count(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("abc")

    assert look(tmp_path.stat()).size == 0
    assert look(file.stat()) == (file.stat().st_mtime_ns, 3, file.stat().st_ino, os.stat(file).st_mode)
