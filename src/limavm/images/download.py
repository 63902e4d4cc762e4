"""HTTP downloads that survive what networks do: cut connections, stalls, busy servers, lies.

Bytes are kept in a `Part` (see `part`) and a later attempt, in this process or in another, goes on
where the last one ended, if the server proves with If-Range that it still has the same bytes (RFC
9110, 13.1.5). Nothing is decided here about caches and digests. Proxies come from the environment.
"""

import email.utils
import http.client
import logging
import re
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from email.message import Message

import msgspec

from limavm import __version__
from limavm.errors import UserError
from limavm.images.part import Origin, Part
from limavm.model.report import Transfer

log = logging.getLogger(__name__)

_CHUNK = 1 << 20
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_RANGE_REFUSED = 416
_LONGEST_DELAY = 30.0
_LONGEST_RETRY_AFTER = 60.0


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """How patient a download is; tests hand in a clock of their own.

    `timeout` limits every single wait for the network. `attempts` limits the attempts in a row that
    brought nothing; until a server has answered once, `first_attempts` does, so that a host without
    a network falls back to the next image soon.
    """

    timeout: float = 20.0
    attempts: int = 6
    first_attempts: int = 2
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.time


class _Transient(Exception):  # noqa: N818 - an outcome, not a fault of the program
    """An attempt failed in a way that another may not; `delay` in seconds when the server asked for one."""

    def __init__(self, reason: str, *, answered: bool = True, hopeful: bool = True, delay: float | None = None) -> None:
        super().__init__(reason)
        self.answered = answered
        self.hopeful = hopeful
        self.delay = delay


def fetch(url: str, part: Part, transfer: Transfer, client: Client) -> Origin:
    """Complete `part` with the bytes of `url` and return what the server says of them.

    Raises UserError when the server refuses or attempts are used up; what arrived stays in `part`.
    """
    if part.size:
        transfer.advance(part.size)
    failures, answered = 0, False
    while True:
        before = part.size
        try:
            return _attempt(url, part, transfer, client)
        except _Transient as problem:
            answered = answered or problem.answered
            failures = 1 if part.size > before else failures + 1
            if failures >= (client.attempts if answered else client.first_attempts if problem.hopeful else 1):
                raise _given_up(url, part, str(problem)) from problem
            delay = min(2.0 ** (failures - 1), _LONGEST_DELAY) if problem.delay is None else problem.delay
            log.info("download of %s interrupted at %d bytes: %s; again in %g s", url, part.size, problem, delay)
            client.sleep(delay)


def _given_up(url: str, part: Part, reason: str) -> UserError:
    kept = f"; the first {part.size} bytes are kept, and the next run goes on from there" if part.size else ""
    return UserError(
        f"the download failed: {reason}",
        where=url,
        hint="check the network, and http_proxy, https_proxy and no_proxy in the environment" + kept,
    )


def last_modified(url: str, client: Client) -> str:
    """The Last-Modified header of a URL, empty when it has none; raises UserError when nobody tells."""
    try:
        with _open(url, {}, client, method="HEAD") as response:
            return response.headers.get("Last-Modified", "")
    except _Transient as problem:
        raise UserError(f"the server does not answer: {problem}", where=url) from problem


def _attempt(url: str, part: Part, transfer: Transfer, client: Client) -> Origin:
    if part.origin and part.complete:  # killed between the last byte and the rename
        return part.origin
    headers = {"Range": f"bytes={part.size}-", "If-Range": part.validator} if part.size and part.validator else {}
    try:
        response = _open(url, headers, client)
    except _RangeRefused as error:
        _restart(part, transfer, None)
        raise _Transient("the server refused to go on with the partial download") from error
    with response:
        origin = _begin(url, response, part, transfer, bool(headers))
        _receive(response, part, transfer)
    return origin


def _begin(url: str, response: http.client.HTTPResponse, part: Part, transfer: Transfer, asked: bool) -> Origin:
    """Make `part` end where the body of `response` begins."""
    if response.status == http.HTTPStatus.PARTIAL_CONTENT:
        if not asked or not part.origin or not _continues(response.headers, part):
            _restart(part, transfer, None)
            raise _Transient("the server sent another part of the file than it was asked for")
        origin = part.origin
    elif response.status == http.HTTPStatus.OK:
        origin = _origin(url, response.headers)
        _restart(part, transfer, origin)
    else:
        raise UserError(f"the server answered {response.status} {response.reason}", where=url)
    if origin.size is not None:
        transfer.total(origin.size)
    return origin


def _restart(part: Part, transfer: Transfer, origin: Origin | None) -> None:
    if part.size:
        transfer.advance(-part.size)
    part.restart(origin)


