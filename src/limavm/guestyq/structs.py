"""As much of msgspec as the yq room uses, in plain Python: the archive for the guest has it under that name."""

import sys
from typing import Any

if sys.version_info >= (3, 14):
    from annotationlib import Format, get_annotations


class Struct:
    """A record of its annotations. Options are class arguments, as msgspec's; those about files have no effect."""

    __struct_fields__: "tuple[str, ...]" = ()
    __match_args__: "tuple[str, ...]" = ()
    _defaults: "dict[str, Any]" = {}
    _compared = True
    _frozen = False

    def __init_subclass__(
        cls, *, frozen: "bool | None" = None, eq: "bool | None" = None, kw_only: bool = False, **_other: object
    ) -> None:
        own = [name for name in _annotated(cls) if name not in cls.__struct_fields__]
        defaults = {name: cls.__dict__[name] for name in own if name in cls.__dict__}
        cls.__struct_fields__ = (*cls.__struct_fields__, *own)
        cls._defaults = {**cls._defaults, **defaults}
        cls._compared = cls._compared if eq is None else eq
        cls._frozen = cls._frozen if frozen is None else frozen
        if not kw_only:
            setattr(cls, "__match_args__", cls.__struct_fields__)  # noqa: B010 - mypy keeps it for itself

    def __init__(self, *values: object, **named: object) -> None:
        given = {**dict(zip(self.__struct_fields__, values)), **named}  # noqa: B905 - Python 3.10, and checked below
        for name in self.__struct_fields__:
            if name in given:
                value = given.pop(name)
            elif name in self._defaults:
                value = _own(self._defaults[name])
            else:
                raise TypeError(f"{type(self).__name__} needs {name}")
            object.__setattr__(self, name, value)
        if given or len(values) > len(self.__struct_fields__):
            raise TypeError(f"{type(self).__name__} has no {', '.join(given) or 'such many fields'}")
        self.__post_init__()

    def __post_init__(self) -> None:
        """For subclasses."""

    def __setattr__(self, name: str, value: object) -> None:
        if self._frozen:
            raise AttributeError(f"{type(self).__name__} is frozen")
        object.__setattr__(self, name, value)

    def __eq__(self, other: object) -> bool:
        if not self._compared or type(self) is not type(other):
            return self is other
        return all(getattr(self, name) == getattr(other, name) for name in self.__struct_fields__)

    def __hash__(self) -> int:
        if not self._compared:
            return object.__hash__(self)
        return hash(tuple(getattr(self, name) for name in self.__struct_fields__))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__struct_fields__)
        return f"{type(self).__name__}({fields})"


def _annotated(cls: type) -> "list[str]":
    if sys.version_info >= (3, 14):  # annotations are not evaluated until somebody asks
        return list(get_annotations(cls, format=Format.STRING))
    return list(cls.__dict__.get("__annotations__", ()))  # noqa: RUF063 - Python 3.10


def _own(default: object) -> object:
    """Empty lists and the like are not shared."""
    return type(default)() if isinstance(default, (list, dict, set)) else default


class structs:  # noqa: N801 - msgspec's module of that name
    """What is done with records."""

    @staticmethod
    def replace(record: "Struct", /, **changes: object) -> "Struct":
        """The same record with other values."""
        return type(record)(**{**{name: getattr(record, name) for name in record.__struct_fields__}, **changes})
