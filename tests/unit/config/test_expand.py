import msgspec
import pytest

from limavm.config.expand import Context, Expander
from limavm.model.config import User
from tests.unit.config.conftest import LINUX, Resolve

CONTEXT = Context(directory="/lima/my_dev", version="2.2.0", created_with="2.2.0", param={"p": "v"})


def expander(os: str = "linux") -> Expander:
    made = Expander(msgspec.structs.replace(LINUX, os=os), CONTEXT)
    made.set_user(User(name="bob", comment="", home="/home/bob", shell="/bin/sh", uid=7))
    return made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{.Name}} {{.Hostname}}", "my_dev lima-my-dev"),
        ("{{.UID}} {{.User}} {{.Home}}", "7 bob /home/bob"),
        ("{{.Param.p}}{{.Param.q}}", "v<no value>"),
        ("{{.Dir}}", "<no value>"),
    ],
)
def test_the_guest_has_its_variables(text: str, expected: str) -> None:
    assert expander().guest(text, "key") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{.Name}} {{.Instance}} {{.Dir}}", "my_dev my_dev /lima/my_dev"),
        ("{{.UID}} {{.User}} {{.Home}}", "1234 jane /home/jane"),
        ("{{.GlobalTempDir}} {{.TempDir}} {{.LimaHome}}", "/tmp /tmp /lima"),
        ("{{.Param.p}}", "v"),
    ],
)
def test_the_host_has_its_variables(text: str, expected: str) -> None:
    assert expander().host(text, "key") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("~", "/home/jane"),
        ("~/a/../b/", "/home/jane/b"),
        ("/a//b/.", "/a/b"),
        ("//a", "/a"),
        ("~bob/x", "~bob/x"),
        ("", ""),
        ("{{.Dir}}/x", "/lima/my_dev/x"),
    ],
)
def test_a_path_of_the_host_is_expanded_and_cleaned(text: str, expected: str) -> None:
    assert expander().host_path(text, "key") == expected


def test_a_template_that_fails_is_kept_with_a_warning(resolved: Resolve) -> None:
    result = resolved("provision: [{script: '{{.Name.x}} {{'}, {script: '{{foo}}'}]")

    assert [item.script for item in result.config.provision] == ["{{.Name.x}} {{", "{{foo}}"]
    assert [warning.split(":")[0] for warning in result.warnings] == ["provision[0].script", "provision[1].script"]


def test_params_of_others_do_not_reach_expansion_but_the_result(resolved: Resolve) -> None:
    config = resolved(
        "provision: [{script: '{{.Param.a}} {{.Param.b}}'}]\nparam: {a: y}",
        override="param: {a: o, b: o}",
    ).config

    assert config.provision[0].script == "y <no value>"
    assert config.param == {"a": "o", "b": "o"}


@pytest.mark.parametrize("costly", ["{{range 100000}}{{end}}", "{{range 100000}}xxxxxxxxxx{{end}}"])
def test_templates_cost_bounded_time_and_memory_together(costly: str) -> None:
    made = expander()

    kept = sum(made.guest(costly, "key") == costly for _ in range(1000))

    assert kept == len(made.warnings) > 900
