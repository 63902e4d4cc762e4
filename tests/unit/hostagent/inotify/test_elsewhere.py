import threading
from pathlib import Path

import pytest

from limavm.hostagent.inotify.changes import Sign

pytest.importorskip("watchfiles")

from limavm.hostagent.inotify.elsewhere import Elsewhere


def test_files_and_the_directories_that_they_are_in_are_told(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    news = threading.Condition()
    signs: dict[str, Sign] = {}

    def changed(path: str, sign: Sign) -> None:
        with news:
            signs[path] = signs.get(path, Sign(0)) | sign
            news.notify_all()

    watcher = Elsewhere(changed)
    watcher.start()
    try:
        watcher.watch({str(top): None})  # it does not exist yet, for all that is known
        watcher.watch({str(top): (1, 1)})
        with news:
            number = 0
            while not signs:
                (top / str(number)).touch()
                number += 1
                news.wait(0.05)
            (top / "file").write_text("x")
            assert news.wait_for(lambda: Sign.NAMED in signs.get(str(top / "file"), Sign(0)), timeout=20)
            assert Sign.NAMED in signs[str(top)]
            (top / "file").write_text("y")
            assert news.wait_for(lambda: Sign.MODIFIED in signs[str(top / "file")], timeout=20)
    finally:
        watcher.close()
    assert not watcher.is_alive()
