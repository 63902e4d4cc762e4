import time

import pytest

from limavm.gotemplate import TemplateError, render
from limavm.gotemplate.budget import Budget

TWICE = "".join(
    f'{{{{define "{i}"}}}}{{{{template "{i + 1}"}}}}{{{{template "{i + 1}"}}}}{{{{end}}}}' for i in range(60)
)


@pytest.mark.parametrize(
    "text",
    [
        "{{range 1000000000}}{{end}}",
        "{{range 1000}}{{range 1000}}{{range 1000}}{{end}}{{end}}{{end}}",
        "{{range 100000}}{{printf `%999d` 1}}{{end}}",
        "{{range 9}}{{printf `%9999999d` 1}}{{end}}",
        "{{printf `%-9999999v%9999999v` 1 2}}",
        '{{printf "%.9999999f%.9999999e" 1.5 1.5}}',
        '{{$x := "a"}}{{range 100}}{{$x = print $x $x}}{{end}}',
        '{{$x := "a"}}{{range 20}}{{$x = print $x $x}}{{end}}{{range 1000}}{{len $x}}{{end}}',
        '{{$x := "a"}}{{range 20}}{{$x = print $x $x}}{{end}}{{printf "' + "%[1]s" * 17 + '" $x}}',
        '{{define "x"}}{{template "x"}}{{end}}{{template "x"}}',
        '{{define "x"}}{{template "y"}}{{end}}{{define "y"}}{{template "x"}}{{end}}{{template "x"}}',
        TWICE + '{{define "60"}}{{end}}{{template "0"}}',
        "{{if 1}}" * 5000,
        "{{if 1}}" * 5000 + "{{end}}" * 5000,
        "{{if 0}}" + "{{else if 0}}" * 5000 + "{{end}}",
        "{{" + "(" * 5000 + "1" + ")" * 5000 + "}}",
        "{{" + "(not " * 3000 + "1" + ")" * 3000 + "}}",
        "{{define `x`}}{{block `y` .}}" * 2000,
        "{{len (printf `%999999d` 1)" + " | print" * 2000 + " | nope}}",
        "{{- " * 20_000,
        "{{/*" * 20_000,
        "{{" + '"\\' * 20_000,
        "{{" + "1" * 50_000 + "}}",
        "{{" + "0x" + "f" * 50_000 + "p1}}",
    ],
)
def test_a_hostile_template_fails_in_bounded_time(text: str) -> None:
    begin = time.process_time()

    with pytest.raises(TemplateError):
        render(text, {})

    assert time.process_time() - begin < 20


def test_a_long_template_of_many_actions_is_rendered() -> None:
    assert render("{{.A}}" * 50_000, {"A": "x"}) == "x" * 50_000


def test_a_budget_says_where_it_ran_out() -> None:
    budget = Budget().of("a\nbc")
    budget.at(3)

    with pytest.raises(TemplateError, match=r"template:2:2: the template makes too much text"):
        budget.spend(1 << 40)


@pytest.mark.parametrize("text", ["{{range 100000}}{{end}}", "{{printf `%9999999d` 1}}"])
def test_templates_may_share_a_budget(text: str) -> None:
    budget = Budget()

    def render_ten() -> None:
        for _ in range(10):
            render(text, {}, budget=budget)

    with pytest.raises(TemplateError, match=r"too long|too much"):
        render_ten()
