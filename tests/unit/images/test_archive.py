import hashlib
import os
from pathlib import Path

import pytest

from limavm.errors import UserError
from limavm.images.archive import is_at_hand, of_arch, place
from limavm.images.cache import entry_dir
from limavm.images.download import Client
from limavm.model.arch import Arch
from limavm.model.config import File
from tests.unit.images.recording import Recorder
from tests.unit.images.server import Answer, Server, file

BODY = os.urandom(50_000)
DIGEST = f"sha256:{hashlib.sha256(BODY).hexdigest()}"
WRONG = f"sha256:{'0' * 64}"


def archive(location: str, digest: str | None = DIGEST) -> File:
    return File(location=location, arch=Arch.X86_64, digest=digest)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "containerd.tgz"


def test_an_archive_is_downloaded_once_for_all_instances(
    server: Server, target: Path, report: Recorder, client: Client
) -> None:
    server.usual = file(BODY)
    other = target.with_name("other.tgz")

    versions = [place([archive(server.url)], str(path), report, client=client) for path in (target, other)]

    assert versions == [DIGEST, DIGEST]
    assert target.read_bytes() == BODY
    assert os.path.samefile(target, other)
    assert os.path.samefile(target, os.path.join(entry_dir(server.url), "data"))
    assert len(server.requests) == 1


def test_what_was_verified_is_not_hashed_again(server: Server, target: Path, report: Recorder, client: Client) -> None:
    server.usual = file(BODY)
    place([archive(server.url)], str(target), report, client=client)
    os.chmod(target, 0o600)
    target.write_bytes(b"damaged")  # which only somebody who reads all of it would find out

    assert place([archive(server.url)], str(target), report, client=client) == DIGEST


def test_an_instance_that_has_had_one_does_not_ask_for_a_newer_one(
    server: Server, target: Path, report: Recorder, client: Client
) -> None:
    server.usual = file(BODY)
    first = place([archive(server.url, None)], str(target), report, client=client)
    server.requests.clear()

    again = place([archive(server.url, None)], str(target), report, again=True, client=client)

    assert (first, again) == (DIGEST, DIGEST)
    assert server.requests == []
    assert is_at_hand([archive(server.url, None)])


@pytest.mark.parametrize(
    ("script", "digest", "reason"),
    [
        ([], DIGEST, "the server answered 404"),
        ([file(BODY), file(BODY)], WRONG, "does not match its digest"),
        ([file(BODY, cut=1000)], DIGEST, "the server answered 404"),
    ],
    ids=["404", "wrong digest", "broken off"],
)
def test_an_archive_that_cannot_be_had_leaves_what_is_there(
    server: Server, target: Path, client: Client, script: list[Answer], digest: str, reason: str
) -> None:
    server.script = script.copy()
    target.write_bytes(b"older")

    with pytest.raises(UserError, match=reason) as caught:
        place([archive(server.url, digest)], str(target), Recorder(), client=client)

    assert caught.value.message.startswith(server.url)
    assert target.read_bytes() == b"older"
    assert not is_at_hand([archive(server.url, digest)])


def test_a_host_without_a_network_is_asked_for_once(target: Path, report: Recorder) -> None:
    with pytest.raises(UserError, match="the download failed"):
        place([archive("http://127.0.0.1:1/archive.tgz")], str(target), report)

    assert len(report.transfers) == 1
    assert not target.exists()


def test_the_next_one_is_tried_and_all_reasons_are_told(
    server: Server, tmp_path: Path, target: Path, report: Recorder, client: Client
) -> None:
    missing = archive(str(tmp_path / "missing.tgz"))
    (tmp_path / "here.tgz").write_bytes(BODY)

    with pytest.raises(UserError) as caught:
        place([missing, archive(server.url)], str(target), report, client=client)
    version = place([missing, archive(str(tmp_path / "here.tgz"))], str(target), report, client=client)

    assert "there is no such file" in caught.value.message
    assert "404" in caught.value.message
    assert version == DIGEST


def test_a_file_of_the_host_is_verified_and_copied(tmp_path: Path, target: Path, report: Recorder) -> None:
    source = tmp_path / "mine.tgz"
    source.write_bytes(BODY)

    assert place([archive(str(source), None)], str(target), report) == DIGEST
    with pytest.raises(UserError, match="does not match its digest"):
        place([archive(str(source), WRONG)], str(target), report)

    assert target.read_bytes() == BODY
    assert not os.path.samefile(source, target)
    assert is_at_hand([archive(str(source))])


def test_without_one_for_the_architecture_there_is_none(target: Path, report: Recorder) -> None:
    wanted = of_arch([archive("https://a.test/x.tgz")], Arch.RISCV64)

    assert wanted == []
    assert not is_at_hand(wanted)
    with pytest.raises(UserError, match="none for the architecture"):
        place(wanted, str(target), report)
