import contextlib
import json
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limavm.config import layer
from limavm.config.decode import MAX_WARNINGS, Decoded, decode
from limavm.config.errors import MAX_PROBLEMS, ConfigError
from limavm.config.layer import Layer
from limavm.model.arch import Arch
from limavm.model.config import Config


def decoded(text: str) -> Decoded:
    return decode(text.encode(), "t.yaml")


def messages(text: str) -> list[str]:
    return [str(problem) for problem in decoded(text).problems]


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "{}\n", "cpus:\nssh: ~\nimages: null\n"])
def test_a_text_that_says_nothing_leaves_everything_unset(text: str) -> None:
    assert decoded(text).layer == Layer()


def test_standard_input_is_called_so() -> None:
    assert decode(b"cpus: x", "-").problems[0].source == "standard input"


@pytest.mark.parametrize("text", ["null\n", "- a\n", "text\n", "~\n", "3\n"])
def test_a_text_that_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="must be a mapping"):
        decoded(text)


def test_every_key_of_the_resolved_configuration_can_be_written() -> None:
    for name in (Config, *Config.__annotations__.values()):
        if isinstance(name, type) and issubclass(name, msgspec.Struct):
            twin = Layer if name is Config else getattr(layer, name.__name__)
            assert {field.encode_name for field in msgspec.structs.fields(twin)} == {
                field.encode_name for field in msgspec.structs.fields(name)
            }


def test_a_layer_is_decoded_by_the_types_of_its_keys() -> None:
    text = """
vmType: qemu
arch: aarch64
cpus: 4
memory: 4GiB
images:
- location: a.img
  arch: x86_64
  digest: sha256:00
  kernel: {location: k, cmdline: quiet}
ssh: {localPort: '60022', loadDotSSHPubKeys: true, forwardX11: false}
firmware: {legacyBIOS: true}
mounts:
- location: "~"
  9p: {cache: mmap}
portForwards:
- {guestIP: 127.0.0.1, guestPortRange: [1, 2], guestIPMustBeZero: false}
networks: [{vzNAT: true, macAddress: 'aa:bb:cc:dd:ee:ff'}]
env: {A: 1, B: null, C: true}
dns: [1.1.1.1, '::1']
vmOpts: {qemu: {minimumVersion: 8.2.1, cpuType: null}}
"""

    result = decoded(text)

    assert result.problems == ()
    assert result.warnings == ()
    assert result.layer == Layer(
        vm_type="qemu",
        arch=layer.GuestArch("aarch64"),
        cpus=4,
        memory="4GiB",
        images=(
            layer.Image(
                location="a.img",
                arch=Arch.X86_64,
                digest="sha256:00",
                kernel=layer.Kernel(location="k", cmdline="quiet"),
            ),
        ),
        ssh=layer.SSH(local_port=60022, load_dot_ssh_pub_keys=True, forward_x11=False),
        firmware=layer.Firmware(legacy_bios=True),
        mounts=(layer.Mount(location="~", ninep=layer.NineP(cache="mmap")),),
        port_forwards=(
            layer.PortForward(guest_ip=layer.IP("127.0.0.1"), guest_port_range=(1, 2), guest_ip_must_be_zero=False),
        ),
        networks=(layer.Network(vz_nat=True, mac_address="aa:bb:cc:dd:ee:ff"),),
        env={"A": "1", "B": "", "C": "true"},
        dns=(layer.IP("1.1.1.1"), layer.IP("::1")),
        vm_opts={"qemu": {"minimumVersion": "8.2.1"}},
    )


def test_names_in_maps_are_texts_as_values_are() -> None:
    layer = decoded("env: {1.50: a, 0x10: b, ~: c, true: d, '0x11': e}").layer

    assert layer.env == {"1.5": "a", "16": "b", "": "c", "true": "d", "0x11": "e"}


def test_nothing_in_a_list_of_texts_is_an_empty_text() -> None:
    assert decoded("mountTypesUnsupported: [null, ~, 'null', a]").layer.mount_types_unsupported == ("", "", "null", "a")
    assert decoded("dns: [null, '', 1.1.1.1]").layer.dns == ("1.1.1.1",)


