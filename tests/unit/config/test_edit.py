import contextlib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from limavm.config.decode import decode
from limavm.config.edit import apply
from limavm.config.errors import ConfigError
from limavm.config.layer import Layer
from tests.unit.config.documents import DOCUMENTS

TEXT = b"""\
# The head.
cpus: 2  # few

# About memory.
memory: "4GiB"


images:
- location: 'a.img'   # local
  arch: x86_64
ssh:
  localPort: null
# The end.
"""


def test_no_edits_change_nothing() -> None:
    assert apply(b"a:   1\r\n", []) == b"a:   1\r\n"


def test_a_value_is_replaced_in_its_place_and_comments_stay() -> None:
    result = apply(TEXT, [(("cpus",), 8), (("ssh", "localPort"), 60022)]).decode()

    assert result == TEXT.decode().replace("cpus: 2 ", "cpus: 8 ").replace("localPort: null", "localPort: 60022")


def test_a_new_key_is_put_at_the_end() -> None:
    result = apply(b"cpus: 2\n", [(("vmType",), "qemu"), (("ssh", "localPort"), 1), (("plain",), True)])

    assert result == b"cpus: 2\nvmType: qemu\nssh:\n  localPort: 1\nplain: true\n"


@pytest.mark.parametrize("text", [b"", b"{}\n", b"# only a comment\n", b"# c", b"---\n"])
def test_an_empty_text_can_be_edited(text: bytes) -> None:
    result = apply(text, [(("cpus",), 2)])

    assert decode(result, "t").layer == Layer(cpus=2)
    assert text.startswith(b"#") <= (b"# " in result)


def test_a_null_on_the_way_becomes_a_mapping() -> None:
    assert apply(b"ssh: null\n", [(("ssh", "localPort"), 1)]) == b"ssh:\n  localPort: 1\n"


def test_the_result_is_reformatted() -> None:
    text = b"a:\r\n    - 1\r\n    -   x:   2\r\n        y: ~\r\nb: {c: d}\r\n\r\n\r\n"

    assert apply(text, [(("b", "c"), "e")]) == b"a:\n- 1\n- x: 2\n  y: null\nb: {c: e}\n"


def test_a_long_line_is_not_broken() -> None:
    text = b"message: " + b"word " * 100 + b"\n"

    assert apply(text, [(("cpus",), 1)]) == text.rstrip() + b"\ncpus: 1\n"


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        (b"a: [1", ("b",), "not YAML"),
        (b"a: 1\na: 2\n", ("b",), "already defined"),
        (b"- 1\n", ("b",), "must be a mapping"),
        (b"ssh: 3\n", ("ssh", "localPort"), "ssh: this is no mapping"),
        (b"\xff", ("b",), "not UTF-8"),
    ],
)
def test_a_text_that_cannot_be_edited_is_refused(text: bytes, path: tuple[str, ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        apply(text, [(path, 1)])


@pytest.mark.parametrize(
    "value", ["yes", "0644", "null", "true", "1.0", "", "a: b", "#x", "é", "two\nlines\n", 0.5, None]
)
def test_a_value_is_read_back_as_it_was_set(value: object) -> None:
    result = decode(apply(b"cpus: 1\n", [(("vmOpts", "qemu", "x"), value)]), "t")

    assert (result.layer.vm_opts or {}).get("qemu", {}).get("x") == value


def test_what_looks_like_a_date_or_an_octal_number_stays_as_it_is() -> None:
    text = b"env:\n  A: 2001-12-14t21:59:43.10-05:00\n  B: 2026-01-01\n  C: 0644\n  D: 1.50\n  E: 0x1F\n  F: yes\n"

    edited = decode(apply(text, [(("cpus",), 1)]), "t").layer

    assert edited.env == decode(text, "t").layer.env


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(DOCUMENTS)
def test_an_edit_changes_nothing_else(document: object) -> None:
    text = json.dumps(document).encode()
    before = decode(text, "t").layer

    after = decode(apply(text, [(("cpus",), 3), (("ssh", "localPort"), 4)]), "t").layer

    assert after == replace(before, cpus=3, ssh=replace(before.ssh, local_port=4))


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])), st.binary(max_size=60))
def test_any_text_is_edited_or_refused(value: str, text: bytes) -> None:
    with contextlib.suppress(ConfigError):
        apply(text, [(("message",), value)])
