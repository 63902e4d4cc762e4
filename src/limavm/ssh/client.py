"""The installed OpenSSH client, asked once what it is; the answer is kept where `client_cache` reads it."""

import logging
import os
import re
import threading
from collections.abc import Sequence

import msgspec

from limavm.host.files import write_atomic
from limavm.host.process import spawned
from limavm.ssh.client_cache import cache_path, describe, has_aes, load_client
from limavm.ssh.options import Client

__all__ = ["Client", "client_facts", "has_aes", "parse_version"]

log = logging.getLogger(__name__)

_VERSION = re.compile(r"OpenSSH(?:_for_Windows)?_(\d+)\.(\d+)(?:p(\d+))?")
#: Seconds after which a program that does not answer is killed.
_LIMIT = 10.0


def client_facts(argv: Sequence[str] = ("ssh",)) -> Client:
    """What the client can do; version 0.0.0, with a warning, when it does not tell.

    Raises UserError naming the package when the program is missing.
    """
    program = list(argv)
    if cached := load_client(program):
        return cached
    client = _probe(program)
    entry = describe(program, client)
    if entry and client.version != (0, 0, 0):
        _store(msgspec.json.encode(entry))
    return client


def _probe(program: list[str]) -> Client:
    answer = _output([*program, "-o", "GSSAPIAuthentication=no", "-V"])
    # Without GSSAPI built in, ssh complains in a line of its own or does not get as far as its version.
    gssapi = "gssapi" not in answer.lower()
    version = parse_version(answer)
    if version == (0, 0, 0):
        version = parse_version(_output([*program, "-V"]))
    if version == (0, 0, 0):
        log.warning("the version of %s cannot be told from %r", program[0], answer[:200])
        return Client()
    return Client(version=version, gssapi=gssapi)


def parse_version(text: str) -> tuple[int, int, int]:
    """The version in the answer of `ssh -V`: `OpenSSH_9.6p1 …` is (9, 6, 1); 0.0.0 when there is none."""
    if match := _VERSION.search(text):
        major, minor, patch = match.groups("0")
        return int(major), int(minor), int(patch)
    return 0, 0, 0


def _output(argv: list[str]) -> str:
    """Standard output and standard error together: the version goes to the latter."""
    reading, writing = os.pipe()
    with open(reading, "rb") as output:
        try:
            with spawned(argv, stdout=writing, stderr=writing) as child:
                limit = threading.Timer(_LIMIT, child.kill)
                limit.start()
                child.wait()
                limit.cancel()
        finally:
            os.close(writing)
        return output.read().decode(errors="replace")


def _store(text: bytes) -> None:
    path = cache_path()
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write_atomic(path, text)
    except OSError as error:
        log.debug("the facts of ssh are not kept: %s", error)
