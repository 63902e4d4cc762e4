"""A partial download: the bytes so far, their digest, and where they came from.

The bytes are in `data.part` (the name is of spec/runtime.md 13.4), what the server said of them in
`data.part.json` beside it, written before the first byte, so that a kill at any instant leaves
either a pair that belongs together or an empty file.
"""

import contextlib
import os
import sys
from types import TracebackType

import msgspec

from limavm.errors import UserError
from limavm.host import files
from limavm.images.digest import Hasher, hash_file, new_hasher

#: Instances get hard links of these files: nobody must change all of them by writing to one. (Windows cannot
#: replace a read-only file.)
SHARED_MODE = 0o644 if sys.platform == "win32" else 0o444

#: What the name of a part's origin ends with.
_ORIGIN = ".json"


class Origin(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a server said of a file: validators, type and size in bytes (None: it did not say)."""

    url: str
    etag: str = ""
    modified: str = ""
    type: str = ""
    size: int | None = None


def sweep_origin(path: str) -> None:
    """Remove what a part leaves that was killed when its bytes had got their final name: its origin alone."""
    if not os.path.exists(path):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path + _ORIGIN)


class Part:
    """The file that a download grows in. Used by one process at a time, which holds the entry's lock.

    Use it as a context manager. An existing file is taken over if its origin is known and is `url`.
    """

    def __init__(self, path: str, url: str, algorithm: str = "sha256") -> None:
        self.path = path
        self.algorithm = algorithm
        self.origin = self._load_origin(url)
        self._hasher: Hasher = new_hasher(algorithm)
        self.size = 0
        self._file = open(path, "ab", buffering=0)  # noqa: SIM115 - closed by __exit__
        with contextlib.ExitStack() as stack:
            stack.callback(self._file.close)
            self.size = os.path.getsize(path)
            if self.origin is None or self.exceeded_by(0):
                self.restart(None)
            else:
                hash_file(path, self._hasher)
            stack.pop_all()

    def __enter__(self) -> "Part":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def _origin_path(self) -> str:
        return self.path + _ORIGIN

    def _load_origin(self, url: str) -> Origin | None:
        try:
            origin = msgspec.json.decode(files.read_text(self._origin_path) or "", type=Origin)
        except (msgspec.DecodeError, OSError):
            return None
        return origin if origin.url == url and os.path.isfile(self.path) else None

    @property
    def validator(self) -> str:
        """What If-Range can compare: a strong ETag or a date (RFC 9110, 13.1.5); empty without one."""
        if self.origin is None:
            return ""
        return self.origin.etag if self.origin.etag.startswith('"') else self.origin.modified

    @property
    def complete(self) -> bool:
        """Whether everything that was announced is here; never known when nothing was."""
        return self.origin is not None and self.origin.size == self.size

    @property
    def hex(self) -> str:
        """The digest of the bytes so far."""
        return self._hasher.hexdigest()

    def exceeded_by(self, amount: int) -> bool:
        """Whether `amount` more bytes would be more than was announced."""
        return self.origin is not None and self.origin.size is not None and self.size + amount > self.origin.size

    def restart(self, origin: Origin | None) -> None:
        """Throw the bytes away; those to come are from `origin`."""
        self._file.truncate(0)
        self._hasher = new_hasher(self.algorithm)
        self.size = 0
        self.origin = origin
        if origin:
            files.write_atomic(self._origin_path, msgspec.json.encode(origin))

    def write(self, data: bytes) -> None:
        """Append bytes; raises UserError when the disk does not take them."""
        view = memoryview(data)
        try:
            while view:
                count = self._file.write(view) or 0
                self._hasher.update(bytes(view[:count]) if count < len(data) else data)
                self.size += count
                view = view[count:]
        except OSError as error:
            raise UserError(f"the download cannot be stored: {error.strerror}", where=self.path) from error

    def finish(self, target: str) -> None:
        """Give the complete file its final name, read-only; the part is gone then."""
        os.fsync(self._file.fileno())
        self._file.close()
        os.chmod(self.path, SHARED_MODE)
        os.replace(self.path, target)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._origin_path)
