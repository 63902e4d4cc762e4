"""Digests of images, `algorithm:hex`, as templates give them and the cache records them.

The algorithms are those of the OCI image specification ("Digests") and sha384, as in spec/runtime.md 13.1.
"""

import hashlib
import re
from collections.abc import Callable
from typing import Protocol

import msgspec

from limavm.errors import UserError

_CHUNK = 1 << 20
_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}


class Hasher(Protocol):
    """The part of a hashlib object that is used here."""

    def update(self, data: bytes, /) -> None:
        """Take more bytes in."""

    def hexdigest(self) -> str:
        """The digest of everything so far."""


class Digest(msgspec.Struct, frozen=True):
    """A parsed digest; `hex` is in lower case."""

    algorithm: str
    hex: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"


def parse_digest(text: str) -> Digest:
    """The digest in a text such as `sha256:0123…`; raises UserError that says what is wrong with it."""
    algorithm, colon, value = text.strip().partition(":")
    value = value.lower()
    if not colon or algorithm not in _LENGTHS:
        raise UserError(
            f"{text!r} is not a digest of a known kind",
            hint="write sha256:HEX, sha384:HEX or sha512:HEX",
        )
    if len(value) != _LENGTHS[algorithm] or not re.fullmatch("[0-9a-f]*", value):
        raise UserError(
            f"a {algorithm} digest has {_LENGTHS[algorithm]} hexadecimal digits; this one has {len(value)} characters",
            where=text,
        )
    return Digest(algorithm, value)


def new_hasher(algorithm: str) -> Hasher:
    """A hasher of one of the known algorithms."""
    hasher: Hasher = hashlib.new(algorithm)
    return hasher


def hash_file(path: str, hasher: Hasher, advance: Callable[[int], None] = lambda _: None) -> None:
    """Feed a whole file to a hasher; `advance` is told the bytes as they pass."""
    with open(path, "rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            hasher.update(chunk)
            advance(len(chunk))


def digest_of(path: str, algorithm: str) -> Digest:
    """The digest of a file."""
    hasher = new_hasher(algorithm)
    hash_file(path, hasher)
    return Digest(algorithm, hasher.hexdigest())
