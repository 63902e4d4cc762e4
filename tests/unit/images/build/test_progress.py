import pytest

from limavm.images.build.progress import Fetched, Needed, Step, parse_progress


@pytest.mark.parametrize(
    ("line", "amount"),
    [
        ("Need to get 25.4 MB of archives.", 25_400_000),
        ("Need to get 1,234 kB of archives.", 1_234_000),
        ("Need to get 85.6 MB/111 MB of archives.", 85_600_000),
        ("Need to get 0 B of archives.", 0),
    ],
)
def test_what_apt_is_going_to_fetch_is_known(line: str, amount: int) -> None:
    assert parse_progress(line) == Needed(amount=amount)


def test_each_package_counts_when_apt_begins_it() -> None:
    line = "Get:2 http://a.test/debian trixie/main amd64 libc6 amd64 2.41-12 [2847 kB]"

    assert parse_progress(line) == Fetched(amount=2_847_000)


def test_steps_have_names_for_people() -> None:
    assert parse_progress("I: installing remaining packages inside the chroot...") == Step(name="installing packages")


@pytest.mark.parametrize(
    "line", ["", "I: ", "Get:1", "Setting up libc6 (2.41) ...", "Get:x [1 kB]", "Need to get many"]
)
def test_other_lines_mean_nothing(line: str) -> None:
    assert parse_progress(line) is None
