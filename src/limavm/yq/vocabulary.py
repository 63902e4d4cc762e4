"""The words and signs of the language, how tightly they bind, and the operator that each of them is.

Binding is yq's and differs from other languages: all arithmetic binds alike, `|` binds tighter than `and`, `or`, `,`
and `:`, and everything groups to the right, so that `10 - 3 - 2` is 9. What a word means is found by its operator
in `registry`.
"""

import msgspec

#: Signs of structure that bind least of all.
LOOSEST = 0
SELF = 55
POSTFIX = 50


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """How a word or a sign is parsed."""

    op: str
    #: Operands: none, one behind it, or one on each side.
    arity: int = 0
    binding: int = 50
    #: A path or an index right behind it applies to its result: `keys[0]`, `select(.a).b`.
    postfix: bool = False
    #: The operand may be missing, as for `first`.
    optional: bool = False
    #: Becomes `text` and `flags` of the expression.
    text: str = ""
    flags: str = ""
    #: What may stand in parentheses as part of the word: a number, a name, options.
    parameter: str = ""
    #: The infix operator that it is when `=` or `|=` follows.
    assign: str = ""


NUMBER, NAME, OPTIONS = "number", "name", "options"


def _aliases(*names: str, op: str = "", **rest: object) -> dict[str, Word]:
    word = msgspec.convert({"op": op or names[0], **rest}, Word)
    return dict.fromkeys(names, word)


def _plain(*names: str) -> dict[str, Word]:
    """Words without operands."""
    return _aliases(*names)


def _on_result(*names: str) -> dict[str, Word]:
    """Words without operands whose results are often indexed."""
    return _aliases(*names, binding=52, postfix=True)


def _taking(*names: str) -> dict[str, Word]:
    """Words with one operand, `a; b` being one."""
    return _aliases(*names, arity=1)


def _taking_on_result(*names: str) -> dict[str, Word]:
    """Words with one operand whose results are often indexed."""
    return _aliases(*names, arity=1, binding=52, postfix=True)


def _codec(format_: str, *, indent: str, decode: bool = True) -> dict[str, Word]:
    """`to_x`, `@x`, `from_x`, `@xd` for a format."""
    words = {
        **_aliases(f"to_{format_}", f"to{format_}", op="encode", text=format_, flags=indent),
        **_aliases(f"@{format_}", op="encode", text=format_, flags="2" if format_ in ("yaml", "props") else "0"),
    }
    if decode:
        words |= _aliases(f"from_{format_}", f"from{format_}", f"@{format_}d", op="decode", text=format_)
    return words


def _indented(format_: str) -> dict[str, Word]:
    return _aliases(f"to_{format_}", f"to{format_}", op="encode", text=format_, flags="2", parameter=NUMBER)


def _load(format_: str, *names: str) -> dict[str, Word]:
    return _aliases(*names, op="load", arity=1, binding=52, postfix=True, text=format_)


_COMMENTS: dict[str, Word] = {}
for _where in ("head", "line", "foot"):
    _COMMENTS |= _aliases(
        f"{_where}_comment",
        f"{_where}comment",
        f"{_where}Comment",
        op="comment",
        text=_where,
        assign="assign_comment",
    )

