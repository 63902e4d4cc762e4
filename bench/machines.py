"""Instances that exist for one measurement: in a LIMA_HOME of their own, gone when it ends.

The cache of images is the user's, so that nothing is downloaded or built twice. An instance is stopped
and deleted by limactl itself, whatever happens in between.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import dataclass

from measure import timed


@dataclass(frozen=True, kw_only=True)
class Machine:
    """An instance, and the limactl and LIMA_HOME through which it is reached."""

    name: str
    home: str
    limactl: str

    @property
    def directory(self) -> str:
        return os.path.join(self.home, self.name)

    @property
    def env(self) -> dict[str, str]:
        return {**os.environ, "LIMA_HOME": self.home}

    def file(self, name: str) -> str:
        """The path of a file of the instance."""
        return os.path.join(self.directory, name)

    def run(self, *args: str) -> float:
        """Seconds that `limactl ARGS` takes; it has to succeed."""
        return timed([self.limactl, "--tty=false", *args], self.env)

    def create(self, template: str) -> float:
        """Seconds that `limactl create` takes."""
        return self.run("create", "--name", self.name, template)

    def ssh_argv(self, *options: str) -> list[str]:
        """A plain ssh to the guest, over the master that limactl uses unless the options say otherwise."""
        return ["ssh", "-F", self.file("ssh.config"), *options, "lima-" + self.name]


@contextlib.contextmanager
def temporary_home() -> Iterator[str]:
    """A LIMA_HOME that is empty, and removed at the end. Its path is short, because sockets go below it."""
    home = tempfile.mkdtemp(prefix="lima-bench-", dir="/tmp" if os.path.isdir("/tmp") else None)
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def prepared(limactl: str, name: str = "bench") -> Iterator[Machine]:
    """A place for an instance, which the body creates; it is deleted at the end."""
    with temporary_home() as home:
        machine = Machine(name=name, home=home, limactl=limactl)
        try:
            yield machine
        finally:
            delete(machine)


def delete(machine: Machine) -> None:
    """Stop and delete the instance, and say so when that fails: something may still be running."""
    argv = [machine.limactl, "--tty=false", "delete", "--force", machine.name]
    done = subprocess.run(argv, env=machine.env, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode:
        print(f"could not delete {machine.directory}:\n{done.stderr.decode(errors='replace')}", file=sys.stderr)


@contextlib.contextmanager
def running(args: Namespace) -> Iterator[Machine]:
    """The running instance that `--instance` names, which is left alone, or a new one for the time being."""
    if args.instance:
        home = os.environ.get("LIMA_HOME") or os.path.expanduser("~/.lima")
        yield Machine(name=args.instance, home=home, limactl=args.limactl)
        return
    with prepared(args.limactl) as machine:
        machine.create(args.template)
        machine.run("start", machine.name)
        yield machine


def add_options(parser: ArgumentParser, *, existing: bool = True) -> None:
    """The options that say which instance to measure."""
    parser.add_argument(
        "--template", default="template:default", metavar="LOCATOR", help="what to create (default: template:default)"
    )
    if existing:
        parser.add_argument("--instance", metavar="NAME", help="measure this running instance instead of a new one")
