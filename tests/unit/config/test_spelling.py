import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.config.spelling import distance, nearest


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("", "", 0), ("a", "", 1), ("cpu", "cpus", 1), ("cpsu", "cpus", 1), ("abc", "xyz", 3), ("mount", "mounts", 1)],
)
def test_the_distance_counts_changed_letters(one: str, other: str, expected: int) -> None:
    assert distance(one, other) == expected


@given(st.text(max_size=8), st.text(max_size=8))
def test_the_distance_is_the_same_both_ways(one: str, other: str) -> None:
    assert distance(one, other) == distance(other, one) <= max(len(one), len(other))


@pytest.mark.parametrize(
    ("name", "expected"), [("cpu", "cpus"), ("CPUS", "cpus"), ("memroy", "memory"), ("zzz", None), ("x" * 1000, None)]
)
def test_only_a_near_name_is_meant(name: str, expected: str | None) -> None:
    assert nearest(name, ["cpus", "memory", "disk"]) == expected
    assert nearest(name, []) is None
