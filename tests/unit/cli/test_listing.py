import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from limavm.cli import fields, output
from limavm.cli.fields import TEMPLATE_NAMES
from limavm.cli.listing import Options, checked_format, table
from limavm.errors import UserError
from limavm.model.instance import Instance, Status
from tests.unit.cli.harness import YAML, Run, make_instance


def instance(name: str = "dev", **changes: object) -> Instance:
    values: dict[str, object] = {
        "name": name,
        "hostname": f"lima-{name}",
        "status": Status.STOPPED,
        "dir": f"/home/u/.lima/{name}",
        "vm_type": "qemu",
        "arch": "riscv64",
        "cpus": 4,
        "memory": 4 << 30,
        "disk": 100 << 30,
        "ssh_address": "127.0.0.1",
    }
    return Instance(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture
def two(home: Path) -> Path:
    make_instance(home, "web")
    make_instance(home, "db.1")
    return home


def test_without_instances_a_warning_says_how_to_make_one(limactl: Run) -> None:
    done = limactl("list")

    assert (done.code, done.out) == (0, "")
    assert "level=warning" in done.err
    assert "limactl create" in done.err


def test_the_table_has_a_row_for_each_instance_sorted_by_name(limactl: Run, two: Path) -> None:
    lines = limactl("list").out.splitlines()

    assert lines[0].split() == ["NAME", "STATUS", "SSH", "VMTYPE", "ARCH", "CPUS", "MEMORY", "DISK", "DIR"]
    assert [line.split()[:8] for line in lines[1:]] == [
        ["db.1", "Stopped", "127.0.0.1:0", "qemu", "x86_64", "2", "1GiB", "10GiB"],
        ["web", "Stopped", "127.0.0.1:0", "qemu", "x86_64", "2", "1GiB", "10GiB"],
    ]
    assert lines[1].endswith("    ~/lima/db.1")


def test_the_head_of_the_table_is_printed_even_when_no_instance_has_the_name(limactl: Run, two: Path) -> None:
    done = limactl("list", "nope")

    assert done.code == 1
    assert done.out.split() == ["NAME", "STATUS", "SSH", "VMTYPE", "ARCH", "CPUS", "MEMORY", "DISK", "DIR"]


def test_what_there_is_is_printed_before_an_unknown_name_fails(two: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "limavm", "list", "--json", "web", "nope"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert [json.loads(line)["name"] for line in done.stdout.splitlines()] == ["web"]
    assert "nope" in done.stderr


def test_columns_are_as_wide_as_their_longest_cell_and_four_blanks() -> None:
    lines = table([instance("a"), instance("a-longer-name")], None).splitlines()

    assert lines[0].startswith("NAME             STATUS     SSH            VMTYPE    ")
    assert lines[1].startswith("a                Stopped    127.0.0.1:0    qemu      ")
    assert lines[0].endswith("DIR")


def test_every_format_is_as_it_was(golden: Callable[[str, str], None]) -> None:
    """Fields that are empty are left out, but for those that are always there (spec/cli.md 9.4)."""
    running = instance(
        "web",
        status=Status.RUNNING,
        message="Two lines:\n  #2",
        ssh_local_port=40022,
        ssh_config_file="/home/u/.lima/web/ssh.config",
        host_agent_pid=41,
        driver_pid=42,
        param={"greeting": "a: b"},
        protected=True,
        lima_version="2.2.0",
        auto_started_identifier="lima-vm@web.service",
    )
    broken = Instance(name="db", hostname="", status=Status.BROKEN, dir="/x/db", vm_type="", arch="", errors=("why",))
    values = [output.without_empty_objects(fields.own(one)) for one in (broken, running)]

    golden("list/table.txt", table([broken, running], None))
    golden("list/narrow.txt", table([running], 80))
    golden("list/json.txt", "".join(output.json_text(value) + "\n" for value in values))
    golden("list/yaml.txt", "---\n".join(map(output.yaml_text, values)))


@pytest.mark.parametrize(
    ("width", "hidden"),
    [
        (None, set()),
        (200, set()),
        (96, set()),
        (95, {"VMTYPE"}),
        (88, {"VMTYPE"}),
        (87, {"VMTYPE", "DIR"}),
        (20, {"VMTYPE", "DIR"}),
    ],
)
def test_a_narrow_terminal_hides_what_says_nothing_new(width: int | None, hidden: set[str]) -> None:
    heads = set(table([instance()], width).splitlines()[0].split())

    assert {"VMTYPE", "ARCH", "DIR"} - heads == hidden


def test_types_that_differ_are_shown_on_a_narrow_terminal() -> None:
    assert "VMTYPE" in table([instance("a"), instance("b", vm_type="vz")], 40)


def test_json_is_an_object_a_line_with_the_keys_in_order(limactl: Run, two: Path) -> None:
    done = limactl("list", "--json")
    values = [json.loads(line) for line in done.out.splitlines()]

    assert [value["name"] for value in values] == ["db.1", "web"]
    assert done.out == limactl("list", "--format=json").out
    assert done.out == limactl("ls", "--format", "json", "db.1", "web").out
    keys = [key for key in values[0] if key in TEMPLATE_NAMES]
    assert keys == [key for key in TEMPLATE_NAMES if key in values[0]]
    assert values[0]["hostname"] == "lima-db-1"
    assert values[0]["protected"] is False
    assert values[0]["memory"] == 1 << 30
    assert values[0]["limaVersion"] == "2.2.0"
    assert values[0]["config"]["cpus"] == 2
    assert values[0]["LimaHome"] == str(two)
    assert {"HostOS", "HostArch", "IdentityFile"} < set(values[0])


def test_empty_objects_are_left_out_of_json(limactl: Run, two: Path) -> None:
    assert "{}" not in limactl("list", "--json").out


def test_on_a_terminal_json_is_indented_and_coloured(limactl: Run, two: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_LIMA_OUTPUT_IS_TTY", "1")

    out = limactl("list", "--json", "web").out

    assert '\n    \x1b[36m"name"\x1b[0m: \x1b[32m"web"\x1b[0m,' in out


def test_yaml_is_a_document_for_each_instance(limactl: Run, two: Path) -> None:
    out = limactl("list", "--format", "yaml").out

    assert [value["name"] for value in yaml.safe_load_all(out)] == ["db.1", "web"]


def test_texts_of_several_lines_are_blocks_in_yaml(limactl: Run, two: Path) -> None:
    (two / "web" / "lima.yaml").write_text(YAML + 'message: "one\\ntwo: {{.Name}}\\n"\n')

    out = limactl("list", "--format", "yaml", "web").out

    assert "\nmessage: |-\n  one\n  two: web\n" in out
    assert '\n    sftpDriver: ""' in out or "sftpDriver" not in out
    assert "{}" not in out


def test_empty_structures_are_left_out_of_yaml_in_a_template(limactl: Run, two: Path) -> None:
    out = limactl("list", "--format", "{{yaml .Config}}", "web").out

    assert "{}" not in out
    assert "rosetta" not in out


def test_an_empty_format_is_an_empty_template(limactl: Run, two: Path) -> None:
    assert limactl("list", "--format=").out == "\n\n"


def test_without_rows_no_column_says_nothing_new() -> None:
    assert table([], 40).split() == ["NAME", "STATUS", "SSH", "VMTYPE", "ARCH", "CPUS", "MEMORY", "DISK"]


def test_on_a_terminal_yaml_is_coloured(limactl: Run, two: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_LIMA_OUTPUT_IS_TTY", "1")

    assert "\x1b[36mname\x1b[0m: " in limactl("list", "--format=yaml", "web").out
    assert "\x1b[36mwho\x1b[0m: " in limactl("list", "--format=yaml", "--yq", '{"who": .name}', "web").out


def test_a_go_template_is_executed_for_each_instance(limactl: Run, two: Path) -> None:
    text = "{{.Name}} {{.Status}} {{.Config.CPUs}} {{.SSHLocalPort}} {{.HostAgentPID}}"

    assert limactl("list", "--format", text).out == "db.1 Stopped 2 0 0\nweb Stopped 2 0 0\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "{{json .Config.SSH.LocalPort}} {{json .Config.Images}}",
            '0 [{"location":"/nowhere/image.qcow2","arch":"x86_64"}]',
        ),
        ("{{.Config.VMOpts}} {{.Config.Param}} {{.Networks}}", "map[] map[] []"),
        ("{{.Config.MinimumLimaVersion}}|{{.Config.SSH.OverVsock}}", "<nil>|<nil>"),
        ('{{index .Config.Env "A"}}|{{missing .Message}} {{.Message | missing "none"}}', "|<missing> none"),
        ("{{yaml .Config.Containerd.User}}|{{json .Config.Containerd.User}}", "---\nfalse|false"),
        ('{{yaml .Config.Firmware | indent 3}}{{indent "a"}}', "   ---\n   legacyBIOS: false  a"),
    ],
)
def test_a_template_sees_what_lima_shows(limactl: Run, two: Path, text: str, shown: str) -> None:
    assert limactl("list", "web", "--format", text).out == shown + "\n"


def test_json_in_a_template_is_the_json_of_the_list(limactl: Run, two: Path) -> None:
    found = json.loads(limactl("list", "web", "--format", "{{json .}}").out)

    assert found["name"] == "web"
    assert list(found)[-4:] == ["HostOS", "HostArch", "LimaHome", "IdentityFile"]
    assert found["config"]["cpus"] == 2


@pytest.mark.parametrize(
    "text", ["{{.Config.Nope}}", "{{.Frob}}", "{{.name}}", "{{", "{{.Name", "{{if}}", "{{frob 1}}"]
)
def test_a_bad_template_is_an_error(limactl: Run, two: Path, text: str) -> None:
    done = limactl("list", "--format", text)

    assert done.code == 1
    assert done.out == ""
    assert "level=fatal" in done.err


def test_the_fields_of_templates_can_be_listed(limactl: Run) -> None:
    names = limactl("list", "--list-fields").out.splitlines()

    assert names == sorted(names)
    assert {"Name", "CPUs", "VMType", "Networks"} < set(names)
    assert "HostOS" not in names


def test_quiet_prints_names_only_and_reads_nothing(limactl: Run, two: Path) -> None:
    (two / "broken").mkdir()

    done = limactl("list", "-q")

    assert done.out == "broken\ndb.1\nweb\n"
    assert done.err == ""


def test_names_select_in_their_order_and_may_repeat(limactl: Run, two: Path) -> None:
    assert limactl("list", "-q", "web", "db.1", "web").out == "web\ndb.1\nweb\n"


@pytest.mark.parametrize("name", ["nope", "../web", "/etc", "we", "größe", "x" * 200, "web/", ""])
@pytest.mark.parametrize("flags", [[], ["-q"], ["--json"]])
def test_an_unknown_name_is_told_after_the_known_ones(limactl: Run, two: Path, name: str, flags: list[str]) -> None:
    done = limactl("list", *flags, name, "web")

    assert done.code == 1
    assert "web" in done.out
    assert "level=warning" in done.err
    assert repr(name) in done.message


def test_files_links_and_hidden_directories_are_no_instances(limactl: Run, two: Path) -> None:
    (two / "_config").mkdir()
    (two / ".web.1.creating").mkdir()
    (two / "file").write_text("")
    (two / "link").symlink_to(two / "web")

    assert limactl("list", "-q").out == "db.1\nweb\n"


def test_a_directory_without_lima_yaml_is_shown_as_broken_with_a_warning(limactl: Run, two: Path) -> None:
    (two / "hollow").mkdir()

    done = limactl("list", "--format", "{{.Name}}:{{.Status}}:{{.VMType}}:{{.Hostname}}", "hollow")

    assert done.code == 0
    assert done.out == "hollow:Broken::\n"
    assert done.err.count("level=warning") == 1
    assert "does not look like an instance" in done.err


@pytest.mark.parametrize("name", ["my dir", "größe", "x.yaml", "a--b", "x" * 77, "tail."])
def test_a_directory_with_a_name_of_no_instance_hides_no_other(limactl: Run, two: Path, name: str) -> None:
    make_instance(two, name)

    done = limactl("list", "--json")

    found = {value["name"]: value for value in map(json.loads, done.out.splitlines())}
    assert done.code == 0
    assert set(found) == {name, "db.1", "web"}
    assert (found[name]["status"], found[name]["hostname"]) == ("Broken", "")
    assert done.err.count("level=warning") == 1
    assert "no name that an instance can have" in done.err


@pytest.mark.skipif(sys.platform != "linux", reason="file names are any bytes there")
def test_names_of_directories_neither_drive_the_terminal_nor_break_json(limactl: Run, home: Path) -> None:
    os.mkdir(os.fsencode(home) + b"/\xffx")
    (home / "y\x1b[2J\ny").mkdir()

    rows = limactl("list").out.splitlines()
    found = [json.loads(line)["name"] for line in limactl("list", "--json").out.splitlines()]

    assert [row.split()[0] for row in rows] == ["NAME", "y?[2J?y", "?x"]
    assert found == ["y\x1b[2J\ny", "\ufffdx"]


@pytest.mark.parametrize(
    ("make", "status"),
    [
        (lambda path: path.mkdir(), ""),
        (lambda path: path.write_bytes(b""), ""),
        (lambda path: path.write_bytes(b"cpus: 1\0"), ""),
        (lambda path: path.write_bytes(b"\xff\xfe"), ""),
        (lambda path: path.symlink_to("missing"), "Broken"),
        (lambda path: path.symlink_to(path.name), ""),
    ],
)
def test_whatever_lima_yaml_is_the_others_are_listed(
    limactl: Run, two: Path, make: Callable[[Path], None], status: str
) -> None:
    (two / "odd").mkdir()
    make(two / "odd" / "lima.yaml")

    done = limactl("list", "--format={{.Name}}:{{.Status}}")

    assert done.code == 0
    assert done.out == f"db.1:Stopped\nodd:{status}\nweb:Stopped\n"
    assert done.err.count("level=warning") == 1


def test_a_damaged_pid_file_makes_an_instance_broken(limactl: Run, two: Path) -> None:
    (two / "web" / "ha.pid").write_text("garbage\n")

    done = limactl("list", "--format={{.Name}}:{{.Status}}:{{.Errors}}", "web")

    assert done.code == 0
    assert done.out.startswith("web:Broken:[the PID file ")


def test_a_directory_of_somebody_else_hides_no_other(limactl: Run, two: Path) -> None:
    make_instance(two, "shut").chmod(0)
    if os.access(two / "shut" / "lima.yaml", os.R_OK):
        pytest.skip("this user may look everywhere")

    done = limactl("list", "--format={{.Name}}:{{.Status}}")

    (two / "shut").chmod(0o700)
    assert done.code == 0
    assert done.out == "db.1:Stopped\nshut:\nweb:Stopped\n"


def test_a_wrong_lima_yaml_gives_an_empty_status_and_a_warning(limactl: Run, two: Path) -> None:
    make_instance(two, "wrong", "cpus: many\n")

    done = limactl("list", "--json", "wrong")

    assert done.code == 0
    assert json.loads(done.out)["status"] == ""
    assert "cpus" in json.loads(done.out)["errors"][0]
    assert "'wrong' has problems" in done.err


@pytest.mark.parametrize(
    "options",
    [
        Options(json=True, format="table"),
        Options(list_fields=True, format="json"),
        Options(quiet=True, json=True),
        Options(quiet=True, format="{{.Name}}"),
        Options(list_fields=True, yq=(".name",)),
        Options(list_fields=True, filter=("true",)),
        Options(yq=(".name",), format="table"),
        Options(yq=(".name",), format="{{.Name}}"),
    ],
)
def test_flags_that_exclude_each_other(options: Options) -> None:
    with pytest.raises(UserError, match="exclude"):
        checked_format(options)


def test_an_edited_configuration_is_seen_at_once(limactl: Run, two: Path) -> None:
    assert limactl("list", "--format={{.CPUs}}", "web").out == "2\n"
    (two / "web" / "lima.yaml").write_text(YAML.replace("cpus: 2", "cpus: 3"))

    assert limactl("list", "--format={{.CPUs}}", "web").out == "3\n"
