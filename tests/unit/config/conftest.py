"""A host, an empty LIMA_HOME, and a template to be resolved in it."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from limavm.config.errors import ConfigError
from limavm.config.resolve import Resolved, resolve_text
from limavm.model.host import HostFacts

LINUX = HostFacts(
    os="linux",
    arch="x86_64",
    cpus=16,
    memory=32 << 30,
    user_name="jane",
    user_comment="Jane Doe",
    uid=1234,
    home="/home/jane",
    timezone="Europe/Berlin",
    machine_id="0123456789abcdef",
)
ARM = msgspec.structs.replace(LINUX, arch="aarch64")
MAC = msgspec.structs.replace(LINUX, os="darwin", arch="aarch64", home="/Users/jane", uid=501, temp_dir="/var/t")
ROOT = msgspec.structs.replace(LINUX, user_name="root", user_comment="root", uid=0, home="/root")

#: What a template must have to be valid.
IMAGE = "images: [{location: /x.img}]\n"

Resolve = Callable[..., Resolved]
Problems = Callable[..., list[str]]


@pytest.fixture
def lima_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "lima"
    (home / "_config").mkdir(parents=True)
    monkeypatch.setenv("LIMA_HOME", str(home))
    monkeypatch.delenv("LIMA_TEMPLATES_PATH", raising=False)
    monkeypatch.delenv("LIMA_SSH_OVER_VSOCK", raising=False)
    return home


@pytest.fixture
def resolved(lima_home: Path) -> Resolve:
    """Resolve a text, with an image in it, as the instance `dev`; `default` and `override` are further texts."""

    def resolve(
        text: str = "",
        *,
        facts: HostFacts = LINUX,
        default: str = "",
        override: str = "",
        image: str = IMAGE,
        version: str = "2.2.0",
    ) -> Resolved:
        for name, content in (("default", default), ("override", override)):
            (lima_home / "_config" / f"{name}.yaml").write_text(content)
        return resolve_text(
            (text.rstrip("\n") + "\n" + image).lstrip("\n").encode(),
            source="dev.yaml",
            directory=str(lima_home / "dev"),
            facts=facts,
            version=version,
        )

    return resolve


@pytest.fixture
def problems(resolved: Resolve) -> Problems:
    """The problems of a text, as `line: key: message`."""

    def find(text: str, **options: object) -> list[str]:
        try:
            resolved(text, **options)
        except ConfigError as error:
            return [str(problem).removeprefix("dev.yaml:") for problem in error.problems]
        return []

    return find


def assert_problems(found: list[str], expected: list[str]) -> None:
    """There are as many problems as expected, and each contains the text that was expected of it."""
    assert len(found) == len(expected), found
    for part, problem in zip(expected, found, strict=True):
        assert part in problem
