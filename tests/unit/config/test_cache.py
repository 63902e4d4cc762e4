import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from limavm.config.cache import FILE, cache_key, load_cached, store_cached
from limavm.config.resolve import resolve
from limavm.model.config import Config
from tests.unit.config.conftest import IMAGE, LINUX

VERSION = "2.2.0"


@pytest.fixture
def instance(lima_home: Path) -> Path:
    directory = lima_home / "dev"
    directory.mkdir()
    (directory / "lima.yaml").write_text(IMAGE)
    settle(directory / "lima.yaml")
    return directory


def settle(path: Path) -> None:
    """Make a file look as if it had not been changed for a while."""
    os.utime(path, (1_000_000_000, 1_000_000_000))


def key(directory: Path, version: str = VERSION) -> str:
    return cache_key(str(directory), LINUX, version=version)


def write_networks(directory: Path, text: str = "networks: {}\n") -> None:
    path = directory.parent / "_config" / "networks.yaml"
    path.write_text(text)
    settle(path)


def stored(directory: Path) -> Config:
    before = key(directory)
    config = resolve(str(directory), LINUX, version=VERSION).config
    store_cached(str(directory), before, config)
    return config


def load(directory: Path) -> Config | None:
    return load_cached(str(directory), key(directory))


def test_what_was_stored_is_loaded(instance: Path) -> None:
    write_networks(instance)
    (instance / "lima.yaml").write_text(
        "mounts: [{location: /tmp, mountPoint: /m}]\nportForwards: [{guestPort: 1}]\nenv: {A: b}\n"
        "networks: [{lima: user-v2}]\nprovision: [{script: x}]\nvmOpts: {qemu: {a: [1]}}\n" + IMAGE
    )
    settle(instance / "lima.yaml")

    config = stored(instance)

    assert load(instance) == config


def test_nothing_is_loaded_before_anything_was_stored(instance: Path) -> None:
    assert load(instance) is None
    assert load_cached(str(instance / "missing"), "") is None


def touch(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("cpus: 1\n")


@pytest.mark.parametrize(
    "change",
    [
        lambda instance: (instance / "lima.yaml").write_text(IMAGE + "cpus: 1\n"),
        lambda instance: (instance / "lima.yaml").write_text(IMAGE),
        lambda instance: settle(instance / "lima.yaml"),
        lambda instance: touch(instance.parent / "_config" / "default.yaml"),
        lambda instance: touch(instance.parent / "_config" / "override.yaml"),
        lambda instance: (instance / "lima-version").write_text("2.0.0"),
        lambda instance: (instance / "basedisk").touch(),
        lambda instance: os.replace(instance / "lima.yaml", instance / "gone.yaml"),
    ],
    ids=["text", "same text", "status", "default", "override", "version", "disk", "removed"],
)
def test_any_change_of_an_input_makes_it_worthless(instance: Path, change: Callable[[Path], object]) -> None:
    stored(instance)
    assert load(instance) is not None

    change(instance)

    assert load(instance) is None


def test_an_input_that_disappears_makes_it_worthless(instance: Path) -> None:
    default = instance.parent / "_config" / "default.yaml"
    touch(default)
    settle(default)
    stored(instance)
    assert load(instance) is not None

    default.unlink()

    assert load(instance) is None


@pytest.mark.parametrize("fact", ["cpus", "memory", "uid"])
def test_another_host_makes_it_worthless(instance: Path, fact: str) -> None:
    stored(instance)
    other = msgspec.convert({**msgspec.to_builtins(LINUX), fact: 1}, type(LINUX))

    assert load_cached(str(instance), cache_key(str(instance), other, version=VERSION)) is None
    assert load_cached(str(instance), key(instance, "2.3.0")) is None


def test_a_moved_instance_is_another_one(instance: Path) -> None:
    stored(instance)
    other = instance.parent / "other"
    os.rename(instance, other)

    assert load(other) is None


@pytest.mark.parametrize(
    "content", [b"", b"{", b"null", b"[]", b'{"key": "x", "config": {}}', b"\xff\0", b"[" * 100_000, b"{}" * 9]
)
def test_a_torn_or_foreign_file_is_ignored(instance: Path, content: bytes) -> None:
    (instance / FILE).write_bytes(content)

    assert load(instance) is None
    stored(instance)
    assert load(instance) is not None


def test_a_file_with_our_key_and_another_content_is_ignored(instance: Path) -> None:
    (instance / FILE).write_bytes(msgspec.json.encode({"key": key(instance), "config": {"cpus": "x"}}))

    assert load(instance) is None


def test_an_input_that_was_changed_just_now_is_not_kept(instance: Path) -> None:
    (instance / "lima.yaml").write_text(IMAGE)
    ahead = time.time() + 100
    os.utime(instance / "lima.yaml", (ahead, ahead))

    stored(instance)

    assert not (instance / FILE).exists()


def test_a_directory_that_cannot_be_written_is_tolerated(instance: Path) -> None:
    config = resolve(str(instance), LINUX, version=VERSION).config
    (instance / FILE).mkdir()

    store_cached(str(instance), key(instance), config)

    assert load(instance) is None
    assert sorted(os.listdir(instance)) == [FILE, "lima.yaml"]


def test_the_cache_needs_no_yaml_and_nothing_heavy() -> None:
    code = "import sys, limavm.config.cache as c, msgspec; print(*sorted(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    heavy = [
        "yaml",
        "ruamel",
        "logging",
        "asyncio",
        "ssl",
        "subprocess",
        "dataclasses",
        "pathlib",
        "shutil",
        "rich",
        "tempfile",
    ]
    assert not set(heavy) & set(out)


def test_networks_matter_to_those_who_name_one(instance: Path) -> None:
    write_networks(instance)
    stored(instance)
    write_networks(instance, "networks: {}  # changed\n")
    assert load(instance) is not None

    (instance / "lima.yaml").write_text("networks: [{lima: user-v2}]\n" + IMAGE)
    settle(instance / "lima.yaml")
    stored(instance)
    assert load(instance) is not None

    write_networks(instance)
    assert load(instance) is None
    stored(instance)
    (instance.parent / "_config" / "networks.yaml").unlink()
    assert load(instance) is None


def test_networks_that_were_made_just_now_are_not_kept(instance: Path) -> None:
    (instance / "lima.yaml").write_text("networks: [{lima: user-v2}]\n" + IMAGE)
    settle(instance / "lima.yaml")

    stored(instance)

    assert not (instance / FILE).exists()
