import io
import json
import os
import sys
from pathlib import Path

import pytest
import yaml

from limavm.cli.creation import Target, target
from limavm.errors import UserError
from tests.unit.cli.harness import Run, Terminal, make_instance

BAD_NAMES = ["a/b", "../x", "/", "größe", "x" * 200, "x.yaml", ".", "-x", "a b", "a..b", "x\n", "\x00"]

#: A template whose image nobody has, so that nothing is ever started from it.
TEMPLATE = "images:\n- location: /nowhere/image.qcow2\ncontainerd: {system: false, user: false}\n# mine\ncpus: 2\n"


@pytest.fixture
def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "dev.yaml"
    path.write_text(TEMPLATE)
    return path


@pytest.mark.parametrize(
    ("argument", "name", "expected"),
    [
        ("", "", Target(name="default")),
        ("", "dev", Target(name="dev")),
        ("dev", "", Target(name="dev")),
        ("dev", "dev", Target(name="dev")),
        ("docker.io", "", Target(name="docker.io")),
        ("./dev", "", Target(name=None, locator="./dev")),
        ("dev.yaml", "", Target(name=None, locator="dev.yaml")),
        ("a/b", "", Target(name=None, locator="a/b")),
        ("template:debian", "", Target(name=None, locator="template:debian")),
        ("template:debian", "dev", Target(name="dev", locator="template:debian")),
        ("https://example.com/dev.yaml", "", Target(name=None, locator="https://example.com/dev.yaml")),
        ("-", "dev", Target(name="dev", locator="-")),
    ],
)
def test_a_word_that_can_be_a_name_is_one(argument: str, name: str, expected: Target) -> None:
    assert target(argument, name) == expected


@pytest.mark.parametrize(("argument", "name"), [("dev", "other"), ("-", ""), ("", "a/b"), ("x.yaml", "x.yaml")])
def test_what_does_not_go_together(argument: str, name: str) -> None:
    with pytest.raises(UserError):
        target(argument, name)


@pytest.mark.parametrize("command", ["create", "start"])
@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_bad_name_is_an_error_and_leaves_nothing(
    limactl: Run, home: Path, template: Path, command: str, name: str
) -> None:
    done = limactl(command, f"--name={name}", str(template))

    assert done.code == 1
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("command", ["create", "start"])
@pytest.mark.parametrize(
    "argument",
    [
        "./nope.yaml",
        "/nowhere/x.yaml",
        "template:nope",
        "template:../x",
        "file://relative",
        "ftp://x/y.yaml",
        "größe.yaml",
    ],
)
def test_a_template_that_cannot_be_read_is_an_error(limactl: Run, home: Path, command: str, argument: str) -> None:
    done = limactl(command, argument)

    assert done.code == 1
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "key"),
    [("cpus: many", "cpus"), ("frob: [", ""), ("", ""), ("images: []\ncpus: 0x", "cpus"), ("- 1", "")],
)
def test_a_wrong_template_is_an_error_with_its_key(
    limactl: Run, home: Path, template: Path, text: str, key: str
) -> None:
    template.write_text(text)

    done = limactl("create", str(template))

    assert done.code == 1
    assert key in done.message
    assert not (home / "dev").exists()


@pytest.mark.parametrize(
    "flags", [["--memory=frob"], ["--arch=z80"], ["--vm-type=frob"], ["--memory=nan"], ["--disk=-1"]]
)
def test_a_wrong_value_is_an_error_and_leaves_nothing(
    limactl: Run, home: Path, template: Path, flags: list[str]
) -> None:
    done = limactl("create", *flags, str(template))

    assert done.code == 1
    assert not (home / "dev").exists()


def test_an_instance_that_exists_is_not_created_again(limactl: Run, home: Path, template: Path) -> None:
    directory = make_instance(home, "dev")
    before = (directory / "lima.yaml").read_bytes()

    for args in (["create", str(template)], ["create", "dev"], ["create", "--name=dev"], ["start", str(template)]):
        done = limactl(*args)
        assert done.code == 1
        assert "exists already" in done.message
    assert (directory / "lima.yaml").read_bytes() == before


