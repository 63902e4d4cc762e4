"""PyYAML's own parser in the place of libyaml: the same events at the same places."""

from pathlib import Path

import pytest
from yaml._yaml import CParser as OfC

from limavm.guestyq.events import CParser

ROOT = Path(__file__).parents[3]
TEMPLATES = sorted((ROOT / "src/limavm/templates").rglob("*.yaml"))
TEXTS = [
    "",
    "# only a comment\n",
    "a: 1 # one\n# between\n\nb:\n  - x\n  # before y\n  - 'y'\n# end\n",
    "a: &x {b: [1, 2], c: !!str 3}\nd: *x\n<<: *x\n",
    'text: |\n  one\n  two\n\nfolded: >-\n  a\n  b\nquoted: "a\\tb\\u00e9"\n',
    "---\na: 1\n---\nb\n...\n",
    "- - - 1\n- ? complex\n  : value\n- !own {a: 1}\n",
    "é: ü\nwindows: yes\r\nnext: line\r\n",
]


def described(event: object) -> list[str]:
    text = [type(event).__name__]
    text += [f"{name}={getattr(event, name, None)!r}" for name in ("anchor", "tag", "value", "explicit")]
    text.append(f"flow_style={bool(getattr(event, 'flow_style', None))}")
    text.append(f"style={getattr(event, 'style', None) or ''}")
    for name in ("start_mark", "end_mark"):
        mark = getattr(event, name)
        text.append(f"{name}={mark.line}:{mark.column}:{mark.index}")
    return text


def events(parser: object) -> list[list[str]]:
    found = []
    while event := parser.get_event():  # type: ignore[attr-defined]
        if not type(event).__name__.startswith("Stream"):
            found.append(described(event))
    return found


@pytest.mark.parametrize("text", [*TEXTS, *(pytest.param(path.read_text(), id=path.stem) for path in TEMPLATES)])
def test_the_events_are_those_of_libyaml(text: str) -> None:
    assert events(CParser(text)) == events(OfC(text))
