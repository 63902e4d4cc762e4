"""Lines for the user of the host, of which a guest causes as many as it likes."""

import os

from limavm.sftp.journal import Journal


def written(lines: list[str]) -> str:
    read, write = os.pipe()
    journal = Journal(write)
    for line in lines:
        journal.line(line)
    os.close(write)
    with os.fdopen(read) as file:
        return file.read()


def test_a_line_says_who_wrote_it() -> None:
    assert written(["hello"]) == "limavm.sftp: hello\n"


def test_a_line_is_one_line_of_plain_text() -> None:
    assert written(["a\nb\x1b[1m\udcff€"]) == "limavm.sftp: a\\nb\\x1b[1m\\udcff\\u20ac\n"


def test_lines_are_short() -> None:
    assert len(written(["x" * 100_000])) < 400


def test_lines_are_few() -> None:
    assert written(["x"] * 10_000).count("\n") == 20


def test_nobody_to_read_them_is_no_error() -> None:
    read, write = os.pipe()
    os.close(read)

    Journal(write).line("x")

    os.close(write)
