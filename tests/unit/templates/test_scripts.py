"""Every script of every template: it cannot run here, so its grammar and its habits are checked."""

import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator

import pytest
import yaml

from limavm.gotemplate import render
from limavm.roundtrip.build import to_value
from limavm.roundtrip.nodes import Document, null
from limavm.yq import evaluate
from tests.unit.templates.catalogue import USABLE, content

GUEST = {"Name": "dev", "Hostname": "lima-dev", "UID": 1000, "User": "jane", "Home": "/home/jane.guest"}
#: Params come from the environment; texts in single quotes are written to files of other shells.
NOT_OF_INTEREST = "SC2154,SC2016"


def scripts() -> Iterator[tuple[str, str]]:
    """A name, and the script as it gets to the guest."""
    for name in USABLE:
        template = content(name)
        for key in ("provision", "probes"):
            for index, item in enumerate(template.get(key) or ()):
                field = next((field for field in ("script", "content") if str(item.get(field, ""))[:2] == "#!"), None)
                if field:
                    data = {**GUEST, "Param": template.get("param", {})}
                    yield f"{name}: {key}[{index}].{field}", render(item[field], data)


SCRIPTS = dict(scripts())
OF_BASH = {name: script for name, script in SCRIPTS.items() if script.startswith("#!/bin/bash\n")}
PROBES = {name: script for name, script in SCRIPTS.items() if "probes[" in name}


def test_nearly_all_scripts_are_of_bash() -> None:
    assert [name for name in SCRIPTS if name not in OF_BASH] == ["homebrew-macos: provision[0].content"]
    assert len(OF_BASH) > 40


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_shell_understands_a_script(name: str) -> None:
    shell = SCRIPTS[name].splitlines()[0].removeprefix("#!")
    done = subprocess.run([shell, "-n"], input=SCRIPTS[name], capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")


def test_shellcheck_finds_nothing(tmp_path: pytest.TempPathFactory) -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed")
    found = []
    for name, script in SCRIPTS.items():
        argv = ["shellcheck", "--exclude", NOT_OF_INTEREST, "-"]
        done = subprocess.run(argv, input=script, capture_output=True, text=True)
        found.extend([name, done.stdout] if done.returncode else [])

    assert found == []


@pytest.mark.parametrize("name", OF_BASH)
def test_a_script_ends_at_its_first_failure_and_shows_what_it_does(name: str) -> None:
    assert OF_BASH[name].splitlines()[1] == "set -eux -o pipefail"


@pytest.mark.parametrize("name", [name for name in SCRIPTS if name not in PROBES])
def test_what_is_fetched_is_fetched_once(name: str) -> None:
    """A script that uses the network begins by asking whether its work was done, since it runs at each boot."""
    lines = [line.strip() for line in SCRIPTS[name].splitlines()]
    network = re.compile(r"\b(curl|apt-get|dnf|git clone|add-apt-repository|make up|kubeadm config images)\b")
    first = next((index for index, line in enumerate(lines) if network.search(line)), None)
    if first is not None:
        asked = [line for line in lines[:first] if re.match(r"if .*(command -v|\[|modprobe)", line)]
        assert asked, name


@pytest.mark.parametrize("name", PROBES)
def test_a_probe_waits_for_half_a_minute_unless_it_waits_for_a_cluster(name: str) -> None:
    limits = [
        int(limit)
        for limit in re.findall(r"SECONDS >= (\d+)|--timeout=(\d+)s", PROBES[name])
        for limit in limit
        if limit
    ]
    slow = {
        "k8s: probes[2].script": [300],
        "k8s: probes[3].script": [300],
        "k8s: probes[4].script": [180],
        "experimental/u7s: probes[1].script": [300],
        "experimental/u7s: probes[2].script": [300],
        "experimental/u7s: probes[3].script": [180],
    }

    assert limits == slow.get(name, [30] * len(limits))
    assert limits


@pytest.mark.parametrize("name", USABLE)
def test_a_probe_says_what_it_waits_for_and_where_to_look(name: str) -> None:
    for probe in content(name).get("probes") or ():
        assert set(probe) == {"description", "script", "hint"}
        assert re.fullmatch(r"[a-zA-Z].*[^.]", probe["description"])
        assert " in the guest" in probe["hint"]


@pytest.mark.parametrize("name", USABLE)
def test_scripts_use_every_param_and_no_other(name: str) -> None:
    template = content(name)
    mentioned = {
        word
        for key in ("provision", "probes")
        for item in template.get(key) or ()
        for field in ("script", "content", "expression")
        for word in re.findall(r"(?:\.Param\.|\bPARAM_)(\w+)", item.get(field, ""))
    }

    assert mentioned == set(template.get("param", {})) - {"internal_netplanOptional"}


@pytest.mark.parametrize(
    ("name", "index", "value"),
    [
        ("docker", 3, {"features": {"cdi": True, "containerd-snapshotter": True}}),
        ("docker-rootful", 1, {"Socket": {"SocketUser": "jane"}}),
        ("docker-rootful", 2, {"features": {"cdi": True, "containerd-snapshotter": True}}),
    ],
)
def test_expressions_make_these_files_out_of_nothing(name: str, index: int, value: object) -> None:
    template = content(name)
    expression = render(template["provision"][index]["expression"], {**GUEST, "Param": template["param"]})

    (made,) = evaluate(expression, [Document(root=null())])
    assert made.root is not None
    assert to_value(made.root) == value


def heredocs(name: str) -> list[str]:
    """The documents that a script writes."""
    return re.findall(r"<<EOF\n(.*?)^EOF$", SCRIPTS[name], re.MULTILINE | re.DOTALL)


def test_containerd_is_given_toml() -> None:
    settings, mirror, registry = heredocs("k8s: provision[1].script")

    found = tomllib.loads(settings + registry)
    assert found["version"] == 2
    assert found["plugins"]["io.containerd.grpc.v1.cri"]["sandbox_image"] == "$pause"
    assert found["plugins"]["io.containerd.grpc.v1.cri"]["registry"] == {"config_path": "/etc/containerd/certs.d"}
    assert tomllib.loads(mirror) == {"host": {"$PARAM_mirror": {"capabilities": ["pull", "resolve"]}}}


def test_kubeadm_is_given_yaml() -> None:
    join, init = heredocs("k8s: provision[2].script")

    kinds = [[document["kind"] for document in yaml.safe_load_all(text)] for text in (join, init)]
    assert kinds == [["JoinConfiguration"], ["InitConfiguration", "ClusterConfiguration", "KubeletConfiguration"]]


@pytest.mark.parametrize("name", ["k8s: provision[2].script", "experimental/u7s: provision[4].script"])
def test_a_kubeconfig_for_the_host_names_its_loopback(name: str) -> None:
    (expression,) = re.findall(r"sed -E '([^']+)'", SCRIPTS[name])
    given = "clusters:\n- cluster:\n    server: https://192.168.5.15:6443\n  name: kubernetes\n"

    done = subprocess.run(["sed", "-E", expression], input=given, capture_output=True, text=True, check=True)
    assert done.stdout == given.replace("192.168.5.15", "127.0.0.1")
