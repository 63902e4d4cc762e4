"""Files of the guest by SFTP: listed, read, written, found."""

import contextlib
import posixpath
import secrets
import stat
from collections.abc import AsyncIterator, Iterator

from limavm.errors import UserError
from limavm.mcp import packets
from limavm.mcp.connection import Connection
from limavm.mcp.packets import Attributes, StatusError
from limavm.mcp.pattern import Matcher, has_magic

#: What every server gives and takes at once, and how many of these are under way.
_CHUNK = 32 << 10
_WINDOW = 32
#: Names in one directory, and names that a pattern may have looked at.
_MOST_NAMES = 200_000
_DIRECTORIES = "**"


class Files:
    """The files behind a connection. Paths are absolute ones of the guest; failures are UserError, or LostError."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def names(self, path: str) -> list[tuple[str, Attributes]]:
        """What is in a directory, sorted."""
        found: list[tuple[str, Attributes]] = []
        with _explained(path):
            async with self._opened(packets.open_directory(_bytes(path))) as handle:
                while batch := await self._next_names(handle):
                    found += batch
                    if len(found) > _MOST_NAMES:
                        raise UserError(f"{path} holds more than {_MOST_NAMES:,} names", hint="use run_shell_command")
        return sorted(found)

    async def read(self, path: str, most: int) -> bytes:
        """The content of a file; an error for one that is larger than `most` bytes."""
        data = bytearray()
        with _explained(path):
            async with self._opened(packets.open_file(_bytes(path), packets.READ)) as handle:
                mode = (await self._connection.ask_one(packets.fstat(handle))).attributes().mode
                if stat.S_ISDIR(mode):
                    raise UserError(f"{path} is a directory")
                while more := await self._next_data(handle, len(data)):
                    data += more
                    if len(data) > most:
                        hint = "read a part of it by run_shell_command, as with head, tail, sed -n or grep"
                        raise UserError(f"{path} is larger than {most >> 20} MiB", hint=hint)
        return bytes(data)

    async def write(self, path: str, content: bytes) -> None:
        """Make a file of this content, and the directories that lead to it.

        An existing file is replaced as a whole and keeps its permissions. Only where that cannot be, because the
        directory or the file is somebody else's, it is written in place.
        """
        with _explained(path):
            old = await self._attributes(path)
            if old is not None and stat.S_ISDIR(old.mode):
                raise UserError(f"{path} is a directory")
            if old is None:
                await self.make_directories(posixpath.dirname(path))
            elif stat.S_ISLNK(((await self._attributes(path, follow=False)) or old).mode):
                path = await self.real_path(path)
            if not (old is None or stat.S_ISREG(old.mode)) or not await self._replaced(path, old, content):
                await self._overwritten(path, content)

    async def make_directories(self, path: str) -> None:
        """Make a directory and those above it, as far as they are missing."""
        missing: list[str] = []
        while await self._attributes(path) is None:
            missing.append(path)
            path = posixpath.dirname(path)
        for directory in reversed(missing):
            answer = await self._connection.ask_one(packets.make_directory(_bytes(directory)))
            try:
                answer.done()
            except StatusError:
                if await self._attributes(directory) is None:  # nobody else has made it either
                    raise

    async def real_path(self, path: str) -> str:
        """The path without links; its end need not exist."""
        rest = ""
        while True:
            try:
                found = (await self._connection.ask_one(packets.real_path(_bytes(path)))).names()
                return posixpath.join(found[0].name.decode(errors="replace"), rest).rstrip("/") or "/"
            except StatusError:
                if path == "/":
                    raise
                path, name = posixpath.split(path)
                rest = posixpath.join(name, rest)

    async def find(self, base: str, parts: list[str]) -> list[str]:
        """The paths below a directory that the parts of a pattern describe, sorted."""
        search = _Search(self)
        found = {base: None}
        for index, part in enumerate(parts):
            last = index == len(parts) - 1
            if part == _DIRECTORIES:
                found = {path: None for each in found for path in await search.descendants(each, directories=not last)}
            elif has_magic(part):
                matcher = Matcher(part)
                found = {
                    posixpath.join(each, name): None
                    for each in found
                    for name, _ in await search.names(each)
                    if matcher.matches(name)
                }
            else:
                paths = [posixpath.join(each, part) for each in found]
                found = {path: None for path in paths if not last or await self._exists(path)}
        return sorted(found)

    async def _exists(self, path: str) -> bool:
        with contextlib.suppress(StatusError):
            return (await self._attributes(path, follow=False)) is not None
        return False

    async def _attributes(self, path: str, *, follow: bool = True) -> Attributes | None:
        """What is known of a file, None when it is missing."""
        request = packets.stat if follow else packets.lstat
        try:
            return (await self._connection.ask_one(request(_bytes(path)))).attributes()
        except StatusError as error:
            if error.code == packets.NO_SUCH_FILE:
                return None
            raise

    async def _replaced(self, path: str, old: Attributes | None, content: bytes) -> bool:
        """Write a file beside, and give it the name; False where the new one would be another's than the old one."""
        beside = posixpath.join(posixpath.dirname(path), f".lima-mcp-{secrets.token_hex(8)}")
        flags = packets.WRITE | packets.CREATE | packets.EXCLUSIVE
        try:
            async with self._opened(packets.open_file(_bytes(beside), flags)) as handle:
                new = (await self._connection.ask_one(packets.fstat(handle))).attributes()
                suits = old is None or (old.uid, old.gid) == (new.uid, new.gid)
                if suits:
                    if old is not None:
                        mode = stat.S_IMODE(old.mode)
                        (await self._connection.ask_one(packets.set_mode(handle, mode))).done()
                    await self._written(handle, content)
                    with contextlib.suppress(StatusError):  # not every server can
                        (await self._connection.ask_one(packets.sync(handle))).done()
        except StatusError as error:
            await self._connection.ask_one(packets.remove(_bytes(beside)))
            if error.code == packets.DENIED and old is not None:
                return False
            raise
        if suits:
            try:
                (await self._connection.ask_one(packets.replace(_bytes(beside), _bytes(path)))).done()
            except StatusError:
                suits = False
        if not suits:
            await self._connection.ask_one(packets.remove(_bytes(beside)))
        return suits

    async def _overwritten(self, path: str, content: bytes) -> None:
        flags = packets.WRITE | packets.CREATE | packets.TRUNCATE
        async with self._opened(packets.open_file(_bytes(path), flags)) as handle:
            await self._written(handle, content)

    async def _written(self, handle: bytes, content: bytes) -> None:
        for start in range(0, len(content), _CHUNK * _WINDOW):
            offsets = range(start, min(start + _CHUNK * _WINDOW, len(content)), _CHUNK)
            writes = [packets.write(handle, offset, content[offset : offset + _CHUNK]) for offset in offsets]
            for answer in await self._connection.ask(writes):
                answer.done()

    async def _next_data(self, handle: bytes, offset: int) -> bytes:
        """What follows at an offset, empty at the end. A short answer is no end: /proc gives such ones."""
        data = bytearray()
        reads = [packets.read(handle, offset + index * _CHUNK, _CHUNK) for index in range(_WINDOW)]
        for answer in await self._connection.ask(reads):
            try:
                part = answer.data()
            except StatusError as error:
                if error.code != packets.EOF:
                    raise
                break
            data += part
            if len(part) < _CHUNK:
                break
        return bytes(data)

    async def _next_names(self, handle: bytes) -> list[tuple[str, Attributes]]:
        try:
            names = (await self._connection.ask_one(packets.read_directory(handle))).names()
        except StatusError as error:
            if error.code == packets.EOF:
                return []
            raise
        found = [(name.name.decode(errors="replace"), name.attributes) for name in names]
        # A batch of these two alone is not the end.
        return [pair for pair in found if pair[0] not in (".", "..")] or await self._next_names(handle)

    @contextlib.asynccontextmanager
    async def _opened(self, request: packets.Request) -> AsyncIterator[bytes]:
        handle = (await self._connection.ask_one(request)).handle()
        try:
            yield handle
        finally:
            if self._connection.usable:
                await self._connection.ask_one(packets.close(handle))


