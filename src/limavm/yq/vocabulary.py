"""The words and signs of the language, how tightly they bind, and the operator that each of them is.

Facts are those of yq v4 (its lexer and the precedences of its operators). What an operator does is found by its name
in `registry`; several words may be one operator.
"""

from enum import IntEnum
from typing import Any

import msgspec


class Binding(IntEnum):
    """How tightly a word or a sign holds the operands beside it: the higher one takes them.

    This is yq's, and differs from other languages: all arithmetic binds alike, comparisons like assignments, `|` binds
    tighter than `and`, `or`, `,` and `:`, and what binds alike groups to the right, so that `10 - 3 - 2` is 9.
    """

    #: No operator: what a closing bracket or the end takes all operators off the stack with.
    LOOSEST = 0
    #: `,` and `;`
    SEPARATOR = 10
    #: `:` of `{...}` and of slices
    PAIR = 15
    #: `and`, `or`
    LOGIC = 20
    PIPE = 30
    REDUCE = 35
    #: `=` and its kin, `==` and its kin, `as`; `del`
    ASSIGNMENT = 40
    #: `+ - * / %`, `//`, `*=`
    ARITHMETIC = 42
    #: `-x`
    NEGATION = 44
    #: Between the steps of a path
    STEP = 45
    #: A word before its operand, and the brackets of an index
    WORD = 50
    #: A word that takes its operand before an index can: `map(.a)[0]`
    INDEXED_WORD = 52


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """How a word or a sign is parsed."""

    op: str
    #: Operands: none, one behind it, or one on each side.
    arity: int = 0
    #: Of a word or a sign with operands.
    binding: Binding = Binding.WORD
    #: Of a word without operands: a path or an index right behind it applies to its result, as in `keys[0]`.
    postfix: bool = False
    #: The operand may be missing, as for `first`.
    optional: bool = False
    #: Becomes `text` and `flags` of the expression.
    text: str = ""
    flags: str = ""
    #: What may stand in parentheses as part of the word: NUMBER, NAME or OPTIONS.
    parameter: str = ""
    #: The infix operator that it is when `=` or `|=` follows.
    assign: str = ""


NUMBER, NAME, OPTIONS = "number", "name", "options"


def _aliases(*names: str, **fields: Any) -> dict[str, Word]:
    """One word under several names; its operator has the first one, unless `op` tells another."""
    return dict.fromkeys(names, Word(**{"op": names[0], **fields}))


def _plain(*names: str) -> dict[str, Word]:
    """A word without operands."""
    return _aliases(*names)


def _indexed(*names: str, **fields: Any) -> dict[str, Word]:
    """A word without operands whose results are often indexed."""
    return _aliases(*names, postfix=True, **fields)


def _taking(*names: str, **fields: Any) -> dict[str, Word]:
    """A word with one operand, `a; b` being one."""
    return _aliases(*names, arity=1, **fields)


def _taking_indexed(*names: str, **fields: Any) -> dict[str, Word]:
    """A word with one operand whose results are often indexed."""
    return _taking(*names, binding=Binding.INDEXED_WORD, **fields)


def _between(name: str, *, binding: Binding) -> dict[str, Word]:
    """A word with an operand on each side."""
    return _aliases(name, arity=2, binding=binding)


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
    return _taking_indexed(*names, op="load", text=format_)


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
    **_plain("min"),
    **_plain("max"),
    **_indexed("parent", parameter=NUMBER, text="1"),
    **_indexed("flatten", parameter=NUMBER, text="-1"),
    **_indexed("env", parameter=NAME),
    **_indexed("strenv", parameter=NAME),
    **_aliases("envsubst", parameter=OPTIONS),
    **_indexed("keys"),
    **_indexed("path"),
    **_indexed("parents"),
    **_indexed("to_entries", "toentries", "toEntries"),
    **_indexed("split_doc", "splitdoc", "splitDoc"),
    **_indexed("unique"),
    **_indexed("sort"),
    **_indexed("reverse"),
    **_indexed("shuffle"),
    **_indexed("pivot"),
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
    **_taking_indexed("split"),
    **_taking_indexed("map"),
    **_taking_indexed("map_values", "mapvalues"),
    **_taking_indexed("filter"),
    **_taking_indexed("pick"),
    **_taking_indexed("omit"),
    **_taking_indexed("eval"),
    **_taking_indexed("select"),
    **_taking_indexed("unique_by", "uniqueby"),
    **_taking_indexed("group_by", "groupby"),
    **_taking_indexed("sort_by", "sortby"),
    **_taking_indexed("sort_keys", "sortkeys", "sortKeys"),
    **_taking_indexed("explode"),
    **_taking_indexed("with"),
    **_taking_indexed("del_paths", "delpaths"),
    **_taking_indexed("first", optional=True),
    **_taking("del", binding=Binding.ASSIGNMENT),
    **_taking_indexed("load_str", "loadstr", "str_load", "strload"),
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
    **_between("or", binding=Binding.LOGIC),
    **_between("and", binding=Binding.LOGIC),
    **_between("ireduce", binding=Binding.REDUCE),
    **_between("as", binding=Binding.ASSIGNMENT),
    **_between("ref", binding=Binding.ASSIGNMENT),
}

#: Infix signs, each an operator of that name.
SIGNS: dict[str, Word] = {
    sign: Word(op=sign, arity=2, binding=binding)
    for binding, signs in (
        (Binding.SEPARATOR, (";", ",")),
        (Binding.PAIR, (":",)),
        (Binding.PIPE, ("|",)),
        (Binding.ASSIGNMENT, ("=", "==", "!=", "<", "<=", ">", ">=", "+=", "-=", "//=")),
        (Binding.ARITHMETIC, ("//", "+", "-", "*", "*=", "/", "%")),
    )
    for sign in signs
}
#: What joins `.a` and `.b` in `.a.b`.
STEP = Word(op="|", arity=2, binding=Binding.STEP)
#: What joins `.a` and `[0]` in `.a[0]`.
INDEX = Word(op="[", arity=2, binding=Binding.WORD)
#: The sign of `-x`, which is `0 - x`.
NEGATION = Word(op="-", arity=2, binding=Binding.NEGATION)
