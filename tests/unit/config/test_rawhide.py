from pathlib import Path

import pytest

from limavm.config.fetch import fetch
from limavm.config.page import Page
from limavm.config.rawhide import image_list
from limavm.errors import UserError
from tests.unit.config.webserver import Web, serving

SERVER = "https://dl.fedoraproject.org/pub/fedora/linux/development/rawhide"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_images_of_today_are_listed_in_a_file(cache: Path) -> None:
    path = image_list("_images/fedora-rawhide", Web({f"{SERVER}/COMPOSE_ID": b"Fedora-Rawhide-20260316.n.0\n"}))

    assert path == str(cache / "lima" / "limactl-url-fedora-rawhide" / "fedora-rawhide.yaml")
    name = "Fedora-Cloud-Base-Generic-Rawhide-20260316.n.0"
    assert Path(path).read_text() == (
        "images:\n"
        f'- location: "{SERVER}/Cloud/x86_64/images/{name}.x86_64.qcow2"\n'
        "  arch: x86_64\n"
        f'- location: "{SERVER}/Cloud/aarch64/images/{name}.aarch64.qcow2"\n'
        "  arch: aarch64\n"
    )


def test_the_list_is_written_anew_each_time(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with serving() as server:
        for day in ("20260316", "20260317"):
            server.pages["/COMPOSE_ID"] = f"Fedora-Rawhide-{day}.n.0".encode()
            path = image_list("_images/fedora-rawhide", lambda url, *_: fetch(url.replace(SERVER, server.url)))

            assert day in Path(path).read_text()


@pytest.mark.parametrize("rest", ["", "x", "_images/fedora", "//_images/fedora-rawhide", "../fedora-rawhide"])
def test_another_name_is_an_error(cache: Path, rest: str) -> None:
    with pytest.raises(UserError, match="there is only fedora-rawhide:_images/fedora-rawhide"):
        image_list(rest, Web({}))


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"Fedora-Rawhide-1.n.0", b'Fedora-Rawhide-20260316.n.0"\n- x', b"\xff"]
)
def test_a_page_that_names_no_version_is_an_error(cache: Path, body: bytes) -> None:
    with pytest.raises(UserError, match="does not name a version"):
        image_list("_images/fedora-rawhide", lambda *_: Page(status=200, body=body))

    assert not cache.exists()


def test_a_server_that_refuses_is_an_error(cache: Path) -> None:
    with pytest.raises(UserError, match="answered 503"):
        image_list("_images/fedora-rawhide", lambda *_: Page(status=503))
