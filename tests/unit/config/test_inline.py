import base64
import hashlib

import pytest
import yaml

from limavm.config.errors import ConfigError
from tests.unit.config.embedding import dedented, embedded_text

FILES = {"/t/s.sh": "#!/bin/sh\necho hello\n", "template:x.sh": "#!/bin/sh\n", "/t/empty": ""}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("provision:\n- file: s.sh\n", "provision:\n- script: |\n    #!/bin/sh\n    echo hello\n"),
        ("provision:\n- file:\n    url: s.sh\n", "provision:\n- script: |\n    #!/bin/sh\n    echo hello\n"),
        (
            "provision:\n- mode: user\n  file: s.sh\n",
            "provision:\n- mode: user\n  script: |\n    #!/bin/sh\n    echo hello\n",
        ),
        (
            "provision:\n- mode: data\n  file: s.sh\n  path: /x\n",
            "provision:\n- mode: data\n  content: |\n    #!/bin/sh\n    echo hello\n  path: /x\n",
        ),
        (
            "provision:\n- mode: yq\n  file: s.sh\n",
            "provision:\n- mode: yq\n  expression: |\n    #!/bin/sh\n    echo hello\n",
        ),
        # An entry that has a script of another mode's key takes the file.
        (
            "provision:\n- mode: data\n  script: x\n  file: s.sh\n",
            "provision:\n- mode: data\n  script: x\n  content: |\n    #!/bin/sh\n    echo hello\n",
        ),
        # Probes, too (Q3); an empty script beside the file is replaced.
        ("probes:\n- file: s.sh\n", "probes:\n- script: |\n    #!/bin/sh\n    echo hello\n"),
        ("probes:\n- script: ''\n  file: s.sh\n", "probes:\n- script: |\n    #!/bin/sh\n    echo hello\n"),
        ("provision:\n- file: s.sh\n  script: null\n", "provision:\n- script: |\n    #!/bin/sh\n    echo hello\n"),
        (
            "provision:\n- mode: data\n  content: null\n  file: s.sh\n",
            "provision:\n- mode: data\n  content: |\n    #!/bin/sh\n    echo hello\n",
        ),
        # Collections that were written on one line are written on several.
        ("provision: [{file: s.sh}]\n", "provision:\n- script: |\n    #!/bin/sh\n    echo hello\n"),
        ("provision:\n- file: empty\n", 'provision:\n- script: ""\n'),
    ],
)
def test_a_file_is_written_into_its_place(text: str, result: str) -> None:
    assert embedded_text(text, FILES) == result


@pytest.mark.parametrize(
    "text",
    [
        "provision:\n- script: x\n  file: /t/s.sh\n",
        "provision:\n- mode: data\n  content: ''\n  file: /t/s.sh\n",
        "provision:\n- mode: yq\n  expression: ''\n  file: /t/s.sh\n",
        "probes:\n- script: x\n  file: /t/s.sh\n",
        "provision:\n- script: [x]\n  file: /t/s.sh\n",
        "provision:\n- file: null\n- text\n- null\n",
    ],
)
def test_a_place_that_is_taken_is_left_to_validation(text: str) -> None:
    assert embedded_text(text, FILES) == text


def test_files_of_named_templates_stay_when_these_do() -> None:
    text = "provision:\n- file: template:x.sh\n"

    assert embedded_text(text, FILES, templates=False) == text
    assert embedded_text(text, FILES) == "provision:\n- script: |\n    #!/bin/sh\n"


def test_comments_move_to_the_new_key() -> None:
    text = """
        # Hi There!
        provision:
        # From a file
        - file: s.sh  # moves
        - mode: data
          # above
          file:
            # about the URL
            url: s.sh  # beside it
          path: /x
    """

    assert embedded_text(text, FILES) == dedented("""
        # Hi There!
        provision:
        # From a file
        - script: |  # moves
            #!/bin/sh
            echo hello
        - mode: data
          # above
          # about the URL
          # beside it
          content: |
            #!/bin/sh
            echo hello
          path: /x
    """)


