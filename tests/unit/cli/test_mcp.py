"""spec/cli.md 11: `limactl mcp`, driven over stdio by the SDK's own client. The guest is a directory of this machine.

What stands for ssh becomes an SFTP server, or runs what limactl wants to be run by the guest's shell.
"""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.shared.exceptions import MCPError
from mcp.types import CallToolResult, TextContent

from limavm.host import pidfile
from limavm.hostagent.api import Handler, json_response
from limavm.hostagent.client import Info
from limavm.mcp.server import server
from limavm.mcp.toolset import Toolset
from tests.fakes.agentthread import AgentThread
from tests.fakes.sftpclient import OPENSSH
from tests.unit.cli.harness import YAML, Run, limactl_process, make_identity, make_instance

if sys.platform == "win32":
    pytest.skip("the guest is a directory of this machine", allow_module_level=True)

SSH = """#!{python}
import json, os, sys
words = sys.argv[1:]
if "-V" in words:
    print("OpenSSH_9.2p1 Debian", file=sys.stderr)
elif words[-3:-2] == ["-s"]:
    with open({log!r}, "a") as file:
        file.write(json.dumps(words) + "\\n")
    if os.path.exists({refused!r}):
        sys.exit("ssh: no route to the guest")
    server = {server!r}
    os.execv(server[0], server)
else:
    os.execv("/bin/sh", ["sh", "-c", words[-1]])
"""


class Agent(AgentThread[None]):
    """A host agent that says that it is there."""

    def routes(self) -> dict[str, Handler]:
        return {"/v1/info": lambda _query: json_response(Info(ssh_local_port=60022))}


class Guest:
    """A machine whose files are below `root`: `work` is mounted where it is, `/host/src` at `root/guest/src`."""

    def __init__(self, home: Path, root: Path) -> None:
        self.home = home
        self.root = root
        self.work = root / "work"
        self.log = root / "asked"
        self.refused = root / "refused"
        for directory in (self.work, root / "guest/src"):
            directory.mkdir(parents=True)

    @property
    def asked(self) -> list[list[str]]:
        """The command lines of ssh that wanted SFTP."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        directory = self.home / "dev"
        with pidfile.held(str(directory / "ha.pid")), pidfile.held(str(directory / "qemu.pid")), Agent(directory, ()):
            yield


@pytest.fixture
def guest(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Guest:
    """A stopped instance `dev`."""
    return made(home, tmp_path, monkeypatch, [sys.executable, "-P", "-m", "limavm.sftp", "--root", str(tmp_path)])


def made(home: Path, root: Path, monkeypatch: pytest.MonkeyPatch, server: list[str]) -> Guest:
    guest = Guest(home, root)
    mounts = f"- location: {guest.work}\n  writable: true\n- location: /host/src\n  mountPoint: {root}/guest/src\n"
    directory = make_instance(home, "dev", YAML.replace("mounts: []", f"mounts:\n{mounts}"))
    (directory / "ssh.config").write_text("Host lima-dev\n  Port 60022\n")
    make_identity(home)
    ssh = root / "ssh"
    text = SSH.format(python=sys.executable, log=str(guest.log), refused=str(guest.refused), server=server)
    ssh.write_text(text)
    ssh.chmod(stat.S_IRWXU)
    monkeypatch.setenv("SSH", str(ssh))
    monkeypatch.chdir(guest.work)
    return guest


class Tools:
    """What an agent sees."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def raw(self, name: str, **given: Any) -> CallToolResult:
        return await self.client.call_tool(name, given)

    async def use(self, name: str, **given: Any) -> dict[str, Any]:
        """The result of a tool, the same in both of its forms."""
        found = await self.raw(name, **given)
        assert isinstance(found.content[0], TextContent)
        assert not found.is_error, found.content[0].text
        assert json.loads(found.content[0].text) == found.structured_content
        result: dict[str, Any] = found.structured_content
        return result

    async def error(self, name: str, **given: Any) -> str:
        found = await self.raw(name, **given)
        assert found.is_error, found
        assert isinstance(found.content[0], TextContent)
        return found.content[0].text


@contextlib.asynccontextmanager
async def serving(guest: Guest, *flags: str) -> AsyncIterator[Tools]:
    """The tools of the instance `dev`, which runs, from a server that is a process."""
    argv = ["-P", "-m", "limavm", "mcp", "serve", *flags, "dev"]
    parameters = StdioServerParameters(command=sys.executable, args=argv, env=dict(os.environ))
    with guest.running():
        async with Client(stdio_client(parameters)) as client:
            yield Tools(client)


