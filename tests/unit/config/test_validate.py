import msgspec
import pytest

from tests.unit.config.conftest import LINUX, MAC, Problems, Resolve, assert_problems

SHA = "sha256:" + "0" * 64

#: A text (an image is appended as the last line), and the problems that it has.
CASES = [
    ("minimumLimaVersion: 2.0.0", []),
    ("minimumLimaVersion: 2.0", ["1: minimumLimaVersion: must be three numbers such as 2.0.0, not '2'"]),
    ("minimumLimaVersion: 2.9.0", ["1: minimumLimaVersion: needs Lima 2.9.0 or newer, this is 2.2.0"]),
    ("base: x.yaml", ["1: base: base templates are embedded"]),
    ("os: linux", ["1: os: must be one of Linux, Darwin, FreeBSD, Windows, not 'linux'"]),
    ("vmType: default", ["1: vmType: must be the name of a driver"]),
    ("vmType: ''", ["1: vmType: must be the name of a driver"]),
    ("os: Windows\nvmType: vz", ["2: vmType: a Windows guest needs"]),
    ("os: Windows\narch: riscv64", ["2: arch: a Windows guest is"]),
    ("os: Windows\nuser: {shell: 'C:\\x\\PWSH.exe'}", []),
    ("os: Windows\nuser: {shell: /bin/sh}", ["2: user.shell: must be one of cmd.exe"]),
    ("user: {shell: bash}", ["1: user.shell: must be an absolute path"]),
    ("user: {name: 'a b'}", ["1: user.name: 'a b' is no name of a user"]),
    ("user: {name: root:x}", ["1: user.name: 'root:x' is no name of a user"]),
    ('user: {name: "a\\nb"}', ["1: user.name: "]),
    ("user: {uid: -1}", ["1: user.uid: -1 is no user ID"]),
    ("cpus: -1", ["1: cpus: must be at least 1, not -1"]),
    ("memory: 4Ki", ["1: memory: '4Ki' is not a size"]),
    ("memory: 4", ["1: memory: 4 is less than 1MiB; a number without a unit is bytes"]),
    ("disk: 1,5g", ["1: disk: '1,5g' is not a size"]),
    ("memory: -1g", ["1: memory: "]),
    ("additionalDisks: [ok, 'a/b']", ["1: additionalDisks[1].name: 'a/b' is no name of a disk"]),
    ("additionalDisks: [{format: true}]", ["1: additionalDisks[0].name: '' is no name"]),
    ("ssh: {localPort: 22}", ["1: ssh.localPort: port 22"]),
    ("ssh: {localPort: 70000}", ["1: ssh.localPort: a port is a number from 1 to 65535"]),
    ("ssh: {localPort: -1}", ["1: ssh.localPort: a port is"]),
    ("ssh: {localPort: 0}", []),
    ("mountType: nfs", ["1: mountType: must be one of reverse-sshfs"]),
    ("mountType: default", ["1: mountType: must be one of"]),
    ("mountType: ''", ["1: mountType: must be one of"]),
    ("mountType: 9p\nmountTypesUnsupported: [9p]", ["1: mountType: 9p is among mountTypesUnsupported"]),
    ("containerd: {user: true, archives: [{location: ''}]}", ["1: containerd.archives[0].location: must be"]),
    ("containerd: {user: false, archives: [{location: ''}]}", []),
    ("hostResolver: {enabled: true}\ndns: [1.1.1.1]", ["2: dns: needs hostResolver.enabled: false"]),
    ("hostResolver: {enabled: false}\ndns: [1.1.1.1]", []),
    ("user: {passwordlessSudo: false}", ["1: user.passwordlessSudo: can be false with plain: true only"]),
    ("user: {passwordlessSudo: false}\nplain: true", []),
    ("os: Darwin\nuser: {passwordlessSudo: true}", ["2: user.passwordlessSudo: cannot be true"]),
    ("vmType: wsl2\nplain: true\nuser: {passwordlessSudo: false}", ["3: user.passwordlessSudo: cannot be false"]),
    ("tpm: true\narch: s390x", ["1: tpm: s390x guests have no TPM"]),
    ("tpm: true", []),
    ("audio: {interface: usb}", ["1: audio.interface: must be hda or virtio, not 'usb'"]),
    # mounts
    ("mounts: [{location: /tmp}]", ["1: mounts[0].mountPoint: cannot be /tmp"]),
    ("mounts: [{location: /tmp, mountPoint: /m}]", []),
    ("mounts: [{location: x, mountPoint: /m}]", ["1: mounts[0].location: must be absolute"]),
    ("mounts: [{mountPoint: /m}]", ["1: mounts[0].location: must be absolute"]),
    ("mounts: [{location: '~bob/x', mountPoint: /m}]", ["1: mounts[0].location: cannot name"]),
    ("mounts: [{location: /tmp, mountPoint: '{{.Home}}'}]", ["1: mounts[0].mountPoint: cannot be the home"]),
    ("mounts: [{location: /tmp, mountPoint: '~/x'}]", ["1: mounts[0].mountPoint: cannot begin with ~"]),
    ("mounts: [{location: /tmp, mountPoint: /m, 9p: {msize: big}}]", ["1: mounts[0].9p.msize: 'big' is not a size"]),
]


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[case[0].replace("\n", " ")[:60] for case in CASES])
def test_a_problem_is_reported_at_its_place(problems: Problems, text: str, expected: list[str]) -> None:
    assert_problems(problems(text), expected)


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("images: []\n", ["1: images: at least one image is needed"]),
        ("{}\n", [" images: at least one image is needed"]),
        ("images: [{arch: x86_64}]\n", ["1: images[0].location: must be a path or a URL"]),
        ("images:\n- location: ~bob/x.img\n", ["2: images[0].location: cannot name"]),
        ("images: [{location: ~/x.img}]\n", []),
        ("images: [{location: /x, digest: abc}]\n", ["1: images[0].digest: must look like sha256:HEX"]),
        ("images: [{location: /x, digest: 'sha256:abc'}]\n", ["1: images[0].digest: must have 64 lower-case"]),
        ("images: [{location: /x, digest: 'md5:abc'}]\n", ["1: images[0].digest: uses 'md5'; known are sha256"]),
        ("images: [{location: /x, digest: '!:?'}]\n", ["1: images[0].digest: is not a digest"]),
        (f"images: [{{location: /x, digest: '{SHA}'}}]\n", []),
        ("images: [{location: /x, kernel: {location: ''}}]\n", ["1: images[0].kernel.location: must be"]),
        (
            "images: [{location: /x, arch: s390x, initrd: {location: /i, arch: aarch64}}]\n",
            ["initrd.arch: must be s390x"],
        ),
    ],
)
def test_images_are_checked(problems: Problems, image: str, expected: list[str]) -> None:
    assert_problems(problems("", image=image), expected)


