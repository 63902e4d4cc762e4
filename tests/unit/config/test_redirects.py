import pytest

from limavm.config.redirects import transformed
from limavm.errors import UserError
from tests.unit.config.schemes import Plugins
from tests.unit.config.webserver import Web

NOWHERE = Web({})


def test_a_plugin_may_take_over_a_known_scheme() -> None:
    plugin = Plugins({"https": "template:debian", "template": "nowhere", "github": "nowhere"})

    assert transformed("https://example.com/x", fetch=NOWHERE, plugin=plugin).locator == "template:debian"
    assert plugin.asked == ["https://example.com/x"]


@pytest.mark.parametrize(
    "answers", [{"one": "two:x", "two": "one:a"}, {"one": "two:x", "two": "three:x", "three": "two:x"}]
)
def test_redirects_in_a_circle_are_an_error(answers: dict[str, str]) -> None:
    with pytest.raises(UserError, match="redirects without an end: one:a -> two:x"):
        transformed("one:a", fetch=NOWHERE, plugin=Plugins(answers))


def test_redirects_without_an_end_are_an_error() -> None:
    with pytest.raises(UserError, match="redirects without an end"):
        transformed("one:a", fetch=NOWHERE, plugin=lambda scheme, rest: f"{scheme}:{rest}x")


@pytest.mark.parametrize("answer", ["x" * 5000, "a\0b"])
def test_what_a_plugin_prints_is_checked(answer: str) -> None:
    with pytest.raises(UserError, match="a locator cannot"):
        transformed("one:a", fetch=NOWHERE, plugin=Plugins({"one": answer}))


@pytest.mark.parametrize("locator", ["c:x", "./one:a", "a b:c", "foo_x:bar", "-", "1one:a", "x"])
def test_a_path_is_not_transformed(locator: str) -> None:
    plugin = Plugins({})

    assert transformed(locator, fetch=NOWHERE, plugin=plugin).locator == locator
    assert plugin.asked == []
