"""`copyToHost`: files of the guest that appear on the host when the machine is ready (spec/runtime.md 3.11).

What a guest says is not trusted: how much it sends and for how long is bounded, and the host's file is reached
without following links that the guest may have planted (`host.planted`).
"""

import asyncio
import contextlib
import functools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from shlex import quote
from typing import BinaryIO

from limavm.errors import UserError
from limavm.host import aprocess
from limavm.host.aside import Aside
from limavm.host.planted import replacing_safely
from limavm.hostagent.master import SSHTarget
from limavm.model.config import Config, CopyToHost
from limavm.model.value import Value
from limavm.store.hostcopies import delete_copies, distrusted_of

log = logging.getLogger(__name__)

_CHUNK = 1 << 16
#: Bytes of what a failed program says that are kept.
_LAST_WORDS = 500
#: Seconds for the deletion of all copies.
_DELETED = 30.0
_CAT = ("env", "LANG=C", "LC_ALL=C", "cat", "--")
_SUDO = ("sudo", "-n")
#: A host's file that is replaced at the end; by its path, and the directories below which no link is followed.
Replacing = Callable[[str, Sequence[str]], AbstractContextManager[BinaryIO]]
_Opened = Callable[[], AbstractContextManager[BinaryIO]]


class Limit(Value, frozen=True, kw_only=True):
    """How large a file may be, in bytes, and how long it may take, in seconds: some never end."""

    size: int = 256 << 20
    time: float = 300.0


class _Refused(Exception):  # noqa: N818 - the guest's answer, no failure of ours
    """The guest does not give the file, for the reason that it says."""


async def deleted_copies(
    config: Config,
    directory: str,
    limit: float = _DELETED,
    delete: Callable[[Config, str], object] = delete_copies,
) -> None:
    """Delete the files of rules with `deleteOnStop`; a drive that does not answer is not waited for."""
    try:
        await Aside("the deletion of copies").call(lambda: delete(config, directory), limit=limit)
    except TimeoutError:
        log.warning("copyToHost: copies of the guest's files stay, since the drive they are on does not answer")


async def copy_to_host(
    config: Config,
    directory: str,
    target: SSHTarget,
    limit: Limit = Limit(),  # noqa: B008 - frozen
    replacing: Replacing = replacing_safely,
) -> list[str]:
    """Copy what the rules of `config` name; returns a sentence for each that could not be copied.

    `directory` is that of the instance. A host's file is replaced as a whole or not at all.
    """
    errors = []
    for rule in config.copy_to_host:
        try:
            opened = functools.partial(replacing, rule.host, distrusted_of(config, directory))
            await _copy(rule, opened, target, limit)
        except (OSError, UserError, _Refused) as error:  # OSError: the host's file; TimeoutError is one too
            reason = f"it took more than {limit.time:g} s" if isinstance(error, TimeoutError) else str(error)
            errors.append(f"{rule.guest} of the guest was not copied to {rule.host}: {reason}")
            log.error("%s", errors[-1])
    return errors


async def _copy(rule: CopyToHost, opened: _Opened, target: SSHTarget, limit: Limit) -> None:
    log.info("Copying %s of the guest to %s", rule.guest, rule.host)
    try:
        await _fetch(rule, (), opened, target, limit)
    except _Refused as refused:
        reason = refused
        if "Permission denied" in str(reason):
            log.info("Only root may read %s; trying again with sudo", rule.guest)
            try:
                await _fetch(rule, _SUDO, opened, target, limit)
            except _Refused as still:
                reason = still
            else:
                return
        if not (rule.skip_if_missing and "No such file" in str(reason)):
            raise reason from None
        log.info("%s does not exist in the guest, which is no fault: skipIfMissing", rule.guest)


async def _fetch(rule: CopyToHost, prefix: Sequence[str], opened: _Opened, target: SSHTarget, limit: Limit) -> None:
    async with _written_aside(opened(), limit.time) as write:
        child = await aprocess.start(target.argv(*prefix, *_CAT, quote(rule.guest)))
        async with aprocess.ended(child), asyncio.timeout(limit.time):
            assert child.stdout is not None
            assert child.stderr is not None
            await _save(child.stdout, write, limit.size)
            # Whoever complains at such length that the pipe is full before the file ends runs into the limit.
            words = (await _end_of(child.stderr)).decode(errors="replace").strip()
            status = await child.wait()
        if status:
            raise _Refused(words or f"ssh ended with status {status}")


@contextlib.asynccontextmanager
async def _written_aside(
    opened: AbstractContextManager[BinaryIO], limit: float
) -> AsyncIterator[Callable[[bytes], Awaitable[int]]]:
    """What writes to a file of the host: each step is in a thread, as a network drive may never answer.

    Raises TimeoutError when a step takes longer than `limit` seconds.
    """
    steps = Aside("a file for the host")
    file = await steps.call(opened.__enter__, limit=limit)
    try:
        yield lambda part: steps.call(lambda: file.write(part), limit=limit)
    except BaseException as error:
        leave = functools.partial(opened.__exit__, type(error), error, error.__traceback__)
        await steps.call(leave, limit=limit)
        raise
    await steps.call(lambda: opened.__exit__(None, None, None), limit=limit)


async def _save(stream: asyncio.StreamReader, write: Callable[[bytes], Awaitable[int]], most: int) -> None:
    left = most
    while part := await stream.read(_CHUNK):
        left -= len(part)
        if left < 0:
            raise UserError(f"it has more than {most >> 20} MiB, or no end", hint="use `limactl copy` for large files")
        await write(part)


async def _end_of(stream: asyncio.StreamReader) -> bytes:
    words = b""
    while part := await stream.read(_CHUNK):
        words = (words + part)[-_LAST_WORDS:]
    return words
