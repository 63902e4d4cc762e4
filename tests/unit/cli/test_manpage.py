from limavm.cli.manpage import file_name, man
from limavm.cli.manual import Page

PAGE = Page(
    words=("limactl", "do"),
    description="Do it.\n\n.so evil\n'quote \\x\n\n  limactl do -x",
    usage=("limactl do [flags]",),
    aliases=("do", "d"),
    examples="limactl do",
    sections=(("Flags", (("-x, --ex string", ".hidden"),)),),
    commands=(("Commands", (("it", "Do it"),)),),
)


def test_a_page_is_what_man_understands() -> None:
    assert man(PAGE, "limavm 1").splitlines() == [
        '.TH "LIMACTL\\-DO" 1 "" "limavm 1" "Lima"',
        *[".SH NAME", "limactl\\-do \\- Do it"],
        *[".SH SYNOPSIS", ".nf", "\\fBlimactl do [flags]\\fP", ".fi"],
        *[".SH ALIASES", "do, d"],
        *[".SH DESCRIPTION", ".PP", "Do it."],
        *[".PP", "\\&.so evil", "\\&'quote \\ex"],
        *[".PP", ".RS", ".nf", "limactl do \\-x", ".fi", ".RE"],
        *['.SH "COMMANDS"', ".TP", "\\fBlimactl\\-do\\-it(1)\\fP", "Do it"],
        *['.SH "FLAGS"', ".TP", "\\fB\\-x, \\-\\-ex string\\fP", "\\&.hidden"],
        *[".SH EXAMPLES", ".nf", "limactl do", ".fi"],
        *[".SH SEE ALSO", "\\fBlimactl\\fP(1)"],
    ]


def test_the_page_of_limactl_refers_to_that_of_lima() -> None:
    assert "\\fBlima\\fP(1)" in man(Page(words=("limactl",), description="Do"), "1")
    assert "SEE ALSO" not in man(Page(words=("lima",), description="Do"), "1")


def test_a_file_is_named_after_all_words() -> None:
    assert file_name(("limactl", "disk", "create")) == "limactl-disk-create.1"
