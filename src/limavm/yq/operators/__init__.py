"""The operators of the language, a module for each topic; each module ends with a `TABLE` from names to functions.

To add an operator:

1. Write `def shout(evaluator, context, expr) -> list[Candidate]` in the module of its topic, and put it into the
   `TABLE` there. A new module is named in `registry` once.
2. Give it a word in `vocabulary`: `**_plain("shout")` without an operand, `_taking` with one (`a; b` is one), or a
   sign in `SIGNS`. Lexer and parser need nothing more, unless the word has a form of its own.
3. Add lines to the `CASES` and `ERRORS` of its test.

The rules for the function:

- It gets all candidates at once (`context.candidates`), and returns those that go on: once for each is a loop or
  `context.inputs()`, each left with each right result is `crossing.cross`.
- Operands are `expr.lhs` and `expr.rhs`, evaluated by `evaluator.evaluate(expr.rhs, context)`. An operand that is only
  read is evaluated with `context.reading()`, so that a path which does not exist is not made.
- Results are made by `candidate.replaced(node)`, `.text("...")` and the like: they keep the place of their input.
- What goes into a new node is copied (`evaluator.copy`, `building`). Only operators that are there to change a document
  change a node that they were given; the rest returns copies, or the node as found.
- Work and memory beyond one step for each candidate are accounted for with `evaluator.spend`, before they are used.
- What is wrong is `raise Trouble(message)`; the evaluator adds the place in the expression.
"""
