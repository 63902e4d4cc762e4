"""What the tools do: files by SFTP, commands by `limactl shell`, all of it inside of the instance."""

import asyncio
import contextlib
import os
import posixpath
import stat
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from limavm.errors import UserError
from limavm.host import aprocess
from limavm.mcp import pattern, places, target, tools
from limavm.mcp.connection import LostError, connected
from limavm.mcp.guestfiles import Files
from limavm.mcp.places import Place
from limavm.mcp.target import Target

_T = TypeVar("_T")

#: Types of files and bits of permissions, in Unix and in Go.
_GO_TYPES = {
    stat.S_IFDIR: 1 << 31,
    stat.S_IFLNK: 1 << 27,
    stat.S_IFBLK: 1 << 26,
    stat.S_IFCHR: 1 << 26 | 1 << 21,
    stat.S_IFIFO: 1 << 25,
    stat.S_IFSOCK: 1 << 24,
}
_GO_BITS = {stat.S_ISUID: 1 << 23, stat.S_ISGID: 1 << 22, stat.S_ISVTX: 1 << 20}
#: What `limactl shell` ends with when it is not the command that failed.
_OURS = (1, 255)


class Toolset:
    """The tools of one instance. `mounted_only` refuses files and directories outside of its mounts.

    It is asked for the instance again whenever the connection has to be made anew: that may have been started again,
    and have other mounts.
    """

    def __init__(self, name: str, environment: Mapping[str, str], *, mounted_only: bool = False) -> None:
        self._name = name
        self._environment = environment
        self._mounted_only = mounted_only
        self._target: Target | None = None
        self._files: Files | None = None
        self._usable: Callable[[], bool] = lambda: False
        self._connecting = asyncio.Lock()
        self._stack = contextlib.AsyncExitStack()
        self._calls: set[asyncio.Task[Any]] = set()

    async def begin(self) -> Target:
        """Look whether the instance runs; raises UserError otherwise."""
        self._target = await target.running(self._name, self._environment)
        return self._target

    async def close(self) -> None:
        """End the calls that go on, and the connection."""
        for task in self._calls:
            task.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)
        await self._stack.aclose()

    async def call(self, name: str, given: dict[str, Any] | None) -> dict[str, Any]:
        """The result of a tool, as the protocol wants it; raises UserError for what an agent should be told."""
        tool = tools.BY_NAME[name]
        work: Awaitable[msgspec.Struct]
        match tools.arguments(tool, given):
            case tools.ListDirectory() as wanted:
                work = self._list(wanted)
            case tools.ReadFile() as wanted:
                work = self._read(wanted)
            case tools.WriteFile() as wanted:
                work = self._write(wanted)
            case tools.Glob() as wanted:
                work = self._glob(wanted)
            case tools.SearchFileContent() as wanted:
                work = self._search(wanted)
            case tools.RunShellCommand() as wanted:
                work = self._run(wanted)
            case other:
                raise AssertionError(other)
        task = asyncio.current_task()
        assert task is not None
        self._calls.add(task)
        try:
            result: dict[str, Any] = msgspec.to_builtins(await work)
        finally:
            self._calls.discard(task)
        return result

    async def _list(self, wanted: tools.ListDirectory) -> tools.ListDirectoryResult:
        found = await self._with_files(wanted.path, lambda files, place: files.names(place.guest))
        return tools.ListDirectoryResult(
            entries=[
                tools.Entry(
                    name=name,
                    size=attributes.size,
                    mode=go_mode(attributes.mode),
                    time=datetime.fromtimestamp(attributes.mtime, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                    is_dir=stat.S_ISDIR(attributes.mode),
                )
                for name, attributes in found
            ]
        )

    async def _read(self, wanted: tools.ReadFile) -> tools.ReadFileResult:
        data = await self._with_files(wanted.path, lambda files, place: files.read(place.guest, tools.MOST_READ))
        return tools.ReadFileResult(content=data.decode(errors="replace"))

    async def _write(self, wanted: tools.WriteFile) -> tools.WriteFileResult:
        if not places.encodable(wanted.content):
            raise UserError("the content is no text: it holds halves of characters (surrogates)")
        content = wanted.content.encode()
        await self._with_files(wanted.path, lambda files, place: files.write(place.guest, content))
        return tools.WriteFileResult()

    async def _glob(self, wanted: tools.Glob) -> tools.GlobResult:
        up, parts = pattern.split(wanted.pattern)
        if "\0" in wanted.pattern or not places.encodable(wanted.pattern):
            raise UserError("the pattern cannot be one of file names")
        base = posixpath.normpath(posixpath.join(wanted.path or os.getcwd(), *[".."] * up))

        async def found(files: Files, place: Place) -> list[str]:
            return [place.to_host(path) for path in await files.find(place.guest, parts)]

        return tools.GlobResult(matches=await self._with_files(base, found))

    async def _search(self, wanted: tools.SearchFileContent) -> tools.SearchFileContentResult:
        place = await self._place(wanted.path or os.getcwd())
        # A relative path: git 2.39 dies of absolute ones where there is no repository. `./` takes from a `:` its magic.
        where = posixpath.normpath((wanted.include or ".").lstrip("/"))
        if where.split("/")[0] == "..":
            raise UserError("`include` leads out of the directory", hint="give another `path`")
        done = await self._shell(place, ["git", "grep", "-n", "--no-index", "-e", wanted.pattern, "--", f"./{where}"])
        if done.status > 1 or done.status < 0 or (done.status and done.stderr):
            raise UserError(f"git grep has failed: {_text(done.stderr)[0].strip() or _ended(done.status)}")
        return tools.SearchFileContentResult(git_grep_output=_text(done.stdout)[0])

    async def _run(self, wanted: tools.RunShellCommand) -> tools.RunShellCommandResult:
        if not wanted.command:
            raise UserError("the command is empty", hint="give the program and its arguments as a list")
        place = await self._place(wanted.directory)
        done = await self._shell(place, wanted.command)
        (stdout, out_cut), (stderr, error_cut) = _text(done.stdout), _text(done.stderr)
        cut = [name for name, is_cut in (("stdout", out_cut), ("stderr", error_cut)) if is_cut]
        problems = [f"only the first {tools.MOST_OUTPUT >> 20} MiB of {name} are here" for name in cut]
        if done.status:
            problems.insert(0, _ended(done.status))
        return tools.RunShellCommandResult(
            stdout=stdout, stderr=stderr, error="; ".join(problems), exit_code=done.status
        )

    async def _shell(self, place: Place, command: list[str]) -> aprocess.Completed:
        """Run a command in a directory of the guest; raises UserError when the instance does not run."""
        if any("\0" in word or not places.encodable(word) for word in command):
            raise UserError("a word of the command holds what no command line can (NUL, or half of a character)")
        argv = [*target.limactl(self._environment), "shell", f"--workdir={place.guest}", self._name, "--", *command]
        done = await aprocess.complete(argv, most=tools.MOST_OUTPUT + 1)
        if done.status in _OURS and done.stderr:
            await self.begin()
        return done

    async def _place(self, path: str) -> Place:
        """Where a path is; raises UserError when it is refused."""
        return await self._with_files(path, _itself) if self._mounted_only else await self._named(path)

    async def _named(self, path: str) -> Place:
        found = self._target or await self.begin()
        return places.place(path, found.mounts)

    async def _with_files(self, path: str, work: Callable[[Files, Place], Awaitable[_T]]) -> _T:
        """Do something with the guest's files; once more, when a connection that was there before is lost."""
        await self._named(path)
        was_there = self._usable()
        try:
            return await self._once(path, work)
        except LostError:
            if not was_there:
                raise
        return await self._once(path, work)

    async def _once(self, path: str, work: Callable[[Files, Place], Awaitable[_T]]) -> _T:
        files = await self._connected()
        place = await self._named(path)
        if self._mounted_only:
            await self._check(files, place)
        return await work(files, place)

    async def _check(self, files: Files, place: Place) -> None:
        assert self._target is not None
        mounts = self._target.mounts
        real = [mount.mount_point or mount.location for mount in mounts]
        roots = [places.Mount(location=await files.real_path(path)) for path in real]
        if not places.is_mounted(await files.real_path(place.guest), roots):
            names = ", ".join(mount.location for mount in mounts)
            raise UserError(
                f"{place.host} is in no directory that the host shares",
                hint=f"there is {names}" if names else "the instance has no mounts",
            )

    async def _connected(self) -> Files:
        async with self._connecting:
            if self._files is None or not self._usable():
                await self._stack.aclose()
                found = await self.begin()
                connection = await self._stack.enter_async_context(connected(found.sftp_argv(self._environment)))
                self._usable = lambda: connection.usable
                self._files = Files(connection)
            return self._files


async def _itself(_files: Files, place: Place) -> Place:
    return place


def go_mode(mode: int) -> int:
    """The mode of a Unix file as Go's fs.FileMode."""
    bits = sum(go for bit, go in _GO_BITS.items() if mode & bit)
    return _GO_TYPES.get(stat.S_IFMT(mode), 0) | bits | mode & 0o777


def _text(data: bytes) -> tuple[str, bool]:
    """An output, and whether it was cut."""
    return data[: tools.MOST_OUTPUT].decode(errors="replace"), len(data) > tools.MOST_OUTPUT


def _ended(status: int) -> str:
    return f"exit status {status}" if status >= 0 else f"ended by signal {-status}"
