import hashlib
import os
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from limavm.config.bases import MAX_BASES, MAX_LEVELS
from limavm.config.embed import absolute, embed, embedded, no_reader
from limavm.config.errors import ConfigError
from limavm.errors import UserError
from tests.unit.config.embedding import dedented, embedded_text, reader, template


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"# comment",
        b"---\n...\n",
        b"cpus:   1 # one\r\nprovision: [{script: x}]",
        b"{a: &x [ 1,2 ], b: *x}",
        b"base: []\n\n\n",
        b"base:\n",
        b"\xef\xbb\xbfmounts:\n    - {location: a}\n    - {location: b}\n",
        b"provision:\n- script: x\n  file: /y\n",
        b"mounts: text\nprovision: 1\nprobes: {file: x}\nadditionalDisks: {a: b}\n",
        b"a: 1\n---\nb: 2\n",
    ],
)
def test_a_text_without_anything_to_embed_stays_as_it_is(text: bytes) -> None:
    assert embedded(template(text)) == text


def test_references_that_stay_leave_the_text_as_it_is() -> None:
    text = b"base:   template:b\nprobes: [{file: 'template:c'}]"

    assert embedded(template(text), no_reader, templates=False) == text


@pytest.mark.parametrize(
    ("base", "order"),
    [
        ("b1.yaml", "t 1 3"),
        ("[b1.yaml, b2.yaml]", "t 1 3 2"),
        ("[{url: b2.yaml}, b1.yaml]", "t 2 1 3"),
        ("{url: b2.yaml}", None),
        ("[b3.yaml, b1.yaml]", "t 3 1"),
        ("/t/b2.yaml", "t 2"),
        ("file:///t/b2.yaml", "t 2"),
        ("dir/b4.yaml", "t 4 5"),
        ("template:b6", "t 6 7"),
        ("https://host/b8", "t 8 9"),
        ("github:o/r/b@v1", "t 10 11"),
    ],
)
def test_bases_are_merged_depth_first(base: str, order: str | None) -> None:
    files = {
        "/t/b1.yaml": "base: b3.yaml\nadditionalDisks: ['1']\n",
        "/t/b2.yaml": "additionalDisks: ['2']\n",
        "file:///t/b2.yaml": "additionalDisks: ['2']\n",
        "/t/b3.yaml": "additionalDisks: ['3']\n",
        "/t/dir/b4.yaml": "base: [./b5.yaml]\nadditionalDisks: ['4']\n",
        "/t/dir/b5.yaml": "additionalDisks: ['5']\n",
        "template:b6": "base: b7\nadditionalDisks: ['6']\n",
        "template:b7": "additionalDisks: ['7']\n",
        "https://host/b8": "base: b9\nadditionalDisks: ['8']\n",
        "https://host/b9": "additionalDisks: ['9']\n",
        "github:o/r/b@v1": "base: c.yaml\nadditionalDisks: ['10']\n",
        "github:o/r/c.yaml@v1": "additionalDisks: ['11']\n",
    }
    text = f"base: {base}\nadditionalDisks: [t]\n"
    if order is None:
        with pytest.raises(ConfigError, match=r"/t/t.yaml:1: base: must be a locator, or a list"):
            embedded_text(text, files)
    else:
        assert yaml.safe_load(embedded_text(text, files)) == {"additionalDisks": order.split()}


def test_the_worked_example_of_four_bases() -> None:
    files = {
        "/t/b0.yaml": "base: [b1.yaml, b2.yaml]\nadditionalDisks: [disk0]\n",
        "/t/b1.yaml": "base: b3.yaml\nadditionalDisks: [disk1]\n",
        "/t/b2.yaml": "additionalDisks: [disk2]\n",
        "/t/b3.yaml": "additionalDisks: [disk3]\n",
    }

    assert yaml.safe_load(embedded_text("base: b0.yaml\n", files)) == {
        "additionalDisks": ["disk0", "disk1", "disk3", "disk2"]
    }


def test_a_base_that_is_reached_twice_is_merged_once() -> None:
    files = {
        "/t/a.yaml": "base: common.yaml\nimages: [a]\n",
        "/t/b.yaml": "base: ./common.yaml\nimages: [b]\n",
        "/t/common.yaml": "images: [common]\n",
    }

    assert embedded_text("base: [a.yaml, b.yaml, a.yaml]\n", files) == "images: [a, common, b]\n"


