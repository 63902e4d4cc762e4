"""What holds for the repository as a whole: the lock, the documents, and that tests mirror the package."""

import ast
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import limavm

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "limavm"
UNIT = ROOT / "tests" / "unit"

#: Directories of ours that begin with a dot, and those that tools make.
KEPT = {".ci", ".github"}
MADE = {"__pycache__"}
MADE_AT_THE_TOP = {"build", "dist"}

#: Modules without a test file of their own, by the file (below tests/) that tests them through their callers.
ELSEWHERE = {
    "unit/cli/test_app.py": ["cli/help", "cli/helptext", "cli/tree"],
    "unit/cli/test_commands.py": [
        *("cli/delete", "cli/guestinstall", "cli/instances", "cli/list", "cli/stop", "cli/templates"),
        *("cli/checking", "cli/session", "cli/validate"),
    ],
    "unit/cli/test_clone.py": ["cli/another", "cli/rename"],
    "unit/cli/test_complete.py": ["cli/candidates", "cli/flagvalues", "cli/positionals"],
    "unit/cli/test_copy.py": ["instance/connection", "instance/copy"],
    "unit/cli/test_creation.py": ["cli/create", "cli/rejected", "cli/restart", "cli/review", "cli/start"],
    "unit/cli/test_editing.py": ["cli/changed", "cli/edit", "cli/startnow"],
    "unit/cli/test_lean.py": ["cli/fast"],
    "unit/cli/test_lima.py": ["__main__"],
    "unit/cli/test_listing.py": ["cli/colour", "cli/fields"],
    "unit/cli/test_logs.py": ["cli/logbridge"],
    "unit/cli/test_network.py": ["cli/networks"],
    "unit/cli/test_sync.py": ["cli/syncreview", "instance/sync/guestcopy"],
    "unit/cli/test_remote.py": ["cli/shell", "instance/configuration"],
    "unit/cli/test_mcp.py": [
        *(f"mcp/{name}" for name in ("connection", "guestfiles", "server", "target", "toolset")),
    ],
    "unit/cli/test_mount.py": ["cli/mountsaved", "instance/mounts", "instance/running"],
    "unit/cli/test_prune.py": ["cli/referred"],
    "unit/cli/test_portstable.py": ["cli/widetable"],
    "unit/cli/test_timings.py": ["model/timings"],
    "unit/cli/test_screenshot.py": ["instance/screenshot"],
    "unit/cli/test_showssh.py": ["instance/reach"],
    "unit/cli/test_main.py": ["errors"],
    "unit/config/test_embed.py": ["config/basekey", "config/bases"],
    "unit/config/test_fetch.py": ["config/page"],
    "unit/config/test_validate.py": ["config/checkmounts"],
    "unit/host/platform/test_facts.py": [
        *("host/platform/__init__", "host/platform/darwin", "host/platform/linux", "host/platform/posix"),
        # Written for hosts that none of us has: checked for their types, and not run.
        *("host/platform/netbsd", "host/platform/windows"),
    ],
    "unit/guestagent/test_messages.py": ["wire/messages"],
    "unit/instance/verify/test_verify.py": [
        *(f"instance/verify/{name}" for name in ("compare", "guest", "operations", "peer", "sides")),
    ],
    "unit/hostagent/test_agent.py": [
        *(
            "cli/hostagent",
            "hostagent/readiness",
            "instance/start",
            "store/plan",
        ),
    ],
    "unit/hostagent/test_api.py": ["hostagent/client"],
    "unit/hostagent/test_events.py": ["host/clock"],
    "unit/hostagent/forwarding/test_api.py": ["hostagent/listing"],
    "unit/hostagent/mounts/test_mounts.py": [*(f"hostagent/mounts/{name}" for name in ("sshfs", "unmount"))],
    "unit/hostagent/forwarding/test_tunnels.py": ["hostagent/guestlink/tunnelqueue"],
    "unit/hostagent/guestlink/test_guestagent.py": ["hostagent/guestlink/ways"],
    "unit/hostagent/names/test_nameserver.py": [*(f"hostagent/names/{name}" for name in ("listening", "tcp", "udp"))],
    "unit/images/build/test_entry.py": ["images/build/data"],
    "unit/instance/test_clone.py": ["instance/another"],
    "unit/instance/test_create.py": ["instance/resolving", "instance/seeding", "model/host"],
    "unit/instance/test_inspect.py": ["model/instance"],
    "unit/instance/test_timings.py": ["store/timings"],
    "unit/cli/test_yq.py": ["cli/topics", "cli/yqflags", "cli/yqprint", "cli/yqrequest", "yq/formats/looks"],
    "unit/roundtrip/test_comments.py": ["roundtrip/gaps", "roundtrip/lines"],
    "unit/roundtrip/test_read.py": ["roundtrip/decoding", "roundtrip/errors", "roundtrip/frames"],
    "unit/roundtrip/test_write.py": ["roundtrip/styles"],
    "unit/sftp/test_beneath.py": ["sftp/syscalls"],
    "unit/sftp/test_files.py": ["sftp/attributes", "sftp/extensions", "sftp/failures", "sftp/handles"],
    "unit/sftp/test_main.py": ["sftp/__main__", "sftp/confine", "sftp/landlock"],
    "unit/sftp/test_paths.py": ["sftp/change", "sftp/service"],
    "unit/sftp/test_server.py": ["sftp/packet", "sftp/replies", "sftp/requests"],
    "unit/wire/test_service.py": ["wire/handlers"],
    "unit/yq/formats/test_jsontext.py": ["yq/formats/numbers"],
    "unit/yq/formats/test_properties.py": ["yq/formats/comments"],
    "unit/yq/formats/test_registry.py": ["yq/formats/plain", "yq/formats/source", "yq/formats/yamltext"],
    "unit/yq/formats/test_separated.py": ["yq/formats/tabbed"],
    "unit/yq/test_evaluation.py": ["yq/building", "yq/crossing", "yq/registry"],
    "unit/yq/test_parser.py": ["yq/tree", "yq/vocabulary"],
    "unit/yq/regex/test_machine.py": ["yq/regex/charset", "yq/regex/syntax"],
    # What only a machine that runs can show.
    "vm/test_life.py": [
        "cli/reconnect",
    ],
    "unit/virtiofs/test_keeper.py": ["virtiofs/__main__"],
}
#: Test files that are about no single module.
CROSS_CUTTING = {
    "cli/test_badinput.py",
    "cli/test_commands.py",
    "cli/test_lean.py",
    "config/test_hostile.py",
    "host/platform/test_facts.py",
    "hostagent/forwarding/test_manyports.py",
    "hostagent/guestlink/test_bothagents.py",
    "images/build/test_guest.py",
    "instance/test_interrupted.py",
    "instance/test_together.py",
    "seed/guest/test_containerd.py",
    "seed/guest/test_fstrim.py",
    "seed/guest/test_guestagent.py",
    "sftp/test_same.py",
    *(f"templates/test_{name}.py" for name in ("catalogue", "default", "installs", "resolved", "scripts", "wheel")),
    "test_bench.py",
    "test_conftest.py",
    "test_environment.py",
    "test_layers.py",
    "test_repository.py",
    "test_setup.py",
}


