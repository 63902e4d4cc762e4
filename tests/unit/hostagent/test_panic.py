"""A panic on the serial console is noticed, once, with its words."""

import asyncio
from pathlib import Path

import pytest

from limavm.hostagent.panic import kernel_panic

LINE = b"[    0.02] Kernel panic - not syncing: IO-APIC + timer doesn't work!\r\n"


async def test_the_words_of_a_panic_and_where_they_end(tmp_path: Path) -> None:
    log = tmp_path / "serial.log"
    log.write_bytes(b"booting\r\n" + LINE + b"more\r\n")

    words, offset = await kernel_panic(str(log))

    assert words == "IO-APIC + timer doesn't work!"
    assert log.read_bytes()[offset:] == b"\r\nmore\r\n"


async def test_the_words_of_a_guest_do_not_drive_the_terminal(tmp_path: Path) -> None:
    log = tmp_path / "serial.log"
    log.write_bytes(b"Kernel panic - not syncing: \x1b]0;owned\x07!\r\n")

    words, _ = await kernel_panic(str(log))

    assert words == "?]0;owned?!"


async def test_a_panic_that_comes_in_pieces_and_later(tmp_path: Path) -> None:
    log = tmp_path / "serial.log"
    watching = asyncio.create_task(kernel_panic(str(log), pause=0.001))

    with log.open("ab", buffering=0) as file:
        for start in range(0, len(LINE), 7):
            file.write(LINE[start : start + 7])
            await asyncio.sleep(0)

    async with asyncio.timeout(10):
        words, _ = await watching
    assert words.startswith("IO-APIC")


async def test_the_same_panic_is_not_told_twice(tmp_path: Path) -> None:
    log = tmp_path / "serial.log"
    log.write_bytes(LINE)
    _, offset = await kernel_panic(str(log))

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await kernel_panic(str(log), offset, pause=0.001)


async def test_the_end_of_a_panic_is_no_panic_of_its_own(tmp_path: Path) -> None:
    log = tmp_path / "serial.log"
    log.write_bytes(LINE)
    _, offset = await kernel_panic(str(log))
    with log.open("ab") as file:
        file.write(
            b"[    0.03] Kernel Offset: disabled\r\n[    0.04] ---[ end Kernel panic - not syncing: IO-APIC ]---\r\n"
        )

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await kernel_panic(str(log), offset, pause=0.001)


async def test_binary_noise_is_no_panic(tmp_path: Path) -> None:
    log = tmp_path / "serial.log"
    log.write_bytes(bytes(range(256)) * 5000)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await kernel_panic(str(log), pause=0.001)