class _Search:
    """The listings of one search, whose names are counted. What cannot be listed holds nothing."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._seen = 0

    async def names(self, path: str) -> list[tuple[str, Attributes]]:
        """What is in a directory; nothing, if it is none."""
        try:
            found = await self._files.names(path)
        except FailedError:
            return []
        self._seen += len(found)
        if self._seen > _MOST_NAMES:
            raise UserError(f"the pattern leads through more than {_MOST_NAMES:,} names", hint="begin further down")
        return found

    async def descendants(self, path: str, *, directories: bool) -> list[str]:
        """All that is below a directory, or its directories and itself. No link is followed."""
        found, left = [path] if directories else [], [path]
        while left:
            parent = left.pop()
            for name, attributes in await self.names(parent):
                child = posixpath.join(parent, name)
                is_directory = stat.S_ISDIR(attributes.mode)
                if is_directory:
                    left.append(child)
                if is_directory or not directories:
                    found.append(child)
        return found


class FailedError(UserError):
    """The guest has refused something."""


@contextlib.contextmanager
def _explained(path: str) -> Iterator[None]:
    try:
        yield
    except StatusError as error:
        known = {packets.NO_SUCH_FILE: "no such file or directory", packets.DENIED: "permission denied"}
        raise FailedError(f"{path}: {known.get(error.code) or error.text or 'it failed'}") from error


def _bytes(path: str) -> bytes:
    return path.encode()
