"""Keys that are accepted, checked and kept, and take effect in a later version of limavm.

Here and nowhere else: who brings a feature deletes its line.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from limavm.config.flaw import Flaw
from limavm.model.config import Config

if TYPE_CHECKING:  # `shell` loads this module, and needs no layers
    from limavm.config.layer import Layer

#: The YAML key, and whether a layer asks for something by it.
_LATER: "tuple[tuple[str, Callable[[Layer], bool]], ...]" = (("networks", lambda layer: bool(layer.networks)),)


def without_later(config: Config) -> Config:
    """The configuration without what has no effect yet, for those who would begin to act on it."""
    return replace(config, networks=())


def later(layer: "Layer") -> list[Flaw]:
    """One warning for each key that asks for something which does not happen yet."""
    message = "has no effect yet, a later version of limavm brings it"
    return [Flaw(path=(key,), message=message) for key, asks in _LATER if asks(layer)]
