"""Plugins for schemes of locators, for the tests of what follows them."""

from collections.abc import Mapping


class Plugins:
    """Plugins for schemes: what each prints, and what it was asked."""

    def __init__(self, answers: Mapping[str, str]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def __call__(self, scheme: str, rest: str) -> str | None:
        self.asked.append(f"{scheme}:{rest}")
        return self.answers.get(scheme)
