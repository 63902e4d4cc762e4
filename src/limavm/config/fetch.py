"""Pages from web servers: `fetch`, imported late by the command line, since urllib and ssl take 50 ms to load.

Proxies come from the environment. A server may be slow, endless or lost in redirects: all waits together
take a minute at most, and no more is read than a template may have.
"""

import http.client
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from threading import Thread
from typing import IO

from limavm import __version__
from limavm.config.page import NO_HEADERS, Page
from limavm.config.yamltext import MAX_BYTES
from limavm.errors import UserError

#: Seconds for one wait for the network, and for all of them together.
_TIMEOUT = 30.0
_DEADLINE = 60.0
#: What a URL may consist of; everything else is percent-encoded, as browsers do.
_URL_CHARACTERS = "%/:=&?~#+!$,;'@()*[]"


def fetch(url: str, headers: Mapping[str, str] = NO_HEADERS, /, *, deadline: float = _DEADLINE) -> Page:
    """The page at `url` (http or https), whatever its status; of a large body, the first bytes.

    Raises UserError when no answer came within `deadline` seconds, or redirects have no end.
    """
    try:
        return _within(deadline, lambda: _answer(url, headers))
    except TimeoutError as error:
        raise UserError(f"the page did not come within {deadline:g} s", where=url, hint=_HINT) from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise UserError(f"the page cannot be fetched: {_reason(error)}", where=url, hint=_HINT) from error


_HINT = "check the address and the network, and http_proxy, https_proxy and no_proxy in the environment"


def _within(seconds: float, ask: Callable[[], Page]) -> Page:
    """The result of `ask`; raises TimeoutError when it takes longer.

    The timeout of a socket begins anew with every byte, and looking up a name knows none: hence a thread.
    """
    results: list[Page] = []
    failures: list[Exception] = []

    def run() -> None:
        try:
            results.append(ask())
        except Exception as error:  # noqa: BLE001 - raised again by the one who waits
            failures.append(error)

    thread = Thread(target=run, name="fetch", daemon=True)
    thread.start()
    thread.join(seconds)
    if failures:
        raise failures[0]
    if not results:
        raise TimeoutError
    return results[0]


def _answer(url: str, headers: Mapping[str, str]) -> Page:
    quoted = urllib.parse.quote(url, safe=_URL_CHARACTERS)
    named = {"User-Agent": f"limavm/{__version__}", **headers}
    request = urllib.request.Request(quoted, headers=named)  # noqa: S310 - the caller saw the scheme
    opener = urllib.request.build_opener(_Redirects)
    try:
        with opener.open(request, timeout=_TIMEOUT) as response:
            return Page(status=response.status, reason=response.reason, body=_body(response))
    except urllib.error.HTTPError as error:
        with error:
            if 300 <= error.code < 400:
                raise ValueError("the server redirects in a circle, or to where nobody can follow") from error
            return Page(status=error.code, reason=str(error.reason), body=_body(error))


def _body(response: IO[bytes]) -> bytes:
    return response.read(MAX_BYTES + 1)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects among web servers; a token does not go along to another one."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """The next request, None when it must not be made."""
        if not newurl.startswith(("http://", "https://")):
            return None
        following = super().redirect_request(req, fp, code, msg, headers, newurl)
        if following is not None and (following.type, following.host) != (req.type, req.host):
            following.remove_header("Authorization")
        return following


def _reason(error: BaseException) -> object:
    """What the user can understand of a failed request: urllib wraps what the system said."""
    inner = getattr(error, "reason", None) or error
    return getattr(inner, "strerror", None) or inner