@pytest.mark.parametrize(
    ("files", "way"),
    [
        ({}, "/t/t.yaml → /t/t.yaml"),
        ({"/t/a.yaml": "base: ./t.yaml\n"}, "/t/t.yaml → /t/a.yaml → /t/t.yaml"),
        (
            {"/t/a.yaml": "base: [c.yaml, b.yaml]\n", "/t/b.yaml": "base: /t/a.yaml\n", "/t/c.yaml": ""},
            "/t/t.yaml → /t/a.yaml → /t/b.yaml → /t/a.yaml",
        ),
        (
            {"/t/a.yaml": "base: template:x\n", "template:x": "base: template://x\n"},
            "/t/t.yaml → /t/a.yaml → template:x → template://x",
        ),
        ({"/t/a.yaml": "base: file:///t/t.yaml\n"}, "/t/t.yaml → /t/a.yaml → file:///t/t.yaml"),
    ],
)
def test_a_base_that_is_based_on_itself_is_refused_with_the_way_to_it(files: dict[str, str | bytes], way: str) -> None:
    text = "base: a.yaml\n" if files else "base: t.yaml\n"

    with pytest.raises(ConfigError, match="is based on itself") as caught:
        embedded_text(text, files)

    assert str(caught.value).endswith(way)


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need a privilege")
def test_a_symbolic_link_is_the_file_that_it_leads_to(tmp_path: Path) -> None:
    first, link = str(tmp_path / "a.yaml"), str(tmp_path / "link.yaml")
    (tmp_path / "link.yaml").symlink_to(first)
    (tmp_path / "a.yaml").write_text("base: link.yaml\n")

    with pytest.raises(ConfigError, match="is based on itself"):
        embedded(template("base: link.yaml\n", first), reader({link: "base: link.yaml\n"}))


def test_bases_have_a_depth() -> None:
    files: dict[str, str | bytes] = {f"/t/{level}": f"base: '{level + 1}'\n" for level in range(2000)}

    with pytest.raises(ConfigError, match=f"deeper than {MAX_LEVELS} levels") as caught:
        embedded_text("base: '0'\n", files)

    assert str(caught.value).startswith(f"/t/{MAX_LEVELS - 1}:1: base: ")
    assert len(str(caught.value)) < 300


def test_bases_have_a_number() -> None:
    files: dict[str, str | bytes] = {f"/t/{number}": f"param: {{p{number}: x}}\n" for number in range(MAX_BASES + 1)}
    most = "base: [" + ", ".join(f"'{number}'" for number in range(MAX_BASES))

    assert len(yaml.safe_load(embedded_text(most + "]\n", files))["param"]) == MAX_BASES
    for text in (f"{most}, '{MAX_BASES}']\n", "base: [" + "x, " * 10_000 + "]\n"):
        with pytest.raises(ConfigError, match=f"more than {MAX_BASES} bases"):
            embedded_text(text, files)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("base: none\n", "/t/t.yaml:1: base: the base '/t/none' does not exist"),
        ("base: [b]\n", ("/t/b:2: base[0]: the base '/t/none' does not exist "
         "(/t/t.yaml → /t/b → /t/none)")),
        ("base: ''\n", "/t/t.yaml:1: base: the locator is empty"),
        ("base: [b, {digest: x}]\n", "/t/t.yaml:1: base[1]: the locator is empty"),
        ("base: [null]\n", "/t/t.yaml:1: base[0]: the locator is empty"),
        ("base: [[b]]\n", "/t/t.yaml:1: base[0]: must be a locator"),
        ("base: ../b\n", "/t/t.yaml:1: base: '../b' leaves the directory"),
        ("base: {url: b}\n", "/t/t.yaml:1: base: must be a locator, or a list of them"),
        ("base: list\n", "/t/list:1: the text must be a mapping"),
        ("- a\n", "/t/t.yaml:1: the text must be a mapping"),
        ("null\n", "/t/t.yaml:1: the text must be a mapping"),
        ("a: [\n", "/t/t.yaml:2: "),
        ("base: broken\n", "/t/broken:2: "),
        ("a: 1\na: 2\nbase: b\n", "/t/t.yaml:2: "),
    ],
)  # fmt: skip
def test_what_cannot_be_embedded_is_an_error_at_its_place(text: str, message: str) -> None:
    files: dict[str, str | bytes] = {"/t/b": "cpus: 1\nbase: [none]\n", "/t/list": "- a\n", "/t/broken": b"\nb: [x}\n"}

    with pytest.raises(ConfigError) as caught:
        embedded_text(text, files)

    assert str(caught.value).startswith(message)


