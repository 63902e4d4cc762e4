"""The download cache: one directory a URL, shared with Lima (layout: spec/runtime.md 13.1).

Beside Lima's files an entry holds `decompressed` and `converted`, made from `data` once and given
its modification time, by which a later reader knows that they belong together; and the partial
download (see `part`). Whoever looks at or changes an entry holds its lock (`locked_entry`).
Files appear by renaming only, so that whatever is there under its final name is complete.
"""

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator

from limavm.errors import BusyError, UserError
from limavm.host import files, paths
from limavm.images import download
from limavm.images.convert import as_usable
from limavm.images.decompress import compression_of_file, decompress
from limavm.images.digest import Digest, digest_of
from limavm.images.part import SHARED_MODE, Origin, Part, sweep_origin
from limavm.model.report import Reporter

_DATA = "data"
_PART = "data.part"
_DERIVED = ("decompressed", "converted")
#: What interrupted downloads leave, ours and Lima's; shell patterns.
LEFTOVERS = (_PART, f"{_PART}.*", f"{_DATA}.tmp.*", "*.tmp")
#: How often bytes with a wrong digest are fetched: a resumed or damaged download deserves a second chance.
_ATTEMPTS = 2


def entry_dir(url: str) -> str:
    """The directory of a URL in the cache, which need not exist."""
    name = hashlib.sha256(url.encode()).hexdigest()
    return os.path.join(paths.cache_dir(), "download", "by-url-sha256", name)


@contextlib.contextmanager
def locked_entry(url: str, report: Reporter) -> Iterator[str]:
    """The directory of a URL, made if need be, locked, and without the leftovers of killed processes."""
    entry = entry_dir(url)
    with contextlib.ExitStack() as stack:
        while True:  # a prune may remove the directory between the two steps
            with contextlib.suppress(FileNotFoundError):
                # Not `exist_ok`, which asks once more whether it is there, when it may be gone again.
                with contextlib.suppress(FileExistsError):
                    os.makedirs(entry, mode=0o700)
                stack.enter_context(_locked(entry, url, report))
                break
        files.sweep(entry, "*.tmp", f"{_DATA}.tmp.*")
        sweep_origin(os.path.join(entry, _PART))
        yield entry


@contextlib.contextmanager
def _locked(entry: str, url: str, report: Reporter) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(files.locked(entry, wait=False))
        except BusyError:
            report.info(f"Waiting for another command that is downloading {url}")
            stack.enter_context(files.locked(entry))
        yield


def ensure_data(
    entry: str, url: str, digest: Digest | None, what: str, report: Reporter, client: download.Client
) -> str:
    """The path of the verified bytes of `url` in its locked entry, downloaded if need be.

    Without a digest the server is asked whether it has newer ones (13.2 step 4). Raises UserError.
    """
    path = data_path(entry)
    if os.path.isfile(path) and _current(entry, url, digest, report, client):
        report.info(f"Using the cached {what} ({_name(url)})")
    else:
        _download(entry, url, digest, what, report, client)
    return path


def data_path(entry: str) -> str:
    """Where the bytes of an entry are."""
    return os.path.join(entry, _DATA)


def is_stored(url: str, digest: Digest | None) -> bool:
    """Whether the bytes of a URL are in the cache, with that digest if one is given: by what is recorded."""
    entry = entry_dir(url)
    if not os.path.isfile(data_path(entry)):
        return False
    return digest is None or (files.read_text(_digest_path(entry, digest)) or "").strip() == str(digest)


def _current(entry: str, url: str, digest: Digest | None, report: Reporter, client: download.Client) -> bool:
    if digest is None:
        return _unchanged(entry, url, report, client)
    recorded = (files.read_text(_digest_path(entry, digest)) or "").strip()
    if recorded:
        return recorded == str(digest)
    if digest_of(data_path(entry), digest.algorithm) != digest:
        return False
    files.write_atomic(_digest_path(entry, digest), str(digest).encode())
    return True


def _unchanged(entry: str, url: str, report: Reporter, client: download.Client) -> bool:
    recorded = (files.read_text(os.path.join(entry, "time")) or "").strip()
    try:
        return bool(recorded) and download.last_modified(url, client) == recorded
    except UserError as error:
        report.info(f"Not checking whether {_name(url)} has changed: {error.message}")
        return True


def _download(
    entry: str, url: str, digest: Digest | None, what: str, report: Reporter, client: download.Client
) -> None:
    algorithm = digest.algorithm if digest else "sha256"
    files.write_atomic(os.path.join(entry, "url"), url.encode())
    with Part(os.path.join(entry, _PART), url, algorithm) as part:
        attempts = 0
        while True:
            with report.transfer(f"Downloading the {what} ({_name(url)})") as transfer:
                origin = download.fetch(url, part, transfer, client)
            if digest is None or part.hex == digest.hex:
                break
            actual, attempts = part.hex, attempts + 1
            part.restart(None)
            if attempts == _ATTEMPTS:
                raise _mismatch(url, digest, actual)
            report.warning(f"The {what} does not match its digest; downloading it once more from the beginning")
        _install(entry, part, origin, digest)


def _mismatch(url: str, digest: Digest, actual: str) -> UserError:
    return UserError(
        f"the download does not match its digest: expected {digest}, got {digest.algorithm}:{actual}",
        where=url,
        hint="the file at this address has changed or was damaged on the way: "
        "correct the digest in the template if its publisher announces the new one, else do not use it",
    )


def _install(entry: str, part: Part, origin: Origin, digest: Digest | None) -> None:
    """Make the complete part the entry's data; what described the old data goes first."""
    files.sweep(entry, "time", "type", "*.digest", *_DERIVED)
    part.finish(data_path(entry))
    files.sync_directory(entry)
    # Killed before `time`, data without a digest are downloaded again; before the digest, only hashed again.
    if origin.modified:
        files.write_atomic(os.path.join(entry, "time"), origin.modified.encode())
    if origin.type:
        files.write_atomic(os.path.join(entry, "type"), origin.type.encode())
    if digest:
        files.write_atomic(_digest_path(entry, digest), str(digest).encode())


def ensure_decompressed(entry: str, name: str, what: str, report: Reporter) -> str:
    """The path of the entry's decompressed bytes, which are `data` when that is not compressed."""
    data = data_path(entry)
    kind = compression_of_file(data, name)
    if kind is None:
        return data

    def make(target: str) -> None:
        with report.transfer(f"Decompressing the {what} ({name})", os.path.getsize(data)) as transfer:
            decompress(data, target, kind, advance=transfer.advance)

    return _derived(data, os.path.join(entry, "decompressed"), make)


def ensure_image(entry: str, name: str, report: Reporter) -> str:
    """The path of the entry's image in a form that QEMU may be given: raw, ISO 9660 or sound qcow2."""
    source = ensure_decompressed(entry, name, "image", report)

    def convert(make: Callable[[str], None]) -> str:
        return _derived(source, os.path.join(entry, "converted"), make)

    return as_usable(source, convert, report)


def _derived(source: str, target: str, make: Callable[[str], None]) -> str:
    stamp = os.stat(source).st_mtime_ns
    with contextlib.suppress(FileNotFoundError):
        if os.stat(target).st_mtime_ns == stamp:
            return target
    with files.replacing(target, SHARED_MODE) as partial:
        make(partial)
        os.utime(partial, ns=(stamp, stamp))
    return target


def _digest_path(entry: str, digest: Digest) -> str:
    return os.path.join(entry, f"{digest.algorithm}.digest")


def _name(url: str) -> str:
    return os.path.basename(url.partition("?")[0].rstrip("/")) or url
