import pytest

from limavm.config.embed import embedded
from limavm.config.errors import ConfigError
from limavm.config.locator import Template


def test_a_template_without_bases_is_embedded_as_it_is() -> None:
    text = b"# comment\ncpus: 1\nprovision: [{script: x}]\n"

    assert embedded(Template(locator="x", name="x", text=text)) == text


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (b"\nbase: [a, b]\n", "x:2: base"),
        (b"provision:\n- script: x\n- file: y\n", "x:3: provision[1].file"),
        (b"probes:\n- file: {url: y}\n", "x:2: probes[0].file"),
    ],
)
def test_what_cannot_be_embedded_yet_is_refused(text: bytes, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        embedded(Template(locator="x", name="x", text=text))

    assert str(caught.value).startswith(f"{key}: this version of limavm does not embed")
