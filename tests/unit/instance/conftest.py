"""A LIMA_HOME and a cache of their own, and a QEMU that answers what a creation asks."""

import os
from pathlib import Path

import pytest

from limavm.host.platform import facts
from limavm.instance.create import create
from tests.fakes.report import KeptReport

YAML = b"""\
images:
- location: /no/such.qcow2
containerd: {system: false, user: false}
cpus: 3
memory: 1GiB
disk: 5GiB
param: {greeting: hello}
message: |
  {{.Param.greeting}} from {{.Name}} ({{.Instance.Config.CPUs}} CPUs, {{.Status}}) in {{.Dir}}
provision:
- script: "#!/bin/sh\\necho $PARAM_greeting\\n"
"""

QEMU = """#!/bin/sh
case "$*" in
*--version*) echo "QEMU emulator version 9.1.2" ;;
*) echo "tcg kvm" ;;
esac
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIMA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    programs = tmp_path / "bin"
    programs.mkdir()
    name = {"armv7l": "arm", "ppc64le": "ppc64"}.get(facts().arch, facts().arch)
    for program in (f"qemu-system-{name}", "qemu-img"):
        (programs / program).write_text(QEMU)
        (programs / program).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def dev(home: Path) -> Path:
    """The directory of a created instance `dev`."""
    create("dev", YAML, report=KeptReport())
    return home / "dev"
