"""Command lines of scp and rsync that copy between the host and guests (spec/cli.md 8).

Nothing is looked up or started here: instances, programs and versions are handed in. How paths are
written follows scp(1) and rsync(1); each of the two has its own ways to misread one.
"""

from collections.abc import Sequence
from shlex import quote

from msgspec.structs import replace

from limavm.model.value import Value
from limavm.ssh.options import option_args

#: First OpenSSH whose scp speaks SFTP, so that no shell of the guest reads the path.
SFTP = (9, 0, 0)
#: First OpenSSH whose scp takes a URI, and with it a port for each guest.
URI = (8, 0, 0)
#: First rsync that quotes the paths for the guest's shell itself.
QUOTES = (3, 2, 4)
#: First rsync that knows `--info`.
INFO = (3, 1, 0)

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-")
#: What a shell of the guest is to expand: patterns, the home, and what the user has quoted by hand.
_LEFT_TO_THE_SHELL = frozenset("*?[]~")


class Place(Value, frozen=True, kw_only=True):
    """One SOURCE or TARGET: a path of an instance, or of the host when `instance` is empty."""

    path: str
    instance: str = ""

    @property
    def is_remote(self) -> bool:
        """Whether it is in an instance."""
        return bool(self.instance)


class Peer(Value, frozen=True, kw_only=True):
    """How ssh reaches one instance."""

    user: str
    address: str
    port: int


def place_of(word: str, *, windows: bool = False) -> Place:
    """`INSTANCE:PATH`, or a path of the host.

    A slash before the colon makes it one of the host, which Lima has no way to write: no instance has
    a slash in its name. Raises ValueError when nothing stands before the colon.
    """
    name, colon, path = word.partition(":")
    drive = windows and len(name) == 1 and path[:1] in ("\\", "/")
    if not colon or "/" in name or drive:
        return Place(path=word)
    if not name:
        raise ValueError(f"{word!r} names no instance before the colon")
    return Place(instance=name, path=path)


def as_scp_would(places: Sequence[Place], files: Sequence[bool] = ()) -> list[Place]:
    """The places of a recursive copy by rsync, slashes changed so that it ends where scp puts it.

    From left to right, each step on what the ones before have left. `files` says which places are files of the
    host, to which no slash can be appended; when no directory is among the sources nothing changes. Neither a
    guest's root nor the host's loses its slash, and an empty path is the home: a slash would make it the root.
    """
    changed = [replace(place, path=place.path or "./" * place.is_remote) for place in places]
    if files and all(files[:-1]):
        return changed
    for index in range(len(changed)):
        place = changed[index]
        if index < len(files) and files[index]:
            continue
        if not place.path.endswith("/"):
            changed[index] = replace(place, path=f"{place.path}/")
        elif place.is_remote:
            changed = [other if number == index else _without_slash(other) for number, other in enumerate(changed)]
        else:
            changed[index] = _without_slash(place)
    return changed


def _without_slash(place: Place) -> Place:
    return replace(place, path=place.path.removesuffix("/") or place.path)


def rsync_argv(
    *,
    ssh: Sequence[str],
    paths: Sequence[str],
    verbose: bool,
    recursive: bool,
    extra: Sequence[str] = (),
    program: str = "rsync",
    progress: bool = False,
) -> list[str]:
    """The rsync that copies `paths`, the last of them the target; without `ssh` all are on the host.

    `progress` keeps one line up to date instead of saying nothing, and wants rsync 3.1.
    """
    quiet = ["--info=progress2"] if progress else ["-q"]
    return [
        program,
        "-a",
        *(["-v", "--progress"] if verbose else quiet),
        *["-r"] * recursive,
        *extra,
        # rsync splits this at blanks and knows both kinds of quotes, but no backslash.
        *(["-e", " ".join(map(quote, ssh))] if ssh else []),
        "--",
        *paths,
    ]


def rsync_path(peer: Peer, path: str, version: tuple[int, int, int]) -> str:
    """A path of a guest for rsync of that version."""
    # A dash begins an option in the guest; a second colon asks for a daemon there.
    if path.startswith(("-", ":")):
        path = f"./{path}"
    if version < QUOTES:
        path = for_shell(path)
    return f"{peer.user}@{peer.address}:{path}"


def scp_argv(
    *,
    options: Sequence[str],
    paths: Sequence[str],
    verbose: bool,
    recursive: bool,
    extra: Sequence[str] = (),
    program: str = "scp",
    progress: bool = False,
) -> list[str]:
    """The scp that copies `paths`, the last of them the target. `options` are those of ssh, `Key=Value`.

    `progress` lets it show a line for each file, which it does on a terminal only.
    """
    return [
        program,
        *option_args(options),
        *(["-v"] if verbose else [] if progress else ["-q"]),
        *["-r"] * recursive,
        *extra,
        # Two guests do not know each other: what goes from one to the other goes through the host.
        "-3",
        "--",
        *paths,
    ]


def scp_path(peer: Peer, path: str, version: tuple[int, int, int]) -> str:
    """A path of a guest for scp of that version; one that is older than `URI` wants `-P` as well."""
    if version < SFTP:
        path = for_shell(path)
    if version < URI:
        return f"{peer.user}@{peer.address}:{path}"
    # scp decodes the path of a URI: `+` would become a blank, and `%` is an error or another character.
    return f"scp://{peer.user}@{peer.address}:{peer.port}/{path.replace('%', '%25').replace('+', '%2B')}"


def for_shell(path: str) -> str:
    """A path as a shell of the guest has to read it, its patterns and `~` left to that shell.

    Backslashes stay as they are: whoever has written one has quoted by hand, as Lima asks for.
    """
    out, escaped = [], False
    for char in path:
        plain = escaped or char in _PLAIN or char in _LEFT_TO_THE_SHELL or ord(char) > 127
        # A backslash would take a line break away.
        out.append(char if plain or char == "\\" else "'\n'" if char == "\n" else f"\\{char}")
        escaped = char == "\\" and not escaped
    return "".join(out)


def for_several(options: Sequence[str]) -> list[str]:
    """The options that hold for every instance: those before the user's name, so no connection is shared."""
    return [*options[: next((i for i, option in enumerate(options) if option.startswith("User=")), len(options))]]
