"""From a node to its children, reading and writing."""

from limavm.roundtrip.read import read
from limavm.roundtrip.write import write
from limavm.yq.context import CLOSED, Candidate, Context
from limavm.yq.evaluator import Evaluator
from limavm.yq.parser import parse
from limavm.yq.traversal import Way, splat, step


def test_what_is_missing_is_made_only_when_writing() -> None:
    documents = read(b"a: null\nl: [1]\n", "-")
    root = documents[0].root
    assert root is not None
    candidate = Candidate(node=root)
    evaluator = Evaluator({}, parse, CLOSED)
    reading = Context(candidates=[candidate], read_only=True)

    assert step(evaluator, reading, candidate, "b") == []
    assert step(evaluator, reading, step(evaluator, reading, candidate, "a")[0], "b") == []
    assert [found.node.value for found in step(evaluator, reading, step(evaluator, reading, candidate, "l")[0], 3)] == [
        "null"
    ]
    assert write(documents) == "a: null\nl: [1]\n"

    writing = reading.writing()
    step(evaluator, writing, candidate, "b")
    step(evaluator, writing, step(evaluator, writing, candidate, "a")[0], 1)
    assert write(documents) == "a:\n- null\n- null\nl: [1]\nb: null\n"


def test_an_exact_way_takes_names_for_no_patterns() -> None:
    root = read(b"'a*': 1\nab: 2\n", "-")[0].root
    assert root is not None
    candidate = Candidate(node=root)
    evaluator, context = Evaluator({}, parse, CLOSED), Context(candidates=[candidate])

    assert len(step(evaluator, context, candidate, "a*")) == 2
    assert [found.node.value for found in step(evaluator, context, candidate, "a*", Way(exact=True))] == ["1"]


def test_merge_keys_that_go_in_circles_end() -> None:
    root = read(b"a: &a\n  x: 1\nb: &b\n  <<: *a\n", "-")[0].root
    assert root is not None
    first, second = (value for _, value in root.pairs)
    first.pairs.append(second.pairs[0])
    candidate = Candidate(node=first)

    found = splat(Evaluator({}, parse, CLOSED), Context(candidates=[candidate]), candidate)

    assert [child.node.value for child in found] == ["1"]
