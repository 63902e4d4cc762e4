import pytest

from limavm.config.errors import ConfigError, Path, Problem, dotted


@pytest.mark.parametrize(
    ("path", "text"),
    [((), ""), (("a",), "a"), (("a", 0, "b"), "a[0].b"), (("a", "b", 1, 2), "a.b[1][2]")],
)
def test_a_path_is_written_as_users_read_it(path: Path, text: str) -> None:
    assert dotted(path) == text


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem(message="is odd", source="x.yaml", line=3, key="a.b"), "x.yaml:3: a.b: is odd"),
        (Problem(message="is odd", source="x.yaml", key="a"), "x.yaml: a: is odd"),
        (Problem(message="is odd", source="x.yaml"), "x.yaml: is odd"),
    ],
)
def test_a_problem_begins_with_its_place(problem: Problem, text: str) -> None:
    assert str(problem) == text


def test_an_error_has_one_line_for_each_problem_and_warning() -> None:
    problems = [Problem(message=text, source="x") for text in "ab"]

    error = ConfigError(problems, warnings=["w"], hint="h")

    assert str(error).splitlines() == ["x: a", "x: b", "w", "  hint:  h"]
    assert error.problems == tuple(problems)
