"""The rooms of docs/architecture.md: who may import whom, and who must not touch the world."""

import ast
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "limavm"
#: Files of a guest's root file system: data, also where they are programs.
GUEST = PACKAGE / "images" / "build" / "guest"

#: Left never imports right; members of one level do not import each other.
ORDER: list[set[str]] = [
    {"errors", ""},
    {"model"},
    {"host"},
    {"roundtrip", "gotemplate"},
    {"yq"},
    {"config", "images", "seed", "ssh", "network", "wire"},
    {"guestagent", "guestyq", "sftp", "virtiofs"},
    {"driver"},
    {"store"},
    {"hostagent"},
    {"instance"},
    {"mcp"},
    {"cli"},
    {"__main__"},
]
LEVEL = {room: level for level, rooms in enumerate(ORDER) for room in rooms}

#: Started as processes, which are to begin fast and to hold little.
ALONE = ("sftp", "virtiofs")

PURE = (
    "model",
    "roundtrip",
    "yq",
    "gotemplate",
    "config.layer",
    "config.merge",
    "config.defaults",
    "config.validate",
    "seed.documents",
    "ssh.options",
    "driver.qemu.argv",
    "driver.qemu.describe",
    "hostagent.forwarding.portrules",
)
WORLD = {
    "asyncio",
    "socket",
    "subprocess",
    "time",
    "os",
    "shutil",
    "pathlib",
    "tempfile",
    "threading",
    "urllib",
    "http",
}
#: What the guest agent's bundle has beside Python's own library.
IN_THE_GUEST = {"google", "grpclib", "h2", "hpack", "hyperframe", "multidict"}
ASYNC_ROOMS = ("hostagent", "guestagent", "host.aprocess", "host.aside", "mcp", "ssh.mux", "wire")


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(set(PACKAGE.rglob("*.py")) - set(GUEST.rglob("*.py"))):
        parts = list(path.relative_to(PACKAGE).with_suffix("").parts)
        if parts[-1] == "__init__":
            parts.pop()
        yield ".".join(parts), ast.parse(path.read_text())


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.col_offset
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node.col_offset
            if node.module == "limavm":
                for alias in node.names:
                    yield f"limavm.{alias.name}", node.col_offset


MODULES = dict(modules())
#: Every module with each thing that it imports. A test looks at all: one for each module would take longer to count.
IMPORTS = [(module, name) for module, tree in MODULES.items() for name, _ in imports(tree)]


def inside(module: str, places: tuple[str, ...]) -> bool:
    return any(module == place or module.startswith(place + ".") for place in places)


def test_imports_point_down() -> None:
    assert [pair for pair in IMPORTS if not points_down(*pair)] == []


def points_down(module: str, name: str) -> bool:
    room, target = module.split(".")[0], name.removeprefix("limavm.").split(".")[0]
    if not name.startswith("limavm.") or target == room or target not in LEVEL:
        return True
    return LEVEL[target] < LEVEL[room]


def test_every_room_has_a_place_in_the_order() -> None:
    assert {module.split(".")[0] for module in MODULES} - {*LEVEL, "templates"} == set()


def test_what_runs_in_the_guest_brings_only_itself() -> None:
    ours = ("guestagent", "wire")

    for module, name in IMPORTS:
        if inside(module, ours):
            assert brings_only(name, ours, sys.stdlib_module_names | IN_THE_GUEST), f"{module} imports {name}"


def brings_only(name: str, rooms: tuple[str, ...], libraries: Collection[str]) -> bool:
    """Whether an import is of some rooms or of some libraries."""
    if name.startswith("limavm."):
        return inside(name.removeprefix("limavm."), rooms)
    return name == "limavm" or name.split(".")[0] in libraries


def test_what_serves_a_mount_brings_only_itself() -> None:
    for module, name in IMPORTS:
        if inside(module, ALONE):
            own = module.split(".")[0]
            assert brings_only(name, (own,), sys.stdlib_module_names), f"{module} imports {name}"


@pytest.mark.parametrize("room", ["guestagent", *ALONE])
def test_nobody_imports_what_is_a_program_of_its_own(room: str) -> None:
    found = [pair for pair in IMPORTS if inside(pair[1], (f"limavm.{room}",)) and not inside(pair[0], (room,))]

    assert found == []


def test_pure_rooms_do_not_touch_the_world() -> None:
    for module, name in IMPORTS:
        if inside(module, PURE):
            assert name.split(".")[0] not in WORLD, f"{module} imports {name}"
            assert not f"{name}.".startswith("limavm.host."), f"{module} imports {name}"


#: The modules of drivers that speak with a machine that runs.
RUNNING = {"run", "launched", "fate", "qmp", "control", "keepers", "sharedevices", "sharerecovery", "snapshots"}


def test_asyncio_stays_in_the_agents_and_the_run_modules_of_drivers() -> None:
    found = {module for module, name in IMPORTS if name.split(".")[0] == "asyncio" and not inside(module, ASYNC_ROOMS)}

    assert {
        module for module in found if not (inside(module, ("driver",)) and module.split(".")[-1] in RUNNING)
    } == set()


def test_drivers_do_not_know_each_other() -> None:
    for module, name in IMPORTS:
        parts = name.split(".")
        if module.startswith("driver.") and module != "driver.registry" and parts[:2] == ["limavm", "driver"]:
            is_driver = len(parts) > 2 and (PACKAGE / "driver" / parts[2]).is_dir()
            assert not is_driver or parts[2] == module.split(".")[1], f"{module} imports {name}"


#: The hidden commands that are the host agent, or a part of it, hand over to it.
HANDING_OVER = {
    ("cli.hostagent", "limavm.hostagent.agent"),
    ("cli.debug", "limavm.hostagent.names.nameserver"),
}


def test_commands_reach_a_running_machine_through_the_client_only() -> None:
    found = {
        pair for pair in IMPORTS if inside(pair[0], ("instance", "cli")) and pair[1].startswith("limavm.hostagent")
    }

    assert {pair for pair in found if pair[1] != "limavm.hostagent.client"} - HANDING_OVER == set()


#: The keeper's forks end so.
EXITING = ("cli", "__main__", "guestagent.keeper")


def test_only_the_command_line_prints_and_exits() -> None:
    found = [
        f"{module}:{node.lineno}"
        for module, tree in MODULES.items()
        if not inside(module, EXITING)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"print", "sys.exit", "exit", "os._exit"}
    ]

    assert found == []


#: The command line, the registry of drivers, and what `list`, `shell` and `start` need only now and then.
LATE = ("cli", "__main__", "driver.registry", "instance.configuration", "instance.inspect", "seed.agentbundle")
#: What a platform has and another has not.
PLATFORM_BOUND = {"pwd", "fcntl", "msvcrt", "ctypes", "limavm.host.process"}


def test_only_the_command_line_and_the_registry_import_late() -> None:
    for module, tree in MODULES.items():
        allowed = PLATFORM_BOUND if module.startswith("host.") else set()
        for name, column in imports(tree):
            if column and name not in allowed and not inside(module, LATE):
                assert _guarded(tree, name), f"{module} imports {name} inside a function"


def _guarded(tree: ast.Module, name: str) -> bool:
    """Whether an indented import is only a platform or type-checking branch of the module itself."""
    return any(
        isinstance(node, ast.If | ast.Try) and name in {found for found, _ in imports(node)} for node in tree.body
    )
