"""The locator `fedora-rawhide:_images/fedora-rawhide`: the images of today's Fedora Rawhide (spec/config.md 5.3).

Their names change every day, so that no template can list them. Lima brings a plugin for this; a package of
Python has no place for one, and this is what it does. A plugin of the same name comes first.
"""

import os
import re

from limavm.config.page import Fetch
from limavm.errors import UserError
from limavm.host import files, paths

SCHEME = "fedora-rawhide"

_NAME = "_images/fedora-rawhide"
_SERVER = "https://dl.fedoraproject.org/pub/fedora/linux/development/rawhide"
_COMPOSE = re.compile(rb"Fedora-Rawhide-(\d{8}\.[a-z]\.\d+)\s*")


def image_list(rest: str, fetch: Fetch) -> str:
    """The path of a template that lists the newest images, written now.

    `rest` is what stands behind the scheme. Raises UserError for another name than the known one, and when
    the server does not tell which images there are.
    """
    if rest != _NAME:
        raise UserError(f"there is only {SCHEME}:{_NAME}", where=f"{SCHEME}:{rest}")
    url = f"{_SERVER}/COMPOSE_ID"
    page = fetch(url)
    if not page.found:
        raise UserError(f"the server answered {page.status} {page.reason}", where=url)
    compose = _COMPOSE.fullmatch(page.body)
    if compose is None:
        raise UserError("the page does not name a version of Fedora Rawhide", where=url)
    path = os.path.join(_cache(), f"limactl-url-{SCHEME}", f"{SCHEME}.yaml")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    files.write_atomic(path, _listed(compose[1].decode()).encode())
    return path


def _cache() -> str:
    """The cache; this plugin follows XDG_CACHE_HOME on every system."""
    directory = os.environ.get("XDG_CACHE_HOME")
    return os.path.join(directory, "lima") if directory else paths.cache_dir()


def _listed(version: str) -> str:
    lines = ["images:"]
    for arch in ("x86_64", "aarch64"):
        name = f"Fedora-Cloud-Base-Generic-Rawhide-{version}.{arch}.qcow2"
        lines += [f'- location: "{_SERVER}/Cloud/{arch}/images/{name}"', f"  arch: {arch}"]
    return "".join(f"{line}\n" for line in lines)
