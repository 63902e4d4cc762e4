"""What is shown of texts that others wrote."""

from limavm.model.printable import printable


def test_nothing_that_drives_a_terminal_is_left() -> None:
    assert printable("\x1b[2Jnginx\x9b\n\u202e é") == "?[2Jnginx??? é"


def test_line_breaks_may_be_kept() -> None:
    assert printable("a\n\tb\x07", besides="\n\t", instead=" ") == "a\n\tb "
