import msgspec
import pytest

from limavm.config.validate import problems as problems_of
from limavm.model.host import HostFacts
from tests.unit.config.conftest import LINUX, MAC, Problems, Resolve, assert_problems

SHA = "sha256:" + "0" * 64

#: A text (an image is appended as the last line), and the problems that it has.
CASES = [
    ("minimumLimaVersion: 2.0.0", []),
    ("minimumLimaVersion: 2.0", ["1: minimumLimaVersion: must be three numbers such as 2.0.0, not '2'"]),
    ("minimumLimaVersion: 2.9.0", ["1: minimumLimaVersion: needs Lima 2.9.0 or newer, this is 2.2.0"]),
    ("base: x.yaml", ["1: base: base templates are embedded"]),
    ("os: linux", ["1: os: must be one of Linux, Darwin, FreeBSD, Windows, not 'linux'"]),
    ("os: FreeBSD", []),
    ("arch: amd64", ["1: arch: must be one of x86_64, aarch64, armv7l, ppc64le, riscv64, s390x, not 'amd64'"]),
    ("vmType: default", ["1: vmType: must be the name of a driver"]),
    ("vmType: ''", ["1: vmType: must be the name of a driver"]),
    ("os: Windows\nvmType: vz", ["2: vmType: a Windows guest needs"]),
    ("os: Windows\narch: aarch64", []),
    ("os: Windows\nuser: {shell: powershell.exe}", []),
    ("os: Windows\nuser: {shell: 'D:/x/CMD.EXE'}", []),
    ("os: FreeBSD\nuser: {shell: cmd.exe}", ["2: user.shell: must be an absolute path"]),
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
    ("ssh: {localPort: 65535}", []),
    *((f"mountType: {kind}", []) for kind in ("reverse-sshfs", "9p", "virtiofs", "wsl2")),
    *((f"vmType: {kind}", []) for kind in ("qemu", "vz", "wsl2")),
    ("mountType: nfs", ["1: mountType: must be one of reverse-sshfs"]),
    ("mountType: default", ["1: mountType: must be one of"]),
    ("mountType: ''", ["1: mountType: must be one of"]),
    ("mountType: 9p\nmountTypesUnsupported: [9p]", ["1: mountType: 9p is among mountTypesUnsupported"]),
    ("containerd: {user: true, archives: [{location: ''}]}", ["1: containerd.archives[0].location: must be"]),
    ("containerd: {user: false, archives: [{location: ''}]}", []),
    (
        "containerd: {system: true, archives: [{location: /x, digest: x}]}",
        ["1: containerd.archives[0].digest: must look"],
    ),
    ("dns: [1.1.1.1]", ["1: dns: needs hostResolver.enabled: false"]),
    ("hostResolver: {enabled: true}\ndns: [1.1.1.1]", ["2: dns: needs hostResolver.enabled: false"]),
    ("hostResolver: {enabled: false}\ndns: [1.1.1.1]", []),
    ("user: {passwordlessSudo: false}", ["1: user.passwordlessSudo: can be false with plain: true only"]),
    ("user: {passwordlessSudo: false}\nplain: true", []),
    ("os: Darwin\nuser: {passwordlessSudo: true}", ["2: user.passwordlessSudo: cannot be true"]),
    ("vmType: wsl2\nplain: true\nuser: {passwordlessSudo: false}", ["3: user.passwordlessSudo: cannot be false"]),
    ("tpm: true\narch: s390x", ["1: tpm: s390x guests have no TPM"]),
    *((f"tpm: true\narch: {arch}", []) for arch in ("x86_64", "aarch64", "armv7l", "riscv64")),
    ("tpm: true\narch: ppc64le", ["1: tpm: ppc64le guests have no TPM"]),
    *((f"audio: {{interface: {name}}}", []) for name in ("hda", "virtio", "''")),
    ("audio: {interface: usb}", ["1: audio.interface: must be hda or virtio, not 'usb'"]),
    ("audio: {interface: usb}\ncpus: -1", ["2: cpus: must be at least 1", "1: audio.interface: must be hda"]),
    # mounts
    ("mounts: [{location: /tmp}]", ["1: mounts[0].mountPoint: cannot be /tmp"]),
    *(
        (f"mounts: [{{location: /srv, mountPoint: {point}}}]", [f"1: mounts[0].mountPoint: cannot be {point}"])
        for point in ("/", "/bin", "/dev", "/etc", "/home", "/opt", "/sbin", "/tmp", "/usr", "/var")
    ),
    ("mounts: [{location: /srv, mountPoint: /usr/local}]", []),
    ("mounts: [{location: ~, mountPoint: ~}]", ["1: mounts[0].location: must be absolute"]),
    ("mounts: [{location: '~', mountPoint: '~'}]", ["1: mounts[0].mountPoint: cannot begin with ~"]),
    ("mounts: [{location: /tmp, mountPoint: /m}]", []),
    ("mounts: [{location: x, mountPoint: /m}]", ["1: mounts[0].location: must be absolute"]),
    ("mounts: [{mountPoint: /m}]", ["1: mounts[0].location: must be absolute"]),
    ("mounts: [{location: '~bob/x', mountPoint: /m}]", ["1: mounts[0].location: cannot name"]),
    ("mounts: [{location: /tmp, mountPoint: '{{.Home}}'}]", ["1: mounts[0].mountPoint: cannot be the home"]),
    *(
        (f"mounts: [{{location: /srv, mountPoint: {point}}}]", [f"1: mounts[0].mountPoint: cannot be {point}"])
        for point in ("//", "/etc/", "/mnt/../usr", "/./tmp")
    ),
    ("mounts: [{location: /tmp, mountPoint: '{{.Home}}/'}]", ["1: mounts[0].mountPoint: cannot be the home"]),
    (
        "mounts:\n- {location: /srv, mountPoint: /m}\n- {location: /tmp, mountPoint: /m/}",
        ["3: mounts[1].mountPoint: is the place of mounts[0] already"],
    ),
    ("mounts: [{location: /srv}, {location: /srv, mountPoint: /m}]", []),
    ('mounts: [{location: /srv, mountPoint: "/a\\nb"}]', ["1: mounts[0].mountPoint: cannot have a line break"]),
    (f"mounts: [{{location: /tmp, mountPoint: {'/ö' * 1365}}}]", []),
    (
        f"mounts: [{{location: /tmp, mountPoint: {'/ö' * 1366}}}]",
        ["1: mounts[0].mountPoint: has 4098 bytes"],
    ),
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
        ("images: [{location: /x, initrd: {location: '~a'}}]\n", ["1: images[0].initrd.location: cannot name"]),
        ("images: [{location: /x, kernel: {location: /k, digest: x}}]\n", ["1: images[0].kernel.digest: must look"]),
        ("images: [{location: /x, kernel: {location: /k, arch: s390x}}]\n", ["kernel.arch: must be x86_64"]),
        ("images: [{location: 'https://~x'}, {location: rel.img}, {location: '~'}]\n", []),
        ("images: [{location: /x, arch: i386}]\n", ["1: images[0].arch: must be one of"]),
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
        *(
            (f"arch: {arch}", f"dev.yaml:1: arch: experimental: {arch}")
            for arch in ("riscv64", "armv7l", "s390x", "ppc64le")
        ),
        ("os: Windows", "dev.yaml:1: os: experimental: Windows guests"),
        ("audio: {device: x, interface: hda}", "dev.yaml:1: audio.interface: experimental"),
        (
            "plain: true\nuser: {passwordlessSudo: false}\nparam: {internal_netplanOptional: x}",
            "dev.yaml:3: param: experimental: param without passwordless sudo",
        ),
        (
            "provision: [{mode: ansible, playbook: /etc/passwd}]",
            "dev.yaml:1: provision[0].playbook: is deprecated",
        ),
        (
            "plain: true\nportForwards: [{guestPortRange: [1, 11], static: true}]",
            "dev.yaml:2: portForwards[0]: forwards 11 ports",
        ),
        ("mountType: virtiofs", "dev.yaml:1: mountType: experimental: virtiofs on Linux hosts"),
        ("video: {display: vnc}", "dev.yaml:1: video.display: experimental: VNC"),
        ("mountInotify: true", "dev.yaml:1: mountInotify: experimental"),
        ("audio: {device: default}", "dev.yaml:1: audio.device: experimental: audio"),
        ("provision: [{script: $LIMA_CIDATA_X}]", "dev.yaml:1: provision[0].script: LIMA_CIDATA variables"),
        ("plain: true\nuser: {passwordlessSudo: false}", "dev.yaml:2: user.passwordlessSudo: experimental"),
        ("mounts: [{location: /nope/nope}]", "dev.yaml:1: mounts[0].location: /nope/nope does not exist"),
        ("cpu: 3", "dev.yaml:1: cpu: unknown key"),
    ],
)
def test_what_is_allowed_but_surprising_warns(resolved: Resolve, text: str, warning: str) -> None:
    assert any(found.startswith(warning) for found in resolved(text).warnings)


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("arch: aarch64", LINUX),
        ("mountType: virtiofs", MAC),
        ("mountType: 9p", LINUX),
        ("audio: {interface: hda}", LINUX),
        ("video: {display: none}", LINUX),
        ("user: {passwordlessSudo: true}\nparam: {internal_netplanOptional: x}", LINUX),
        ("os: Darwin\nuser: {passwordlessSudo: false}", MAC),
        ("guestInstallPrefix: relative", LINUX),
    ],
)
def test_what_works_everywhere_does_not_warn(resolved: Resolve, text: str, facts: HostFacts) -> None:
    assert resolved(text, facts=facts).warnings == ()


