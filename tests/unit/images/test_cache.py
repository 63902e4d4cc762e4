import gzip
import hashlib
import os
import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from limavm.errors import UserError
from limavm.host import files
from limavm.images.cache import ensure_data, ensure_decompressed, ensure_image, entry_dir, locked_entry
from limavm.images.digest import Digest
from limavm.images.download import Client
from tests.unit.images.qcow2file import header
from tests.unit.images.recording import Recorder
from tests.unit.images.server import MODIFIED, Handler, Server, file

BODY = os.urandom(100_000)
OTHER = os.urandom(90_000)


def digest(body: bytes, algorithm: str = "sha256") -> Digest:
    return Digest(algorithm, hashlib.new(algorithm, body).hexdigest())


def get(server: Server, wanted: Digest | None, report: Recorder, client: Client) -> bytes:
    with locked_entry(server.url, report) as entry:
        return Path(ensure_data(entry, server.url, wanted, "image", report, client)).read_bytes()


def names(server: Server) -> list[str]:
    return sorted(os.listdir(entry_dir(server.url)))


def content(server: Server, name: str) -> str:
    return Path(entry_dir(server.url), name).read_text()


def test_an_entry_is_laid_out_as_lima_lays_it_out(
    server: Server, cache: Path, report: Recorder, client: Client
) -> None:
    server.usual = file(BODY)

    assert get(server, digest(BODY), report, client) == BODY
    assert Path(entry_dir(server.url)) == cache / hashlib.sha256(server.url.encode()).hexdigest()
    assert names(server) == ["data", "sha256.digest", "time", "type", "url"]
    assert content(server, "url") == server.url
    assert content(server, "time") == MODIFIED
    assert content(server, "type") == "test/image"
    assert content(server, "sha256.digest") == str(digest(BODY))


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_a_verified_file_is_used_without_asking_anybody(
    algorithm: str, server: Server, report: Recorder, client: Client
) -> None:
    server.usual = file(BODY)
    get(server, digest(BODY, algorithm), report, client)
    server.requests.clear()

    assert get(server, digest(BODY, algorithm), report, client) == BODY
    assert server.requests == []


def test_a_wrong_digest_is_downloaded_once_more_and_then_named(
    server: Server, report: Recorder, client: Client
) -> None:
    server.usual = file(OTHER)

    with pytest.raises(UserError) as caught:
        get(server, digest(BODY), report, client)

    assert len(server.asked()) == 2
    assert str(digest(BODY)) in caught.value.message
    assert digest(OTHER).hex in caught.value.message
    assert caught.value.where == server.url
    assert caught.value.hint
    assert "data" not in names(server)


def test_a_download_that_went_wrong_once_succeeds(server: Server, report: Recorder, client: Client) -> None:
    server.script = [file(OTHER)]
    server.usual = file(BODY)

    assert get(server, digest(BODY), report, client) == BODY


def test_another_recorded_digest_means_another_download(server: Server, report: Recorder, client: Client) -> None:
    server.usual = file(OTHER)
    get(server, digest(OTHER), report, client)
    server.usual = file(BODY)

    assert get(server, digest(BODY), report, client) == BODY
    assert content(server, "sha256.digest") == str(digest(BODY))


def test_a_failed_replacement_keeps_the_old_file(server: Server, report: Recorder, client: Client) -> None:
    server.usual = file(BODY)
    get(server, digest(BODY), report, client)
    server.usual = file(OTHER)

    with pytest.raises(UserError):
        get(server, digest(b"else"), report, client)

    assert get(server, digest(BODY), report, client) == BODY


def test_data_without_a_recorded_digest_are_hashed(server: Server, report: Recorder, client: Client) -> None:
    server.usual = file(BODY)
    get(server, None, report, client)
    server.requests.clear()

    assert get(server, digest(BODY, "sha512"), report, client) == BODY
    assert server.requests == []
    assert content(server, "sha512.digest") == str(digest(BODY, "sha512"))


def test_data_that_rotted_without_a_digest_are_downloaded(server: Server, report: Recorder, client: Client) -> None:
    server.usual = file(BODY)
    get(server, None, report, client)
    files.write_atomic(os.path.join(entry_dir(server.url), "data"), b"rot")

    assert get(server, digest(BODY), report, client) == BODY


def test_without_a_digest_the_date_decides(server: Server, report: Recorder, client: Client) -> None:
    server.usual = file(BODY)
    get(server, None, report, client)

    assert get(server, None, report, client) == BODY
    assert [request.method for request in server.requests] == ["GET", "HEAD"]

    server.usual = file(OTHER, modified="Mon, 02 Nov 2026 10:00:00 GMT", etag='"two"')

    assert get(server, None, report, client) == OTHER
    assert content(server, "time") == "Mon, 02 Nov 2026 10:00:00 GMT"


