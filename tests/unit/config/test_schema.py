import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from limavm.cli.jsonschema import published
from limavm.config.decode import decode
from limavm.config.schema import schema
from limavm.roundtrip.build import to_value
from limavm.roundtrip.read import read

ROOT = Path(__file__).parents[3]
TEMPLATES = ROOT / "src" / "limavm" / "templates"

#: Definitions of spec/config.md 8.1.
DEFINITIONS = {
    *("Audio", "BaseTemplates", "CACertificates", "Containerd", "CopyToHost", "Disk", "File", "FileWithVMType"),
    *("Firmware", "HostResolver", "Image", "Kernel", "LimaYAML", "LocatorWithDigest", "Mount", "Network"),
    *("NineP", "OsOpts", "PortForward", "Probe", "Provision", "Rosetta", "SSH", "SSHFS", "User", "VMOpts"),
    *("VNCOptions", "Video", "Virtiofs"),
}


def flaws(text: str) -> list[str]:
    root = read(text.encode(), "t.yaml")[0].root
    value: Any = to_value(root) if root is not None else {}
    return [flaw.json_path for flaw in Draft202012Validator(schema()).iter_errors(value)]


def test_the_published_schema_is_that_of_the_types() -> None:
    """After a change of a key: limactl generate-jsonschema >docs/lima.schema.json"""
    assert json.loads((ROOT / "docs" / "lima.schema.json").read_text()) == published()


def test_it_is_a_schema_with_the_definitions_of_lima() -> None:
    Draft202012Validator.check_schema(schema())

    assert list(schema()["$defs"]) == sorted(DEFINITIONS)


def test_every_object_but_the_free_ones_refuses_unknown_keys() -> None:
    free = {"VMOpts", "OsOpts"}
    for name, definition in schema()["$defs"].items():
        objects = [part for part in definition.get("oneOf", [definition]) if part.get("type") == "object"]
        assert all(("properties" not in part) == (name in free) for part in objects), name
        assert all(part.get("additionalProperties") is False for part in objects if name not in free), name


@pytest.mark.parametrize(
    "text",
    [
        "cpus: null\nmemory: null\nnetworks: null\nadditionalDisks: null\nuser: {name: null}\n",
        "base: template:debian\n",
        "base: [template:debian, {url: https://example.org/a.yaml, digest: sha256:0}]\n",
        "additionalDisks: [data, {name: more, format: false}]\n",
        "mounts: [{location: '~', writable: null, 9p: {cache: null}}]\n",
        "portForwards: [{guestPortRange: [1, 2], hostIP: '::1', proto: any}]\n",
        "provision: [{file: a.sh}, {mode: data, path: /x, content: null}]\n",
        "vmOpts: {qemu: {anything: [goes]}}\nosOpts: {Windows: {}}\n",
        "os: Linux\narch: riscv64\nmountType: 9p\nvmType: qemu\nenv: {A: b}\n",
    ],
)
def test_what_may_be_written_follows_the_schema(text: str) -> None:
    assert flaws(text) == []
    assert not decode(text.encode(), "t.yaml").warnings


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("cpu: 4\n", "$"),
        ("cpus: four\n", "$.cpus"),
        ("mounts: null\n", "$.mounts"),
        ("message: null\n", "$.message"),
        ("images: [{arch: x86_64}]\n", "$.images"),
        ("mounts: [{mountPoint: /a}]\n", "$.mounts[0]"),
        ("additionalDisks: [{format: true}]\n", "$.additionalDisks"),
        ("base: {url: a}\n", "$.base"),
        ("os: linux\n", "$.os"),
        ("arch: arm64\n", "$.arch"),
        ("mountType: default\n", "$.mountType"),
        ("portForwards: [{guestPortRange: [1]}]\n", "$.portForwards[0].guestPortRange"),
        ("portForwards: [{guestPortRange: [1, 2, 3]}]\n", "$.portForwards[0].guestPortRange"),
        ("vmOpts: []\n", "$.vmOpts"),
    ],
)
def test_what_may_not_be_written_breaks_it(text: str, place: str) -> None:
    assert place in flaws(text)


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.yaml")), ids=lambda path: path.stem)
def test_every_template_follows_the_schema(path: Path) -> None:
    assert flaws(path.read_text()) == []


def test_editors_are_told_what_a_key_is_for() -> None:
    described = schema({"cpus": "How many.", "ssh.localPort": "Where."})["$defs"]

    assert described["LimaYAML"]["properties"]["cpus"]["description"] == "How many."
    assert described["SSH"]["properties"]["localPort"]["description"] == "Where."