def files() -> Iterator[Path]:
    for parent, directories, names in os.walk(ROOT):
        made = MADE | (MADE_AT_THE_TOP if Path(parent) == ROOT else set())
        directories[:] = [name for name in directories if name in KEPT or not (name.startswith(".") or name in made)]
        for name in names:
            path = Path(parent, name)
            if path.suffix != ".pyc" and path.is_file():
                yield path


TEXTS = {
    str(path.relative_to(ROOT)): text
    for path in files()
    if "\0" not in (text := path.read_text(encoding="utf-8", errors="replace"))
}
DOCUMENTS = [name for name in TEXTS if name.endswith(".md")]
LOCK = TEXTS["requirements/dev.txt"]
PINS = dict(re.findall(r"^([a-z0-9-]+)==([^\s;\\]+)", LOCK, re.MULTILINE))


def pyproject() -> dict[str, Any]:
    return tomllib.loads(TEXTS["pyproject.toml"])


def wanted() -> list[str]:
    project = pyproject()
    groups = [item for group in project["dependency-groups"].values() for item in group if isinstance(item, str)]
    return [*project["project"]["dependencies"], *groups]


def test_the_lock_holds_no_address() -> None:
    for word in ("http:", "https:", "://", "index-url", "find-links", " @ ", "--trusted-host"):
        assert word not in LOCK


