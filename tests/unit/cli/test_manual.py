import pytest

from limavm.cli.manual import GLOBAL, Page, pages
from limavm.cli.tree import COMMANDS

PAGES = {" ".join(page.words): page for page in pages()}


def titled(page: Page) -> dict[str, dict[str, str]]:
    return {title: dict(rows) for title, rows in page.sections}


def test_every_command_that_is_shown_has_a_page_and_every_sub_command() -> None:
    shown = {f"limactl {entry.name}" for entry in COMMANDS if entry.group != "hidden"}

    assert shown | {"limactl"} <= set(PAGES)
    assert {"limactl template copy", "limactl completion zsh", "limactl autostart enable"} <= set(PAGES)
    assert "limactl hostagent" not in PAGES


def test_a_page_says_what_help_says() -> None:
    page = PAGES["limactl stop"]

    assert page.summary == "Stop instances."
    assert page.usage == ("limactl stop [flags] [INSTANCE]...",)
    assert page.examples.startswith("limactl stop\n")
    assert titled(page)["Flags"] == {"-f, --force": "End the processes at once, without asking the guest"}
    assert "--log-level string" in titled(page)[GLOBAL]
    assert PAGES["limactl list"].aliases == ("list", "ls")


def test_flags_stand_under_the_titles_that_help_gives_them() -> None:
    titles = list(titled(PAGES["limactl start"]))

    assert titles == ["Flags", "Flags shared with `limactl create`", GLOBAL]


def test_a_group_lists_its_commands() -> None:
    root = dict(PAGES["limactl"].commands)
    [(title, rows)] = PAGES["limactl template"].commands

    assert ("stop", "Stop instances") in root["Basic commands"]
    assert title == "Commands"
    assert {"copy", "url"} <= {name for name, _ in rows}


def test_a_topic_is_its_text_alone() -> None:
    page = PAGES["limactl yq-restrictions"]

    assert (page.usage, page.sections) == ((), ())
    assert "load_str" in page.description


@pytest.mark.parametrize("page", PAGES.values(), ids=list(PAGES))
def test_no_page_is_without_a_summary_and_a_description(page: Page) -> None:
    assert page.summary
    assert len(page.summary) < 80


@pytest.mark.parametrize("name", [name for name, page in PAGES.items() if page.usage and not page.commands])
def test_the_summary_of_a_command_is_a_whole_sentence(name: str) -> None:
    # An error about the number of arguments shows it alone, as the last line.
    assert PAGES[name].summary.endswith((".", ")"))
