"""spec/runtime.md 11.2: which options, in which order, for which client."""

import shutil
import subprocess
import sys

import pytest

from limavm.errors import UserError
from limavm.model.config import SSH
from limavm.ssh.options import Client, no_master, option_args, options, quoted_path, without_control

MODERN = Client(version=(9, 2, 1), gssapi=True)


def listed(
    *,
    ssh: SSH | None = None,
    identities: tuple[str, ...] = ("/h/_config/user",),
    control_path: str = "/h/dev/ssh.sock",
    client: Client = MODERN,
    aes: bool = True,
    windows: bool = False,
) -> list[str]:
    return options(
        user="me",
        ssh=ssh or SSH(),
        identities=identities,
        control_path=control_path,
        client=client,
        aes=aes,
        windows=windows,
    )


def test_the_options_come_in_the_order_that_users_of_lima_know() -> None:
    assert listed() == [
        'IdentityFile="/h/_config/user"',
        "StrictHostKeyChecking=no",
        "UserKnownHostsFile=/dev/null",
        "NoHostAuthenticationForLocalhost=yes",
        "PreferredAuthentications=publickey",
        "Compression=no",
        "BatchMode=yes",
        "IdentitiesOnly=yes",
        "GSSAPIAuthentication=no",
        'Ciphers="^aes128-gcm@openssh.com,aes256-gcm@openssh.com"',
        "User=me",
        "ControlMaster=auto",
        'ControlPath="/h/dev/ssh.sock"',
        "ControlPersist=yes",
    ]


def test_a_processor_without_aes_prefers_chacha20() -> None:
    assert 'Ciphers="^chacha20-poly1305@openssh.com"' in listed(aes=False)


@pytest.mark.parametrize("version", [(0, 0, 0), (7, 9, 1), (8, 0, 1)])
def test_a_client_that_cannot_prepend_ciphers_keeps_its_own(version: tuple[int, int, int]) -> None:
    assert not any(option.startswith("Ciphers") for option in listed(client=Client(version=version)))


def test_a_client_without_gssapi_is_not_told_about_it() -> None:
    assert not any("GSSAPI" in option for option in listed(client=Client(version=(9, 2, 1))))


def test_forwarding_is_asked_for_at_the_end() -> None:
    ssh = SSH(forward_agent=True, forward_x11=True, forward_x11_trusted=True)

    assert listed(ssh=ssh)[-3:] == ["ForwardAgent=yes", "ForwardX11=yes", "ForwardX11Trusted=yes"]


def test_further_identities_follow_our_own() -> None:
    found = listed(identities=("/h/_config/user", "/home/me/.ssh/id_rsa"))

    assert found[:2] == ['IdentityFile="/h/_config/user"', 'IdentityFile="/home/me/.ssh/id_rsa"']


def test_windows_quotes_paths_singly_and_ciphers_not_at_all() -> None:
    found = listed(windows=True)

    assert found[0] == "IdentityFile='/h/_config/user'"
    assert "Ciphers=^aes128-gcm@openssh.com,aes256-gcm@openssh.com" in found


def test_the_form_without_a_master_says_so_first_and_contradicts_itself_nowhere() -> None:
    found = no_master(listed())

    assert found[:3] == ["ControlMaster=no", "ControlPath=none", "ControlPersist=no"]
    assert [option for option in found if option.startswith("Control")] == found[:3]
    assert without_control(found) == without_control(listed())


def test_command_lines_leave_out_the_users_configuration() -> None:
    assert option_args(["User=me", "Compression=no"]) == [
        *("-F", "/dev/null"),
        *("-o", "User=me"),
        *("-o", "Compression=no"),
    ]


@pytest.mark.parametrize("value", ["User=me\nProxyCommand=evil", "User=me\rx"])
def test_a_line_break_in_a_value_is_refused(value: str) -> None:
    with pytest.raises(UserError, match="line break"):
        option_args([value])


@pytest.mark.parametrize("path", ["/a\nb", "/a\rb", "/a\0b", "/a/${HOME}"])
def test_a_path_that_no_option_can_carry_is_refused(path: str) -> None:
    with pytest.raises(UserError, match="cannot take a path"):
        listed(control_path=path)


def test_an_old_client_cannot_have_a_quote_in_a_path() -> None:
    with pytest.raises(UserError, match="cannot take a path"):
        quoted_path('/a"b', Client(version=(8, 1, 0)))


@pytest.mark.skipif(not shutil.which("ssh") or sys.platform == "win32", reason="needs OpenSSH")
@pytest.mark.parametrize("name", ["plain", "with space", "100%h", 'quo"te', "it's", "back\\slash", "a=b", "#x", "é"])
def test_ssh_itself_reads_the_paths_back(name: str) -> None:
    args = option_args(listed(identities=(f"/h/{name}/user",), control_path=f"/h/{name}/ssh.sock"))

    done = subprocess.run(["ssh", *args, "-G", "-p", "60022", "127.0.0.1"], capture_output=True, text=True, check=True)

    lines = done.stdout.splitlines()
    # -G shows an identity before its tokens are expanded, a control path after.
    assert f"identityfile /h/{name.replace('%', '%%')}/user" in lines
    assert f"controlpath /h/{name}/ssh.sock" in lines or f"controlpath /h/{name.replace('%', '%%')}/ssh.sock" in lines
    assert "user me" in lines
    assert "batchmode yes" in lines