def test_the_digest_of_a_base_is_checked() -> None:
    digest = f"sha256:{hashlib.sha256(b'cpus: 1').hexdigest()}"
    text = f"base:\n- url: b\n  digest: {digest}\n"

    assert embedded_text(text, {"/t/b": b"cpus: 1"}) == "cpus: 1\n"
    with pytest.raises(ConfigError) as caught:
        embedded_text(text, {"/t/b": b"cpus: 2"})
    assert str(caught.value).startswith("/t/t.yaml:3: base[0].digest: the base '/t/b' is not the one that was meant")
    with pytest.raises(ConfigError, match=r"t.yaml:3: base\[0\].digest: must look like sha256:HEX"):
        embedded_text("base:\n- url: b\n  digest: deadbeef\n", {"/t/b": b""})


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("base: template:a\ncpus: 1\n", "base: template:a\ncpus: 1\n"),
        ("base: [b, template:a]\n", "base:\n- template:a\nmemory: 1GiB\n"),
        ("base: [c, template:a]\n", "base:\n- template:c\n- template:a\ncpus: 2\n"),
        ("cpus: 1\nbase: c\n", "cpus: 1\nbase:\n- template:c\n"),
    ],
)
def test_named_templates_may_stay_references(text: str, result: str) -> None:
    files = {"/t/b": "memory: 1GiB\n", "/t/c": "base: template:c\ncpus: 2\n"}

    assert embedded_text(text, files, templates=False) == result


def test_comments_of_references_that_go_stay_with_those_that_are_left() -> None:
    files = {"/t/b": "memory: 1GiB\n", "/t/c": "base: template:c\n"}

    assert embedded_text(
        "# bases\nbase:  # two\n# this\n- b  # goes\n- template:a  # stays\n", files, templates=False
    ) == ("# bases\n# this\n# goes\nbase:  # two\n- template:a  # stays\nmemory: 1GiB\n")
    assert embedded_text("base: c  # why\n", files, templates=False) == "# why\nbase:\n- template:c\n"


def test_nothing_is_embedded_after_what_is_not() -> None:
    files = {"/t/c": "base: template:c\n"}

    for text, first in (("base: [template:a, b]\n", "template:a"), ("base: [c, b]\n", "template:c")):
        with pytest.raises(ConfigError, match=f"'/t/b' cannot be embedded, because '{first}' before it is not"):
            embedded_text(text, files, templates=False)


def test_the_base_of_all_templates_is_merged_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMA_HOME", str(tmp_path))
    path = os.path.join(os.path.realpath(tmp_path), "_config", "base.yaml")
    files = {path: "cpus: 3\nimages: [default]\n", "/t/b": "cpus: 4\nmemory: 1GiB\nimages: [b]\n"}
    one = template("base: b\nimages: [t]\n")

    assert embedded(one, reader(files), base=True) == b"images: [t, b]\ncpus: 4\nmemory: 1GiB\n"
    os.mkdir(os.path.dirname(path))
    Path(path).touch()
    assert embedded(one, reader(files), base=True) == b"images: [t, default, b]\ncpus: 3\nmemory: 1GiB\n"
    assert embedded(one, reader(files)) == b"images: [t, b]\ncpus: 4\nmemory: 1GiB\n"
    assert embedded(template("# nothing"), reader(files), base=True) == b"# nothing\n\ncpus: 3\nimages: [default]\n"
    assert embedded(template("cpus: 1\n"), reader(files), base=True) == b"cpus: 1\nimages: [default]\n"


def test_too_much_is_refused() -> None:
    half = "x" * (5 << 19)
    files = {"/t/a": f"message: {half}\n", "/t/b": f"param: {{a: {half}}}\n", "/t/c": f"message: {half}\n"}

    assert len(embedded_text("base: [a, c]\n", files)) == len(files["/t/a"])
    with pytest.raises(ConfigError, match=r"t.yaml:1: base\[1\]: with this base the template is larger than 4 MiB"):
        embedded_text("base: [a, b]\n", files)


