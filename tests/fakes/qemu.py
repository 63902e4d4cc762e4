"""A program that answers like QEMU: version, lists, PID file, monitor. It runs no guest.

It is executed as a child by tests, with nothing but the standard library. `FAKE_QEMU` holds words that
say what goes wrong: `port-taken`, `dies`, `dies-later`, `silent`, `garbage`, `stuck`, `panics`, `deaf`
(to the power button), `slow` (never comes to its PID file). With `:kvm` after a word it goes wrong only
under that accelerator.
SIGUSR1 and SIGUSR2 make its monitor tell of a pause and of its end.
The word `sshd` makes it answer on the forwarded port as an ssh server begins, `kernel-panic` makes its
serial log show one at each boot.
"""

import fcntl
import json
import os
import signal
import socket
import sys
import threading
from typing import Any

VERSION = os.environ.get("FAKE_QEMU_VERSION", "7.2.22")


def main(argv: list[str]) -> int:
    if "--version" in argv:
        sys.stdout.write(f"QEMU emulator version {VERSION} (a fake)\nCopyright nobody\n")
        return 0
    if argv[-1:] == ["help"] or "help" in argv:
        sys.stdout.write("Accelerators supported in QEMU binary:\ntcg\nkvm\n  qemu64\n  cortex-a57\n")
        return 0
    if goes_wrong("port-taken", argv):
        forward = value_with(argv, "hostfwd=").partition("hostfwd=")[2]
        sys.stderr.write(f"qemu: -netdev user: Could not set up host forwarding rule '{forward}'\n")
        return 1
    if goes_wrong("dies", argv):
        sys.stderr.write("qemu: it cannot be done\n")
        return 1
    return Fake(argv).run()


def goes_wrong(word: str, argv: list[str]) -> bool:
    words = os.environ.get("FAKE_QEMU", "").split()
    return word in words or (f"{word}:kvm" in words and any("accel=kvm" in argument for argument in argv))


def value_with(argv: list[str], part: str) -> str:
    return next((argument for argument in argv if part in argument), "")


def path_of(option: str) -> str:
    """`path=` of a chardev, commas undoubled."""
    rest = option.partition("path=")[2].replace(",,", "\0")
    return rest.partition(",")[0].replace("\0", ",")


def split_messages(text: str) -> tuple[list[dict[str, Any]], str]:
    """The JSON objects at the head of a stream, which need no separator, and the rest."""
    messages = []
    while text := text.lstrip():
        try:
            message, end = json.JSONDecoder().raw_decode(text)
        except json.JSONDecodeError:
            break
        messages.append(message)
        text = text[end:]
    return messages, text


def ssh_place(argv: list[str]) -> tuple[str, int]:
    """Where the host reaches the guest's ssh server."""
    address, port = value_with(argv, "hostfwd=").partition("hostfwd=tcp:")[2].partition("-")[0].split(":")
    return address, int(port)


def greet(argv: list[str]) -> None:
    """Answer every connection to the forwarded port with the banner of an ssh server."""
    with socket.create_server(ssh_place(argv)) as server:
        while True:
            peer, _ = server.accept()
            with peer:
                peer.sendall(b"SSH-2.0-fake\r\n")