def test_all_problems_are_reported_together_with_their_files_and_lines(problems: Problems) -> None:
    found = problems(
        "cpus: x\nmemory: lots\n\nportForwards:\n- guestPort: 1\n- guestPort: 22\n  hostPort: 1\n",
        default="disk: huge\nprobes:\n- script: '#!a'\n- script: b\n",
        override="portForwards:\n- proto: x\n",
    )

    assert [problem.split("/_config/")[-1].split(": ")[:2] for problem in found] == [
        ["1", "cpus"],
        ["2", "memory"],
        ["default.yaml:1", "disk"],
        ["default.yaml:4", "probes[1].script"],
        ["override.yaml:2", "portForwards[0].proto"],
        ["6", "portForwards[1].guestPort"],
    ]


def test_a_value_of_a_wrong_type_is_one_problem(problems: Problems) -> None:
    assert problems("", image="images: x.img\n") == ["1: images: must be a list, not 'x.img'"]


def test_a_combined_mount_is_reported_where_it_begins(problems: Problems) -> None:
    (found,) = problems(
        "mounts:\n- {location: /tmp, mountPoint: /m}\n- {location: x, mountPoint: /n}\n",
        override="mounts: [{location: /tmp, mountPoint: /m}]",
    )

    assert found.startswith("3: mounts[1].location")


def test_a_rule_that_plain_mode_keeps_is_reported_at_its_place(problems: Problems) -> None:
    text = (
        "plain: true\nportForwards:\n- guestPort: 22\n- guestPort: 80\n- {guestPort: 22, hostPort: 1, static: true}\n"
    )

    assert [problem.split(": ")[:2] for problem in problems(text)] == [["5", "portForwards[2].guestPort"]]


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("arch: riscv64", "dev.yaml:1: arch: experimental: riscv64 guests"),
        ("mountType: virtiofs", "dev.yaml:1: mountType: experimental: virtiofs on Linux hosts"),
        ("video: {display: vnc}", "dev.yaml:1: video.display: experimental: VNC"),
        ("mountInotify: true", "dev.yaml:1: mountInotify: experimental: mountInotify"),
        ("audio: {device: default}", "dev.yaml:1: audio.device: experimental: audio"),
        ("provision: [{script: $LIMA_CIDATA_X}]", "dev.yaml:1: provision[0].script: LIMA_CIDATA variables"),
        ("plain: true\nuser: {passwordlessSudo: false}", "dev.yaml:2: user.passwordlessSudo: experimental"),
        ("mounts: [{location: /nope/nope}]", "dev.yaml:1: mounts[0].location: /nope/nope does not exist"),
        ("cpu: 3", "dev.yaml:1: cpu: unknown key"),
    ],
)
def test_what_is_allowed_but_surprising_warns(resolved: Resolve, text: str, warning: str) -> None:
    assert any(found.startswith(warning) for found in resolved(text).warnings)


def test_a_queue_size_has_no_effect_elsewhere(resolved: Resolve) -> None:
    text = "mounts: [{location: /tmp, mountPoint: /m, virtiofs: {queueSize: 1}}]"

    assert not any("queueSize" in warning for warning in resolved(text).warnings)
    assert any("queueSize" in warning for warning in resolved(text, facts=MAC).warnings)


def test_an_ordinary_template_has_no_warnings(resolved: Resolve) -> None:
    assert resolved("cpus: 1", facts=msgspec.structs.replace(LINUX)).warnings == ()
