import itertools
import json
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from limavm.config import layer
from limavm.config.decode import decode
from limavm.config.defaults import fill
from limavm.config.expand import Context
from limavm.config.layer import Layer
from limavm.config.merge import combined_mount, combined_network, fold, groups
from tests.unit.config.conftest import LINUX
from tests.unit.config.documents import DOCUMENTS
from tests.unit.config.mergerules import ARCHIVES, RULES, UNSET

CONTEXT = Context(directory="/dev", version="2.2.0", created_with="2.2.0", containerd_archives=ARCHIVES)


def folded(override: Layer | None = None, template: Layer | None = None, default: Layer | None = None) -> Layer:
    return fold(override=override or Layer(), template=template or Layer(), default=default or Layer())


def said(key: str, value: Any) -> Layer:
    """A layer in which `key` is `value`."""
    for part in reversed(key.split(".")):
        value = {part: value}
    decoded = decode(json.dumps(value).encode(), "t.yaml")
    assert not decoded.problems + decoded.warnings
    return decoded.layer


def filled(key: str, override: Any, template: Any, default: Any, built_in: Any) -> Any:
    """What the configuration has for `key`; None leaves it out of a text."""
    override, template, default = (said(key, value) for value in (override, template, default))
    given_layer = fold(override=override, template=template, default=default)
    value = json.loads(msgspec.json.encode(fill(given_layer, LINUX, CONTEXT).config))
    for part in key.split("."):
        value = value.get(part, built_in)
    return value


def by_rule(rule: str, given_values: list[Any], template: Any, built_in: Any) -> Any:
    """What the specification says of values in the order override, template, default."""
    weakest_first = list(reversed(given_values))
    match rule:
        case "S" | "F":
            return given_values[0] if given_values else built_in
        case "X":
            return built_in if template is None else template
        case "C":
            return [item for value in given_values for item in value] or built_in
        case "R":
            return [item for value in weakest_first for item in value]
        case "U":
            return list(dict.fromkeys(item for value in weakest_first for item in value))
        case _:
            assert rule == "M"
            return {key: value for part in weakest_first for key, value in part.items()}


@pytest.mark.parametrize(("key", "rule", "built_in", "values"), RULES, ids=[row[0] for row in RULES])
def test_every_key_has_its_default_and_its_rule_whichever_texts_set_it(
    key: str, rule: str, built_in: Any, values: tuple[Any, Any, Any]
) -> None:
    for chosen in itertools.product([True, False], repeat=3):
        default, template, override = (value if take else None for value, take in zip(values, chosen, strict=True))
        given_values = [value for value in (override, template, default) if value is not None]

        expected = by_rule(rule, given_values, template, built_in)

        assert filled(key, override, template, default, built_in) == expected, chosen


@pytest.mark.parametrize(("key", "value", "built_in", "other"), UNSET)
def test_values_that_stand_for_the_default_win_like_others(key: str, value: Any, built_in: Any, other: Any) -> None:
    assert filled(key, value, other, other, None) == built_in
    assert filled(key, None, value, other, None) == built_in
    assert filled(key, other, value, None, None) == other
    assert filled(key, None, None, value, None) == built_in


def keys_of(kind: type) -> Iterator[str]:
    """The keys of a mapping, those of mappings in it with a dot."""
    hints = get_type_hints(kind)
    for field in msgspec.structs.fields(kind):
        hint = next(iter(get_args(hints[field.name])), hints[field.name])
        if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            yield from (f"{field.encode_name}.{key}" for key in keys_of(hint))
        else:
            yield field.encode_name


def test_the_table_of_rules_has_every_key() -> None:
    assert [row[0] for row in RULES] == list(keys_of(Layer))


def test_a_value_is_the_first_one_set() -> None:
    result = folded(
        Layer(cpus=1, ssh=layer.SSH(local_port=1)),
        Layer(cpus=2, memory="2", ssh=layer.SSH(local_port=2, forward_agent=True)),
        Layer(cpus=3, memory="3", disk="3", ssh=layer.SSH(forward_agent=False, forward_x11=True)),
    )

    assert (result.cpus, result.memory, result.disk) == (1, "2", "3")
    assert result.ssh == layer.SSH(local_port=1, forward_agent=True, forward_x11=True)


