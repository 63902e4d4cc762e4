import pytest

from limavm.config.errors import ConfigError
from tests.unit.config.embedding import dedented, embedded_text


def merged(template: str, base: str) -> str:
    """The text of the template with the base merged."""
    text = dedented(template).removeprefix("\n")
    return embedded_text(text + "base: b.yaml\n", {"/t/b.yaml": base})


@pytest.mark.parametrize(
    ("template", "base", "result"),
    [
        # A key that the template does not have is appended.
        ("cpus: 1\n", "memory: 1GiB\n", "cpus: 1\nmemory: 1GiB\n"),
        ("cpus: 1\n", "cpus: 2\nmemory: 1GiB\n", "cpus: 1\nmemory: 1GiB\n"),
        # Mappings are merged key by key, at any depth.
        (
            "ssh:\n  localPort: 1\n",
            "ssh:\n  localPort: 2\n  forwardAgent: true\n",
            "ssh:\n  localPort: 1\n  forwardAgent: true\n",
        ),
        (
            "video:\n  vnc:\n    display: a\n",
            "video:\n  display: b\n  vnc:\n    display: c\n    other: d\n",
            "video:\n  vnc:\n    display: a\n    other: d\n  display: b\n",
        ),
        # Whatever else the template has stays, null too (Q5).
        ("ssh: null\n", "ssh:\n  localPort: 2\n", "ssh: null\n"),
        ("mounts: null\n", "mounts:\n- location: a\n", "mounts: null\n"),
        ("mounts:\n", "mounts:\n- location: a\n", "mounts:\n"),
        ("env: text\n", "env:\n  a: b\n", "env: text\n"),
        ("mounts: text\n", "mounts:\n- location: a\n", "mounts: text\n"),
        # A mapping of the template stays whatever the base has (Q15).
        ("ssh:\n  localPort: 1\n", "ssh: null\n", "ssh:\n  localPort: 1\n"),
        ("ssh:\n  localPort: 1\n", "ssh: text\n", "ssh:\n  localPort: 1\n"),
        ("ssh:\n  localPort: 1\n", "ssh:\n- a\n", "ssh:\n  localPort: 1\n"),
        ("mounts:\n- location: a\n", "mounts: null\n", "mounts:\n- location: a\n"),
        # Lists: the template's entries first, scripts of the base first.
        ("images:\n- location: a\n", "images:\n- location: b\n", "images:\n- location: a\n- location: b\n"),
        ("caCerts:\n  files:\n  - a\n", "caCerts:\n  files:\n  - a\n", "caCerts:\n  files:\n  - a\n  - a\n"),
        ("probes:\n- script: a\n", "probes:\n- script: b\n", "probes:\n- script: b\n- script: a\n"),
        ("provision:\n- script: a\n", "provision:\n- script: b\n", "provision:\n- script: b\n- script: a\n"),
        ("mounts: []\n", "mounts:\n- location: a\n", "mounts:\n- location: a\n"),
        ("mounts: []\n", "mounts: []\n", "mounts: []\n"),
        ("mounts:\n- location: a\n", "mounts: []\n", "mounts:\n- location: a\n"),
        # Lists that look alike are one each (Q1).
        (
            "portForwards:\n- guestPortRange: [1, 2]\n",
            "portForwards:\n- guestPortRange: [3, 4]\n",
            "portForwards:\n- guestPortRange: [1, 2]\n- guestPortRange: [3, 4]\n",
        ),
        # dns is not joined.
        ("dns:\n- 1.1.1.1\n", "dns:\n- 2.2.2.2\n", "dns:\n- 1.1.1.1\n"),
        ("dns: []\n", "dns:\n- 2.2.2.2\n", "dns:\n- 2.2.2.2\n"),
        # mountTypesUnsupported has everything once.
        (
            "mountTypesUnsupported: [9p, wsl2, 9p]\n",
            "mountTypesUnsupported: [virtiofs, 9p]\n",
            "mountTypesUnsupported: [9p, wsl2, virtiofs]\n",
        ),
        # The higher version wins.
        ("minimumLimaVersion: 1.0.0\n", "minimumLimaVersion: 2.0.0\n", "minimumLimaVersion: 2.0.0\n"),
        ("minimumLimaVersion: 2.0.0\n", "minimumLimaVersion: 1.10.0\n", "minimumLimaVersion: 2.0.0\n"),
        ("minimumLimaVersion: 1.9.0\n", "minimumLimaVersion: 1.10.0\n", "minimumLimaVersion: 1.10.0\n"),
        ("minimumLimaVersion: null\n", "minimumLimaVersion: 1.10.0\n", "minimumLimaVersion: null\n"),
        ("minimumLimaVersion: 1.0.0\n", "minimumLimaVersion: ''\n", "minimumLimaVersion: 1.0.0\n"),
        ("minimumLimaVersion: 2.0.0-alpha\n", "minimumLimaVersion: 2.0.0\n", "minimumLimaVersion: 2.0.0\n"),
        # One that is no version stays, so that validation finds it.
        ("minimumLimaVersion: 1.0.0\n", "minimumLimaVersion: x\n", "minimumLimaVersion: x\n"),
        ("minimumLimaVersion: x\n", "minimumLimaVersion: 2.0.0\n", "minimumLimaVersion: x\n"),
        (
            "vmOpts:\n  qemu:\n    minimumVersion: 8.2.1\n",
            "vmOpts:\n  qemu:\n    minimumVersion: 10.0.0\n    cpuType:\n      x86_64: max\n",
            "vmOpts:\n  qemu:\n    minimumVersion: 10.0.0\n    cpuType:\n      x86_64: max\n",
        ),
        (
            "vmOpts:\n  qemu:\n    minimumVersion: 8.2.1\n",
            "vmOpts:\n  qemu:\n    minimumVersion: 8.2.1-rc1\n",
            "vmOpts:\n  qemu:\n    minimumVersion: 8.2.1\n",
        ),
        (
            "vmOpts:\n  qemu:\n    minimumVersion: 8.2.1-rc.2\n",
            "vmOpts:\n  qemu:\n    minimumVersion: 8.2.1-rc.10\n",
            "vmOpts:\n  qemu:\n    minimumVersion: 8.2.1-rc.10\n",
        ),
        # Free-form options are merged in depth, too.
        (
            "vmOpts:\n  vz:\n    a:\n      b: 1\n",
            "vmOpts:\n  vz:\n    a:\n      c: 2\n  qemu: {}\n",
            "vmOpts:\n  vz:\n    a:\n      b: 1\n      c: 2\n  qemu: {}\n",
        ),
        # A base that says nothing changes nothing.
        ("cpus: 1\n", "", "cpus: 1\n"),
        ("cpus: 1\n", "# nothing\n", "cpus: 1\n"),
        ("cpus: 1\n", "{}\n", "cpus: 1\n"),
    ],
)
def test_a_base_gives_what_the_template_does_not_say(template: str, base: str, result: str) -> None:
    assert merged(template, base) == result


