"""spec/runtime.md 6.5: what the seed takes from the environment of the one who starts."""

import logging

import pytest
from msgspec.structs import replace

from limavm.instance.seeding import with_proxies
from limavm.seed.environment import guest_environment
from tests.unit.seed.examples import CONFIG, FACTS


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ftp_proxy", "http_proxy", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_the_proxies_of_the_environment_reach_the_guest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://localhost:3128")
    monkeypatch.setenv("NO_PROXY", "a.example")

    found = guest_environment(CONFIG, with_proxies(CONFIG, FACTS))

    assert found["HTTP_PROXY"] == "http://192.168.5.2:3128"
    assert found["no_proxy"] == "a.example"


def test_they_stay_outside_when_they_are_not_to_be_propagated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://10.0.0.1:3128")
    config = replace(CONFIG, propagate_proxy_env=False)

    assert guest_environment(config, with_proxies(config, FACTS)) == {}


def test_an_odd_proxy_is_told_without_its_value(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("https_proxy", "me:secret@10.0.0.1:3128")

    found = guest_environment(CONFIG, with_proxies(CONFIG, FACTS))

    assert found["https_proxy"] == "me:secret@10.0.0.1:3128"
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "secret" not in caplog.text
