import pytest

from limavm.config.checkhosts import warn_of_hosts
from limavm.config.flaw import Flaws
from tests.unit.config.conftest import Resolve


def warned(name: str, value: str) -> list[str]:
    flaws = Flaws()
    warn_of_hosts({name: value}, flaws)
    return [flaw.message for flaw in flaws.found]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("db.test", "10.0.0.5"),
        ("db", "2001:db8::1"),
        ("_ldap._tcp.test.", "db.test"),
        ("grafana.test", "host.lima.internal"),
        ("b\u00fccher.test", "db"),
    ],
)
def test_what_a_guest_can_ask_for_is_fine(name: str, value: str) -> None:
    assert warned(name, value) == []


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("", "1.2.3.4", "'' is no name"),
        ("x..y", "1.2.3.4", "'x..y' is no name"),
        ("a b", "1.2.3.4", "'a b' is no name"),
        ("a" * 64, "1.2.3.4", "is no name"),
        ("a", "b c", "'b c' is neither"),
        ("a", "", "'' is neither"),
        ("a", "999.1.1.1", "'999.1.1.1' is neither"),
        ("HOST.lima.internal", "9.9.9.9", "is always the host"),
    ],
)
def test_what_can_be_of_no_use_is_warned_of(name: str, value: str, words: str) -> None:
    [message] = warned(name, value)

    assert words in message


def test_the_warning_names_the_line(resolved: Resolve) -> None:
    text = "hostResolver:\n  hosts:\n    fine: 1.2.3.4\n    a: b c\n"

    assert resolved(text).warnings == ("dev.yaml:4: hostResolver.hosts.a: 'b c' is neither an address nor a name",)
