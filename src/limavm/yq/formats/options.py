"""What can be chosen about reading and writing the formats; the defaults are those of yq v4."""

from limavm.model.value import Value


class Options(Value, frozen=True, kw_only=True):
    """One set of choices for all formats: each takes what concerns it."""

    #: Blanks of one level; 0 writes JSON on one line.
    indent: int = 2
    #: A single scalar is written without its quotes; None leaves it to the format.
    unwrap: bool | None = None
    #: Lists of YAML stand below their key and not deeper.
    compact: bool = False
    #: Values of CSV and TSV that are lists or mappings become such.
    auto_parse: bool = True
    csv_separator: str = ","
    props_separator: str = " = "
    #: `a[0]` instead of `a.0` in properties.
    props_brackets: bool = False
    shell_separator: str = "_"
    xml_attribute_prefix: str = "+@"
    xml_content_name: str = "+content"
