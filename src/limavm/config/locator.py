"""What a user names a template by, to its text: a template's name, a path, a URL, an image, `-`.

The forms and their order are those of spec/config.md 5.1; what leads to another locator is followed by
`redirects`. A page that the server refuses, and a text that is too large, are errors here (Q11). The network,
plugins and standard input are handed in, so that nothing is loaded which a template in a file does not need.
"""

import os
import re
from collections.abc import Callable, Mapping

from msgspec.structs import replace

from limavm.config.imagename import image_arch, image_name, image_os, is_image
from limavm.config.page import NO_HEADERS, Fetch, Page
from limavm.config.redirects import Plugin, check_utf8, no_plugin, shown, transformed
from limavm.config.relative import scheme_of
from limavm.config.templatestore import find_template
from limavm.config.yamltext import MAX_BYTES
from limavm.errors import NotFoundError, UserError
from limavm.host import textfile
from limavm.host.paths import identifier_error
from limavm.host.platform import facts
from limavm.model.value import Value
from limavm.roundtrip.build import from_value
from limavm.roundtrip.write import write_node


class Template(Value, frozen=True, kw_only=True):
    """A template's text, where it came from (paths are absolute), and the instance name that it suggests."""

    locator: str
    name: str | None
    text: bytes
    warnings: tuple[str, ...] = ()


def no_network(url: str, _headers: Mapping[str, str] = NO_HEADERS, /) -> Page:
    """There is no network."""
    raise UserError("nothing is fetched here", where=url)


def read(
    locator: str,
    *,
    stdin: Callable[[], bytes],
    fetch: Fetch = no_network,
    plugin: Plugin = no_plugin,
    name: str | None = None,
) -> Template:
    """The template that `locator` names; `stdin` is called for `-`, `fetch` for URLs.

    It suggests `name`, else what its file is called. Raises NotFoundError when it does not exist,
    UserError when it cannot be read, is larger than 4 MiB, or its file name has to make a name and does not.
    """
    if locator == "-":
        return Template(locator=locator, name=name, text=_checked(stdin(), "standard input"))
    meant = transformed(locator, fetch=fetch, plugin=plugin)
    found = _found(meant.locator, fetch)
    if name is None and found.name is not None:
        name = _name(found.name, locator)
    # What a template refers to is looked for where the user says that it is, not where that led to.
    stays = os.path.isabs(found.locator) or scheme_of(locator) == "template"
    recorded = found.locator if stays else locator
    return replace(found, name=name, locator=recorded, warnings=(*meant.warnings, *found.warnings))


def _found(locator: str, fetch: Fetch) -> Template:
    """The template that a transformed locator names; its `name` is that of the file still."""
    if is_image(locator):
        return _image(locator)
    rest = locator.partition(":")[2]
    match scheme := scheme_of(locator):
        case "template":
            return _template(locator, _file(find_template(rest)), rest.rpartition("/")[2])
        case "http" | "https":
            return _template(locator, _page(locator, fetch), _file_name(locator))
        case "file":
            path = _file_path(locator)
            return _template(locator, _file(path), os.path.basename(path))
        case _:
            return _local(locator, scheme)


def _local(locator: str, scheme: str) -> Template:
    path = os.path.abspath(locator)
    check_utf8(path)
    try:
        return _template(path, _file(path), os.path.basename(path))
    except NotFoundError as error:
        if scheme:
            message = f"there is no plugin limactl-url-{scheme} for the scheme {scheme}:, and no such file"
            raise NotFoundError(message, where=locator) from error
        raise


def _template(locator: str, text: bytes, file_name: str) -> Template:
    return Template(locator=locator, name=file_name, text=text)


def _name(file_name: str, locator: str) -> str:
    """The name that a file gives to what is made of it."""
    name = file_name.lower().removesuffix(".yml").removesuffix(".yaml")
    problem = identifier_error(name)
    if problem is None and name.endswith((".yml", ".yaml")):
        problem = f"the name {name!r} ends like a YAML file"
    if problem:
        hint = "rename the file; a new instance can be named with --name instead"
        raise UserError(f"the file name makes no name: {problem}", where=shown(locator), hint=hint)
    return name


def _image(locator: str) -> Template:
    """The template of a bare image."""
    native = facts().arch
    told, warnings = image_arch(locator), []
    if told is None:
        warnings.append(f"the name of the image does not tell its architecture; taking {native}, that of this host")
    location = locator if "://" in locator or locator.startswith("~") else os.path.abspath(locator)
    name = image_name(re.split(r"[/\\]", locator.partition("?")[0])[-1], native)
    arch = str(told or native)
    config = {"os": image_os(locator), "arch": arch, "images": [{"location": location, "arch": arch}]}
    text = write_node(from_value(config))
    return Template(locator=locator, name=name, text=text.encode(), warnings=tuple(warnings))


def _file_name(url: str) -> str:
    """The last element of the path of a URL."""
    path = re.split(r"[?#]", url.partition("://")[2], maxsplit=1)[0]
    return _unquoted(path.partition("/")[2].rpartition("/")[2])


def _unquoted(text: str) -> str:
    """The text without percent encoding."""

    def decoded(found: re.Match[str]) -> str:
        return bytes.fromhex(found[0].replace("%", "")).decode(errors="replace")

    return re.sub(r"(?:%[0-9A-Fa-f]{2})+", decoded, text)


def _file_path(locator: str) -> str:
    path = locator.partition("://")[2]
    if not os.path.isabs(path):
        raise UserError("a file: locator has the form file:///absolute/path", where=locator)
    # Lima takes the characters as they are, all others decode them.
    decoded = _unquoted(path).replace("\0", "%00")
    return path if os.path.exists(path) or not os.path.exists(decoded) else decoded


def _file(path: str) -> bytes:
    return textfile.read(path, MAX_BYTES, "the template")


def _page(url: str, fetch: Fetch) -> bytes:
    page = fetch(url)
    if not page.found:
        kind = NotFoundError if page.status in (404, 410) else UserError
        raise kind(f"the server answered {page.status} {page.reason}", where=url)
    return _checked(page.body, url)


def _checked(text: bytes, where: str) -> bytes:
    if len(text) > MAX_BYTES:
        raise UserError(f"the template is larger than {MAX_BYTES >> 20} MiB", where=where)
    return text
