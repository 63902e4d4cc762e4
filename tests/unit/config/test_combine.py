import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.config.combine import combine
from limavm.config.errors import ConfigError
from tests.unit.config.embedding import dedented, embedded_text, node


@pytest.mark.parametrize(
    ("text", "result"),
    [
        # Entries without a key are never combined.
        ("networks:\n- metric: 1\n- metric: 1\n", None),
        ("mounts:\n- writable: true\n- writable: true\n", None),
        ("additionalDisks:\n- format: true\n- ''\n- ''\n- null\n", None),
        ("additionalDisks:\n- a\n- b\n", None),
        # Keys are compared as they are written.
        ("mounts:\n- location: /a\n- location: /a/\n", None),
        ("mounts:\n- location: ~\n- location: '~'\n", None),
        # The first entry has the name, and takes what it does not have.
        ("additionalDisks:\n- name: a\n- name: b\n- name: a\n  format: true\n",
         "additionalDisks:\n- name: a\n  format: true\n- name: b\n"),
        ("additionalDisks:\n- a\n- name: a\n  fsType: xfs\n", "additionalDisks:\n- name: a\n  fsType: xfs\n"),
        ("additionalDisks:\n- a\n- a\n", "additionalDisks:\n- a\n"),
        ("additionalDisks:\n- name: a\n  format: false\n- name: a\n  format: true\n",
         "additionalDisks:\n- name: a\n  format: false\n"),
        ("additionalDisks:\n- name: a\n  format: null\n- name: a\n  format: true\n",
         "additionalDisks:\n- name: a\n  format: true\n"),
        ("additionalDisks:\n- name: a\n  fsArgs: [x]\n- name: a\n  fsArgs: [y]\n",
         "additionalDisks:\n- name: a\n  fsArgs: [x]\n"),
        ("additionalDisks:\n- name: a\n  fsArgs: []\n- name: a\n  fsArgs: [y]\n",
         "additionalDisks:\n- name: a\n  fsArgs: [y]\n"),
        ("additionalDisks:\n- 1\n- name: '1'\n  format: true\n", "additionalDisks:\n- name: 1\n  format: true\n"),
        # Mounts: by mount point, else by location.
        ("mounts:\n- location: a\n- location: b\n  mountPoint: a\n  writable: true\n",
         "mounts:\n- location: a\n  mountPoint: a\n  writable: true\n"),
        ("mounts:\n- location: a\n  mountPoint: m\n- location: b\n  mountPoint: m\n  sshfs:\n    cache: false\n",
         "mounts:\n- location: a\n  mountPoint: m\n  sshfs:\n    cache: false\n"),
        ("mounts:\n- location: a\n  9p:\n    cache: none\n- location: a\n  9p:\n    cache: loose\n    msize: 1MiB\n",
         "mounts:\n- location: a\n  9p:\n    cache: none\n    msize: 1MiB\n"),
        ("mounts:\n- location: a\n  virtiofs: null\n- location: a\n  virtiofs:\n    queueSize: 1\n    other: 2\n",
         "mounts:\n- location: a\n  virtiofs:\n    queueSize: 1\n"),
        # Networks: lima and socket exclude each other, empty texts are no values.
        ("networks:\n- interface: a\n  lima: x\n- interface: a\n  socket: y\n",
         "networks:\n- interface: a\n  lima: x\n"),
        ("networks:\n- interface: a\n  lima: ''\n- interface: a\n  socket: y\n",
         "networks:\n- interface: a\n  lima: ''\n  socket: y\n"),
        ("networks:\n- interface: a\n  macAddress: ''\n- interface: a\n  macAddress: x\n  vzNAT: true\n  metric: 1\n",
         "networks:\n- interface: a\n  macAddress: x\n  vzNAT: true\n  metric: 1\n"),
        # A wildcard gives to the entries before it only, and goes.
        ("additionalDisks:\n- d1\n- name: d3\n  format: false\n- d4\n- name: '*'\n  format: true\n- d5\n",
         ("additionalDisks:\n- name: d1\n  format: true\n- name: d3\n  format: false\n"
          "- name: d4\n  format: true\n- d5\n")),
        ("additionalDisks:\n- '*'\n- a\n", "additionalDisks:\n- a\n"),
        ("mounts:\n- location: '*'\n  writable: true\n", "mounts: []\n"),
        (("mounts:\n- location: a\n- location: '*'\n  writable: true\n"
          "- location: b\n- location: '*'\n  writable: false\n"),
         "mounts:\n- location: a\n  writable: true\n- location: b\n  writable: false\n"),
        ("networks:\n- metric: 250\n- interface: '*'\n  lima: x\n", "networks:\n- metric: 250\n  lima: x\n"),
        # `*` is no mount point to copy (Q2).
        ("mounts:\n- location: a\n- location: b\n  mountPoint: '*'\n  writable: true\n",
         "mounts:\n- location: a\n  writable: true\n"),
    ],
)  # fmt: skip
def test_entries_with_the_same_key_become_one(text: str, result: str | None) -> None:
    assert embedded_text(text) == (result or text)


