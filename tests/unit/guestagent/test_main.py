import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from limavm.guestagent.daemon import Options
from limavm.guestagent.flags import FlagError
from limavm.guestagent.main import main, options_of
from limavm.wire.service import TOKEN_KEY
from tests.fakes.grpcpeer import Peer

POSIX = pytest.mark.skipif(os.name == "nt", reason="a guest is no Windows")


def test_the_flags_are_limas_and_one_of_ours() -> None:
    assert options_of([]) == Options()
    assert options_of(
        [
            "--runtime-dir=/r",
            "--tick=1s",
            "--vsock-port=1",
            "--virtio-port=v",
            "--socket-owner=7",
            "--debug",
            "--token-file=/t",
        ]
    ) == Options("/r", "1s", 1, "v", 7, debug=True, token_file="/t")
    with pytest.raises(FlagError):
        options_of(["--other"])


@pytest.mark.parametrize("argv", [[], ["other"], ["daemon", "--other"], ["daemon", "word"]])
def test_what_is_not_understood_is_said(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 1
    assert capsys.readouterr().err.startswith("lima-guestagent: ")


@POSIX
def test_the_daemon_is_roots(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    assert main(["daemon"]) == 1
    assert "root" in capsys.readouterr().err


#: What `python3 -m limavm.guestagent` does, with a socket of the test's and without being root.
PROGRAM = """
import sys
from limavm.guestagent import daemon, main
daemon.SOCKET = sys.argv[1]
sys.exit(main.run_daemon(main.options_of(sys.argv[2:])))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a guest is Linux")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_daemon_serves_until_it_is_told_to_end(tmp_path: Path, number: signal.Signals) -> None:
    path, token = str(tmp_path / "s"), tmp_path / "token"
    token.write_text("secret")
    flags = [f"--runtime-dir={tmp_path}/run", f"--token-file={token}", f"--socket-owner={tmp_path.stat().st_uid}"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, path, *flags, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    assert process.stderr is not None

    peer = None
    while peer is None:
        with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):  # bound, and not listening yet
            peer = await Peer.connected(path)
        await asyncio.sleep(0.01)
    assert (await peer.call("GetInfo", b"", (TOKEN_KEY, "secret")))["grpc-status"] == "0"
    peer.h2.send_data(peer.open("GetEvents", (TOKEN_KEY, "secret")), bytes(5), end_stream=True)
    await peer.flush()
    await peer.next("ResponseReceived")
    process.send_signal(number)
    log = (await process.stderr.read()).decode()
    assert await process.wait() == 0
    await peer.close()

    assert "Traceback" not in log
    assert os.path.exists(tmp_path / "run" / "event-state.json")
    assert not os.path.exists(path)


def test_python_runs_the_package() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "limavm.guestagent"], check=False, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
    )

    assert done.returncode == 1
    assert b"usage" in done.stderr
