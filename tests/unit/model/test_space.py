"""Who holds which bytes, and what is free without some of them."""

from hypothesis import given
from hypothesis import strategies as st

from limavm.model.space import FileSpace, Part, Pools


def file(inode: int, size: int, *stretches: tuple[int, int], links: int = 1, device: int = 1) -> FileSpace:
    return FileSpace(device=device, inode=inode, size=size, links=links, stretches=stretches)


def test_files_that_nobody_shares_are_their_things_own() -> None:
    pools = Pools([[file(1, 10), file(2, 20)], [file(3, 5)]])

    assert pools.part(0) == Part(occupied=30, own=30)
    assert pools.total() == 35
    assert pools.freed([0, 1]) == 35


def test_a_hard_link_is_counted_once_and_freed_with_its_last_name() -> None:
    pools = Pools([[file(1, 10, links=2)], [file(1, 10, links=2), file(2, 3)]])

    assert pools.part(0) == Part(occupied=10, own=0)
    assert pools.part(1) == Part(occupied=13, own=3)
    assert pools.part(0).shared == 10
    assert pools.total() == 13
    assert pools.freed([0, 1]) == 13


def test_two_names_in_one_thing_are_one_file() -> None:
    pools = Pools([[file(1, 10, links=2), file(1, 10, links=2)]])

    assert pools.part(0) == Part(occupied=10, own=10)


def test_a_link_that_we_have_not_seen_keeps_the_file() -> None:
    pools = Pools([[file(1, 10, links=3)], [file(1, 10, links=3)]])

    assert pools.total() == 10
    assert pools.freed([0, 1]) == 0


def test_files_of_two_devices_are_two_files() -> None:
    pools = Pools([[file(1, 10, device=1)], [file(1, 10, device=2)]])

    assert pools.total() == 20


def test_stretches_that_two_files_have_are_counted_once() -> None:
    pools = Pools([[file(1, 100, (1000, 1080))], [file(2, 100, (1000, 1080))]])

    assert pools.part(0) == Part(occupied=100, own=20)
    assert pools.total() == 120
    assert pools.freed([0, 1]) == 120


def test_stretches_that_overlap_are_cut_where_one_ends() -> None:
    pools = Pools([[file(1, 60, (0, 60))], [file(2, 60, (40, 100))], [file(3, 10, (50, 60))]])

    assert pools.total() == 100
    assert pools.total([0, 2]) == 60
    # Somebody else has what only one of ours has: the file system says that it is shared.
    assert pools.freed([0, 1]) == 10
    assert pools.freed([0, 1, 2]) == 20


def test_a_stretch_shared_with_strangers_is_not_free_without_us() -> None:
    pools = Pools([[file(1, 100, (0, 80))]])

    assert pools.part(0) == Part(occupied=100, own=20)


def test_a_file_that_has_one_stretch_twice_takes_it_once() -> None:
    pools = Pools([[file(1, 100, (0, 50), (0, 50))]])

    assert pools.total() == 50
    assert pools.freed([0]) == 50


def test_stretches_of_another_device_are_others() -> None:
    pools = Pools([[file(1, 10, (0, 10), device=1)], [file(2, 10, (0, 10), device=2)]])

    assert pools.total() == 20


def test_more_stretches_than_bytes_are_no_debt() -> None:
    """Compression: a stretch may be longer than what the file takes."""
    pools = Pools([[file(1, 10, (0, 40))], [file(2, 5)]])

    assert pools.total([1]) == 5
    assert pools.total() == 45


def test_nothing_takes_nothing() -> None:
    assert Pools([]).total() == 0
    assert Pools([[]]).part(0) == Part(occupied=0, own=0)
    assert Pools([[]]).freed([]) == 0


_STRETCHES = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 10)), max_size=3)
_THINGS = st.lists(st.lists(st.tuples(st.integers(1, 5), _STRETCHES), max_size=3), max_size=5)


@given(_THINGS)
def test_what_is_freed_and_what_others_hold_is_all_that_there_is(
    drawn: list[list[tuple[int, list[tuple[int, int]]]]],
) -> None:
    stretches = {
        inode: tuple((start, start + length) for start, length in found) for thing in drawn for inode, found in thing
    }
    things = [[file(inode, 40, *stretches[inode], links=9) for inode, _ in thing] for thing in drawn]
    pools = Pools(things)
    everybody = range(len(things))

    assert pools.freed(everybody) <= pools.total()
    for number in everybody:
        others = [other for other in everybody if other != number]
        part = pools.part(number)
        assert 0 <= part.own <= part.occupied
        assert pools.total() - pools.total(others) >= part.own
        assert pools.freed([number]) + pools.freed(others) <= pools.freed(everybody)