def test_a_template_from_standard_input_needs_a_name_and_asks_nothing(
    limactl: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "--name" in limactl("create", "-").message
    assert "standard input" in limactl("create", "--tty", "--name=dev", "-").message
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"cpus: many\n")))
    assert "cpus" in limactl("create", "--name=dev", "-").message


def test_templates_and_drivers_are_listed(limactl: Run, home: Path) -> None:
    (home / "_templates").mkdir()
    (home / "_templates" / "_part.yaml").write_text("{}")
    (home / "_templates" / "mine.yaml").write_text("{}")

    names = limactl("create", "--list-templates", "--list-drivers").out.splitlines()

    assert {"default", "mine"} <= set(names)
    assert "_part" not in names
    assert limactl("start", "--list-drivers").out == "qemu\n"


@pytest.mark.parametrize("command", ["create", "start"])
def test_a_template_of_old_is_told_with_its_replacement(limactl: Run, home: Path, command: str) -> None:
    done = limactl(command, "--name=dev", "template://vmnet")

    assert done.code == 1
    assert "--network=lima:shared" in done.message


def test_another_system_is_experimental(limactl: Run, home: Path, template: Path) -> None:
    template.write_text(TEMPLATE + "os: FreeBSD\n")

    assert "guests of the system FreeBSD are experimental" in limactl("create", str(template)).err


@pytest.mark.parametrize("flag", ["--image-variant", "--arch-variant"])
def test_a_variant_that_no_image_has_is_named(limactl: Run, home: Path, template: Path, flag: str) -> None:
    done = limactl("create", f"{flag}=frob", str(template))

    assert done.code == 1
    assert f"no image has the variant of {flag}" in done.message
    assert not (home / "dev").exists()


def test_a_variant_chooses_among_the_images(limactl: Run, home: Path, template: Path) -> None:
    template.write_text("images:\n- location: /a.img\n- location: /b.img\n  variant: small # mine\n")

    limactl("create", "--image-variant=small", "--plain", str(template))

    text = (home / "dev" / "lima.yaml").read_text()
    assert text == "images:\n- location: /b.img\n  variant: small  # mine\nplain: true\n"


def test_only_params_of_the_template_can_be_set(limactl: Run, home: Path, template: Path) -> None:
    template.write_text(TEMPLATE + 'param:\n  A: a\nprovision:\n- script: "echo $PARAM_A"\n')

    assert "no param 'B'" in limactl("create", "--param=B=1", str(template)).message
    limactl("create", "--param", 'A="quoted" $x', str(template))

    assert yaml.safe_load((home / "dev" / "lima.yaml").read_text())["param"] == {"A": '"quoted" $x'}


def test_params_of_default_yaml_can_be_set_for_an_instance_that_exists(
    limactl: Run, home: Path, template: Path
) -> None:
    directory = make_instance(home, "dev", TEMPLATE + 'param: {A: a}\nprovision:\n- script: "echo $PARAM_A"\n')
    (home / "_config").mkdir()
    (home / "_config" / "default.yaml").write_text("param: {B: b}\n")

    limactl("start", "dev", "--param=A=1")

    assert "no param 'C'" in limactl("start", "dev", "--param=C=1").message
    assert "A: 1" in (directory / "lima.yaml").read_text().replace('"', "")


def test_a_failing_image_leaves_the_instance_as_it_was_made(limactl: Run, home: Path, template: Path) -> None:
    done = limactl("create", "--cpus=3", "--memory=0.5", "--disk=20", "--plain", str(template))

    assert done.code == 1
    assert "/nowhere/image.qcow2" in done.message
    text = (home / "dev" / "lima.yaml").read_text()
    assert text == TEMPLATE.replace("cpus: 2", "cpus: 3\nmemory: 0.5GiB\ndisk: 20GiB\nplain: true")


