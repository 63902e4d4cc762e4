"""Finding the QEMU of an architecture, and what it says of itself (spec/runtime.md 4.1).

Each answer is kept in the cache directory for as long as path, size and time of the program stay the
same, and only what is asked for is found out: a usual start runs no QEMU besides the machine itself.
"""

import contextlib
import hashlib
import os
import re
import shlex

import msgspec

from limavm.driver.qemu.facts import Version, version_text
from limavm.errors import UserError
from limavm.host import files, paths
from limavm.host.process import ProcessError, ensure_program, run
from limavm.model.arch import Arch
from limavm.model.value import Value

_VERSION = re.compile(r"QEMU emulator version (\d+)\.(\d+)\.(\d+)")
_SEMVER = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(?:[-+].*)?")
_TIMEOUT = 30.0


class Program(Value, frozen=True, kw_only=True):
    """A QEMU on this host; `leading` are the user's own arguments, for debugging."""

    path: str
    leading: tuple[str, ...] = ()


class _Answers(Value, frozen=True, kw_only=True):
    """What is cached of one program; `identity` must match for the rest to count."""

    identity: tuple[str, int, int]
    texts: dict[str, str] = {}


def override_name(arch: Arch) -> str:
    """The environment variable that names another QEMU for an architecture."""
    return f"QEMU_SYSTEM_{arch.qemu_name.upper()}"


def locate(arch: Arch) -> Program:
    """The QEMU for a guest architecture; raises UserError, naming the package, when there is none."""
    variable = override_name(arch)
    override = os.environ.get(variable, "")
    try:
        words = shlex.split(override)
    except ValueError as error:
        raise UserError(f"{override!r} is not quoted well: {error}", where=variable) from error
    if not words:
        return Program(path=ensure_program(f"qemu-system-{arch.qemu_name}"))
    return Program(path=ensure_program(words[0]), leading=tuple(words[1:]))


class Probe:
    """Questions to one QEMU program."""

    def __init__(self, program: Program, cache: str | None = None) -> None:
        self.program = program
        self._identity = _identity(program.path)
        directory = cache or os.path.join(paths.cache_dir(), "qemu-probe")
        self._path = os.path.join(directory, hashlib.sha256(os.fsencode(program.path)).hexdigest()[:16] + ".json")
        self._texts = self._load()

    def version(self) -> Version | None:
        """The version, None when the program does not tell it as QEMU does."""
        return parse_version(self._ask("version", ["--version"]))

    def has_accelerator(self, name: str) -> bool:
        """Whether the program was built with an accelerator."""
        return name in self._ask("accel", ["-M", "none", "-accel", "help"])

    def cpu_help(self, machine: str) -> str:
        """The CPU models of a board, as QEMU lists them."""
        return self._ask(f"cpu {machine}", ["-cpu", "help", "-machine", machine])

    def help_text(self) -> str:
        """What it tells of its options (asked of a virtiofsd, which answers at once or is none)."""
        return self._ask("help", ["--help"])

    def _ask(self, question: str, args: list[str]) -> str:
        if question not in self._texts:
            self._texts[question] = self._run(args)
            self._store()
        return self._texts[question]

    def _run(self, args: list[str]) -> str:
        argv = [self.program.path, *args]
        try:
            return run(argv, timeout=_TIMEOUT).decode(errors="replace")
        except ProcessError as error:
            # Some builds list on standard error, or end with a status of their own.
            if error.stderr.strip():
                return error.stderr
            raise UserError(f"{self.program.path} does not answer", where=shlex.join(argv)) from error

    def _load(self) -> dict[str, str]:
        with contextlib.suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError), open(self._path, "rb") as file:
            answers = msgspec.json.decode(file.read(), type=_Answers)
            if answers.identity == self._identity:
                return dict(answers.texts)
        return {}

    def _store(self) -> None:
        # A cache that cannot be written costs time, and nothing else.
        with contextlib.suppress(OSError):
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            answers = _Answers(identity=self._identity, texts=self._texts)
            files.write_atomic(self._path, msgspec.json.encode(answers))


def parse_version(text: str) -> Version | None:
    """The version in the first line of `--version`."""
    match = _VERSION.match(text)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def parse_semver(text: str) -> Version | None:
    """The three numbers of a semantic version; pre-release and build do not count."""
    match = _SEMVER.fullmatch(text.strip())
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def minimum_versions(host_os: str, host_arch: str) -> tuple[Version, Version]:
    """The version below which QEMU is refused, and the one below which the user is warned."""
    match host_os, host_arch:
        case "darwin", "aarch64":
            return (8, 2, 1), (8, 2, 1)
        case "darwin", _:
            return (7, 0, 0), (8, 2, 1)
        case "windows", _:
            return (11, 0, 0), (11, 0, 0)
        case _:
            return (4, 0, 0), (6, 2, 0)


def check_version(
    program: str, version: Version | None, *, host_os: str, host_arch: str, minimum: str | None = None
) -> list[str]:
    """Warnings about the version of a QEMU; raises UserError when it is too old to be used.

    `minimum` is the user's own lower limit (`vmOpts.qemu.minimumVersion`).
    """
    if version is None:
        return [f"{program} does not tell its version; it is used as it is"]
    hard, soft = minimum_versions(host_os, host_arch)
    found = version_text(version)
    if version < hard:
        raise UserError(f"QEMU {found} is too old", where=program, hint=f"install {version_text(hard)} or newer")
    wanted = parse_semver(minimum) if minimum else None
    if wanted and version < wanted:
        raise UserError(
            f"QEMU {found} is older than the configuration asks for",
            where=program,
            hint=f"install {version_text(wanted)} or newer (vmOpts.qemu.minimumVersion)",
        )
    return [f"QEMU {found} is old; {version_text(soft)} or newer works better"] if version < soft else []


def _identity(path: str) -> tuple[str, int, int]:
    real = os.path.realpath(path)
    try:
        found = os.stat(real)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error
    return real, found.st_mtime_ns, found.st_size
