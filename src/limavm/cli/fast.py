"""The plain forms of the commands that scripts call all the time, recognised before click is loaded.

Loading click takes as long as all the rest of `limactl list`. What is recognised here calls the very
functions that the full command calls; everything else returns None and takes the long way.
"""

import sys
from collections.abc import Sequence

_LIST_SWITCHES = frozenset({"--json", "-q", "--quiet"})


def run(argv: Sequence[str]) -> int | None:
    """The exit code if `argv` is one of the plain forms, else None and nothing was done."""
    match argv:
        case ["--version"] | ["-v"]:
            return print_version()
        case ["list" | "ls", *words] if all(_is_plain(word) or word in _LIST_SWITCHES for word in words):
            return _list(words)
        case ["shell", name, *command] if _is_plain(name):
            return _shell(name, command)
        case ["validate", _, *_] if all(map(_is_plain, argv)):
            return _validate(argv[1:])
        case ["yq", *words]:
            return _yq(words)
        case _:
            return None


def _is_plain(word: str) -> bool:
    return not word.startswith("-")


def print_version() -> int:
    """`limactl version X (limavm Y)`: X, the third word, is what scripts made for Lima compare."""
    from limavm import COMPATIBLE_WITH, __version__

    print(f"limactl version {COMPATIBLE_WITH} (limavm {__version__})")
    return 0


def load_msgspec() -> None:
    """Load msgspec without typing_extensions, which it takes if it is there, and which costs 7 ms.

    The typing module of Python 3.11 has all that msgspec wants of it.
    """
    if "typing_extensions" in sys.modules:
        return
    sys.modules["typing_extensions"] = None  # type: ignore[assignment] # an import fails at once
    try:
        import msgspec  # noqa: F401 - loaded for those who use it
    finally:
        del sys.modules["typing_extensions"]


def _yq(words: Sequence[str]) -> int:
    load_msgspec()
    from limavm.cli import yq

    return yq.main(words)


def _validate(locators: Sequence[str]) -> int:
    load_msgspec()
    from limavm.cli import checking, session

    session.begin()
    checking.check(locators)
    return 0


def _list(words: Sequence[str]) -> int:
    load_msgspec()
    from limavm.cli import listing, session

    session.begin()
    names = [word for word in words if _is_plain(word)]
    options = listing.Options(json="--json" in words, quiet="-q" in words or "--quiet" in words)
    return listing.show(names, options)


def _shell(name: str, command: Sequence[str]) -> int:
    load_msgspec()
    from limavm.cli import remote, session

    return remote.open_shell(session.begin(), [name, *command], remote.Options())