@contextlib.asynccontextmanager
async def connected(guest: Guest) -> AsyncIterator[Tools]:
    """The same without a process for it, which would load the SDK for a second."""
    with guest.running():
        async with tools_of_dev() as tools:
            yield tools


@contextlib.asynccontextmanager
async def tools_of_dev() -> AsyncIterator[Tools]:
    toolset = Toolset("dev", os.environ, mounted_only=False)
    await toolset.begin()
    try:
        async with Client(server(toolset)) as client:
            yield Tools(client)
    finally:
        await toolset.close()


async def test_an_agent_learns_of_the_tools_what_info_prints(guest: Guest) -> None:
    info = limactl_process("mcp", "info")

    async with serving(guest) as tools:
        listed = await tools.client.list_tools()
        about = tools.client.server_info

    printed = json.loads(info.stdout)["tools"]
    assert [tool.model_dump(by_alias=True, exclude_none=True) for tool in listed.tools] == printed
    assert [tool["name"] for tool in printed] == [
        *("glob", "list_directory", "read_file", "run_shell_command", "search_file_content", "write_file"),
    ]
    assert info.stdout.startswith('{\n    "tools": [\n')
    assert info.stdout.endswith("}")
    assert about is not None
    assert about.name == "lima"


async def test_files_are_listed_read_and_written(guest: Guest) -> None:
    (guest.work / "sub").mkdir()
    (guest.work / "a.txt").write_text("Grüße\n")
    os.utime(guest.work / "a.txt", (0, 1_000_000_000))
    (guest.work / "a.txt").chmod(0o640)

    async with connected(guest) as tools:
        entries = (await tools.use("list_directory", path=str(guest.work)))["entries"]
        content = await tools.use("read_file", path=f"{guest.work}/sub/../a.txt")
        empty = await tools.use("write_file", path=f"{guest.work}/new/deep/b", content="x\0y")

    assert [(entry["name"], entry["is_dir"]) for entry in entries] == [("a.txt", False), ("sub", True)]
    assert entries[0] == {"name": "a.txt", "size": 8, "mode": 0o640, "time": "2001-09-09T01:46:40Z", "is_dir": False}
    assert entries[1]["mode"] >> 31 == 1
    assert content == {"content": "Grüße\n"}
    assert empty == {}
    assert (guest.work / "new/deep/b").read_text() == "x\0y"
    assert len(guest.asked) == 1
    assert guest.asked[0][:2] == ["-F", f"{guest.home}/dev/ssh.config"]
    assert guest.asked[0][-3:] == ["-s", "lima-dev", "sftp"]


async def test_a_mount_with_another_mount_point_keeps_the_names_of_the_host(guest: Guest) -> None:
    (guest.root / "guest/src/one.c").write_text("int one;\n")

    async with connected(guest) as tools:
        read = await tools.use("read_file", path="/host/src/one.c")
        found = await tools.use("glob", pattern="*.c", path="/host/src")
        lines = await tools.use("search_file_content", pattern="int", path="/host/src")
        pwd = await tools.use("run_shell_command", command=["pwd"], directory="/host/src")

    assert read == {"content": "int one;\n"}
    assert found == {"matches": ["/host/src/one.c"]}
    assert lines == {"git_grep_output": "one.c:1:int one;\n"}
    assert pwd["stdout"] == f"{guest.root}/guest/src\n"


async def test_files_are_found_by_patterns(guest: Guest) -> None:
    for name in ("a.py", "b.txt", "src/c.py", "src/deep/d.py", "src/x[1].py"):
        (guest.work / name).parent.mkdir(parents=True, exist_ok=True)
        (guest.work / name).write_text("")
    (guest.work / "src/loop").symlink_to(guest.work)

    async def found(pattern: str, **where: str) -> list[str]:
        matches = (await tools.use("glob", pattern=pattern, **where))["matches"]
        return [str(Path(match).relative_to(guest.work)) for match in matches]

    async with connected(guest) as tools:
        assert await found("*.py") == ["a.py"]
        assert await found("**/*.py") == ["a.py", "src/c.py", "src/deep/d.py", "src/x[1].py"]
        assert await found("*/*/*.py", path=str(guest.work)) == ["src/deep/d.py", "src/loop/a.py"]
        assert await found("src/deep/**") == ["src/deep/d.py"]
        assert await found(r"src/x\[1].py") == ["src/x[1].py"]
        assert await found("../[!a].txt", path=f"{guest.work}/src") == ["b.txt"]
        assert await found("nothing/*") == []
        assert await found("a.py/x") == []
        assert "is wrong" in await tools.error("glob", pattern="[a")
        assert "is empty" in await tools.error("glob", pattern="")


