import hashlib
from pathlib import Path

import pytest

from limavm.errors import UserError
from limavm.images.digest import Digest, digest_of, parse_digest


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_a_digest_names_its_algorithm_and_matches_the_file(algorithm: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"content" * 1000)

    wanted = hashlib.new(algorithm, b"content" * 1000).hexdigest()

    assert digest_of(str(file), algorithm) == parse_digest(f"{algorithm}:{wanted}")


def test_hexadecimal_digits_may_be_capital() -> None:
    assert parse_digest("sha256:" + "AB" * 32) == Digest("sha256", "ab" * 32)


@pytest.mark.parametrize(
    "text",
    ["", "sha256", "sha256:", "md5:" + "0" * 32, "sha256:" + "0" * 63, "sha256:" + "g" * 64, "sha512:" + "0" * 64, ":"],
)
def test_what_is_no_digest_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(UserError, match="digest"):
        parse_digest(text)


def test_a_digest_is_written_as_the_cache_records_it() -> None:
    assert str(Digest("sha256", "ab" * 32)) == "sha256:" + "ab" * 32
