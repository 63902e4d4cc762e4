"""A web server on the loopback, for one test: pages by path, and what servers do wrong."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from limavm.config.page import NO_HEADERS, Page
from tests.fakes.served import served


class Server(ThreadingHTTPServer):
    """`pages` are bodies, `answers` statuses with headers; `requests` are the paths and headers that came."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages: dict[str, bytes] = {}
        self.answers: dict[str, tuple[int, dict[str, str]]] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.stopped = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.server.requests.append((self.path, dict(self.headers)))
        status, headers = self.server.answers.get(path, (200 if path in self.server.pages else 404, {}))
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(self.server.pages.get(path, b"an error page"))
            while path.startswith("/endless"):
                self.wfile.write(b"#" * (1 << 20))
            if path.startswith("/slow"):
                self.wfile.flush()
                self.server.stopped.wait(60)
        except OSError:
            return

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[Server]:
    """A server for as long as the context lasts."""
    with served(Server()) as server:
        try:
            yield server
        finally:
            server.stopped.set()


class Web:
    """Pages by URL, as a `Fetch`; the URLs and the headers that were asked for are kept."""

    def __init__(self, pages: Mapping[str, bytes | int]) -> None:
        self.pages = pages
        self.asked: list[str] = []
        self.headers: list[Mapping[str, str]] = []

    def __call__(self, url: str, headers: Mapping[str, str] = NO_HEADERS, /) -> Page:
        self.asked.append(url)
        self.headers.append(headers)
        match self.pages.get(url, 404):
            case int(status):
                return Page(status=status, reason="Not Found" if status == 404 else "")
            case body:
                return Page(status=200, reason="OK", body=body)