def test_without_a_date_it_is_downloaded_each_time(server: Server, report: Recorder, client: Client) -> None:
    server.usual = file(BODY, modified="")
    get(server, None, report, client)

    assert get(server, None, report, client) == BODY
    assert len(server.asked()) == 2


def test_without_a_network_the_cached_file_is_used_with_a_notice(
    server: Server, report: Recorder, client: Client
) -> None:
    server.usual = file(BODY)
    get(server, None, report, client)
    server.usual = lambda handler: handler.answer(503)

    assert get(server, None, report, client) == BODY
    assert any("Not checking whether image.img has changed" in line for line in report.lines)


def test_leftovers_of_killed_processes_are_swept(server: Server, report: Recorder, client: Client) -> None:
    server.usual = file(BODY)
    get(server, None, report, client)
    entry = Path(entry_dir(server.url))
    for name in ("data.tmp.17.1", "decompressed.17.tmp", "url.99.tmp"):
        (entry / name).write_bytes(b"half")

    get(server, None, report, client)

    assert names(server) == ["data", "time", "type", "url"]


def test_progress_is_reported_in_bytes(server: Server, report: Recorder, client: Client) -> None:
    server.usual = file(BODY)

    get(server, None, report, client)

    description, transfer = report.transfers[0]
    assert description == "Downloading the image (image.img)"
    assert (transfer.done, transfer.of) == (len(BODY), len(BODY))


def image(server: Server, name: str, report: Recorder, client: Client) -> str:
    with locked_entry(server.url, report) as entry:
        ensure_data(entry, server.url, None, "image", report, client)
        return ensure_image(entry, name, report)


def test_a_compressed_file_is_decompressed_once(server: Server, report: Recorder, client: Client) -> None:
    server.usual = file(gzip.compress(BODY))

    path = image(server, "a.img.gz", report, client)
    first = os.stat(path)
    again = os.stat(image(server, "a.img.gz", report, client))

    assert Path(path).read_bytes() == BODY
    assert os.path.basename(path) == "decompressed"
    assert (first.st_ino, first.st_mtime_ns) == (again.st_ino, again.st_mtime_ns)


@pytest.mark.skipif(sys.platform == "win32", reason="read-only files cannot be replaced there")
def test_what_instances_share_is_read_only(server: Server, report: Recorder, client: Client) -> None:
    server.usual = file(gzip.compress(BODY))

    path = image(server, "a.gz", report, client)

    assert os.stat(path).st_mode & 0o222 == 0
    assert os.stat(os.path.join(entry_dir(server.url), "data")).st_mode & 0o222 == 0


def test_new_data_are_decompressed_anew(server: Server, report: Recorder, client: Client) -> None:
    server.usual = file(gzip.compress(BODY))
    image(server, "a.gz", report, client)
    server.usual = file(gzip.compress(OTHER), modified="Mon, 02 Nov 2026 10:00:00 GMT", etag='"two"')

    assert Path(image(server, "a.gz", report, client)).read_bytes() == OTHER


def test_data_that_lima_replaced_are_decompressed_anew(server: Server, report: Recorder, client: Client) -> None:
    server.usual = file(gzip.compress(BODY))
    image(server, "a.gz", report, client)
    files.write_atomic(os.path.join(entry_dir(server.url), "data"), gzip.compress(OTHER))

    assert Path(image(server, "a.gz", report, client)).read_bytes() == OTHER


def test_damaged_data_leave_nothing_behind(server: Server, report: Recorder, client: Client) -> None:
    server.usual = file(gzip.compress(BODY)[:-9])

    with pytest.raises(UserError, match="damaged"):
        image(server, "a.gz", report, client)

    assert names(server) == ["data", "time", "type", "url"]


def test_an_uncompressed_file_is_used_as_it_is(server: Server, report: Recorder, client: Client) -> None:
    server.usual = file(BODY)

    assert os.path.basename(image(server, "a.img", report, client)) == "data"


def test_a_hostile_image_is_refused_also_when_compressed(server: Server, report: Recorder, client: Client) -> None:
    server.usual = file(gzip.compress(header(backing=b"/etc/shadow")))

    with pytest.raises(UserError, match="/etc/shadow"):
        image(server, "a.gz", report, client)