@pytest.mark.parametrize("requirement", wanted())
def test_a_dependency_is_locked_in_a_version_that_fits(requirement: str) -> None:
    parsed = Requirement(requirement)

    assert parsed.specifier.contains(PINS[canonicalize_name(parsed.name)])


def test_every_pin_of_the_lock_has_hashes() -> None:
    entries = re.split(r"\n(?=[a-z])", LOCK)

    assert all("--hash=sha256:" in entry for entry in entries if "==" in entry)


def test_the_version_is_the_same_everywhere() -> None:
    assert pyproject()["project"]["version"] == limavm.__version__


def test_no_file_names_a_directory_of_the_machine_it_was_written_on() -> None:
    directory = re.compile(rf"(?<![\w./-]){'/' + 'work/'}")

    assert [name for name, text in TEXTS.items() if directory.search(text)] == []


def test_python_is_indented_with_blanks() -> None:
    assert [name for name, text in TEXTS.items() if name.endswith(".py") and "\t" in text] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_make_target_that_a_document_names_exists(name: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", TEXTS["Makefile"], re.MULTILINE))
    commands = re.findall(r"(?:`|^\$ )(?:PYTHON=\S+ )?make ([a-z]+)", TEXTS[name], re.MULTILINE)

    assert set(commands) <= targets


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_script_that_a_document_names_exists(name: str) -> None:
    scripts = re.findall(r"\b(?:bench/\w+\.py|scripts/\w+|tests/unit/test_\w+\.py)", TEXTS[name])

    assert [script for script in scripts if not (ROOT / script).exists()] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_of_a_document_lead_somewhere(name: str) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", TEXTS[name]):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        path = os.path.normpath(os.path.join(os.path.dirname(name), target)) if target else name
        assert (ROOT / path).exists(), link
        assert not anchor or anchor in anchors(TEXTS[path]), link


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to the headings of a document."""
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no such bit")
@pytest.mark.parametrize("name", [".ci/run", "scripts/setup", "scripts/check"])
def test_a_script_can_be_executed(name: str) -> None:
    assert os.access(ROOT / name, os.X_OK)


def modules_with_code() -> list[str]:
    """Modules that define a function; values and types alone have nothing to test."""
    return [str(path.relative_to(PACKAGE)) for path in sorted(PACKAGE.rglob("*.py")) if has_code(path)]


def has_code(path: Path) -> bool:
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return any(does_something(function) for function in functions)


def does_something(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function is more than the declaration of one, as in a Protocol."""
    return not all(isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant) for line in function.body)


def place_of_test(module: str) -> str:
    """Where a module of the package is tested; a package's own code beside the package's tests."""
    directory, name = os.path.split(module)
    stem = name.removesuffix(".py").strip("_")
    return (
        os.path.join(directory, f"test_{stem}.py")
        if stem != "init"
        else f"{directory}/test_{os.path.basename(directory)}.py"
    )


def test_every_module_has_a_test_file_or_is_tested_through_another_module() -> None:
    elsewhere = {f"{module}.py" for modules in ELSEWHERE.values() for module in modules}
    without = {module for module in modules_with_code() if not (UNIT / place_of_test(module)).exists()}

    assert without - elsewhere == set(), "write their tests, or say in ELSEWHERE what tests them"
    assert {module for module in elsewhere if not (PACKAGE / module).exists()} == set(), "they are gone"


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_file_that_tests_several_modules_exists(name: str) -> None:
    assert (ROOT / "tests" / name).exists()


def test_a_test_file_belongs_to_a_module() -> None:
    found = {str(path.relative_to(UNIT)) for path in UNIT.rglob("test_*.py")}
    known = {place_of_test(str(path.relative_to(PACKAGE))) for path in PACKAGE.rglob("*.py")}

    assert found - known - CROSS_CUTTING == set()
