"""Lists that change, shown again and again."""

import json
from collections.abc import Sequence

import pytest

from limavm.cli.watching import View


def table(found: Sequence[str], width: int | None) -> str:
    return "".join(f"{line[:width]}\n" for line in ("HEAD", *found))


VIEW: View[str] = View(
    table=table,
    json_lines=lambda found: "".join(json.dumps(one) + "\n" for one in found),
    json_list=lambda found: json.dumps(list(found)) + "\n",
)


def test_a_list_is_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    VIEW.show(["a"], json=False)
    VIEW.show(["a", "b"], json=True)

    assert capsys.readouterr().out == 'HEAD\na\n"a"\n"b"\n'


def test_where_no_terminal_is_each_list_follows_a_blank_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert VIEW.watch(iter([["a"], ["b"]]), json=False) == 0
    assert capsys.readouterr().out == "HEAD\na\n\nHEAD\nb\n\n"


def test_as_json_each_list_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    VIEW.watch(iter([["a"], []]), json=True)

    assert capsys.readouterr().out == '["a"]\n[]\n'


@pytest.mark.parametrize(("height", "last"), [(None, "3"), (6, "3"), (5, "3"), (4, "and 2 more"), (1, "and 3 more")])
def test_a_table_never_leaves_the_screen_at_the_top(height: int | None, last: str) -> None:
    lines = VIEW.screenful(["1", "2", "3"], 80, height)

    assert lines[0] == "HEAD\n"
    assert lines[-1] == last + "\n"