@pytest.mark.parametrize("flags", [[], ["--plain"]])
def test_ports_of_flags_are_rules_of_the_instance(limactl: Run, home: Path, template: Path, flags: list[str]) -> None:
    ports = ["--port-forward=8080:80", "--port-forward", " 9090 : 90 ,static=true"]
    done = limactl("create", *ports, *flags, str(template))

    assert "/nowhere/image.qcow2" in done.message
    rules = json.loads(limactl("list", "--json", "dev").out)["config"]["portForwards"]
    found = [(rule["guestPortRange"], rule["hostPortRange"], rule.get("static", False)) for rule in rules]
    static = ([90, 90], [9090, 9090], True)
    assert found == ([static] if flags else [([80, 80], [8080, 8080], False), static])


@pytest.mark.parametrize("value", ["8080:22", "22:80", "0:80", "80", "1:2,udp=true"])
def test_a_port_that_cannot_be_forwarded_leaves_nothing(limactl: Run, home: Path, template: Path, value: str) -> None:
    done = limactl("create", f"--port-forward={value}", str(template))

    assert done.code == 1
    assert "port" in done.message
    assert not (home / "dev").exists()


def test_flags_change_an_instance_that_exists_before_it_is_started(limactl: Run, home: Path, template: Path) -> None:
    directory = make_instance(home, "dev", TEMPLATE)

    done = limactl("start", "dev", "--cpus=3", "--arch=aarch64")

    assert done.code == 1  # there is no image to start from
    assert (directory / "lima.yaml").read_text() == TEMPLATE.replace("cpus: 2", "cpus: 3")
    assert "--arch does not change an instance that exists" in done.err


@pytest.mark.parametrize("command", ["start", "restart"])
def test_a_rejected_change_is_kept_beside_and_changes_nothing(
    limactl: Run, home: Path, template: Path, command: str
) -> None:
    directory = make_instance(home, "dev", TEMPLATE)

    done = limactl(command, "dev", "--vm-type=frob")

    assert done.code == 1
    assert (directory / "lima.yaml").read_text() == TEMPLATE
    rejected = template.parent / "lima.REJECTED.yaml"
    assert "vmType: frob" in rejected.read_text()
    assert str(rejected) in done.message


def test_a_disk_is_not_asked_to_shrink(limactl: Run, home: Path, template: Path) -> None:
    directory = make_instance(home, "dev", TEMPLATE)
    (directory / "disk").write_bytes(b"")
    os.truncate(directory / "disk", 20 << 30)

    done = limactl("start", "dev", "--disk=10")

    assert done.code == 1
    assert "cannot shrink" in done.message
    assert (directory / "lima.yaml").read_text() == TEMPLATE


def test_a_directory_that_is_no_instance_is_not_taken(limactl: Run, home: Path, template: Path) -> None:
    (home / "dev").mkdir()

    done = limactl("start", "--tty=false", str(template))

    assert done.code == 1
    assert "has no lima.yaml" in done.message


def test_an_instance_in_use_is_not_changed(limactl: Run, home: Path, template: Path) -> None:
    from limavm.host.files import locked

    directory = make_instance(home, "dev", TEMPLATE)

    with locked(str(directory)):
        done = limactl("start", "dev", "--cpus=3")

    assert done.code == 1
    assert (directory / "lima.yaml").read_text() == TEMPLATE


@pytest.fixture
def menu(home: Path, template: Path, tmp_path: Path) -> Terminal:
    terminal = Terminal([sys.executable, "-P", "-m", "limavm", "create", "--cpus=3", "dev.yaml"], cwd=str(tmp_path))
    terminal.expect("> Go on with")
    return terminal


