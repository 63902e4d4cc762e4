"""The base of the frozen values that are read from or written to files and sockets.

Subclasses repeat `kw_only=True`: msgspec inherits every option but that one.
"""

import msgspec


class Value(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An immutable record whose JSON names are the camelCase spelling of its attributes."""


class Sparse(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A `Value` whose members are left out of JSON while they have their default."""
