"""The formats that `yq` reads and writes: YAML, JSON, properties, CSV, and others.

Everything passes through the document tree of roundtrip; what a format cannot express (comments, tags,
anchors) is left out as yq v4 leaves it out. A text that is wrong, too long or too deeply nested is a
UserError with its line.
"""

from limavm.yq.formats.options import Options
from limavm.yq.formats.registry import INPUT, OUTPUT, decode, decode_as, encode, encode_one, name_for

__all__ = ["INPUT", "OUTPUT", "Options", "decode", "decode_as", "encode", "encode_one", "name_for"]