def test_too_much_is_refused_of_files_too() -> None:
    half = "x" * (5 << 19)
    with pytest.raises(ConfigError, match=r"t.yaml:1: provision\[1\].file: with this file the template is larger"):
        embedded_text("provision: [{file: a}, {file: b}]\n", {"/t/a": half, "/t/b": half})
    with pytest.raises(UserError, match="with all that it is based on the template is larger than 4 MiB"):
        embedded_text(f"message: {half}\nprovision: [{{file: a}}]\n", {"/t/a": half})


def test_comments_of_the_base_key_are_kept() -> None:
    files = {"/t/b": "# The base\nimages: []\n"}

    assert embedded_text("# first\nbase: b  # why\n\ncpus: 1\n", files) == (
        "# first\n# why\n\ncpus: 1\n# The base\nimages: []\n"
    )
    assert embedded_text("cpus: 1\n\n# about\nbase:  # bases\n# this\n- b  # that\n\n# next\nmemory: 1\n", files) == (
        "cpus: 1\n\n# about\n# bases\n# this\n# that\n\n# next\nmemory: 1\n\n# The base\nimages: []\n"
    )


def test_comments_at_the_ends_of_a_base_come_with_its_first_and_last_key() -> None:
    base = """
        # What this is for

        memory: 1GiB

        # images:
        # - others
    """
    text = "cpus: 1\n\nbase: b\n\nplain: true\n"

    assert embedded_text(text, {"/t/b": base}) == dedented("""
        cpus: 1

        plain: true

        # What this is for

        memory: 1GiB

        # images:
        # - others
    """)


def test_nodes_tell_the_file_and_the_line_that_they_came_from() -> None:
    files: dict[str, str | bytes] = {
        "/t/b": b"\n\nmounts:\n- location: c\n  writable: true\ncpus: 1\nprobes: [{file: s}]\n",
        "/t/s": "x",
    }

    root = embed(template("base: b\nmounts:\n- location: c\n"), reader(files)).root

    assert root is not None
    places = {key.value: (value.source, value.line) for key, value in root.pairs}
    assert places == {"mounts": ("/t/t.yaml", 3), "cpus": ("/t/b", 6), "probes": ("/t/b", 7)}
    mounts, probes = root.get("mounts"), root.get("probes")
    assert mounts is not None
    assert probes is not None
    assert [(value.source, value.line) for _, value in mounts.items[0].pairs] == [("/t/t.yaml", 3), ("/t/b", 5)]
    script = probes.items[0].get("script")
    assert script is not None
    assert (script.source, script.line) == ("/t/b", 7)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("arch: aarch64\n", None),
        ("base: bar.yaml\n", "base: template:x/bar.yaml\n"),
        ("base: 'bar.yaml'\n", "base: 'template:x/bar.yaml'\n"),
        (
            "base: [{url: bar.yaml, digest: deadbeef}, baz]\n",
            "base: [{url: template:x/bar.yaml, digest: deadbeef}, template:x/baz]\n",
        ),
        ("base: # c\n- bar  # d\n- https://h/my.yaml\n", "base:  # c\n- template:x/bar  # d\n- https://h/my.yaml\n"),
        (
            "provision:\n- file: a.sh\n- file:\n    url: b.sh\n    digest: c\nprobes:\n- file: /d\n- script: e\n",
            (
                "provision:\n- file: template:x/a.sh\n- file:\n    url: template:x/b.sh\n    digest: c\n"
                "probes:\n- file: /d\n- script: e\n"
            ),
        ),
        ("probes:\n- file: 12\n", "probes:\n- file: template:x/12\n"),
        ("x: &x {file: a}\nprobes: [*x]\n", "x: {file: a}\nprobes: [{file: template:x/a}]\n"),
        ("mounts: [{location: a}, {location: a}]\n", None),
    ],
)
def test_locators_can_be_made_absolute_and_nothing_else(text: str, result: str | None) -> None:
    assert absolute(template(text, "template:x/foo")).decode() == (result or text)


KEYS = st.sampled_from(["cpus", "memory", "env", "ssh", "images", "mounts", "provision", "networks", "message"])
SCALARS = st.sampled_from([None, 1, "x", "*", "# y", "a\nb\n", "", True])
ENTRIES = st.lists(
    st.dictionaries(st.sampled_from(["location", "mountPoint", "interface", "writable", "lima"]), SCALARS), max_size=3
)
MAPS = st.dictionaries(st.sampled_from(["a", "b", "c"]), SCALARS | st.dictionaries(st.sampled_from("de"), SCALARS))
CONFIGS = st.dictionaries(KEYS, SCALARS | ENTRIES | MAPS, max_size=5)


