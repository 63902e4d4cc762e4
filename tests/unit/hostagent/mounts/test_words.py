"""What children say, however much."""

import asyncio

from limavm.hostagent.mounts.words import Words, lines


def stream(data: bytes) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return reader


async def test_lines_come_one_by_one_also_the_last_without_an_end() -> None:
    assert [line async for line in lines(stream(b"a\r\nb\n\nc"))] == ["a", "b", "", "c"]


async def test_of_a_line_without_an_end_the_end_is_kept() -> None:
    [line] = [line async for line in lines(stream(b"x" * 1_000_000 + b"end"))]

    assert line.endswith("xend")
    assert len(line) == 4096


async def test_the_last_lines_are_kept_and_cannot_drive_a_terminal() -> None:
    words = Words()
    async for line in lines(stream(b"\n".join(b"%d" % number for number in range(100)) + b"\n\x1b[2J\xff\n")):
        words.add(line)

    assert str(words) == "96; 97; 98; 99; ?[2J\N{REPLACEMENT CHARACTER}"