def test_the_menu_goes_on_with_the_flags_applied(menu: Terminal, home: Path) -> None:
    menu.type("\r")

    assert menu.ended() == 1
    assert "/nowhere/image.qcow2" in menu.shown
    assert "cpus: 3" in (home / "dev" / "lima.yaml").read_text()
    menu.close()


@pytest.mark.parametrize("keys", ["\x1b[A\r", "leave\r", "\x03"])
def test_leaving_the_menu_creates_nothing_and_fails(menu: Terminal, home: Path, keys: str) -> None:
    menu.type(keys)

    assert menu.ended() == 1
    assert not (home / "dev").exists()
    assert menu.settings == menu.before
    menu.close()


def test_another_template_keeps_the_name(menu: Terminal, home: Path) -> None:
    menu.type("another\r")
    menu.expect("Which template?")
    menu.type("debian-13\r")
    menu.expect("Which template? debian-13")
    menu.type("leave\r")

    assert menu.ended() == 1
    assert menu.shown.count("'dev'") >= 2
    menu.close()


@pytest.mark.parametrize(
    ("script", "created"), [("sed -i 's/cpus: 3/cpus: 7/' \"$1\"", True), (': >"$1"', False), ("exit 1", False)]
)
def test_the_editor_has_the_last_word(
    home: Path, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, created: bool
) -> None:
    editor = tmp_path / "ed"
    editor.write_text(f"#!/bin/sh\n{script}\n")
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(editor))
    terminal = Terminal([sys.executable, "-P", "-m", "limavm", "create", "--cpus=3", "dev.yaml"], cwd=str(tmp_path))
    try:
        terminal.expect("> Go on with")
        terminal.type("editor\r")
        assert terminal.ended() == 1
        assert (home / "dev").exists() == created
        if created:
            assert "cpus: 7" in (home / "dev" / "lima.yaml").read_text()
    finally:
        terminal.close()


def test_bases_are_merged_once_and_those_of_the_editor_as_well(
    home: Path, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "_config").mkdir()
    (home / "_config" / "base.yaml").write_text("provision:\n- script: '#!/bin/sh'\n")
    (tmp_path / "more.yaml").write_text("env: {MORE: x}\n")
    editor = tmp_path / "ed"
    editor.write_text("#!/bin/sh\necho 'base: ./more.yaml' >>$1\n")
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(editor))
    terminal = Terminal([sys.executable, "-P", "-m", "limavm", "create", "--cpus=3", "dev.yaml"], cwd=str(tmp_path))
    try:
        terminal.expect("> Go on with")
        terminal.type("editor\r")
        assert terminal.ended() == 1
    finally:
        terminal.close()

    text = yaml.safe_load((home / "dev" / "lima.yaml").read_text())
    assert (len(text["provision"]), text["env"], text["cpus"]) == (1, {"MORE": "x"}, 3)
    assert "base" not in text


def test_flags_that_fail_are_an_error_before_the_menu(home: Path, template: Path, tmp_path: Path) -> None:
    argv = [sys.executable, "-P", "-m", "limavm", "create", "--set", ".cpus=", "dev.yaml"]
    terminal = Terminal(argv, cwd=str(tmp_path))
    try:
        assert terminal.ended() == 1
        assert "--set" in terminal.shown
        assert "Go on with" not in terminal.shown
    finally:
        terminal.close()


@pytest.mark.parametrize("line", ["cpus: 1", "\t", "cpus: many"])
def test_what_was_typed_into_the_editor_is_kept_when_it_is_wrong(
    home: Path, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    editor = tmp_path / "ed"
    editor.write_text(f"#!/bin/sh\nprintf 'cpus: 2\n# precious\n{line}\n' >$1\n")
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(editor))
    terminal = Terminal([sys.executable, "-P", "-m", "limavm", "create", "dev.yaml"], cwd=str(tmp_path))
    try:
        terminal.expect("> Go on with")
        terminal.type("editor\r")
        assert terminal.ended() == 1
        assert "# precious" in (tmp_path / "lima.REJECTED.yaml").read_text()
        assert "lima.REJECTED.yaml:3" in terminal.shown
        assert not (home / "dev").exists()
    finally:
        terminal.close()


