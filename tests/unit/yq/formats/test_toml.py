import pytest

from limavm.errors import UserError
from limavm.yq.formats import decode
from tests.unit.yq.formats.documents import yaml_of

TEXT = """\
a = 1
b = 1.50
c = "x"
n = "1"
d = [1, 2]
i = -inf
# lost
[t]
x = 2020-01-01
y = 2020-01-01T10:00:00Z
z = 10:00:00
[[arr]]
n = true
[[arr]]
n = false
[t.u]
q = {a = 1}
"""


def test_tables_are_read_as_mappings() -> None:
    assert yaml_of(TEXT, "toml") == (
        'a: 1\nb: 1.50\nc: x\n"n": "1"\nd:\n  - 1\n  - 2\ni: -.inf\n'
        't:\n  x: 2020-01-01\n  "y": 2020-01-01T10:00:00Z\n  z: "10:00:00"\n  u:\n    q:\n      a: 1\n'
        'arr:\n  - "n": true\n  - "n": false\n'
    )


@pytest.mark.parametrize(
    "data", [b"x = [", b"\xff", b"a = 1\na = 2", b"x = " + b"[" * 100_000, b"a." * 500_000 + b"a=1", b"a=1\n" * 400_000]
)
def test_bad_toml_is_an_error(data: bytes) -> None:
    with pytest.raises(UserError):
        decode(data, "toml", "x.toml")
