import pytest

from limavm.images.build.namespace import has_range


@pytest.mark.parametrize(
    ("text", "enough"),
    [
        ("alice:100000:65536\n", True),
        ("1000:100000:65536\n", True),
        ("bob:1:65536\nalice:200000:1073741824\n", True),
        ("alice:100000:65535\n", False),
        ("bob:100000:65536\n", False),
        ("alice\nalice:\nalice:x:y\n::\n", False),
        ("", False),
    ],
)
def test_a_user_needs_a_range_of_65536_ids_by_name_or_number(text: str, enough: bool) -> None:
    assert has_range(text, "alice", "1000") is enough