@pytest.mark.parametrize(
    ("template", "base", "result"),
    [
        (
            "additionalDisks: [{name: a}]\n",
            "additionalDisks: [{name: b}, {name: a, format: true}]\n",
            "additionalDisks: [{name: a, format: true}, {name: b}]\n",
        ),
        (
            "additionalDisks: [d1, d2, {name: d3, format: false}]\n",
            "additionalDisks: [d4, {name: '*', format: true}, d5]\n",
            (
                "additionalDisks: [{name: d1, format: true}, {name: d2, format: true}, {name: d3, format: false}, "
                "{name: d4, format: true}, d5]\n"
            ),
        ),
        (
            "networks: [{interface: lima1}]\n",
            (
                "networks: [{interface: lima2}, {metric: 250}, {interface: lima1, metric: 100}, "
                "{interface: '*', metric: 123}]\n"
            ),
            "networks: [{interface: lima1, metric: 100}, {interface: lima2, metric: 123}, {metric: 250}]\n",
        ),
    ],
)
def test_the_worked_examples(template: str, base: str, result: str) -> None:
    assert embedded_text(template + "base: b.yaml\n", {"/t/b.yaml": base}) == result


def test_comments_of_a_combined_entry_are_copied_where_there_are_none() -> None:
    text = """
        # My mounts
        mounts:
        - location: a  # mine
        - location: b
          sshfs:
            cache: true
        # will go to a
        - location: a  # not this one
          # about writing
          writable: true  # so
        # will go to b
        - location: b
          # about SSHFS
          sshfs:  # ssh
            # about links
            followSymlinks: true  # yes
        # never copied
        - location: "*"  # nor this
          # copied
          virtiofs:  # as well
            queueSize: 1
    """

    assert embedded_text(text) == dedented("""
        # My mounts
        mounts:
        # will go to a
        - location: a  # mine
          # about writing
          writable: true  # so
          # copied
          virtiofs:  # as well
            queueSize: 1
        # will go to b
        - location: b
          # about SSHFS
          sshfs:  # ssh
            cache: true
            # about links
            followSymlinks: true  # yes
          # copied
          virtiofs:  # as well
            queueSize: 1
    """)


def test_a_named_disk_keeps_its_comments_as_a_mapping() -> None:
    text = """
        additionalDisks:  # line comment
        # my head comment
        - mine  # my line comment

        # next
        - name: "*"
          format: true  # formatting is good for you
    """

    assert embedded_text(text) == dedented("""
        additionalDisks:  # line comment
        # my head comment
        - name: mine  # my line comment
          format: true  # formatting is good for you
    """)


def test_many_wildcards_take_no_time() -> None:
    text = "additionalDisks:\n" + "".join(f"- d{number}\n" for number in range(9000))
    text += "- {name: '*', format: true, fsType: x}\n" * 9000
    root = node(text)

    assert combine(root)
    entries = root.get("additionalDisks")
    assert entries is not None
    assert len(entries.items) == 9000


def test_a_wildcard_cannot_make_a_bomb() -> None:
    text = "additionalDisks:\n" + "".join(f"- d{number}\n" for number in range(1000))
    text += f"- name: '*'\n  fsType: {'x' * 5000}\n"

    with pytest.raises(ConfigError, match="test:1002: fsType: gives more than 4 MiB"):
        combine(node(text))


DISKS = st.fixed_dictionaries({"name": st.sampled_from(["a", "b", "*", ""])}, optional={"format": st.booleans()})


@given(st.lists(st.sampled_from(["a", "c", "*"]) | DISKS))
def test_combining_again_changes_nothing(disks: list[object]) -> None:
    once = embedded_text(f"additionalDisks: {disks!r}\n".replace("True", "true").replace("False", "false"))

    assert embedded_text(once) == once