def test_false_and_empty_are_set() -> None:
    result = folded(Layer(plain=False, timezone=""), Layer(plain=True, timezone="UTC"))

    assert (result.plain, result.timezone) == (False, "")


def test_deeper_parts_are_merged_key_by_key() -> None:
    result = folded(
        Layer(video=layer.Video(vnc=layer.VNC(display=":1"))),
        Layer(video=layer.Video(display="vnc", vnc=layer.VNC(display=":2"))),
    )

    assert result.video == layer.Video(display="vnc", vnc=layer.VNC(display=":1"))


@pytest.mark.parametrize(
    ("attribute", "items"),
    [
        ("images", [layer.Image(location=name) for name in "oyd"]),
        ("additional_disks", [layer.Disk(name=name) for name in "oyd"]),
        ("provision", [layer.Provision(script=name) for name in "oyd"]),
        ("probes", [layer.Probe(script=name) for name in "oyd"]),
        ("port_forwards", [layer.PortForward(guest_socket=name) for name in "oyd"]),
        ("copy_to_host", [layer.CopyToHost(guest=name) for name in "oyd"]),
        ("mount_types_unsupported", ["o", "y", "o"]),
    ],
)
def test_lists_are_joined_the_strongest_first(attribute: str, items: list[Any]) -> None:
    parts: list[dict[str, Any]] = [{attribute: (item,)} for item in items]
    override, template, default = (Layer(**part) for part in parts)

    assert getattr(folded(override, template, default), attribute) == tuple(items)


def test_nested_lists_are_joined_too() -> None:
    images = [layer.FirmwareImage(location=name) for name in "oyd"]
    archives = [layer.File(location=name) for name in "oyd"]
    override, template, default = (
        Layer(firmware=layer.Firmware(images=(image,)), containerd=layer.Containerd(archives=(archive,)))
        for image, archive in zip(images, archives, strict=True)
    )

    result = folded(override, template, default)

    assert result.firmware.images == tuple(images)
    assert result.containerd.archives == tuple(archives)


def test_maps_are_laid_over_each_other_not_deeper_than_one_level() -> None:
    result = folded(
        Layer(env={"A": "o"}, vm_opts={"qemu": {"x": 1}}),
        Layer(env={"A": "y", "B": "y"}, vm_opts={"qemu": {"y": 1}, "vz": {}}),
        Layer(env={"A": "d", "B": "d", "C": "d"}),
    )

    assert result.env == {"A": "o", "B": "y", "C": "d"}
    assert result.vm_opts == {"qemu": {"x": 1}, "vz": {}}


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("base", (layer.Locator(url="x"),)),
        ("minimum_lima_version", "2.0.0"),
        ("message", "hi"),
        ("cpu_type", {"x86_64": "max"}),
        ("rosetta", layer.Rosetta(enabled=True)),
    ],
)
def test_some_keys_are_the_templates_alone(attribute: str, value: Any) -> None:
    part: dict[str, Any] = {attribute: value}
    only = Layer(**part)

    assert folded(template=only) == only
    assert folded(override=only, default=only) == folded()


def test_name_servers_are_never_joined() -> None:
    one, two = Layer(dns=(layer.IP("1.1.1.1"),)), Layer(dns=(layer.IP("2.2.2.2"),))

    assert folded(one, two).dns == one.dns
    assert folded(Layer(dns=()), two, one).dns == two.dns
    assert folded(default=one).dns == one.dns


def test_certificates_go_weakest_first_and_are_there_once() -> None:
    result = folded(
        Layer(ca_certs=layer.CACerts(files=("o", "x"), remove_defaults=True)),
        Layer(ca_certs=layer.CACerts(files=("y", "x"), certs=("Y",))),
        Layer(ca_certs=layer.CACerts(files=("d", "y"))),
    )

    assert result.ca_certs == layer.CACerts(remove_defaults=True, files=("d", "y", "x", "o"), certs=("Y",))


