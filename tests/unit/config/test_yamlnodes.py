from limavm.config.yamlnodes import holds, length_of, line_of
from limavm.config.yamltext import compose


def test_lines_are_found_by_path() -> None:
    root = compose(b"a:\n  b:\n  - x: 1\n    y: 2\n  - z\nc: null\n", "t.yaml")

    assert line_of(root, ("a", "b", 0, "y")) == 4
    assert line_of(root, ("a", "b", 1)) == 5
    assert line_of(root, ("a", "b", 7, "y")) == 2
    assert line_of(root, ("missing",)) == 0
    assert line_of(None, ("a",)) == 0


def test_null_is_nothing_that_is_held() -> None:
    root = compose(b"a: {b: 1}\nc: null\nd:\ne: ''\nf: [1, 2]\n", "t.yaml")

    assert holds(root, ("a", "b"))
    assert holds(root, ("e",))
    assert not any(holds(root, (key,)) for key in ("c", "d", "x"))
    assert length_of(root, ("f",)) == 2
    assert length_of(root, ("a",)) == 0
