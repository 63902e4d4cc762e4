"""A client of a container engine: its API (that of Docker, which Podman has too) by HTTP on a unix socket of the host.

Connections that are taken over for the streams of a container are used as docker's own client does: our end comes
first, and what the container says arrives after it.
"""

import hashlib
import http.client
import io
import json
import socket
import struct
import sys
import tarfile
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

_VERSION = "/v1.41"
#: Seconds for an answer: engines in an emulated guest take their time.
_ANSWER = 120.0


class EngineError(Exception):
    """The engine has refused a request."""


class Engine:
    """An engine that is reached by a socket of the host."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def answers(self) -> bool:
        return self.call("GET", "/_ping") == b"OK"

    def call(self, method: str, route: str, body: object = None, **query: object) -> bytes:
        """What a request is answered with; raises EngineError, and OSError when nobody is there."""
        connection = _Connection(self.path)
        try:
            connection.request(method, _url(route, query), _encoded(body), _headers(body))
            answer = connection.getresponse()
            text = answer.read()
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from error
        finally:
            connection.close()
        if answer.status >= 300 and answer.status != 304:
            raise EngineError(f"{method} {route}: {answer.status} {text.decode(errors='replace')}")
        return text

    def json(self, method: str, route: str, body: object = None, **query: object) -> Any:
        return json.loads(self.call(method, route, body, **query))

    def build(self, name: str, files: dict[str, bytes]) -> str:
        """Build an image from files, with a Containerfile among them; what the engine said of it."""
        return self.call("POST", "/build", archive(files), t=name, dockerfile="Containerfile").decode()

    def load(self, name: str, layer: bytes, architecture: str) -> str:
        """Load an image of one layer."""
        return self.call("POST", "/images/load", saved(name, layer, architecture)).decode()

    def create(self, image: str, *command: str, ports: dict[int, int] | None = None, stdin: bool = False) -> str:
        """Make a container, with ports of it published as ports of the guest; its ID."""
        bindings = {f"{inner}/tcp": [{"HostPort": str(outer)}] for inner, outer in (ports or {}).items()}
        body = {
            "Image": image,
            "Cmd": list(command),
            "ExposedPorts": {port: {} for port in bindings},
            "HostConfig": {"PortBindings": bindings},
            **({"OpenStdin": True, "StdinOnce": True, "AttachStdin": True} if stdin else {}),
        }
        return str(self.json("POST", "/containers/create", body)["Id"])

    def start(self, container: str) -> None:
        self.call("POST", f"/containers/{container}/start")

    def wait(self, container: str) -> int:
        """The exit code of a container, when it has ended."""
        return int(self.json("POST", f"/containers/{container}/wait")["StatusCode"])

    def kill(self, container: str) -> None:
        self.call("POST", f"/containers/{container}/kill")

    def remove(self, container: str) -> None:
        self.call("DELETE", f"/containers/{container}", force="true", v="true")

    def run(self, image: str, given: bytes, *command: str) -> tuple[int, bytes]:
        """Exit code and output of a container that is attached to before it starts, and given something and its end."""
        container = self.create(image, *command, stdin=True)
        try:
            with self._taken_over(f"/containers/{container}/attach", None, stream=1, stdin=1, stdout=1) as sock:
                self.start(container)
                output = _exchanged(sock, given)
            return self.wait(container), output
        finally:
            self.remove(container)

    def executed(self, container: str, given: bytes, *command: str) -> bytes:
        """What a command in a running container says to something and its end."""
        body = {"AttachStdin": True, "AttachStdout": True, "Cmd": list(command)}
        session = self.json("POST", f"/containers/{container}/exec", body)["Id"]
        with self._taken_over(f"/exec/{session}/start", {"Detach": False, "Tty": False}) as sock:
            return _exchanged(sock, given)

    def _taken_over(self, route: str, body: object, **query: object) -> socket.socket:
        """A connection that is no longer HTTP."""
        connection = _Connection(self.path)
        headers = {**_headers(body), "Connection": "Upgrade", "Upgrade": "tcp"}
        connection.request("POST", _url(route, query), _encoded(body), headers)
        sock = connection.sock
        head = b""
        while not head.endswith(b"\r\n\r\n"):  # byte by byte: what follows is the container's
            byte = sock.recv(1)
            if not byte:
                raise EngineError(f"{route}: the connection ended after {head!r}")
            head += byte
        if head.split()[1] not in (b"101", b"200"):
            raise EngineError(f"{route}: {head!r}")
        return sock


class _Connection(http.client.HTTPConnection):
    """HTTP on a unix socket."""

    sock: socket.socket

    def __init__(self, path: Path) -> None:
        super().__init__("engine")
        self._path = path

    def connect(self) -> None:
        if sys.platform == "win32":
            raise NotImplementedError("unix sockets")
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_ANSWER)
        self.sock.connect(str(self._path))


def archive(files: dict[str, bytes]) -> bytes:
    """A tar of files, all of which may be executed."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755
            tar.addfile(entry, io.BytesIO(content))
    return made.getvalue()


def saved(name: str, layer: bytes, architecture: str) -> bytes:
    """An image of one layer, in the form of `docker save`."""
    config = {
        "architecture": architecture,
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    return archive({"config.json": _encoded(config), "layer.tar": layer, "manifest.json": _encoded(manifest)})


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _url(route: str, query: dict[str, object]) -> str:
    return f"{_VERSION}{route}" + f"?{urlencode(query)}" * bool(query)


def _encoded(body: object) -> bytes:
    if isinstance(body, bytes):
        return body
    return b"" if body is None else json.dumps(body).encode()


def _headers(body: object) -> dict[str, str]:
    return {"Content-Type": "application/x-tar" if isinstance(body, bytes) else "application/json"}


def _exchanged(sock: socket.socket, given: bytes) -> bytes:
    """Say something and our end; what comes until the end of the other side."""
    sock.sendall(given)
    sock.shutdown(socket.SHUT_WR)
    said = b""
    while data := sock.recv(1 << 16):
        said += data
    return _output(said)


def _output(frames: bytes) -> bytes:
    """The streams of a container without the frames they come in."""
    text = b""
    while frames:
        (size,) = struct.unpack(">4xI", frames[:8])
        text, frames = text + frames[8 : 8 + size], frames[8 + size :]
    return text