def test_mounts_and_networks_are_joined_weakest_first() -> None:
    override, template, default = (Layer(mounts=(layer.Mount(location=name),)) for name in "oyd")

    assert [mount.location for mount in folded(override, template, default).mounts or ()] == ["d", "y", "o"]


def test_equal_keys_are_grouped_and_empty_ones_stay_alone() -> None:
    assert groups(["a", "", "b", "a", ""]) == [[0, 3], [1], [2], [4]]


def test_a_later_mount_overrides_all_but_the_location() -> None:
    old = layer.Mount(
        location="/old", mount_point="/m", writable=False, sshfs=layer.SSHFS(cache=False, sftp_driver="builtin")
    )
    new = layer.Mount(location="/new", mount_point="/m", writable=True, sshfs=layer.SSHFS(cache=True))

    assert combined_mount([old, new]) == layer.Mount(
        location="/old", mount_point="/m", writable=True, sshfs=layer.SSHFS(cache=True, sftp_driver="builtin")
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (layer.Network(lima="a"), layer.Network(socket="/s"), layer.Network(socket="/s")),
        (layer.Network(socket="/s"), layer.Network(lima="a"), layer.Network(lima="a")),
        (layer.Network(lima="a"), layer.Network(lima="b", socket="/s"), layer.Network(lima="b")),
        (layer.Network(lima="a"), layer.Network(vz_nat=True), layer.Network(lima="a")),
        (layer.Network(lima="a", metric=1), layer.Network(metric=0), layer.Network(lima="a", metric=0)),
    ],
)
def test_a_later_network_replaces_the_kind(old: layer.Network, new: layer.Network, expected: layer.Network) -> None:
    assert combined_network([old, new]) == expected


TEXTS = st.none() | st.sampled_from(["", "a", "b"])
LAYERS = st.builds(
    Layer,
    cpus=st.none() | st.integers(0, 3),
    memory=TEXTS,
    plain=st.none() | st.booleans(),
    ssh=st.builds(layer.SSH, local_port=st.none() | st.integers(0, 3), forward_agent=st.none() | st.booleans()),
    images=st.none() | st.lists(st.builds(layer.Image, location=TEXTS), max_size=2).map(tuple),
    env=st.none() | st.dictionaries(st.sampled_from("AB"), st.sampled_from("xy")),
    ca_certs=st.builds(layer.CACerts, files=st.none() | st.lists(st.sampled_from("fg")).map(tuple)),
)


@given(LAYERS)
def test_folding_a_template_alone_changes_nothing(template: Layer) -> None:
    once = folded(template=template)

    assert folded(template=once) == once
    assert msgspec.structs.asdict(once)["cpus"] == template.cpus
    assert folded(override=once).ssh == once.ssh


@given(LAYERS, LAYERS, LAYERS)
def test_the_fold_can_be_grouped_in_any_way(one: Layer, two: Layer, three: Layer) -> None:
    left = folded(folded(one, two), three)
    right = folded(one, folded(two, three))

    for name in ("cpus", "memory", "plain", "ssh", "env"):
        assert getattr(left, name) == getattr(right, name) == getattr(folded(one, two, three), name)
    assert (left.images or ()) == (right.images or ())


DECODED = DOCUMENTS.map(lambda document: decode(json.dumps(document).encode(), "t.yaml").layer)


@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(DECODED, DECODED, DECODED)
def test_any_three_texts_can_be_folded_in_two_steps(override: Layer, template: Layer, default: Layer) -> None:
    at_once = folded(override, template, default)

    assert folded(override, folded(template=template, default=default)) == at_once
    stronger = folded(override, template)
    of_template = {name: getattr(template, name) for name in ("base", "message", "minimum_lima_version", "cpu_type")}
    left = folded(stronger, Layer(**of_template, rosetta=template.rosetta), default)
    assert left == at_once


@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(DECODED)
def test_any_text_alone_stays_what_it_is(template: Layer) -> None:
    once = folded(template=template)

    assert folded(template=once) == once
