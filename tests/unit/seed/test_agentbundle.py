"""The guest agent as one file: what is in it, and that it needs nothing beside it."""

import os
import subprocess
import sys
import zipfile
from importlib.metadata import metadata
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from limavm.errors import UserError
from limavm.seed import agentbundle
from limavm.seed.agentarchive import CONTENTS
from limavm.seed.agentbundle import PARTS, Part, bundle, files, sources

#: Every Python that we find here beside our own; a guest may have any from 3.10 on.
OTHERS = [path for path in (f"/usr/bin/python3.{minor}" for minor in range(10, 20)) if os.path.exists(path)]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def program(cache: Path) -> Path:
    path = cache / "lima-guestagent"
    path.write_bytes(bundle())
    return path


def run(python: str, program: Path, *arguments: str, code: str = "") -> subprocess.CompletedProcess[str]:
    argv = [python, "-IS", *(["-c", code] if code else [str(program)]), *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=False, cwd="/")


@pytest.mark.parametrize("python", dict.fromkeys([sys.executable, *OTHERS]))
def test_it_runs_with_nothing_but_the_standard_library_beside_it(python: str, program: Path) -> None:
    done = run(python, program, "daemon", "--not-a-flag")

    assert "--not-a-flag" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == 1


@pytest.mark.parametrize("python", dict.fromkeys([sys.executable, *OTHERS]))
def test_its_service_makes_and_reads_messages_without_protobuf(python: str, program: Path) -> None:
    code = f"""
import sys
sys.path.insert(0, {str(program)!r})
sys.modules["ssl"] = None
import limavm.guestagent.main
from limavm.wire.messages import IPPort, Info
message = Info(local_ports=[IPPort(protocol="tcp", ip="::", port=80)])
print(Info.FromString(message.SerializeToString()).local_ports[0].port)
print([name for name in sys.modules if "google" in name])
print([name for name, m in sys.modules.items() if "site-packages" in (getattr(m, "__file__", None) or "")])
"""

    assert run(python, program, code=code).stdout == "80\n[]\n[]\n"


def test_it_holds_python_and_texts_only(program: Path) -> None:
    names = zipfile.ZipFile(program).namelist()

    assert {name for name in names if not name.endswith(".py")} == {
        CONTENTS,
        *(name for name in names if name.startswith("LICENSES/")),
    }


def test_it_holds_no_more_than_the_agent_loads(program: Path) -> None:
    code = f"""
import sys
sys.path.insert(0, {str(program)!r})
sys.modules["ssl"] = None
import limavm.guestagent.main, limavm.guestagent.unpack
print("\\n".join(m.__file__ for m in sys.modules.values() if {str(program)!r} in (getattr(m, "__file__", None) or "")))
"""
    loaded = {os.path.relpath(path, program) for path in run(sys.executable, program, code=code).stdout.splitlines()}
    libraries = {name for name in zipfile.ZipFile(program).namelist() if name.endswith(".py")} - loaded

    # What only a type checker, an older or newer Python, or a program of its own looks at.
    assert {name for name in libraries if not name.startswith("limavm/")} <= {
        *("__main__.py", "grpclib/_typing.py", "h2/_typing.py"),
    }


def test_the_licences_of_all_that_is_bundled_come_along(program: Path) -> None:
    licensed = {name.split("/")[1] for name in zipfile.ZipFile(program).namelist() if name.startswith("LICENSES/")}

    assert {part.distribution for part in PARTS} - {"limavm"} <= licensed


@pytest.mark.parametrize("name", sorted({part.distribution for part in PARTS} - {"limavm"}))
def test_what_is_bundled_supports_the_oldest_python_of_a_guest(name: str) -> None:
    wanted = metadata(name)["Requires-Python"]

    assert SpecifierSet(wanted or "").contains("3.10.0")


def test_the_same_files_give_the_same_bytes(cache: Path) -> None:
    first = bundle()
    for kept in (cache / "cache/lima/guestagent").glob("*.zip"):
        kept.unlink()

    assert bundle() == first


def test_it_is_kept_and_read_from_the_cache(cache: Path) -> None:
    bundle()
    [kept] = (cache / "cache/lima/guestagent").glob("*.zip")
    kept.write_bytes(b"from the cache")

    assert bundle() == b"from the cache"


def test_a_cache_that_cannot_be_written_costs_only_time(cache: Path) -> None:
    (cache / "cache").write_text("no directory")

    assert bundle().startswith(b"PK")


def test_a_library_that_is_missing_is_named() -> None:
    with pytest.raises(UserError, match="'no_such_package'"):
        dict(sources([Part(package="no_such_package", distribution="none")]))


def test_the_agent_is_ours_and_files_of_it_stand_in_for_what_is_slow_to_load(cache: Path) -> None:
    found = files()
    ours = os.path.dirname(os.path.dirname(agentbundle.__file__))

    assert found["multidict.py"] == os.path.join(ours, "guestagent", "multidict.py")
    assert found["limavm/wire/messages.py"] == os.path.join(ours, "guestagent", "messages.py")
    assert not {"limavm/guestagent/multidict.py", "limavm/guestagent/messages.py"} & found.keys()
    assert found["limavm/__init__.py"] == os.path.join(ours, "__init__.py")
    assert not [name for name in found if name.startswith("google")]
