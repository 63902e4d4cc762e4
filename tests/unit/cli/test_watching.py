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
    assert VIEW.watch("dev", iter([["a"], ["b"]]), json=False) == 0
    assert capsys.readouterr().out == "HEAD\na\n\nHEAD\nb\n\n"


def test_as_json_each_list_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    VIEW.watch("dev", iter([["a"], []]), json=True)

    assert capsys.readouterr().out == '["a"]\n[]\n'


@pytest.mark.parametrize(("height", "count"), [(None, 21), (100, 21), (22, 21), (21, 20), (10, 9), (3, 2), (1, 2)])
def test_no_line_leaves_the_terminal_at_the_top(height: int | None, count: int) -> None:
    lines = VIEW.screenful(["one"] * 20, 80, height)

    assert len(lines) == count
    assert lines[0] == "HEAD\n"
    assert count == 21 or lines[-1] == f"and {20 - (count - 2)} more\n"
