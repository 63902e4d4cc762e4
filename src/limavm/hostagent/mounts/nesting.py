"""Mount points as names in the guest: which lies inside which."""

from collections.abc import Iterable


def inside(point: str, other: str) -> bool:
    """Whether one mount point is somewhere below another; both are clean."""
    return point != other and point.startswith(other.rstrip("/") + "/")


def around(point: str, others: Iterable[str]) -> str | None:
    """The nearest of the others that a mount point is inside of."""
    return max((other for other in others if inside(point, other)), key=len, default=None)