def dumped(value: object) -> str:
    return yaml.safe_dump(value, sort_keys=False)


def test_a_copy_with_nothing_to_make_absolute_has_the_same_bytes() -> None:
    text = b"base:   [ template:a ]\r\ncpus:   1\r\n---\nx: 1"

    assert absolute(template(text)) == text


def test_documents_behind_the_first_one_stay() -> None:
    text = "base: b.yaml\ncpus: 1\n---\n# mine\nx: 1\n"

    assert (
        embedded_text(text, {"/t/b.yaml": "memory: 1GiB\n---\ny: 1\n"}) == "cpus: 1\nmemory: 1GiB\n---\n# mine\nx: 1\n"
    )
    assert absolute(template(text)).decode() == text.replace("b.yaml", "/t/b.yaml")


@given(CONFIGS, CONFIGS)
@settings(deadline=None)
def test_embedding_again_changes_nothing(one: dict[str, object], two: dict[str, object]) -> None:
    once = embedded_text(dumped({"base": "b"} | one), {"/t/b": dumped(two)})

    assert embedded_text(once) == once


#: Every key has one type, and no value is null: what a value of another type would hide depends on the order.
TYPED = st.fixed_dictionaries(
    {},
    optional={
        "cpus": st.integers(1, 9),
        "env": st.dictionaries(st.sampled_from("abc"), st.sampled_from("xyz")),
        "images": st.lists(st.sampled_from("abc"), max_size=3),
        "provision": st.lists(st.fixed_dictionaries({"script": st.sampled_from("abc")}), max_size=3),
        "mounts": ENTRIES,
        "vmOpts": st.dictionaries(st.sampled_from("ab"), st.dictionaries(st.sampled_from("cd"), st.integers(0, 1))),
        "mountTypesUnsupported": st.lists(st.sampled_from("abc"), max_size=3),
    },
)


@given(TYPED, TYPED, TYPED)
@settings(deadline=None)
def test_a_list_of_bases_is_as_good_as_a_chain(
    one: dict[str, object], two: dict[str, object], three: dict[str, object]
) -> None:
    files = {"/t/b": dumped(two), "/t/c": dumped(three), "/t/bc": dumped({"base": "c"} | two)}

    flat = embedded_text(dumped({"base": ["b", "c"]} | one), files)

    assert yaml.safe_load(embedded_text(dumped({"base": "bc"} | one), files)) == yaml.safe_load(flat)


@given(CONFIGS)
@settings(deadline=None)
def test_an_empty_base_changes_nothing(config: dict[str, object]) -> None:
    plain = yaml.safe_load(embedded_text(dumped(config)))

    assert (yaml.safe_load(embedded_text(dumped({"base": "b"} | config), {"/t/b": "# nothing"})) or {}) == plain


LINES = st.sampled_from(
    [
        "cpus: 1",
        "memory: 1GiB  # {}",
        "# {}",
        "",
        "ssh:  # {}\n  # {}\n  localPort: 1  # {}\n  # {}",
        "images:  # {}\n# {}\n- a  # {}\n# {}\n- location: b  # {}\n  # {}\n",
        "provision:\n- script: |  # {}\n    # no comment\n# {}",
        "base: b  # {}",
        "base:  # {}\n# {}\n- b  # {}\n# {}\n- url: c  # {}\n  # {}\n",
        "probes:\n- file: s  # {}\n# {}\n- file:  # {}\n    # {}\n    url: s  # {}\n",
    ]
)


@given(st.lists(LINES, unique_by=lambda line: line.split(":")[0] if line and line[0] != "#" else object()))
@settings(deadline=None)
def test_every_comment_of_the_template_survives(lines: list[str]) -> None:
    text = "\n".join(lines) + "\n"
    parts = text.split("{}")
    count = len(parts) - 1
    text = parts[0] + "".join(f"C{number};{part}" for number, part in enumerate(parts[1:]))
    files = {"/t/b": "# b\nssh:\n  forwardAgent: true\nimages: [c]\n", "/t/c": "cpus: 3 # b\n", "/t/s": "x\ny\n"}

    result = embedded_text(text, files)

    assert [number for number in range(count) if f"C{number};" not in result] == []
    assert dedented(result) == result