@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
async def test_lines_are_found_by_git_grep(guest: Guest) -> None:
    (guest.work / "a.py").write_text("one\n-e two\n")
    (guest.work / "b.txt").write_text("one\n")

    async with connected(guest) as tools:
        everywhere = await tools.use("search_file_content", pattern="one")
        included = await tools.use("search_file_content", pattern="one", path=str(guest.work), include="*.py")
        dashed = await tools.use("search_file_content", pattern="-e two")
        nothing = await tools.use("search_file_content", pattern="three")
        magic = await tools.use("search_file_content", pattern="one", include=":(exclude)a.py")
        wrong = await tools.error("search_file_content", pattern=r"\(")
        outside = await tools.error("search_file_content", pattern="one", include="x/../../*")

    assert everywhere["git_grep_output"] == "a.py:1:one\nb.txt:1:one\n"
    assert included["git_grep_output"] == "a.py:1:one\n"
    assert dashed["git_grep_output"] == "a.py:2:-e two\n"
    assert nothing == magic == {"git_grep_output": ""}
    assert wrong.startswith("git grep has failed: ")
    assert "leads out of the directory" in outside


async def test_commands_run_where_they_are_told_to(guest: Guest) -> None:
    async with connected(guest) as tools:
        words = ["sh", "-c", 'pwd; echo "$1" >&2; cat; exit 3', "sh", "a  'b' $HOME;"]
        found = await tools.use("run_shell_command", command=words, directory=str(guest.work), description="look")
        plain = await tools.use("run_shell_command", command=["true"], directory=str(guest.work))
        missing = await tools.use("run_shell_command", command=["true"], directory=f"{guest.work}/nothing")

    assert found == {
        "stdout": f"{guest.work}\n",
        "stderr": "a  'b' $HOME;\n",
        "error": "exit status 3",
        "exit_code": 3,
    }
    assert plain == {"stdout": "", "stderr": "", "exit_code": 0}
    assert missing["exit_code"] == 1
    assert "nothing" in missing["stderr"]


async def test_huge_outputs_are_cut_and_huge_files_refused(guest: Guest) -> None:
    limit = 8 << 20
    with open(guest.work / "huge", "wb") as file:
        file.truncate((32 << 20) + 1)
    text = "äö" * (1 << 20)

    async with serving(guest) as tools:
        much = ["sh", "-c", f"head -c {limit + 5} /dev/zero | tr '\\0' x"]
        found = await tools.use("run_shell_command", command=much, directory=str(guest.work))
        refused = await tools.error("read_file", path=f"{guest.work}/huge")
        await tools.use("write_file", path=f"{guest.work}/large", content=text)
        read = await tools.use("read_file", path=f"{guest.work}/large")

    assert len(found["stdout"]) == limit
    assert (found["error"], found["exit_code"]) == ("only the first 8 MiB of stdout are here", 0)
    assert "larger than 32 MiB" in refused
    assert read["content"] == text


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("", "the path is empty"),
        ("a/b", "'a/b' is not absolute"),
        ("~", "'~' is not absolute"),
        ("/a\0b", "cannot be a path"),
        ("/" + "x" * 5000, "cannot be a path"),
        ("{work}/" + "x" * 200, "no such file or directory"),
        ("{work}/\u202e", "no such file or directory"),
        ("{work}", "not a regular file"),
        ("{work}/secret", "permission denied"),
    ],
)
async def test_paths_that_lead_nowhere_are_told(guest: Guest, path: str, told: str) -> None:
    (guest.work / "secret").write_text("x")
    (guest.work / "secret").chmod(0)
    if "secret" in path and os.geteuid() == 0:
        pytest.skip("root reads everything")

    async with connected(guest) as tools:
        assert told in await tools.error("read_file", path=path.replace("{work}", str(guest.work)))


