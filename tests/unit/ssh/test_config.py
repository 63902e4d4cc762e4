"""spec/runtime.md 3.8: a config file that plain ssh understands."""

import shutil
import subprocess
from pathlib import Path

import pytest

from limavm.errors import UserError
from limavm.model.config import SSH
from limavm.ssh.config import config_text
from limavm.ssh.options import Client, options


def some_options(directory: str) -> list[str]:
    return options(
        user="me",
        ssh=SSH(forward_agent=True),
        identities=[f"{directory}/_config/user"],
        control_path=f"{directory}/dev/ssh.sock",
        client=Client(version=(9, 2, 1)),
        aes=True,
    )


def test_it_is_three_comments_a_host_and_its_indented_options() -> None:
    lines = config_text("lima-dev", ["User=me", 'ControlPath="/a b"'], "127.0.0.1", 60022).splitlines()

    assert all(line.startswith("# ") for line in lines[:3])
    assert lines[3:] == [
        "Host lima-dev",
        "  User me",
        '  ControlPath "/a b"',
        "  Hostname 127.0.0.1",
        "  Port 60022",
    ]


def test_a_windows_host_has_no_control_master() -> None:
    assert "Control" not in config_text("lima-dev", some_options("/h"), "127.0.0.1", 60022, windows=True)


@pytest.mark.parametrize("option", ["User=me\nProxyCommand=x", "User=me\r"])
def test_a_line_break_in_a_value_is_refused(option: str) -> None:
    with pytest.raises(UserError, match="line break"):
        config_text("lima-dev", [option], "127.0.0.1", 60022)


@pytest.mark.skipif(not shutil.which("ssh"), reason="needs OpenSSH")
@pytest.mark.parametrize("name", ["plain", "with space", "100%h", 'quo"te', "it's", "back\\slash"])
def test_ssh_takes_the_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / "ssh.config"
    path.write_text(config_text("lima-dev", some_options(f"/h/{name}"), "127.0.0.1", 60022))

    done = subprocess.run(["ssh", "-G", "-F", str(path), "lima-dev"], capture_output=True, text=True, check=True)

    lines = done.stdout.splitlines()
    assert f"identityfile /h/{name.replace('%', '%%')}/_config/user" in lines
    assert {"hostname 127.0.0.1", "port 60022", "user me", "controlmaster auto", "forwardagent yes"} <= set(lines)
    assert any(line.startswith("ciphers aes128-gcm@openssh.com,aes256-gcm@openssh.com,") for line in lines)