class Forwards:
    """Ports of the host that the monitor was told to listen on; nobody answers there."""

    def __init__(self) -> None:
        self.open: dict[str, tuple[socket.socket, str]] = {}

    def command(self, line: str) -> str:
        match line.split():
            case ["hostfwd_add", "net0", rule]:
                return self.add(rule)
            case ["hostfwd_remove", "net0", place]:
                found = self.open.pop(place, None)
                if found:
                    found[0].close()
                return f"host forwarding rule for {place} {'removed' if found else 'not found'}\r\n"
            case ["info", "usernet"]:
                return self.table()
            case _:
                return f"unknown command: '{line}'\r\n"

    def add(self, rule: str) -> str:
        place, _, port = rule.rpartition("-:")
        protocol, ip, number = place.split(":")
        listener = socket.socket(type=socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
        try:
            if protocol == "tcp":
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((ip, int(number)))
            if protocol == "tcp":
                listener.listen(1)  # as libslirp does
        except OSError:
            listener.close()
            return f"Could not set up host forwarding rule '{rule}'\r\n"
        self.open[place] = listener, port
        return ""

    def table(self) -> str:
        lines = ["Hub -1 (net0):", "  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ"]
        for place, (listener, port) in self.open.items():
            protocol, ip, number = place.split(":")
            state = f"{protocol.upper()}[HOST_FORWARD]"
            source = "*" if ip == "0.0.0.0" else ip
            lines.append(
                f"  {state:<18} {listener.fileno():>3} {source:>15} {number:>5}    192.168.5.15 {port:>5}     0     0"
            )
        return "".join(f"{line}\r\n" for line in lines)


class Fake:
    def __init__(self, argv: list[str]) -> None:
        self.argv = argv
        self.status = "running"
        self.peer: socket.socket | None = None
        self.listening = False
        self.idle: socket.socket | None = None
        self.forwards = Forwards()

    def run(self) -> int:
        if sys.platform == "win32":
            raise NotImplementedError("unix sockets and file locks")
        if goes_wrong("slow", self.argv):
            signal.pause()
        pid_file = open(self.argv[self.argv.index("-pidfile") + 1], "w")  # noqa: SIM115 - held until the end
        fcntl.lockf(pid_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        pid_file.write(f"{os.getpid()}\n")
        pid_file.flush()
        sys.stderr.write("qemu: a line on standard error\n")
        server = socket.socket(socket.AF_UNIX)
        server.bind(path_of(value_with(self.argv, "id=char-qmp")))
        server.listen(1)
        signal.signal(signal.SIGUSR1, lambda *_: self.event("STOP"))
        signal.signal(signal.SIGUSR2, lambda *_: self.event("RESUME"))
        self.boot()
        while True:
            self.peer, _ = server.accept()
            self.serve(self.peer)

    def boot(self) -> None:
        if goes_wrong("kernel-panic", self.argv):
            with open(path_of(value_with(self.argv, "id=char-serial,")).replace(".sock", ".log"), "a") as log:
                log.write("[ 0.02] Kernel panic - not syncing: no timer\r\n")
        elif goes_wrong("idle", self.argv) and self.idle is None:
            self.idle = socket.create_server(ssh_place(self.argv), backlog=1)
        elif goes_wrong("sshd", self.argv) and not self.listening:
            self.listening = True
            threading.Thread(target=greet, args=(self.argv,), daemon=True).start()

    def serve(self, peer: socket.socket) -> None:
        if goes_wrong("silent", self.argv):
            peer.recv(1 << 16)
            return
        if goes_wrong("garbage", self.argv):
            peer.sendall(b"SSH-2.0-OpenSSH_9.9\r\n" * 8)
            return
        self.send(
            {"QMP": {"version": {"qemu": {"major": 7, "minor": 2, "micro": 0}, "package": ""}, "capabilities": []}}
        )
        text = ""
        while chunk := peer.recv(1 << 16):
            messages, text = split_messages(text + chunk.decode())
            for message in messages:
                self.answer(message)

    def answer(self, message: dict[str, Any]) -> None:
        result: dict[str, Any] | str = {}
        match message["execute"]:
            case "qmp_capabilities":
                self.reply(message, result)
                self.misbehave()
                return
            case "query-status":
                result = {"status": self.status, "running": self.status == "running", "singlestep": False}
            case "human-monitor-command":
                result = self.forwards.command(message["arguments"]["command-line"])
            case "nonsense":
                self.send({"error": {"class": "CommandNotFound", "desc": "no such command"}, "id": message["id"]})
                return
            case _:
                pass
        self.reply(message, result)
        if message["execute"] == "quit":
            self.end("host-qmp-quit")
        if message["execute"] == "system_reset":
            self.boot()
        if message["execute"] == "system_powerdown" and not goes_wrong("deaf", self.argv):
            self.end("guest-shutdown")

    def misbehave(self) -> None:
        if goes_wrong("dies-later", self.argv):
            os.kill(os.getpid(), signal.SIGABRT)
        if goes_wrong("panics", self.argv):
            self.event("GUEST_PANICKED", action="poweroff")
            self.end("guest-panic")
        if goes_wrong("stuck", self.argv):
            self.status = "internal-error"
            self.event("STOP")

    def end(self, reason: str) -> None:
        self.event("SHUTDOWN", guest=reason.startswith("guest"), reason=reason)
        sys.exit(0)

    def event(self, name: str, **data: object) -> None:
        self.send({"event": name, "data": data, "timestamp": {"seconds": 1, "microseconds": 2}})

    def reply(self, message: dict[str, Any], result: dict[str, Any] | str) -> None:
        self.send({"return": result, "id": message["id"]} if "id" in message else {"return": result})

    def send(self, message: dict[str, Any]) -> None:
        assert self.peer
        self.peer.sendall(json.dumps(message).encode() + b"\r\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