@pytest.mark.parametrize(
    "content",
    ["a\tb\n", "a\r\nb\r\n", "\ufeffx", "\x1b[0m", "x" * 65_000 + "\n", "a\n" + "é" * 32_500, "\x00", "\u00a0"],
)
def test_what_a_block_does_not_show_becomes_base64(content: str) -> None:
    result = embedded_text("provision:\n- file: s.sh\n", {"/t/s.sh": content.encode()})

    assert "script: !!binary" in result
    assert max(map(len, result.splitlines())) < 120
    assert yaml.safe_load(result) == {"provision": [{"script": content.encode()}]}


@pytest.mark.parametrize(
    "content",
    ["é\n", "x" * 64_999 + "\n", "  indented\n", "\n\nlines\n\n", "no end", "# a\n", "'\"\\\n", "a: [b\n", " \n"],
)
def test_a_text_stays_readable(content: str) -> None:
    result = embedded_text("provision:\n- file: s.sh\n", {"/t/s.sh": content.encode()})

    assert "!!binary" not in result
    assert yaml.safe_load(result) == {"provision": [{"script": content}]}


def test_base64_is_broken_into_lines_of_76() -> None:
    content = b"\t" * 100
    encoded = base64.b64encode(content).decode()

    result = embedded_text("provision:\n- file: s.sh  # why\n", {"/t/s.sh": content})

    assert result == (f"provision:\n- script: !!binary |  # why\n    {encoded[:76]}\n    {encoded[76:]}\n")


@pytest.mark.parametrize(
    ("text", "files", "message"),
    [
        ("provision:\n- file: none\n", {}, "/t/t.yaml:2: provision[0].file: the file '/t/none' does not exist"),
        ("probes:\n- file: ''\n", {}, "/t/t.yaml:2: probes[0].file: the locator is empty"),
        ("probes:\n- file: {}\n", {}, "/t/t.yaml:2: probes[0].file: the locator is empty"),
        ("probes:\n- file: [a]\n", {}, "/t/t.yaml:2: probes[0].file: must be a locator"),
        ("probes:\n- file: {url: [a]}\n", {}, "/t/t.yaml:2: probes[0].file: must be a locator"),
        ("probes:\n- file: {url: a, digest: {}}\n", {}, "/t/t.yaml:2: probes[0].file.digest: must be a digest"),
        ("probes:\n- file: ../a\n", {}, "/t/t.yaml:2: probes[0].file: '../a' leaves the directory"),
        ("probes:\n- file: a b\n", {"/t/a b": ""}, "/t/t.yaml:2: probes[0].file: the file is not called"),
        ("probes:\n- file: .x\n", {"/t/.x": ""}, "/t/t.yaml:2: probes[0].file: the file is not called"),
        ("probes:\n- file: x\n", {"/t/x": b"a\xff"}, "/t/t.yaml:2: probes[0].file: the file is not UTF-8, byte 1"),
        ("probes:\n- file: x\n", {"/t/x": b"a" * (4 << 20) + b"b"}, "/t/t.yaml:2: probes[0].file: the file is larger"),
    ],
)
def test_a_file_that_cannot_be_embedded_is_an_error_at_its_place(
    text: str, files: dict[str, str | bytes], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        embedded_text(text, files)

    assert str(caught.value).startswith(message)


def test_the_digest_of_a_file_is_checked() -> None:
    digest = f"sha256:{hashlib.sha256(b'x').hexdigest()}"
    text = f"probes:\n- file:\n    url: x\n    digest: {digest}\n"

    assert embedded_text(text, {"/t/x": b"x"}) == "probes:\n- script: x\n"
    with pytest.raises(ConfigError) as caught:
        embedded_text(text, {"/t/x": b"y"})
    assert str(caught.value).startswith("/t/t.yaml:4: probes[0].file.digest: the file '/t/x' is not the one")
