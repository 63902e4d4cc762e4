from limavm.config.keydocs import descriptions
from limavm.roundtrip.read import read


def test_the_paragraph_next_to_a_key_describes_it() -> None:
    text = """\
# About the file.

# The system.
# Default: Linux
os: null

ssh:
  # The port.
  localPort: null
plain: null
"""

    found = descriptions(read(text.encode(), "t.yaml")[0])

    assert found == {"os": "The system.\nDefault: Linux", "ssh.localPort": "The port."}


def test_an_empty_document_describes_nothing() -> None:
    assert descriptions(read(b"# nothing\n", "t.yaml")[0]) == {}
