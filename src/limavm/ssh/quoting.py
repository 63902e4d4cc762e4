"""What `limactl shell` asks the guest's login shell to do: work directory, environment, command.

Rules: spec/cli.md 7.3 and 7.4. Pure, and loaded by `shell`. Quoting is POSIX (`shlex.quote`).
"""

from collections.abc import Callable, Mapping, Sequence
from shlex import quote

#: Leaves the directory of the login shell as it is.
STAY = "false"


def remote_command(prefix: str, shell: str | None, words: Sequence[str], env: Mapping[str, str] | None = None) -> str:
    """The script that ssh hands to the guest.

    `prefix` comes from `workdir_prefix`; `shell` is the path of the interpreter, None for the user's own;
    without `words` it becomes a login shell to type into. `env` is set before the login files run.
    """
    assignments = "".join(f"{quote(f'{key}={value}')} " for key, value in (env or {}).items())
    interpreter = quote(shell) if shell else '"$SHELL"'
    command = f" -c {quote(command_line(words))}" if words else ""
    return f"{prefix} ; exec {'env ' if assignments else ''}{assignments}{interpreter} -l{command}"


def command_line(words: Sequence[str]) -> str:
    """The words as one command line; leading `NAME=value` words stay environment assignments."""
    quoted = [quote(word) for word in words]
    for index, word in enumerate(words):
        name, equals, value = word.partition("=")
        if not (equals and name.isascii() and name.isidentifier()):
            break
        quoted[index] = f"{name}={quote(value)}"
    return " ".join(quoted)


def workdir_prefix(
    *,
    workdir: str | None = None,
    cwd: str | None,
    home: str | None,
    mounts: Sequence[tuple[str, str]] = (),
    shares_host: bool = False,
    synced_home: str | None = None,
    resolve: Callable[[str], str] = str,
) -> str:
    """The command that enters the work directory, `STAY` for none.

    `cwd` and `home` are the host's (None when unknown), `mounts` the locations of the mounts on the host with
    their mount points, `shares_host` is true where the guest sees all of the host (WSL2), `synced_home` is the
    guest's home when `--sync` copies `cwd` below it. `resolve` follows symbolic links, as `os.path.realpath`.
    """
    if workdir:
        return f"cd {quote(workdir)} || exit 1"
    there = cwd if shares_host else _in_guest(cwd, mounts, resolve)
    home_there = _in_guest(home, mounts, resolve)
    if there:
        at_home = home_there or home
        return f"cd {quote(there)} || cd {quote(at_home)}" if at_home else f"cd {quote(there)}"
    if synced_home and cwd:
        return f"cd {quote(synced_home + cwd)}"
    return f"cd {quote(home_there)}" if home_there else STAY


def _in_guest(path: str | None, mounts: Sequence[tuple[str, str]], resolve: Callable[[str], str]) -> str | None:
    """The guest's name for a path of the host; None when it is in no mount.

    It is the host's own name where a mount with the same path on both sides has it; else the innermost mount tells.
    """
    if not path:
        return None
    if any(location == point and _below(path, location) is not None for location, point in mounts):
        return path
    real = resolve(path)
    around = [(resolve(location), point) for location, point in mounts]
    around = [mount for mount in around if _below(real, mount[0]) is not None]
    if not around:
        return None
    location, point = max(around, key=lambda mount: len(mount[0]))
    below = _below(real, location)
    return f"{point.rstrip('/')}/{below}" if below else point


def _below(path: str, directory: str) -> str | None:
    """The path relative to a directory, empty for the directory itself; None when it is elsewhere."""
    if path == directory:
        return ""
    start = directory.rstrip("/") + "/"
    return path[len(start) :] if path.startswith(start) else None