def _origin(url: str, headers: Message) -> Origin:
    length = headers.get("Content-Length", "")
    chunked = "Transfer-Encoding" in headers
    return Origin(
        url=url,
        etag=headers.get("ETag", ""),
        modified=headers.get("Last-Modified", ""),
        type=headers.get("Content-Type", ""),
        size=int(length) if re.fullmatch(r"[0-9]{1,18}", length) and not chunked else None,
    )


def _continues(headers: Message, part: Part) -> bool:
    """Whether a 206 answer brings the bytes from the end of `part` to the end of the same file."""
    match = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", headers.get("Content-Range", "").strip())
    if not match or not part.origin:
        return False
    size = part.origin.size
    total = size if match[3] == "*" else int(match[3])
    etag = headers.get("ETag", part.origin.etag)
    same = size in (None, total) and etag == part.origin.etag
    return same and int(match[1]) == part.size and (total is None or int(match[2]) == total - 1)


def _receive(response: http.client.HTTPResponse, part: Part, transfer: Transfer) -> None:
    while True:
        try:
            # read1 hands over what is there; read would lose what had come before an error.
            chunk = response.read1(_CHUNK)
        except (OSError, http.client.HTTPException) as error:
            raise _Transient(_describe(error)) from error
        if not chunk:
            break
        if part.exceeded_by(len(chunk)):
            _restart(part, transfer, None)
            raise _Transient("the server sent more than it had announced")
        part.write(chunk)
        transfer.advance(len(chunk))
    unknown = part.origin is None or part.origin.size is None
    if not (part.size if unknown else part.complete):
        raise _Transient(f"the connection ended after {part.size} bytes")


class _RangeRefused(Exception):  # noqa: N818 - an outcome, not a fault of the program
    """416 Range Not Satisfiable."""


def _open(url: str, headers: dict[str, str], client: Client, method: str = "GET") -> http.client.HTTPResponse:
    try:
        request = urllib.request.Request(  # noqa: S310 - the opener below knows http and https only
            url, headers={"User-Agent": f"limavm/{__version__}", **headers}, method=method
        )
        response: http.client.HTTPResponse = _opener().open(request, timeout=client.timeout)
    except urllib.error.HTTPError as error:
        with error:
            raise _refusal(url, error, client, "Range" in headers) from error
    except (ValueError, http.client.InvalidURL) as error:
        raise UserError(f"the address cannot be used: {error}", where=url) from error
    except (OSError, http.client.HTTPException) as error:
        raise _unreachable(url, error) from error
    return response


def _opener() -> urllib.request.OpenerDirector:
    """Proxies, http, https and redirects between these; no file: and no ftp:."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.UnknownHandler,
    ):
        opener.add_handler(handler())
    return opener


def _refusal(url: str, error: urllib.error.HTTPError, client: Client, ranged: bool) -> Exception:
    answer = f"the server answered {error.code} {error.reason}"
    if ranged and error.code == _RANGE_REFUSED:
        return _RangeRefused(answer)
    if error.code in _BUSY:
        return _Transient(answer, delay=_retry_after(error.headers.get("Retry-After", ""), client.now()))
    return UserError(answer, where=url)


def _retry_after(text: str, now: float) -> float | None:
    """Seconds that a server asks to wait (a number or a date), within reason; None when it does not ask."""
    if re.fullmatch(r"[0-9]{1,9}", text):
        return min(float(text), _LONGEST_RETRY_AFTER)
    date = email.utils.parsedate_tz(text) if text else None
    if date is None:
        return None
    return min(max(email.utils.mktime_tz(date) - now, 0.0), _LONGEST_RETRY_AFTER)


def _unreachable(url: str, error: OSError | http.client.HTTPException) -> Exception:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, ssl.SSLCertVerificationError):
        return UserError(
            f"the server's certificate is not trusted: {reason.verify_message}",
            where=url,
            hint="check the clock of this host; SSL_CERT_FILE names certificates to trust in addition",
        )
    if isinstance(reason, str):  # such as: unknown url type
        return UserError(f"the address cannot be used: {reason}", where=url)
    # A name that does not exist and a silent network will be no different in a second.
    silent = isinstance(reason, TimeoutError)
    nameless = isinstance(reason, socket.gaierror) and reason.errno != socket.EAI_AGAIN
    return _Transient(_describe(reason), answered=False, hopeful=not (silent or nameless))


def _describe(error: BaseException) -> str:
    match error:
        case TimeoutError():
            return "nothing came for too long"
        case http.client.IncompleteRead():
            return "the connection ended early"
        case OSError() if error.strerror:
            return error.strerror
        case _:
            return str(error) or type(error).__name__
