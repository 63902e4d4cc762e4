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
    mounts: Sequence[str] = (),
    shares_host: bool = False,
    synced_home: str | None = None,
    resolve: Callable[[str], str] = str,
) -> str:
    """The command that enters the work directory, `STAY` for none.

    `cwd` and `home` are the host's (None when unknown), `mounts` the host locations of the mounts,
    `shares_host` is true where the guest sees all of the host (WSL2), `synced_home` is the guest's home
    when `--sync` copies `cwd` below it. `resolve` follows symbolic links, as `os.path.realpath`.
    """
    if workdir:
        return f"cd {quote(workdir)} || exit 1"
    if cwd and (shares_host or _inside(cwd, mounts, resolve)):
        return f"cd {quote(cwd)} || cd {quote(home)}" if home else f"cd {quote(cwd)}"
    if synced_home and cwd:
        return f"cd {quote(synced_home + cwd)}"
    if home and _inside(home, mounts, resolve):
        return f"cd {quote(home)}"
    return STAY


def _inside(path: str, locations: Sequence[str], resolve: Callable[[str], str]) -> bool:
    path = resolve(path)
    for location in map(resolve, locations):
        if location == "/" or path == location or path.startswith(location.rstrip("/") + "/"):
            return True
    return False