def test_a_problem_is_told_with_the_line_of_the_template(limactl: Run, home: Path, template: Path) -> None:
    template.write_text("images: [{location: /x.img}]\ncpus: 2\narch: z80\n")

    done = limactl("create", "--tty=false", "./dev.yaml")

    assert done.code == 1
    assert f"{template}:3: arch" in done.message


def test_a_problem_of_a_base_is_told_with_the_line_of_the_base(limactl: Run, home: Path, template: Path) -> None:
    template.write_text("base: ./base.yaml\nmemory: 1x\n")
    (template.parent / "base.yaml").write_text("images: [{location: /x.img}]\n\narch: z80\n")

    done = limactl("create", "--tty=false", "--cpus=1", "--set", ".disk = []", "./dev.yaml")

    assert done.code == 1
    assert f"{template.parent}/base.yaml:3: arch" in done.message
    assert f"{template}:2: memory" in done.message
    assert f"{template}: disk" in done.message


def test_base_yaml_of_the_user_is_merged(limactl: Run, home: Path, template: Path) -> None:
    (home / "_config").mkdir()
    (home / "_config" / "base.yaml").write_text("env: {A: b}\ncpus: 8\n")

    limactl("create", "--tty=false", "./dev.yaml")

    text = yaml.safe_load((home / "dev" / "lima.yaml").read_text())
    assert (text["env"], text["cpus"]) == ({"A": "b"}, 2)


def test_a_template_of_any_name_can_be_used_with_a_name(limactl: Run, home: Path, template: Path) -> None:
    template.rename(template.parent / "My Machine.yaml")

    assert limactl("create", "--tty=false", "./My Machine.yaml").code == 1
    limactl("create", "--tty=false", "--name=dev", "./My Machine.yaml")

    assert (home / "dev" / "lima.yaml").exists()


def test_a_warning_about_a_text_of_the_menu_names_the_file_that_is_made_of_it(
    home: Path, template: Path, tmp_path: Path
) -> None:
    template.write_text("base: ./base.yaml\nnetworks: [{lima: user-v2}]\n")
    (tmp_path / "base.yaml").write_text(TEMPLATE)
    terminal = Terminal([sys.executable, "-P", "-m", "limavm", "create", "dev.yaml"], cwd=str(tmp_path), columns=400)
    try:
        terminal.expect("> Go on with")
        terminal.type("\r")
        terminal.ended()  # there is no such image
        assert f"{home}/dev/lima.yaml:" in terminal.shown
        assert "REJECTED" not in terminal.shown
    finally:
        terminal.close()


def test_a_rejected_text_of_the_menu_is_kept(home: Path, template: Path, tmp_path: Path) -> None:
    template.write_text(TEMPLATE + "arch: z80\n")
    terminal = Terminal([sys.executable, "-P", "-m", "limavm", "create", "dev.yaml"], cwd=str(tmp_path))
    try:
        terminal.expect("> Go on with")
        terminal.type("\r")
        assert terminal.ended() == 1
        assert "arch: z80" in (tmp_path / "lima.REJECTED.yaml").read_text()
        assert not (home / "dev").exists()
    finally:
        terminal.close()


def test_without_anybody_on_standard_input_the_menu_is_left_out(home: Path, template: Path, tmp_path: Path) -> None:
    argv = ["/bin/sh", "-c", f"{sys.executable} -P -m limavm create dev.yaml </dev/null"]
    terminal = Terminal(argv, cwd=str(tmp_path))
    try:
        assert terminal.ended() == 1
        assert "WARN" in terminal.shown
        assert os.path.exists(home / "dev" / "lima.yaml")
    finally:
        terminal.close()
