import stat
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from limavm.model.network import NetworkPaths, Networks, SharedNetwork
from limavm.network.security import Accounts, Entry, paths_to_examine, problems

DIRECTORY = Entry(mode=stat.S_IFDIR | 0o755, uid=0, gid=0)
FILE = Entry(mode=stat.S_IFREG | 0o755, uid=0, gid=0)
PATHS = NetworkPaths(socket_vmnet="/opt/bin/socket_vmnet", var_run="/private/run/lima", sudoers="/etc/sudoers.d/lima")
NETWORKS = Networks(paths=PATHS, group="admin", networks={"shared": SharedNetwork(mode="shared")})
SAFE = {
    **dict.fromkeys(("/", "/opt", "/opt/bin", "/private", "/private/run", "/etc", "/etc/sudoers.d"), DIRECTORY),
    "/opt/bin/socket_vmnet": FILE,
    "/etc/sudoers.d/lima": FILE,
}
ACCOUNTS = Accounts(root_uid=0, root_gid=0, root_group="wheel", daemon_gid=1)

Change = Callable[[Entry], Entry]


def mode(bits: int, gid: int = 0) -> Change:
    return lambda entry: replace(entry, mode=stat.S_IFMT(entry.mode) | bits, gid=gid)


def test_what_only_root_can_change_is_safe() -> None:
    assert problems(NETWORKS, SAFE, ACCOUNTS) == []


def test_everything_above_a_path_is_examined() -> None:
    assert paths_to_examine(NETWORKS) == [
        *("/opt/bin/socket_vmnet", "/opt/bin", "/opt", "/"),
        *("/private/run/lima", "/private/run", "/private"),
        *("/etc/sudoers.d/lima", "/etc/sudoers.d", "/etc"),
    ]
    assert paths_to_examine(replace(NETWORKS, paths=NetworkPaths(socket_vmnet="x"))) == []


@pytest.mark.parametrize(
    ("path", "change", "expected"),
    [
        ("/opt/bin", lambda entry: replace(entry, mode=stat.S_IFLNK | 0o777), "/opt/bin is a symbolic link"),
        ("/opt/bin/socket_vmnet", lambda entry: replace(entry, uid=501), "belongs to the user 501, and not to root"),
        ("/opt", mode(0o775, gid=20), "/opt can be written by the group 20"),
        ("/opt", mode(0o775, gid=1), "/opt can be written by the group 1"),
        ("/opt", mode(0o775), None),
        ("/opt", mode(0o757), "/opt can be written by everybody"),
        ("/private/run", mode(0o775, gid=1), None),
        ("/private/run", mode(0o775, gid=20), "/private/run can be written by the group 20"),
        ("/private/run", mode(0o750, gid=1), None),
        ("/private/run", mode(0o750, gid=20), "/private/run cannot be entered by the group daemon"),
        ("/private/run", mode(0o700), "/private/run cannot be entered by the group daemon"),
        ("/etc/sudoers.d", mode(0o700), None),
        ("/etc/sudoers.d/lima", mode(0o666), "can be written by everybody"),
    ],
)
def test_what_others_can_change_is_not_safe(path: str, change: Change, expected: str | None) -> None:
    found = problems(NETWORKS, {**SAFE, path: change(SAFE[path])}, ACCOUNTS)

    assert any(expected in problem for problem in found) if expected else found == []


def test_a_part_that_all_paths_share_is_a_problem_of_each() -> None:
    found = problems(NETWORKS, {**SAFE, "/": mode(0o757)(DIRECTORY)}, ACCOUNTS)

    assert found == [f"paths.{key}: / can be written by everybody" for key in ("socketVMNet", "varRun", "sudoers")]


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (NetworkPaths(), []),
        (replace(PATHS, sudoers="/etc/sudoers.d/none"), []),
        (replace(PATHS, var_run="/private/run/not/there"), []),
        (replace(PATHS, socket_vmnet="/opt/none"), ["socketVMNet: /opt/none does not exist, socket_vmnet has to be"]),
        (replace(PATHS, socket_vmnet="bin/x"), ["paths.socketVMNet: 'bin/x' is not an absolute path"]),
        (replace(PATHS, var_run="~/run"), ["paths.varRun: '~/run' is not an absolute path"]),
        (replace(PATHS, sudoers="/a b"), ["paths.sudoers: '/a b' contains a blank"]),
        (replace(PATHS, sudoers="/a\nroot ALL"), ["contains a blank"]),
    ],
)
def test_paths_are_absolute_and_without_blanks(paths: NetworkPaths, expected: list[str]) -> None:
    found = problems(replace(NETWORKS, paths=paths), SAFE, ACCOUNTS)

    assert len(found) == len(expected)
    assert all(part in problem for part, problem in zip(expected, found, strict=True))


@pytest.mark.parametrize(
    ("networks", "key"),
    [
        (replace(NETWORKS, group="a b"), "group: "),
        (replace(NETWORKS, networks={"a/b": SharedNetwork()}), "networks: the name 'a/b'"),
        (replace(NETWORKS, networks={"a\nroot": SharedNetwork()}), "networks: "),
        (replace(NETWORKS, networks={"a": SharedNetwork(mode="x y")}), "networks.a.mode: "),
        (replace(NETWORKS, networks={"a": SharedNetwork(interface="en0 --x")}), "networks.a.interface: "),
        (replace(NETWORKS, group="", networks={"a": SharedNetwork()}), None),
    ],
)
def test_names_bring_no_words_of_their_own_into_a_command(networks: Networks, key: str | None) -> None:
    found = problems(networks, SAFE, ACCOUNTS)

    assert [problem.startswith(key or "") for problem in found] == [True] * bool(key)


def test_all_problems_are_told_together() -> None:
    networks = replace(NETWORKS, group="a b", paths=NetworkPaths(socket_vmnet="x", var_run="y", sudoers="z z"))

    assert len(problems(networks, {}, ACCOUNTS)) == 4