def test_addresses_are_written_in_one_way() -> None:
    (rule,) = decoded("portForwards: [{guestIP: '::ffff:0.0.0.0', hostIP: FE80::0:1}]").layer.port_forwards or ()

    assert (rule.guest_ip, rule.host_ip) == ("0.0.0.0", "fe80::1")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("base: a.yaml", (layer.Locator(url="a.yaml"),)),
        ("base: [a, {url: b, digest: c}]", (layer.Locator(url="a"), layer.Locator(url="b", digest="c"))),
        ("base: []", ()),
    ],
)
def test_bases_have_a_short_form(text: str, value: object) -> None:
    assert decoded(text).layer.base == value


def test_a_base_that_is_a_mapping_is_refused() -> None:
    assert messages("base: {url: x}") == ["t.yaml:1: base: must be a list, not a mapping"]


def test_disks_and_files_have_a_short_form() -> None:
    result = decoded("additionalDisks: [a, 5, {name: b, format: false}]\nprobes: [{file: x.sh}]\n").layer

    assert result.additional_disks == (
        layer.Disk(name="a"),
        layer.Disk(name="5"),
        layer.Disk(name="b", format=False),
    )
    assert result.probes == (layer.Probe(file=layer.Locator(url="x.sh")),)


@pytest.mark.parametrize(
    ("text", "value"), [('""', ""), ("default", "default"), ("null", None), ("~", None), ("s390x", "s390x")]
)
def test_an_architecture_may_be_left_open(text: str, value: str | None) -> None:
    assert decoded(f"arch: {text}").layer.arch == value


def test_the_architecture_of_a_file_may_be_left_empty_only() -> None:
    assert decoded("images: [{arch: ''}]").layer.images == (layer.Image(),)
    assert "images[0].arch: must be one of" in messages("images: [{arch: default}]")[0]


@pytest.mark.parametrize(
    ("text", "key", "message"),
    [
        ("cpus: many", "cpus", "must be a whole number, not 'many'"),
        ("cpus: [1]", "cpus", "must be a whole number, not a list"),
        ("plain: 'true'", "plain", "must be true or false without quotes"),
        ("plain: yes", "plain", "must be true or false, not 'yes'"),
        ("vmType: {}", "vmType", "must be a text, not a mapping"),
        ("arch: amd64", "arch", "must be one of x86_64, aarch64"),
        ("arch: arm64", "arch", "not 'arm64'; did you mean aarch64?"),
        ("images: a.img", "images", "must be a list, not 'a.img'"),
        ("images: {}", "images", "must be a list, not a mapping"),
        ("images: [a.img]", "images[0]", "must be a mapping, not 'a.img'"),
        ("images: [{kernel: k}]", "images[0].kernel", "must be a mapping"),
        ("ssh: 22", "ssh", "must be a mapping, not '22'"),
        ("ssh: []", "ssh", "must be a mapping, not a list"),
        ("env: [A]", "env", "must be a mapping, not a list"),
        ("env: {A: [1]}", "env.A", "must be a text, not a list"),
        ("dns: [localhost]", "dns[0]", "must be an IPv4 or IPv6 address"),
        ("vmOpts: 3", "vmOpts", "must be a mapping"),
        ("portForwards: [{guestPortRange: 3}]", "portForwards[0].guestPortRange", "must be a list"),
        ("portForwards: [{guestPortRange: [1, 2, 3]}]", "portForwards[0].guestPortRange", "must be two numbers"),
        ("portForwards: [{guestPortRange: [a]}]", "portForwards[0].guestPortRange[0]", "must be a whole number"),
        ("cpus: 99999999999999999999", "cpus", "is too large"),
        ("message: !!binary '*'", "message", "base64"),
    ],
)
def test_a_wrong_value_is_reported_with_its_key(text: str, key: str, message: str) -> None:
    (found,) = decoded(f"# a comment\n{text}\n").problems

    assert (found.source, found.line, found.key) == ("t.yaml", 2, key)
    assert message in found.message


def test_all_wrong_values_are_reported_and_the_others_kept() -> None:
    result = decoded("cpus: x\nmemory: 1GiB\nplain: 1\nimages:\n- location: [a]\n  arch: aarch64\n")

    assert [(problem.line, problem.key) for problem in result.problems] == [
        (1, "cpus"),
        (3, "plain"),
        (5, "images[0].location"),
    ]
    assert result.layer == Layer(memory="1GiB", images=(layer.Image(arch=Arch.AARCH64),))


