r"""Regular expressions with the syntax of Go (RE2) and in time that grows with text and pattern alone.

Python's `re` differs in syntax (`\z`, `\pL`, `[[:alpha:]]`, `(?U)`, the end that `$` means) and may take for
ever on `(a*)*b`; an expression comes with a template that somebody else wrote. So `syntax` reads a
pattern, and `machine` runs it by following all possibilities at once (R. Cox, "Regular Expression
Matching: the Virtual Machine Approach"). The first of several matches is the one that backtracking finds.
"""

from limavm.yq.regex.errors import PatternError
from limavm.yq.regex.machine import Match, Regex, compile_pattern

__all__ = ["Match", "PatternError", "Regex", "compile_pattern"]