WORDS: dict[str, Word] = {
    **_COMMENTS,
    # Only in the assigning form: it stands for all three.
    **_aliases("comments", op="comments", text="all", assign="assign_comment"),
    **_aliases("style", assign="assign_style"),
    **_aliases("tag", "type", assign="assign_tag"),
    **_aliases("anchor", assign="assign_anchor"),
    **_aliases("alias", assign="assign_alias"),
    **_plain("length"),
    **_plain("line"),
    **_plain("column"),
    **_plain("kind"),
    **_plain("key"),
    **_plain("is_key", "iskey"),
    **_plain("not"),
    **_plain("any"),
    **_plain("all"),
    **_plain("from_entries", "fromentries", "fromEntries"),
    **_plain("file_name", "filename", "fileName"),
    **_plain("file_index", "fileindex", "fileIndex", "fi"),
    **_plain("document_index", "documentIndex", "documentindex", "di"),
    **_plain("to_number", "tonumber"),
    **_plain("to_string", "tostring"),
    **_plain("upcase", "ascii_upcase", "asciiupcase"),
    **_plain("downcase", "ascii_downcase", "asciidowncase"),
    **_plain("trim"),
    **_plain("now"),
    **_plain("from_unix", "fromunix"),
    **_plain("to_unix", "tounix"),
    **_plain("array_to_map", "arrayto_map", "array_tomap", "arraytomap"),
    **_plain("root"),
    **_plain("empty"),
    **_aliases("min", binding=40),
    **_aliases("max", binding=40),
    **_aliases("parent", binding=50, postfix=True, parameter=NUMBER, text="1"),
    **_aliases("flatten", binding=52, postfix=True, parameter=NUMBER, text="-1"),
    **_aliases("env", binding=52, postfix=True, parameter=NAME),
    **_aliases("strenv", binding=52, postfix=True, parameter=NAME),
    **_aliases("envsubst", parameter=OPTIONS),
    **_on_result("keys"),
    **_on_result("path"),
    **_on_result("parents"),
    **_on_result("to_entries", "toentries", "toEntries"),
    **_on_result("split_doc", "splitdoc", "splitDoc"),
    **_on_result("unique"),
    **_on_result("sort"),
    **_on_result("reverse"),
    **_on_result("shuffle"),
    **_on_result("pivot"),
    **_taking("error"),
    **_taking("has"),
    **_taking("contains"),
    **_taking("any_c"),
    **_taking("all_c"),
    **_taking("with_entries", "withentries", "withEntries"),
    **_taking("set_path", "setpath"),
    **_taking("join"),
    **_taking("sub"),
    **_taking("match"),
    **_taking("capture"),
    **_taking("test"),
    **_taking("format_datetime"),
    **_taking("with_dtf"),
    **_taking("tz"),
    **_taking("system"),
    **_taking_on_result("split"),
    **_taking_on_result("map"),
    **_taking_on_result("map_values", "mapvalues"),
    **_taking_on_result("filter"),
    **_taking_on_result("pick"),
    **_taking_on_result("omit"),
    **_taking_on_result("eval"),
    **_taking_on_result("select"),
    **_taking_on_result("unique_by", "uniqueby"),
    **_taking_on_result("group_by", "groupby"),
    **_taking_on_result("sort_by", "sortby"),
    **_taking_on_result("sort_keys", "sortkeys", "sortKeys"),
    **_taking_on_result("explode"),
    **_taking_on_result("with"),
    **_taking_on_result("del_paths", "delpaths"),
    **_aliases("first", arity=1, binding=52, postfix=True, optional=True),
    **_aliases("del", arity=1, binding=40),
    **_aliases("load_str", "loadstr", "str_load", "strload", arity=1, binding=52),
    **_load("yaml", "load"),
    **_load("xml", "load_xml", "loadxml", "xml_load", "xmlload"),
    **_load("base64", "load_base64", "loadbase64"),
    **_load("props", "load_props", "loadprops"),
    **_codec("yaml", indent="2"),
    **_codec("json", indent="2"),
    **_codec("xml", indent="2"),
    **_codec("props", indent="2"),
    **_codec("csv", indent="0"),
    **_codec("tsv", indent="0"),
    **_indented("yaml"),
    **_indented("json"),
    **_indented("xml"),
    **_aliases("@base64", op="encode", text="base64", flags="0"),
    **_aliases("@base64d", op="decode", text="base64"),
    **_aliases("@uri", op="encode", text="uri", flags="0"),
    **_aliases("@urid", op="decode", text="uri"),
    **_aliases("@sh", op="encode", text="sh", flags="0"),
    **_aliases("or", arity=2, binding=20),
    **_aliases("and", arity=2, binding=20),
    **_aliases("ireduce", arity=2, binding=35),
    **_aliases("as", arity=2, binding=40),
    **_aliases("ref", arity=2, binding=40),
}

#: Infix signs; those of more than one character first.
SIGNS: dict[str, Word] = {
    sign: Word(op=sign, arity=2, binding=binding)
    for sign, binding in (
        (";", 10),
        (",", 10),
        (":", 15),
        ("|", 30),
        ("=", 40),
        ("==", 40),
        ("!=", 40),
        ("<", 40),
        ("<=", 40),
        (">", 40),
        (">=", 40),
        ("+=", 40),
        ("-=", 40),
        ("*=", 42),
        ("//=", 40),
        ("//", 42),
        ("+", 42),
        ("-", 42),
        ("*", 42),
        ("/", 42),
        ("%", 42),
    )
}
#: What joins `.a` and `.b` in `.a.b`, and `.a` and `[0]` in `.a[0]`.
STEP = Word(op="|", arity=2, binding=45)
INDEX = Word(op="[", arity=2, binding=50)
ASSIGN_BINDING = 40
