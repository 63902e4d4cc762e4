r"""Regular expressions with the syntax of Go (RE2) and in time that grows with text and pattern alone.

It is our own because an expression comes with a template that somebody else wrote, and Python's `re`, which takes
for ever on `(a*)*b` and cannot be interrupted, differs in syntax as well (`\z`, `\pL`, `[[:alpha:]]`, `(?U)`, the
end that `$` means). The package `regex` can be given a time limit and no other syntax, which makes the result
depend on the speed of the machine; google-re2 is RE2 itself, and a C++ library to build on hosts without a wheel.

`syntax` reads a pattern into a tree. `machine` compiles that to a program and runs it by following all possibilities
at once, a character of the text at a time (R. Cox, "Regular Expression Matching: the Virtual Machine Approach").
The match is the one that backtracking would find first, with the groups that it would have taken.
"""

from limavm.yq.regex.errors import PatternError
from limavm.yq.regex.machine import Match, Regex, compile_pattern

__all__ = ["Match", "PatternError", "Regex", "compile_pattern"]
