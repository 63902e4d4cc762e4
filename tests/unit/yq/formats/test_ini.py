import pytest

from limavm.errors import UserError
from limavm.yq.formats import decode
from tests.unit.yq.formats.documents import written, yaml_of


def test_scalars_and_sections_are_written_and_the_rest_is_left_out() -> None:
    yaml = "a: 'x ; y'\nlong: ' lead'\n'k=': 1\nm: \"1\\n2\"\ns: {q: [1], n: null, z: {y: 1}}\nt: [1]\n"

    assert written(yaml, "ini") == 'a    = `x ; y`\nlong = " lead"\n`k=` = 1\nm    = """1\n2"""\n\n[s]\nn = null\n'
    assert written("a b", "ini") == "a b\n"
    with pytest.raises(UserError, match="only a mapping"):
        written("[1]", "ini")


def test_sections_are_read_as_mappings_of_texts() -> None:
    text = 'top=1\n; c\n[s]\nk = v ; note\n# x\nq = "a b"\n[t.u]\nz: 3\nl = """1\n2"""\n`a=b` = c\n'

    assert yaml_of(text, "ini") == ('top: "1"\ns:\n  k: v\n  q: a b\nt.u:\n  z: "3"\n  l: |-\n    1\n    2\n  a=b: c\n')


@pytest.mark.parametrize(("data", "line"), [(b"\nnokey\n", 2), (b"[s\n", 1), (b'a="""x\n', 1), (b"=1", 1)])
def test_bad_ini_is_an_error_with_its_line(data: bytes, line: int) -> None:
    with pytest.raises(UserError) as caught:
        decode(data, "ini", "x")

    assert caught.value.where == f"x, line {line}"