@pytest.mark.parametrize("version", ["8.2", "latest", "8.2.x", "99999999999.0.0"])
def test_a_qemu_version_that_cannot_be_compared_is_refused_in_its_file(version: str) -> None:
    with pytest.raises(ConfigError) as caught:
        merged("vmOpts:\n  qemu:\n    minimumVersion: 8.2.1\n", f"vmOpts:\n  qemu:\n    minimumVersion: {version}\n")

    assert str(caught.value).startswith("/t/b.yaml:3: vmOpts.qemu.minimumVersion: ")


@pytest.mark.parametrize(
    ("template", "base", "result"),
    [
        # A list or mapping written on one line is written on several, when its new parts were.
        ("{cpus: 1, ssh: {localPort: 1}, base: b.yaml}\n", "ssh:\n  # why\n  forwardAgent: true  # so\n", None),
        ("images: [a]\nbase: b.yaml\n", "images: [b]\n", "images: [a, b]\n"),
        ("images: [a]\nbase: b.yaml\n", "images:\n# why\n- b\n", "images:\n- a\n# why\n- b\n"),
        (
            "images: [a]  # mine\nbase: b.yaml\n",
            "# theirs\nimages:  # not theirs\n- b\n",
            "# theirs\nimages:  # mine\n- a\n- b\n",
        ),
    ],
)
def test_what_was_written_on_several_lines_stays_so(template: str, base: str, result: str | None) -> None:
    expected = result or "cpus: 1\nssh:\n  localPort: 1\n  # why\n  forwardAgent: true  # so\n"

    assert embedded_text(template, {"/t/b.yaml": base}) == expected


def test_comments_come_with_what_they_are_about() -> None:
    template = """
        # The template

        # Few
        cpus: 1  # one
        # My disks
        additionalDisks:
        - a  # a disk
        ssh:  # access
          localPort: 1
        # Last
        base: b.yaml
    """
    base = """
        # The base

        # Many
        cpus: 4  # four

        # Much
        memory: 8GiB  # eight
        # Their disks
        additionalDisks:  # disks
        # The disk b
        - b  # another
        # Access
        ssh:  # ignored
          # Agents
          forwardAgent: true  # yes
    """

    assert embedded_text(template, {"/t/b.yaml": base}) == dedented("""
        # The template

        # Few
        cpus: 1  # one
        # My disks
        additionalDisks:  # disks
        - a  # a disk
        # The disk b
        - b  # another
        # Access
        ssh:  # access
          localPort: 1
          # Agents
          forwardAgent: true  # yes

        # Last

        # Much
        memory: 8GiB  # eight
    """)


def test_a_higher_version_comes_with_its_comments() -> None:
    result = merged(
        "# Works with 0.8.0\nminimumLimaVersion: 0.8.0  # really\n",
        "\n# Requires 1.0.2\nminimumLimaVersion: 1.0.2    # or later\n",
    )

    assert result == "# Requires 1.0.2\nminimumLimaVersion: 1.0.2  # or later\n"