def test_a_missing_end_of_a_port_range_is_zero() -> None:
    (rule,) = decoded("portForwards: [{guestPortRange: [80], hostPortRange: []}]").layer.port_forwards or ()

    assert (rule.guest_port_range, rule.host_port_range) == ((80, 0), (0, 0))


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("cpu: 4", "t.yaml:1: cpu: unknown key; did you mean 'cpus'?"),
        ("Memory: 4GiB", "t.yaml:1: Memory: unknown key; did you mean 'memory'?"),
        ("ssh:\n  localport: 1", "t.yaml:2: ssh.localport: unknown key; did you mean 'localPort'?"),
        ("images:\n- locaton: a", "t.yaml:2: images[0].locaton: unknown key; did you mean 'location'?"),
        ("useHostResolver: true", "t.yaml:1: useHostResolver: unknown key; did you mean 'hostResolver'?"),
        ("bananas: 3", "t.yaml:1: bananas: unknown key"),
    ],
)
def test_an_unknown_key_warns_with_the_nearest_known_one(text: str, warning: str) -> None:
    result = decoded(text)

    assert result.warnings == (warning,)
    assert not result.problems


def test_every_unknown_key_warns() -> None:
    assert len(decoded("a1: 1\nb1: 2\nssh: {c1: 3}\n").warnings) == 3


def test_of_very_many_unknown_keys_some_are_told_in_a_short_time() -> None:
    begin = time.process_time()

    warnings = decoded("".join(f"key{number}: 1\n" for number in range(30_000))).warnings

    assert len(warnings) == MAX_WARNINGS + 1
    assert warnings[-1] == "t.yaml:1001: there are more unknown keys, which are not listed"
    assert time.process_time() - begin < 20


def test_of_very_many_wrong_values_some_are_told() -> None:
    with pytest.raises(ConfigError) as caught:
        decoded("dns:\n" + "- x\n" * 5_000)

    assert len(caught.value.problems) == MAX_PROBLEMS + 1
    assert str(caught.value.problems[-1]) == "t.yaml:1001: reading ends here, so much is wrong"


def test_free_form_maps_have_no_unknown_keys() -> None:
    result = decoded("vmOpts: {x: {y: [1, {z: ~}]}}\nosOpts: {Windows: {a: b}}\n")

    assert not result.warnings
    assert result.layer.vm_opts == {"x": {"y": [1, {}]}}


@pytest.mark.parametrize("key", ["vmOpts", "osOpts"])
def test_a_bomb_of_aliases_is_refused(key: str) -> None:
    levels = "".join(f"  a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 10))

    with pytest.raises(ConfigError, match="aliases make more than"):
        decoded(f"{key}:\n  a0: &a0 [lol]\n{levels}")


@pytest.mark.parametrize("key", ["env", "vmOpts"])
def test_a_long_text_cannot_be_repeated_by_aliases(key: str) -> None:
    copies = "".join(f"  B{number}: *a\n" for number in range(100))

    with pytest.raises(ConfigError, match="aliases make more than 8 MiB of this text"):
        decoded(f"{key}:\n  A: &a {'x' * 1_000_000}\n{copies}")


def test_a_bomb_of_typed_aliases_is_refused() -> None:
    rules = ", ".join(["{guestPort: 1}"] * 1000)
    text = f"env: &e {{A: 1}}\nportForwards: &p [{rules}]\nimages: [{', '.join(['{kernel: *e}'] * 300)}]\n"

    assert decoded(text).warnings


KEYS = sorted(field.encode_name for field in msgspec.structs.fields(Layer))
NESTED = sorted(
    {
        field.encode_name
        for kind in vars(layer).values()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct)
        for field in msgspec.structs.fields(kind)
    }
)
LETTERS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=5)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | LETTERS | st.sampled_from(["~", "0x1", "8G"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NESTED), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4))
def test_any_values_decode_or_are_problems(document: dict[str, Any]) -> None:
    result = decode(json.dumps(document).encode(), "t.yaml")

    assert all(problem.line == 1 for problem in result.problems)
    # What was decoded has the types that the annotations promise.
    assert msgspec.convert(msgspec.to_builtins(result.layer), Layer) == result.layer


@given(st.binary(max_size=200))
def test_any_bytes_decode_or_are_refused(text: bytes) -> None:
    with contextlib.suppress(ConfigError):
        decode(text, "t.yaml")
