"""The rooms of docs/architecture.md: who may import whom, and who must not touch the world."""

import ast
import sys
from collections.abc import Iterator
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


def inside(module: str, places: tuple[str, ...]) -> bool:
    return any(module == place or module.startswith(place + ".") for place in places)


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module: str) -> None:
    room = module.split(".")[0]
    for name, _ in imports(MODULES[module]):
        if not name.startswith("limavm."):
            continue
        target = name.split(".")[1]
        if target == room or target not in LEVEL:
            continue
        assert LEVEL[target] < LEVEL[room], f"{module} imports {name}"


@pytest.mark.parametrize("module", MODULES)
def test_every_room_has_a_place_in_the_order(module: str) -> None:
    assert module.split(".")[0] in LEVEL or module.split(".")[0] in {"guestagent", "templates"}


@pytest.mark.parametrize("module", [name for name in MODULES if inside(name, ("guestagent", "wire"))])
def test_what_runs_in_the_guest_brings_only_itself(module: str) -> None:
    for name, _ in imports(MODULES[module]):
        if name.startswith("limavm."):
            assert inside(name, ("limavm.guestagent", "limavm.wire")), f"{module} imports {name}"
        elif name != "limavm":
            assert name.split(".")[0] in sys.stdlib_module_names | IN_THE_GUEST, f"{module} imports {name}"


@pytest.mark.parametrize("module", MODULES)
def test_nobody_imports_the_guest_agent(module: str) -> None:
    if not inside(module, ("guestagent",)):
        assert not any(inside(name, ("limavm.guestagent",)) for name, _ in imports(MODULES[module]))


@pytest.mark.parametrize("module", [name for name in MODULES if inside(name, ALONE)])
def test_what_serves_a_mount_brings_only_itself(module: str) -> None:
    own = f"limavm.{module.split('.')[0]}"
    for name, _ in imports(MODULES[module]):
        if name.startswith("limavm."):
            assert inside(name, (own,)), f"{module} imports {name}"
        else:
            assert name == "limavm" or name.split(".")[0] in sys.stdlib_module_names, f"{module} imports {name}"


@pytest.mark.parametrize("module", MODULES)
def test_nobody_imports_what_serves_a_mount(module: str) -> None:
    for room in ALONE:
        if not inside(module, (room,)):
            assert not any(inside(name, (f"limavm.{room}",)) for name, _ in imports(MODULES[module]))


@pytest.mark.parametrize("module", [name for name in MODULES if inside(name, PURE)])
def test_pure_rooms_do_not_touch_the_world(module: str) -> None:
    for name, _ in imports(MODULES[module]):
        assert name.split(".")[0] not in WORLD, f"{module} imports {name}"
        assert not f"{name}.".startswith("limavm.host."), f"{module} imports {name}"


#: The modules of drivers that speak with a machine that runs.
RUNNING = {"run", "launched", "fate", "qmp", "control", "keepers", "sharedevices", "sharerecovery", "snapshots"}


@pytest.mark.parametrize("module", MODULES)
def test_asyncio_stays_in_the_agents_and_the_run_modules_of_drivers(module: str) -> None:
    allowed = inside(module, ASYNC_ROOMS) or (module.startswith("driver.") and module.split(".")[-1] in RUNNING)
    if not allowed:
        assert "asyncio" not in {name.split(".")[0] for name, _ in imports(MODULES[module])}


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("driver.")])
def test_drivers_do_not_know_each_other(module: str) -> None:
    if module == "driver.registry":
        return
    own = module.split(".")[1]
    for name, _ in imports(MODULES[module]):
        parts = name.split(".")
        if parts[:2] == ["limavm", "driver"] and len(parts) > 2 and (PACKAGE / "driver" / parts[2]).is_dir():
            assert parts[2] == own, f"{module} imports {name}"


@pytest.mark.parametrize("module", [name for name in MODULES if name.split(".")[0] in {"instance", "cli"}])
def test_commands_reach_a_running_machine_through_the_client_only(module: str) -> None:
    for name, _ in imports(MODULES[module]):
        if name.startswith("limavm.hostagent"):
            # The hidden commands that are the host agent, or a part of it, hand over to it.
            assert name == "limavm.hostagent.client" or (module, name) in {
                ("cli.hostagent", "limavm.hostagent.agent"),
                ("cli.debug", "limavm.hostagent.names.nameserver"),
            }


@pytest.mark.parametrize("module", [name for name in MODULES if not inside(name, ("cli", "__main__"))])
def test_only_the_command_line_prints_and_exits(module: str) -> None:
    for node in ast.walk(MODULES[module]):
        if isinstance(node, ast.Call):
            assert ast.unparse(node.func) not in {"print", "sys.exit", "exit", "os._exit"}, f"{module}:{node.lineno}"


#: The command line, the registry of drivers, and what `list`, `shell` and `start` need only now and then.
LATE = ("cli", "__main__", "driver.registry", "instance.configuration", "instance.inspect", "seed.agentbundle")


@pytest.mark.parametrize("module", [name for name in MODULES if not inside(name, LATE)])
def test_only_the_command_line_and_the_registry_import_late(module: str) -> None:
    platform_bound = (
        {"pwd", "fcntl", "msvcrt", "ctypes", "limavm.host.process"} if module.startswith("host.") else set()
    )
    for name, column in imports(MODULES[module]):
        if column and name not in platform_bound:
            assert _guarded(MODULES[module], name), f"{module} imports {name} inside a function"


def _guarded(tree: ast.Module, name: str) -> bool:
    """Whether an indented import is only a platform or type-checking branch of the module itself."""
    return any(
        isinstance(node, ast.If | ast.Try) and name in {found for found, _ in imports(node)} for node in tree.body
    )
