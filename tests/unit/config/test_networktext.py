import pytest

from limavm.config.errors import ConfigError
from limavm.config.networktext import DecodedNetworks, decode_networks
from limavm.model.network import SharedNetwork

USER_V2 = SharedNetwork(mode="user-v2", gateway="192.168.104.1", netmask="255.255.255.0")


def decoded(text: str, host_os: str = "linux") -> DecodedNetworks:
    return decode_networks(text.encode(), "networks.yaml", host_os=host_os)


@pytest.mark.parametrize("text", ["", "# nothing\n", "null\n", "{}\n", "networks:\n", "networks: {}\n"])
def test_a_file_that_says_nothing_has_the_network_user_v2(text: str) -> None:
    assert decoded(text).networks.networks == {"user-v2": USER_V2}
    assert decoded(text).warnings == ()


@pytest.mark.parametrize(
    ("text", "network"),
    [
        (
            "{mode: shared, gateway: 10.0.0.1}",
            SharedNetwork(mode="shared", gateway="10.0.0.1", netmask="255.255.255.0"),
        ),
        ("{mode: bridged, interface: en0}", SharedNetwork(mode="bridged", interface="en0")),
        ("{mode: user-v2, gateway: 'fd00::1'}", SharedNetwork(mode="user-v2", gateway="fd00::1")),
        ("{mode: x, dhcpEnd: 10.0.0.9, interface: ''}", SharedNetwork(mode="x", dhcp_end="10.0.0.9")),
        ("{gateway: ''}", SharedNetwork()),
        ("", SharedNetwork()),
    ],
)
def test_a_network_is_read_and_gets_a_netmask(text: str, network: SharedNetwork) -> None:
    assert decoded(f"networks: {{a: {text}}}").networks.networks["a"] == network


def test_user_v2_is_added_unless_there_is_another_one_with_a_gateway() -> None:
    other = "networks: {mine: {mode: user-v2, gateway: 10.0.0.1}, user-v2: {mode: user-v2}}"
    incomplete = "networks: {mine: {mode: user-v2}, user-v2: {mode: shared, gateway: 10.0.0.1}}"

    assert decoded(other).networks.networks["user-v2"] == SharedNetwork(mode="user-v2")
    assert decoded(incomplete).networks.networks["user-v2"] == USER_V2


def test_a_group_that_is_missing_is_admin_on_macos() -> None:
    assert decoded("").networks.group == ""
    assert decoded("", "darwin").networks.group == "admin"
    assert decoded("group: staff", "darwin").networks.group == "staff"


def test_paths_are_read() -> None:
    paths = decoded("paths: {socketVMNet: /a, varRun: /b, sudoers: /c}").networks.paths

    assert (paths.socket_vmnet, paths.var_run, paths.sudoers) == ("/a", "/b", "/c")


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("grup: x", "networks.yaml:1: grup: unknown key; did you mean 'group'?"),
        (
            "networks:\n  a:\n    gatway: 1.1.1.1\n",
            "networks.yaml:3: networks.a.gatway: unknown key; did you mean 'gateway'?",
        ),
        ("paths:\n  vdeSwitch: /x\n", "networks.yaml:2: paths.vdeSwitch: was removed from Lima and has no effect"),
        ("paths: {vdeVMNet: /x}\n", "networks.yaml:1: paths.vdeVMNet: was removed from Lima and has no effect"),
        (
            "networks: {a: {gateway: 1.1.1.1, netmask: 255.0.255.0}}",
            "networks.yaml: networks.a.netmask: 255.0.255.0 is no netmask: a one follows a zero",
        ),
    ],
)
def test_what_is_odd_is_a_warning(text: str, warning: str) -> None:
    assert decoded(text).warnings == (warning,)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("- a\n", "networks.yaml:1: the text must be a mapping"),
        ("x\n", "networks.yaml:1: the text must be a mapping"),
        ("networks: [a]", "networks.yaml:1: networks: must be a mapping, not a list"),
        ("networks: {a: x}", "networks.yaml:1: networks.a: must be a mapping"),
        ("networks:\n  a:\n    gateway: 1.2.3\n", "networks.yaml:3: networks.a.gateway: must be an IPv4 or IPv6"),
        ("networks: {a: {netmask: 255.255.255}}", "networks.yaml:1: networks.a.netmask: must be an IPv4 or IPv6"),
        ("networks: {a: {mode: [x]}}", "networks.yaml:1: networks.a.mode: must be a text"),
        ("networks:\n  a: {}\n  a: {}\n", "networks.yaml:3: a: this key is already"),
        ("networks: {a: *x}", "networks.yaml:1"),
        ("a: b: c", "networks.yaml:1"),
        ("\x00", "networks.yaml:1"),
        ("# " + "x" * (10 << 20), "networks.yaml"),
        ("[" * 100_000, "networks.yaml"),
    ],
)
def test_what_cannot_be_read_is_a_problem_with_its_line(text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        decoded(text)

    assert str(caught.value.problems[0]).startswith(problem)


def test_every_problem_is_found() -> None:
    with pytest.raises(ConfigError) as caught:
        decoded("group: []\nnetworks: {a: {gateway: x}, b: {netmask: y}}\ngrup: 1\n")

    assert [problem.key for problem in caught.value.problems] == ["group", "networks.a.gateway", "networks.b.netmask"]
    assert "grup: unknown key" in str(caught.value)
