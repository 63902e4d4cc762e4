"""spec/runtime.md 6.5: what the seed takes from the environment of the one who starts."""

import logging
from pathlib import Path

import pytest
import yaml
from msgspec.structs import replace

from limavm.errors import UserError
from limavm.instance.seeding import reference_copy, with_proxies
from limavm.model.config import CACerts
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


PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LIMA_HOME", str(tmp_path / "lima"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def trusted(*files: str, certs: tuple[str, ...] = ()) -> list[str]:
    config = replace(CONFIG, ca_certs=CACerts(files=files, certs=certs))
    found: list[str] = yaml.safe_load(reference_copy(config, "dev", "/lima/dev"))["ca_certs"]["trusted"]
    return found


def test_certificates_are_read_from_files_of_the_host(home: Path) -> None:
    for name in ("one", "two", "three"):
        (home / f"{name}.pem").write_text(f"# {name}\n{PEM}")

    found = trusted("~/one.pem", "two.pem", str(home / "three.pem"), certs=(PEM,))

    assert found == [f"# one\n{PEM}", f"# two\n{PEM}", f"# three\n{PEM}", PEM]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file"),
        (b"\x30\x82\xff\xfe", "no certificate in PEM"),
        (b"hello\n", "no certificate in PEM"),
        (b"-" * (1 << 20), "larger than 1 MiB"),
    ],
)
def test_a_file_that_is_no_certificate_is_named_with_its_key(home: Path, content: bytes | None, said: str) -> None:
    (home / "good.pem").write_text(PEM)
    if content is not None:
        (home / "bad.pem").write_bytes(content)

    with pytest.raises(UserError, match=said) as caught:
        trusted("good.pem", "bad.pem")

    assert caught.value.where == "caCerts.files[1]"