async def test_wrong_arguments_are_told_and_nothing_ends(guest: Guest) -> None:
    async with connected(guest) as tools:
        assert "missing required field `path`" in await tools.error("read_file")
        assert "unknown field `mode`" in await tools.error("read_file", path="/x", mode=1)
        assert "Expected `array`" in await tools.error("run_shell_command", command="ls", directory="/")
        assert "the command is empty" in await tools.error("run_shell_command", command=[], directory="/")
        assert "the path is empty" in await tools.error("run_shell_command", command=["ls"], directory="")
        assert "NUL" in await tools.error("run_shell_command", command=["a\0"], directory=str(guest.work))
        with pytest.raises(MCPError, match="there is no tool 'format_disk'"):
            await tools.raw("format_disk")
        assert await tools.use("glob", pattern="*") == {"matches": []}


async def test_a_file_that_is_written_keeps_mode_and_link_and_is_never_half(guest: Guest) -> None:
    script = guest.work / "run.sh"
    script.write_text("old")
    script.chmod(0o751)
    inode = script.stat().st_ino

    async with connected(guest) as tools:
        await tools.use("write_file", path=str(script), content="new")

    assert (script.read_text(), stat.S_IMODE(script.stat().st_mode)) == ("new", 0o751)
    assert script.stat().st_ino != inode
    assert [entry.name for entry in guest.work.iterdir()] == ["run.sh"]