def test_other_formats_are_converted_to_raw_once(
    server: Server, report: Recorder, client: Client, tmp_path: Path
) -> None:
    (tmp_path / "raw").write_bytes(BODY + bytes(-len(BODY) % 512))
    argv = ["qemu-img", "convert", "-f", "raw", "-O", "vmdk", str(tmp_path / "raw"), str(tmp_path / "a.vmdk")]
    subprocess.run(argv, check=True)
    server.usual = file((tmp_path / "a.vmdk").read_bytes())

    path = image(server, "a.vmdk", report, client)
    first = os.stat(path).st_ino

    assert Path(path).read_bytes().startswith(BODY)
    assert os.stat(image(server, "a.vmdk", report, client)).st_ino == first


def test_a_kernel_is_decompressed_by_its_first_bytes(server: Server, report: Recorder, client: Client) -> None:
    server.usual = file(gzip.compress(BODY))

    with locked_entry(server.url, report) as entry:
        ensure_data(entry, server.url, None, "kernel", report, client)
        assert Path(ensure_decompressed(entry, "vmlinuz", "kernel", report)).read_bytes() == BODY


CHILD = """
import sys
from limavm.images.cache import ensure_data, ensure_image, locked_entry
from limavm.images.digest import parse_digest
from limavm.images.download import Client
from tests.unit.images.recording import Recorder

url, name, digest = sys.argv[1:]
report = Recorder()
print("ready", flush=True)
with locked_entry(url, report) as entry:
    ensure_data(entry, url, parse_digest(digest), "image", report, Client())
    print(ensure_image(entry, name, report), flush=True)
"""


def child(server: Server, name: str, wanted: Digest) -> subprocess.Popen[str]:
    argv = [sys.executable, "-c", CHILD, server.url, name, str(wanted)]
    root = Path(__file__).parents[3]
    return subprocess.Popen(argv, cwd=root, stdout=subprocess.PIPE, text=True)


def finish(running: subprocess.Popen[str]) -> str:
    out, _ = running.communicate(timeout=60)
    assert running.returncode == 0
    return out.splitlines()[-1]


def test_two_commands_download_once(server: Server) -> None:
    both_run = threading.Event()

    def answer(handler: Handler) -> None:
        both_run.wait(30)
        file(BODY)(handler)

    server.usual = answer
    children = [child(server, "a", digest(BODY)) for _ in range(2)]
    for running in children:
        assert running.stdout
        assert running.stdout.readline() == "ready\n"
    both_run.set()

    paths = [finish(running) for running in children]

    assert len(server.requests) == 1
    assert [Path(path).read_bytes() for path in paths] == [BODY, BODY]


BIG = random.Random(1).randbytes(6 << 20)


@pytest.fixture(scope="module")
def packed() -> bytes:
    return gzip.compress(BIG, 1)


@pytest.mark.parametrize("sent", [0, 1, 70_000, 1 << 20, 3 << 20])
def test_a_download_killed_at_any_point_goes_on(
    sent: int, server: Server, packed: bytes, report: Recorder, client: Client
) -> None:
    wanted = digest(packed)
    reached = threading.Event()

    def half(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(packed)))
        handler.send_header("ETag", '"one"')
        handler.end_headers()
        handler.wfile.write(packed[:sent])
        handler.wfile.flush()
        reached.set()
        handler.connection.recv(1)  # until the client is gone

    server.script = [half]
    server.usual = file(packed)
    running = child(server, "a.gz", wanted)
    assert reached.wait(30)
    running.kill()
    running.communicate()

    with locked_entry(server.url, report) as entry:
        ensure_data(entry, server.url, wanted, "image", report, client)
        assert Path(ensure_image(entry, "a.gz", report)).read_bytes() == BIG
    assert not [name for name in names(server) if "part" in name or "tmp" in name]


@pytest.mark.parametrize("seed", range(6))
def test_a_command_killed_at_a_random_instant_is_repaired_by_the_next(
    seed: int, server: Server, packed: bytes, report: Recorder, client: Client
) -> None:
    server.usual = file(packed)
    running = child(server, "a.gz", digest(packed))
    assert running.stdout
    assert running.stdout.readline() == "ready\n"
    try:
        running.wait(random.Random(seed).uniform(0, 0.12))
    except subprocess.TimeoutExpired:
        running.kill()
    running.communicate()

    with locked_entry(server.url, report) as entry:
        ensure_data(entry, server.url, digest(packed), "image", report, client)
        assert Path(ensure_image(entry, "a.gz", report)).read_bytes() == BIG
    # What the server said may be lost, and is asked for again when it is needed.
    assert set(names(server)) - {"time", "type"} == {"data", "decompressed", "sha256.digest", "url"}
