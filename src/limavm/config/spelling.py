"""The known name that somebody probably meant."""

from collections.abc import Iterable

#: Longer keys are not compared: no known name is near them.
_LONGEST = 64


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name with the fewest changed letters, None when all are too far away to be meant."""
    if len(name) > _LONGEST:
        return None
    limit = max(1, min(3, len(name) // 3))
    ranked = sorted((distance(name.lower(), candidate.lower()), candidate) for candidate in known)
    return ranked[0][1] if ranked and ranked[0][0] <= limit else None


def distance(one: str, other: str) -> int:
    """How many letters must be put in, left out, changed or swapped with the next to go from one to the other."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        above, row = row, [i]
        for j, target in enumerate(other, 1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (letter != target))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == target:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before = above
    return row[-1]
