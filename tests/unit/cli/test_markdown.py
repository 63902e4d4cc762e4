from limavm.cli.manual import GLOBAL, Page
from limavm.cli.markdown import file_name, markdown

PAGE = Page(
    words=("limactl", "do"),
    description="Do <it> *now*, with `a*b`.\n\nAs in:\n\n  limactl do\n  limactl do *",
    usage=("limactl do [flags] X...",),
    aliases=("do", "d"),
    examples="limactl do a|b",
    sections=(("Flags", (("-x, --ex string", "a | b <c>"),)), (GLOBAL, (("--debug", "more"),))),
    commands=(("Commands", (("it", "Do it"),)),),
)


def test_a_page_has_all_its_parts_in_order() -> None:
    parts = markdown(PAGE).split("\n\n")

    assert parts[0].startswith("<!-- ")
    assert parts[1:] == [
        "# limactl do",
        "Do \\<it\\> \\*now\\*, with `a*b`.",
        "As in:",
        "```\nlimactl do\nlimactl do *\n```",
        "```\nlimactl do [flags] X...\n```",
        "Aliases: `do`, `d`",
        "## Examples",
        "```\nlimactl do a|b\n```",
        "## Commands",
        "| command |  |\n| --- | --- |\n| [it](limactl_do_it.md) | Do it |",
        "## Flags",
        "| flag |  |\n| --- | --- |\n| `-x, --ex string` | a \\| b \\<c\\> |",
        "[The flags of limactl](limactl.md#flags) work as well.\n",
    ]


def test_a_page_for_a_site_has_a_head() -> None:
    assert markdown(PAGE, head=True).startswith("---\ntitle: limactl do\nweight: 3\n---\n\nDo ")


def test_a_file_is_named_after_all_words() -> None:
    assert file_name(("limactl", "disk", "create")) == "limactl_disk_create.md"
