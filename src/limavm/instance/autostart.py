"""Instances that start by themselves, and what that means for the other commands (spec/runtime.md 2.9).

The manager of the host runs `limactl start NAME --foreground`. Whoever starts or stops such an instance asks the
manager, so that both know the same; where it cannot be asked, the instance is started and stopped without it.
"""

import os
import sys
from collections.abc import Callable

from limavm.errors import NotFoundError, UserError
from limavm.host import paths
from limavm.host.autostart.manager import manager, own_identity
from limavm.host.autostart.registration import BOOT, LOGIN, Manager, registration
from limavm.model.instance import Instance
from limavm.model.report import Reporter
from limavm.store import instances

_CONDITIONS = (LOGIN, BOOT)


def enable(name: str, *, condition: str = LOGIN, user: str = "", report: Reporter) -> None:
    """Have the instance start by itself, when the user logs in or when the host boots.

    Raises UserError when there is no such instance, or the host cannot do that; nothing has changed then.
    """
    _check_exists(name)
    found = _manager()
    user = _user(condition, user)
    with instances.exclusive(name):
        unit = found.enable(registration(name, os.environ, user=user))
    report.info(f"The instance {name!r} starts {'with the host' if user else 'when you log in'} ({unit})")
    if sys.platform == "linux":
        report.info("`loginctl enable-linger` lets it start with the host, and go on when you log out")


def disable(name: str, *, report: Reporter) -> None:
    """Have the instance not start by itself; harmless when it does not, and when only its unit is left.

    Raises UserError when there is nothing of that name.
    """
    paths.check_instance_name(name)
    found = _manager()
    if not unregister(name, report=report, found=found):
        _check_exists(name)
        report.info(f"The instance {name!r} does not start by itself; nothing to disable")


def unregister(name: str, *, report: Reporter, found: Manager | None = None) -> bool:
    """Have a registered instance not start by itself; whether it was registered. Raises UserError."""
    found = found or manager(os.environ)
    if found is None or not found.registered(name, paths.instance_dir(name)):
        return False
    found.disable(name, paths.instance_dir(name))
    report.info(f"The instance {name!r} does not start by itself any more")
    return True


def forget(name: str, *, report: Reporter) -> None:
    """The same for an instance that is being deleted: a failure is a warning."""
    try:
        unregister(name, report=report)
    except (UserError, OSError) as error:
        report.warning(f"{name!r} may still be registered to start by itself: {error}")


def follow_rename(name: str, new: str, *, report: Reporter) -> None:
    """Have an instance that has just got another name start by itself if it did before; a failure is a warning."""
    try:
        found = manager(os.environ)
        if found is None or not found.registered(name, paths.instance_dir(name)):
            return
        found.disable(name, paths.instance_dir(name))
        enable(new, report=report)
    except (UserError, OSError) as error:
        report.warning(f"whether {new!r} starts by itself is not settled: {error}")


def start_by_manager(name: str, prepare: Callable[[], None], *, foreground: bool, report: Reporter) -> str:
    """Have the manager start a registered instance; returns its unit, empty when it is ours to start.

    It is ours when it is not registered, when the manager has just started us for it, and when it cannot be asked.
    `prepare` is called before the manager is: what takes long is done where the user sees it.
    """
    found, directory = manager(os.environ), paths.instance_dir(name)
    unit = found.registered(name, directory) if found else ""
    if found is None or not unit:
        return ""
    if foreground:
        if not found.owns(name, own_identity(os.environ)):
            report.warning(f"{name!r} is registered to start by itself; {found.title} does not know of this run")
        return ""
    prepare()
    try:
        found.start(name, directory)
    except UserError as error:
        report.warning(f"{found.title} cannot start {unit}, so it is started without: {error}")
        return ""
    report.info(f"{found.title} starts the instance {name!r} ({unit})")
    return unit


def stop_by_manager(instance: Instance, *, report: Reporter) -> bool:
    """Ask the manager to stop an instance that it has started; False when it is ours to stop."""
    found = manager(os.environ)
    if found is None or not found.owns(instance.name, instance.auto_started_identifier):
        return False
    try:
        found.stop(instance.name, instance.dir)
    except UserError as error:
        report.warning(f"{found.title} cannot stop {instance.auto_started_identifier}: {error}")
        return False
    report.info(f"{found.title} stops the instance {instance.name!r} ({instance.auto_started_identifier})")
    return True


def keep_down(name: str, directory: str, *, report: Reporter) -> None:
    """Before an instance is killed: have its manager not start it again for that. A failure is a warning."""
    found = manager(os.environ)
    if found is None or not found.registered(name, directory):
        return
    try:
        found.stop(name, directory)
    except UserError as error:
        report.warning(f"{found.title} may start {name!r} again: {error}")


def _check_exists(name: str) -> None:
    paths.check_instance_name(name)
    if not instances.is_instance(name):
        raise NotFoundError(
            f"there is no instance {name!r}",
            where=paths.instance_dir(name),
            hint=f"create it with `limactl create --name={name}`; `limactl list` shows those there are",
        )


def _manager() -> Manager:
    found = manager(os.environ)
    if found is None:
        raise UserError(
            "no instance can start by itself on this host",
            hint="it takes systemd or launchd; `limactl start --foreground` is what another service manager can run",
        )
    return found


def _user(condition: str, user: str) -> str:
    """Who runs an instance that starts with the host; empty for one that starts when we log in."""
    if condition != BOOT:
        if condition not in _CONDITIONS:
            raise UserError(f"the condition {condition!r} is not known", where="--condition", hint="use login or boot")
        if user:
            raise UserError("--user is for --condition=boot only", where="--user", hint="leave it out")
        return ""
    if sys.platform != "darwin":
        raise UserError(
            "only macOS starts instances with the host this way",
            where="--condition=boot",
            hint="use --condition=login, and `loginctl enable-linger`, which makes that the start of the host",
        )
    user = user or os.environ.get("USER", "")
    if not user:
        raise UserError("it is not known who is to run the instance", where="--user", hint="name the user")
    return user
