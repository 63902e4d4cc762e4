"""A pattern that is wrong, or that needs what RE2 does not have."""


class PatternError(ValueError):
    """What is wrong, with the part of the pattern."""