@pytest.mark.skipif(OPENSSH is None, reason="needs the server of OpenSSH")
async def test_the_server_of_openssh_is_served_the_same(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest = made(home, tmp_path, monkeypatch, [str(OPENSSH)])
    (guest.work / "real").write_text("old")
    (guest.work / "link").symlink_to("real")

    async with connected(guest) as tools:
        await tools.use("write_file", path=f"{guest.work}/link", content="new")
        await tools.use("write_file", path="/dev/null", content="gone")
        content = await tools.use("read_file", path="/proc/self/cmdline")
        names = await tools.use("glob", pattern="**", path=str(guest.work))
        directory = await tools.error("read_file", path=str(guest.work))

    assert (guest.work / "link").is_symlink()
    assert (guest.work / "real").read_text() == "new"
    assert "sftp" in content["content"]
    assert directory == f"{guest.work} is a directory"
    assert names == {"matches": [f"{guest.work}/link", f"{guest.work}/real"]}


@pytest.mark.skipif(OPENSSH is None, reason="needs the server of OpenSSH")
async def test_with_mounts_only_nothing_else_is_served(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest = made(home, tmp_path, monkeypatch, [str(OPENSSH)])
    (guest.work / "way-out").symlink_to("/etc")
    (tmp_path / "worker").mkdir()

    async with serving(guest, "--mounts-only") as tools:
        await tools.use("write_file", path=f"{guest.work}/a/b", content="x")
        for path in ("/etc/passwd", f"{guest.work}/way-out/passwd", f"{guest.work}/../worker/x", "/"):
            assert "in no directory that the host shares" in await tools.error("read_file", path=path)
            assert "in no directory" in await tools.error("write_file", path=path, content="x")
            assert "in no directory" in await tools.error("run_shell_command", command=["ls"], directory=path)
        assert "in no directory" in await tools.error("glob", pattern="../../*")
        assert (await tools.use("read_file", path=f"{guest.work}/a/b"))["content"] == "x"


async def test_a_connection_that_is_lost_is_made_again(guest: Guest) -> None:
    (guest.work / "a").write_text("x")

    async with connected(guest) as tools:
        await tools.use("read_file", path=f"{guest.work}/a")
        end_of_servers(guest)
        again = await tools.use("read_file", path=f"{guest.work}/a")
        end_of_servers(guest)
        guest.refused.touch()
        refused = await tools.error("read_file", path=f"{guest.work}/a")

    assert again == {"content": "x"}
    assert "no route to the guest" in refused


def end_of_servers(guest: Guest) -> None:
    """Kill what stands for the guest's SFTP server."""
    root = os.fsencode(guest.root)
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            if b"limavm.sftp" in words and root in words:
                os.kill(int(process.name), signal.SIGKILL)


async def test_calls_run_beside_each_other(guest: Guest) -> None:
    os.mkfifo(guest.work / "pipe")

    async with connected(guest) as tools, asyncio.TaskGroup() as group:
        reads = ["cat", "pipe"]
        waits = group.create_task(tools.use("run_shell_command", command=reads, directory=str(guest.work)))
        writes = ["sh", "-c", "echo hello >pipe"]
        await tools.use("run_shell_command", command=writes, directory=str(guest.work))
        assert (await waits)["stdout"] == "hello\n"


async def test_a_call_that_is_cancelled_ends_what_it_started(guest: Guest) -> None:
    os.mkfifo(guest.work / "begun")
    os.mkfifo(guest.work / "ended")
    # The pipe is held open for as long as the command lives.
    script = ["sh", "-c", "exec 3>ended; echo begun >begun; sleep 600"]

    async with serving(guest) as tools:
        call = asyncio.create_task(tools.raw("run_shell_command", command=script, directory=str(guest.work)))
        ended = asyncio.create_task(asyncio.to_thread((guest.work / "ended").read_bytes))
        assert await asyncio.to_thread((guest.work / "begun").read_text) == "begun\n"
        call.cancel()

        assert await ended == b""
        with pytest.raises(asyncio.CancelledError):
            await call
        assert (await tools.use("glob", pattern="beg*"))["matches"] == [f"{guest.work}/begun"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_at_once(guest: Guest, number: signal.Signals) -> None:
    argv = [sys.executable, "-P", "-m", "limavm", "mcp", "serve", "dev"]
    with guest.running(), subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin
        assert server.stdout
        server.stdin.write(b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n')
        server.stdin.flush()
        assert json.loads(server.stdout.readline())["id"] == 1

        server.send_signal(number)

        assert server.wait(20) == 128 + number


def test_an_instance_that_does_not_run_is_told(guest: Guest) -> None:
    done = limactl_process("mcp", "serve", "dev")

    assert done.returncode == 1
    assert "the instance 'dev' is not running: its status is Stopped" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("name", ["nothing", "x" * 200, "../dev", "dév", "-"])
def test_an_instance_that_is_none_is_told(guest: Guest, name: str) -> None:
    done = limactl_process("mcp", "serve", "--", name)

    assert done.returncode == 1
    assert done.stderr.count("level=fatal") == 1, done.stderr
    assert "Traceback" not in done.stderr


async def test_an_instance_that_stops_meanwhile_is_told(guest: Guest) -> None:
    with contextlib.ExitStack() as machine:
        machine.enter_context(guest.running())
        async with tools_of_dev() as tools:
            machine.close()

            for name, given in (
                ("read_file", {"path": f"{guest.work}/x"}),
                ("run_shell_command", {"command": ["true"], "directory": str(guest.work)}),
            ):
                assert "the instance 'dev' is not running" in await tools.error(name, **given)


async def test_the_limactl_of_the_environment_is_used(
    guest: Guest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other limactl"
    listed = {"name": "dev", "status": "Running", "dir": str(tmp_path), "config": {"mounts": None}}
    other.write_text(f"#!/bin/sh\ncase $2 in list) echo '{json.dumps(listed)}' ;; *) echo \"$*\" ;; esac\n")
    other.chmod(stat.S_IRWXU)
    monkeypatch.setenv("LIMACTL", str(other))

    async with connected(guest) as tools:
        done = await tools.use("run_shell_command", command=["make", "-j"], directory="/a b")

    assert done["stdout"] == "shell --workdir=/a b dev -- make -j\n"


def test_without_the_sdk_one_message_says_what_to_install(limactl: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mcp", None)

    done = limactl("mcp", "serve")

    assert done.code == 1
    assert "pip install 'limavm[mcp]'" in done.message
    assert json.loads(limactl("mcp", "info").out)["tools"]


def test_the_sdk_is_loaded_by_serve_only() -> None:
    code = "import sys; from limavm.cli.main import main; main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"

    for words in (["mcp", "info"], ["mcp", "--help"], ["--help"]):
        done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
        assert not {"mcp", "pydantic", "anyio", "asyncio"} & set(done.stderr.split())


def test_the_page_about_the_tools_is_written(limactl: Run, tmp_path: Path) -> None:
    assert limactl("mcp", "generate-doc", str(tmp_path / "out/deep")).code == 0

    page = (tmp_path / "out/deep/mcp.md").read_text()
    assert page.count("\n## `") == 6
    assert page.startswith("---\ntitle: MCP tools\n")
    (tmp_path / "file").write_text("")
    assert "there is a file" in limactl("mcp", "generate-doc", str(tmp_path / "file")).message


def test_the_version_is_that_of_limactl(limactl: Run) -> None:
    assert limactl("mcp", "-v").out.startswith("limactl-mcp version 2.2.0 ")


def test_instances_are_completed(limactl: Run, home: Path) -> None:
    make_instance(home, "dev")

    assert "dev" in limactl("__completeNoDesc", "mcp", "serve", "").out
