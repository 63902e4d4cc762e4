import json
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from limavm.config.decode import decode
from limavm.config.defaults import fill
from limavm.config.expand import Context
from limavm.config.filled import written
from limavm.config.layer import Layer
from limavm.config.merge import fold
from limavm.model.config import Config
from tests.unit.config.conftest import LINUX
from tests.unit.config.documents import DOCUMENTS

CONTEXT = Context(directory="/lima/dev", version="2.2.0", created_with="2.2.0", param={}, containerd_archives=())
EVERYTHING = """\
minimumLimaVersion: 2.0.0
vmType: qemu
vmOpts: {qemu: {minimumVersion: "8.0", cpuType: {x86_64: host}}}
images:
- {location: /x.img, arch: aarch64, digest: "sha256:00", kernel: {location: /k, arch: aarch64, cmdline: "a=b c"}}
additionalDisks: [data, {name: more, format: false, fsType: xfs, fsArgs: [-m, "0"]}]
mounts: [{location: /tmp, mountPoint: /mnt, writable: true, 9p: {cache: mmap}}]
mountType: reverse-sshfs
ssh: {localPort: 60022, overVsock: false}
firmware: {images: [{location: /f, arch: riscv64, vmType: qemu}]}
provision:
- {mode: data, path: /etc/x, content: "", permissions: "0600"}
- {mode: system, script: "#!/bin/sh\\ntrue\\n"}
probes: [{script: "#!/bin/sh\\n", hint: "see\\nthere"}]
portForwards: [{guestPort: 80, hostIP: 0.0.0.0}, {guestSocket: /run/x, hostSocket: x}]
copyToHost: [{guest: /a, host: /b, deleteOnStop: true}]
message: "one\\n  two\\n\\n"
networks: [{lima: user-v2}]
env: {A: "1", B: "on", C: "~", D: " x ", E: "a: b #c", "on": "x"}
param: {p: "0x10"}
dns: [1.1.1.1]
hostResolver: {hosts: {a.b: 192.168.0.1}}
caCerts: {certs: ["-----BEGIN\\nx\\n-----END\\n"]}
user: {name: jane, comment: "y", uid: 0}
"""


def filled(text: str) -> Config:
    layer = decode(text.encode(), "x").layer
    return fill(fold(override=Layer(), template=layer, default=Layer()), LINUX, CONTEXT).config


@pytest.mark.parametrize("text", ["", EVERYTHING, "plain: true\n"])
def test_the_text_means_the_configuration(text: str) -> None:
    config = filled(text)

    assert filled(written(config)) == config


@given(
    env=st.dictionaries(st.text("abcXYZ019._-~", min_size=1), st.text()),
    message=st.text(),
    script=st.text(st.sampled_from(" \n\t#:-ab'\"\\|>é")),
)
def test_whatever_texts_it_has_the_text_means_the_configuration(env: dict[str, str], message: str, script: str) -> None:
    given_text = yaml.safe_dump({"env": env, "probes": [{"script": script, "description": message}]})
    config = filled(given_text)

    assert filled(written(config)) == config


@given(st.text(st.sampled_from("0123456789:._+-xoeEbynNYTtrufalsON~ =<")))
def test_readers_of_yaml_1_1_take_texts_for_texts(value: str) -> None:
    config = filled(yaml.safe_dump({"message": f"{value}x", "env": {"A": value}}))

    read = yaml.safe_load(written(config))

    assert read["env"] == {"A": value}


@settings(max_examples=150, suppress_health_check=list(HealthCheck), deadline=None)
@given(DOCUMENTS)
@example({"probes": [{"file": {"url": ""}}]})
def test_any_configuration_means_the_same_when_its_text_is_read(document: object) -> None:
    config = filled(json.dumps(document))
    text = written(config)
    # What is left of a template would be expanded again, and NICs of one name be combined.
    assume("{{" not in text and len({nic.interface for nic in config.networks}) == len(config.networks))

    again = decode(text.encode(), "x")

    assert not again.problems
    assert not again.warnings
    assert filled(text) == config


def keys(text: str) -> list[str]:
    return list(yaml.safe_load(text))


def test_keys_are_in_the_order_of_the_schema_and_what_is_unset_is_left_out() -> None:
    found = keys(written(filled("user: {name: jane}\ndisk: 1GiB\nimages: [{location: /x}]\n")))

    known = list(Config.__struct_encode_fields__)
    assert found == sorted(found, key=known.index)
    assert {"mounts", "provision", "networks", "message", "env", "rosetta", "mountType"} & set(found) == set()


@pytest.mark.parametrize(
    ("given_text", "line"),
    [
        ("env: {A: 'on'}", '  A: "on"'),
        ("env: {A: 'y'}", '  A: "y"'),
        ("env: {A: '~'}", '  A: "~"'),
        ("env: {A: 'null'}", '  A: "null"'),
        ("env: {A: '1'}", '  A: "1"'),
        ("env: {A: '1e3'}", '  A: "1e3"'),
        ("env: {A: '12:34'}", '  A: "12:34"'),
        ("env: {A: 1.2.3.4}", "  A: 1.2.3.4"),
        ("env: {A: ''}", '  A: ""'),
        ("env: {A: '#x'}", '  A: "#x"'),
        ('probes: [{script: "a\\nb\\n"}]', "  script: |"),
        ("probes: [{script: x}]", "- mode: readiness"),
        ("vmType: qemu", "vmType: qemu"),
        ("mountInotify: false", "mountInotify: false"),
        ("ssh: {localPort: 0}", "  localPort: 0"),
        ("audio: {device: ''}", '  device: ""'),
        ("portForwards: [{guestPort: 80}]", "  guestPortRange:"),
    ],
)
def test_how_a_value_is_written(given_text: str, line: str) -> None:
    assert line in written(filled(given_text)).splitlines()


def test_a_driver_that_nobody_chose_can_be_left_out() -> None:
    config = filled("")

    assert keys(written(config))[0] == "vmType"
    assert "vmType" not in keys(written(config, vm_type=False))


def test_an_empty_member_is_left_out_at_every_depth() -> None:
    value: Any = yaml.safe_load(written(filled("mounts: [{location: /tmp}]\nvmOpts: {}\n")))

    assert "virtiofs" not in value["mounts"][0]
    assert "vmOpts" not in value


@pytest.mark.parametrize("key", ["vmOpts", "osOpts"])
def test_an_empty_entry_of_a_free_form_map_is_kept(key: str) -> None:
    value: Any = yaml.safe_load(written(filled(f"{key}: {{a: {{}}, b: {{c: [{{}}]}}}}\n")))

    assert value[key] == {"a": {}, "b": {"c": [{}]}}
    assert list(value)[-1] == ("osOpts" if key == "osOpts" else "tpm")
