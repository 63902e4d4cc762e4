"""What a user names a template by, to its text: a template's name, a path, a URL, an image, `-`.

The forms and their order are those of spec/config.md 5.1. A page that the server refuses, and a text that
is too large, are errors here (Q11); `github:` and plugins come later and say so.
"""

import http.client
import os
import platform
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable

import msgspec

from limavm import __version__
from limavm.config.imagename import image_arch, image_name, image_os, is_image
from limavm.config.templatestore import find_template, template_names
from limavm.config.yamltext import MAX_BYTES
from limavm.errors import NotFoundError, UserError
from limavm.host.paths import check_instance_name, identifier_error
from limavm.model.arch import arch_of_machine
from limavm.model.value import Value

__all__ = ["Template", "read", "template_names"]

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
_TIMEOUT = 30.0


class Template(Value, frozen=True, kw_only=True):
    """A template's text, where it came from (paths are absolute), and the instance name that it suggests."""

    locator: str
    name: str | None
    text: bytes
    warnings: tuple[str, ...] = ()


def read(locator: str, *, stdin: Callable[[], bytes], name: str | None = None) -> Template:
    """The template that `locator` names; `stdin` is called for `-`.

    It suggests `name`, else what its file is called. Raises NotFoundError when it does not exist,
    UserError when it cannot be read, is larger than 4 MiB, or its file name has to make the instance
    name and does not.
    """
    found = _found(locator, stdin)
    if name is None and found.name is not None:
        name = _instance_name(found.name, locator)
    return msgspec.structs.replace(found, name=name)


def _found(locator: str, stdin: Callable[[], bytes]) -> Template:
    """The template that `locator` names; its `name` is that of the file still."""
    warnings: list[str] = []
    if locator.startswith("template://"):
        name = locator.removeprefix("template://")
        warnings.append(f"`{locator}` is the old form of `template:{name}`")
        locator = f"template:{name}"
    scheme = match[1].lower() if (match := _SCHEME.match(locator)) else ""
    if is_image(locator):
        return _image(locator, warnings)
    if locator == "-":
        return Template(locator=locator, name=None, text=_checked(stdin(), "standard input"))
    match scheme:
        case "template":
            name = locator.partition(":")[2]
            return _template(locator, _read_file(find_template(name)), name.rpartition("/")[2], warnings)
        case "http" | "https":
            return _template(locator, _fetch(locator), urllib.parse.urlsplit(locator).path.rpartition("/")[2], warnings)
        case "file":
            path = _file_path(locator)
            return _template(locator, _read_file(path), os.path.basename(path), warnings)
        case "github":
            raise UserError("locators with github: are not supported yet", where=locator, hint="use an https: URL")
        case _:
            return _local(locator, scheme, warnings)


def _local(locator: str, scheme: str, warnings: list[str]) -> Template:
    path = os.path.abspath(locator)
    try:
        return _template(path, _read_file(path), os.path.basename(path), warnings)
    except NotFoundError as error:
        if scheme:
            message = f"the scheme {scheme}: is not known, and there is no such file"
            raise NotFoundError(message, where=locator) from error
        raise


def _template(locator: str, text: bytes, file_name: str, warnings: list[str]) -> Template:
    return Template(locator=locator, name=file_name, text=text, warnings=tuple(warnings))


def _instance_name(file_name: str, locator: str) -> str:
    """The instance name of a file name. It may turn out to be unusable, which `--name` helps against."""
    name = file_name.lower().removesuffix(".yml").removesuffix(".yaml")
    if problem := identifier_error(name):
        hint = "rename the file, or name the instance with --name"
        raise UserError(f"the file name makes no instance name: {problem}", where=locator, hint=hint)
    check_instance_name(name)
    return name


def _image(locator: str, warnings: list[str]) -> Template:
    """The template of a bare image."""
    native = arch_of_machine(platform.machine())
    arch = image_arch(locator)
    if arch is None:
        warnings.append(f"the name of the image does not tell its architecture; taking {native}, that of this host")
    location = locator if "://" in locator or locator.startswith("~") else os.path.abspath(locator)
    name = image_name(re.split(r"[/\\]", urllib.parse.urlsplit(locator).path)[-1], native)
    quoted = location.replace("\\", "\\\\").replace('"', '\\"')
    text = (
        f'os: {image_os(locator)}\narch: {arch or native}\nimages:\n- location: "{quoted}"\n  arch: {arch or native}\n'
    )
    return _template(locator, text.encode(), name, warnings)


def _file_path(locator: str) -> str:
    path = urllib.parse.unquote(locator.removeprefix("file://"))
    if not locator.startswith("file://") or not os.path.isabs(path):
        raise UserError("a file: locator has the form file:///absolute/path", where=locator)
    return path


def _read_file(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return _checked(file.read(MAX_BYTES + 1), path)
    except FileNotFoundError as error:
        raise NotFoundError("the template does not exist", where=path) from error
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise UserError(f"the template cannot be read: {why}", where=path) from error


def _checked(text: bytes, where: str) -> bytes:
    if len(text) > MAX_BYTES:
        raise UserError(f"the template is larger than {MAX_BYTES >> 20} MiB", where=where)
    return text


def _fetch(url: str) -> bytes:
    try:
        request = urllib.request.Request(url, headers={"User-Agent": f"limavm/{__version__}"})  # noqa: S310 - http(s)
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:  # noqa: S310 - the caller saw the scheme
            body: bytes = response.read(MAX_BYTES + 1)
            return _checked(body, url)
    except urllib.error.HTTPError as error:
        with error:
            kind = NotFoundError if error.code in (404, 410) else UserError
            raise kind(f"the server answered {error.code} {error.reason}", where=url) from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise UserError(f"the template cannot be fetched: {_reason(error)}", where=url) from error


def _reason(error: BaseException) -> object:
    """What the user can understand of a failed request: urllib wraps what the system said."""
    inner = getattr(error, "reason", None) or error
    return getattr(inner, "strerror", None) or inner
