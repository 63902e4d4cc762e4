"""An HTTP server whose answers are scripted, and which remembers what it was asked."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from tests.fakes.served import served

MODIFIED = "Sun, 01 Nov 2026 10:00:00 GMT"


class Request(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_GET(self) -> None:
        self.server.requests.append(Request(self.command, self.path, dict(self.headers)))
        script = self.server.script
        answer = script.pop(0) if script else self.server.usual
        answer(self)

    do_HEAD = do_GET

    def log_message(self, *args: object) -> None:
        pass

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Send headers (an underscore stands for a hyphen) and a body of the right length."""
        self.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def hang_up(self) -> None:
        self.wfile.flush()
        self.close_connection = True


Answer = Callable[[Handler], None]


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[Request] = []
        self.script: list[Answer] = []
        self.usual: Answer = lambda handler: handler.answer(404)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hung up is what the tests are about."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/image.img"

    def asked(self, method: str = "GET") -> list[Request]:
        return [request for request in self.requests if request.method == method]


def serving() -> AbstractContextManager[Server]:
    return served(Server())


def file(body: bytes, *, etag: str = '"one"', modified: str = MODIFIED, cut: int | None = None) -> Answer:
    """A good server's answer: ranges, If-Range, validators; hangs up `cut` bytes into the body."""

    def answer(handler: Handler) -> None:
        validators = {name: value for name, value in (("ETag", etag), ("Last-Modified", modified)) if value}
        start = 0
        wanted = handler.headers.get("Range", "")
        if wanted and handler.headers.get("If-Range", "") in (etag, modified):
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            if start >= len(body):
                handler.answer(416)
                return
            handler.send_response(206)
            handler.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        else:
            handler.send_response(200)
        rest = body[start:]
        for name, value in {**validators, "Content-Length": str(len(rest)), "Content-Type": "test/image"}.items():
            handler.send_header(name, value)
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(rest[:cut])
            if cut is not None:
                handler.hang_up()

    return answer