def test_a_few_ports_of_plain_mode_do_not_warn(resolved: Resolve) -> None:
    warnings = resolved("plain: true\nportForwards: [{guestPortRange: [1, 10], static: true}]").warnings

    assert not any("ports" in warning for warning in warnings)


def test_containerd_needs_an_archive(resolved: Resolve) -> None:
    config = resolved().config
    empty = msgspec.structs.replace(config, containerd=msgspec.structs.replace(config.containerd, archives=()))

    assert [flaw.path for flaw in problems_of(empty, LINUX, version="2.2.0")] == [("containerd", "archives")]


def test_zero_cpus_are_none(resolved: Resolve) -> None:
    config = msgspec.structs.replace(resolved().config, cpus=0)

    assert [flaw.path for flaw in problems_of(config, LINUX, version="2.2.0")] == [("cpus",)]


@pytest.mark.parametrize(("version", "count"), [("2.9.1", 1), ("2.9.2", 0), ("3.0.0", 0), ("<unknown>", 0), ("", 1)])
def test_a_program_that_does_not_know_its_version_is_new_enough(problems: Problems, version: str, count: int) -> None:
    assert len(problems("minimumLimaVersion: 2.9.2", version=version)) == count


def test_a_queue_size_has_no_effect_elsewhere(resolved: Resolve) -> None:
    text = "mounts: [{location: /tmp, mountPoint: /m, virtiofs: {queueSize: 1}}]"

    assert not any("queueSize" in warning for warning in resolved(text).warnings)
    assert any("queueSize" in warning for warning in resolved(text, facts=MAC).warnings)


def test_an_ordinary_template_has_no_warnings(resolved: Resolve) -> None:
    assert resolved("cpus: 1", facts=msgspec.structs.replace(LINUX)).warnings == ()
