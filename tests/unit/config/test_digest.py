import pytest

from limavm.config.digest import digest_error


@pytest.mark.parametrize("text", [f"sha256:{'0' * 64}", f"sha384:{'a' * 96}", f"sha512:{'9' * 128}"])
def test_a_digest_names_an_algorithm_and_its_digits(text: str) -> None:
    assert digest_error(text) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must look like"),
        ("abc", "must look like"),
        (":abc", "must look like"),
        ("sha256:", "must look like"),
        ("sha256:abc", "must have 64"),
        (f"sha256:{'A' * 64}", "must have 64"),
        (f"sha256:{'0' * 65}", "must have 64"),
        ("md5:abc", "known are sha256, sha384, sha512"),
        ("MD5:abc", "is not a digest"),
        ("a b:c", "is not a digest"),
    ],
)
def test_other_texts_are_no_digests(text: str, message: str) -> None:
    assert message in str(digest_error(text))
