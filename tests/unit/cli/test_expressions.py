import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.cli.expressions import (
    Home,
    containerd,
    dns,
    fields,
    gib,
    images,
    mounts,
    networks,
    param,
    port_forwards,
    quoted,
)
from limavm.roundtrip.nodes import Document
from limavm.yq.evaluation import evaluate

HERE = Home(home="/home/me", cwd="/here")


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("", '""'),
        ("/bin/zsh", '"/bin/zsh"'),
        ('a"b', '"a\\"b"'),
        ("a\nb\tc\rd", '"a\\nb\\tc\\rd"'),
        ("C:\\new", '"C:\\\\new"'),
        ("größe 日本", '"größe 日本"'),
        ("\\(env(HOME))", '("\\\\" + "(env(HOME))")'),
        ("\\\\server\\x", '("\\\\" + "\\\\server\\\\x")'),
        ('" | load("x") | "', '"\\" | load(\\"x\\") | \\""'),
        ("x\\", '"x\\\\"'),
    ],
)
def test_a_text_is_quoted(text: str, expression: str) -> None:
    assert quoted(text) == expression


@given(
    st.text(alphabet=st.sampled_from('\\("n)a\n\t|é$`{}.')) | st.text(st.characters(exclude_categories=["Cs", "Cc"]))
)
def test_no_text_breaks_out_of_its_quotes(text: str) -> None:
    (result,) = evaluate(f"{{{quoted('k')}: {quoted(text)}, {quoted(text)}: 1}}", [Document()])

    assert result.root is not None
    assert [(key.value, value.value) for key, value in result.root.pairs] == [("k", text), (text, "1")]


def test_a_text_that_is_not_unicode_is_refused() -> None:
    with pytest.raises(ValueError, match="UTF-8"):
        quoted("\udcff")


@pytest.mark.parametrize(
    ("value", "size"),
    [(4.0, "4"), (0.5, "0.5"), (1.25, "1.25"), (100.0, "100"), (1e16, "10000000000000000"), (1e-7, "0.0000001")],
)
def test_sizes_are_as_short_as_they_can_be(value: float, size: str) -> None:
    assert gib(value) == f'"{size}GiB"'


def test_nothing_has_the_size_0() -> None:
    with pytest.raises(ValueError, match="more than 0"):
        gib(0.0)


@pytest.mark.parametrize(
    ("value", "location", "writable"),
    [
        ("~", "/home/me", "false"),
        ("~/x:w", "/home/me/x", "true"),
        ("sub/../dir", "/here/dir", "false"),
        ("/a b/c:w", "/a b/c", "true"),
        ("/a:ro", "/a:ro", "false"),
        (".", "/here", "false"),
    ],
)
def test_a_mount_is_a_directory_of_the_host_and_the_guest(value: str, location: str, writable: str) -> None:
    expected = f'{{"location": "{location}", "mountPoint": "{location}", "writable": {writable}}}'

    assert mounts([value], HERE) == [expected]


@pytest.mark.parametrize("value", ["~bob", "~bob/x", "", ":w", "a,,b"])
def test_what_is_no_directory_to_mount(value: str) -> None:
    with pytest.raises(ValueError, match=r"bob|empty"):
        mounts([value], HERE)


def test_values_are_split_at_commas_that_are_not_quoted() -> None:
    assert list(fields(["a,b", '"c,d",e', "f g"])) == ["a", "b", "c,d", "e", "f g"]
    with pytest.raises(ValueError, match="commas"):
        list(fields(['"a']))
    with pytest.raises(ValueError, match="commas"):
        list(fields(["a\rb"]))


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])), min_size=1))
def test_what_csv_writes_is_read(values: list[str]) -> None:
    line: list[str] = []
    csv.writer(type("Sink", (), {"write": line.append})(), quoting=csv.QUOTE_ALL).writerow(values)

    assert list(fields([line[0].rstrip("\r\n")])) == values


def test_networks_are_added() -> None:
    assert networks(["lima:shared,vzNAT", 'lima:x"y']) == (
        '.networks += [{"lima": "shared"},{"vzNAT": true},{"lima": "x\\"y"}]'
        " | .networks |= unique_by(.lima // .socket // .vzNAT)"
    )


@pytest.mark.parametrize("value", ["foo", "lima:", "vznat", "", "user-v2"])
def test_what_is_no_network(value: str) -> None:
    with pytest.raises(ValueError, match="lima:NAME"):
        networks([value])


def test_addresses_of_name_servers() -> None:
    assert dns(["1.1.1.1,::1"]) == '.dns += ["1.1.1.1","::1"] | .dns |= unique | .hostResolver.enabled=false'


@pytest.mark.parametrize("value", ["one.one", "1.1.1", "", "1.1.1.1,"])
def test_what_is_no_address(value: str) -> None:
    with pytest.raises(ValueError, match="IP address"):
        dns([value])


def test_a_param_is_split_at_its_first_equals_sign() -> None:
    assert param("A=b=c", {"A"}) == '.param["A"] = "b=c"'
    assert param("A=", {"A"}) == '.param["A"] = ""'


@pytest.mark.parametrize("value", ["x", "=1", "B=1", ""])
def test_a_param_must_exist_and_have_a_value(value: str) -> None:
    with pytest.raises(ValueError, match=r"NAME=VALUE|has: 'A'"):
        param(value, ["A"])


@pytest.mark.parametrize(
    ("value", "user", "system"),
    [
        ("user", "true", "false"),
        ("system", "false", "true"),
        ("user+system", "true", "true"),
        ("system+user", "true", "true"),
        ("none", "false", "false"),
    ],
)
def test_services_of_containerd(value: str, user: str, system: str) -> None:
    assert containerd(value) == f".containerd.user = {user} | .containerd.system = {system}"


@pytest.mark.parametrize("value", ["", "all", "User"])
def test_what_is_no_service_of_containerd(value: str) -> None:
    with pytest.raises(ValueError, match=r"user\+system"):
        containerd(value)


def test_images_of_a_variant() -> None:
    assert images("variant", 'a"b') == '.images = [.images[] | select(.variant == "a\\"b")]'
    with pytest.raises(ValueError, match="empty"):
        images("variant", "")


def test_ports_are_forwarded() -> None:
    assert port_forwards(["8080:80", " 22 : 2222 , static=true"]) == (
        '.portForwards += [{"guestPort": "80", "hostPort": "8080", "static": false},'
        '{"guestPort": "2222", "hostPort": "22", "static": true}]'
    )


@pytest.mark.parametrize(
    "value",
    [
        *("1:2:3", "80", "", ":", "80:", "a:b", "0:80", "80:65536", "-1:80", "²:80", "1:2,static=true,static=true"),
        *("1:2,static", "1:2,static=maybe", "1:2,proto=udp", "1:2,", "999999999999:80"),
    ],
)
def test_what_is_no_port_forward(value: str) -> None:
    with pytest.raises(ValueError, match=r"HOST:GUEST|static|port|neither"):
        port_forwards([value])
