import msgspec
import pytest

from tests.unit.config.conftest import LINUX, MAC, Problems, Resolve

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
    ("mounts: [{location: /etc/passwd, mountPoint: /m}]", ["1: mounts[0].location: /etc/passwd is no directory"]),
    ("mounts: [{location: /tmp, mountPoint: '{{.Home}}'}]", ["1: mounts[0].mountPoint: cannot be the home"]),
    ("mounts: [{location: /tmp, mountPoint: '~/x'}]", ["1: mounts[0].mountPoint: cannot begin with ~"]),
    ("mounts: [{location: /tmp, mountPoint: /m, 9p: {msize: big}}]", ["1: mounts[0].9p.msize: 'big' is not a size"]),
    # provision and probes
    ("provision: [{file: x.sh}]", ["1: provision[0].file: files are embedded"]),
    ("provision: [{file: {url: x.sh, digest: d}}]", ["files are embedded", "1: provision[0].file.digest: digests"]),
    ("provision: [{mode: sytem, script: x}]", ["1: provision[0].mode: must be one of system"]),
    ("provision: [{mode: system}]", ["1: provision[0].script: a script is needed"]),
    ("provision: [{script: x, skipDefaultDependencyResolution: false}]", ["belongs to mode dependency only"]),
    ("provision: [{mode: dependency, script: x, skipDefaultDependencyResolution: true}]", []),
    ("provision: [{mode: data, content: x}]", ["1: provision[0].path: mode data needs a path"]),
    ("provision: [{mode: data, content: x, path: a}]", ["1: provision[0].path: must be absolute"]),
    ("provision: [{mode: data, path: /a, permissions: '0o644'}]", ["1: provision[0].permissions: must be octal"]),
    ("provision: [{mode: data, path: /a, permissions: 899}]", ["1: provision[0].permissions: must be octal"]),
    ("provision: [{mode: data, path: /a, permissions: '0644'}]", []),
    ("provision: [{mode: yq, path: /a}]", ["1: provision[0].expression: mode yq needs an expression"]),
    (
        "provision: [{script: x, content: y, owner: z}]",
        ["provision[0].content: belongs", "provision[0].owner: belongs"],
    ),
    ("provision: [{script: x, playbook: /etc/passwd}]", ["ansible only", "cannot stand together with a script"]),
    ("provision: [{mode: ansible, playbook: /nope}]", ["1: provision[0].playbook: /nope cannot be read"]),
    ("os: Windows\nprovision: [{mode: boot, script: x}]", ["2: provision[0].mode: boot is not for Windows"]),
    ("probes: [{script: x}]", ["1: probes[0].script: must begin with #!"]),
    ("probes: [{description: x}]", ["1: probes[0].script: must begin with #!"]),
    ("probes: [{mode: liveness, script: '#!'}]", ["1: probes[0].mode: must be readiness"]),
    # port forwards and copies
    ("portForwards: [{guestIP: 127.0.0.2, guestIPMustBeZero: true}]", ["guestIPMustBeZero: is for guestIP 0.0.0.0"]),
    ("portForwards: [{guestPort: 80, guestSocket: /x, hostSocket: /y}]", ["guestPort: cannot stand together"]),
    ("portForwards: [{guestPort: 80, guestPortRange: [81, 82]}]", ["guestPort: must be the first port"]),
    ("portForwards: [{guestPort: 80, hostPort: 80, hostSocket: /y}]", ["hostPort: cannot stand together"]),
    ("portForwards: [{hostPort: 80, hostPortRange: [1, 65535]}]", ["hostPort: must be the first port"]),
    ("portForwards: [{guestPort: 22, hostPort: 1}]", ["1: portForwards[0].guestPort: port 22"]),
    ("portForwards: [{guestPort: 70000}]", ["guestPort: a port is", "hostPortRange: a port is"]),
    ("portForwards: [{guestPortRange: [9, 1]}]", ["guestPortRange: the range 9-1", "hostPortRange: the range 9-1"]),
    ("portForwards: [{guestPortRange: [1, 9], hostPortRange: [1, 8]}]", ["hostPortRange: has 8 ports for 9"]),
    ("portForwards: [{guestPortRange: [20, 30]}]", []),
    ("portForwards: [{guestSocket: x, hostSocket: /y}]", ["guestSocket: must be absolute"]),
    ("portForwards: [{guestSocket: /x}]", ["guestSocket: one socket cannot stand for several"]),
    ("portForwards: [{guestSocket: /x, hostPort: 80}]", []),
    ("portForwards: [{guestPortRange: [1, 2], hostSocket: /y}]", ["hostSocket: one socket cannot stand"]),
    ("portForwards: [{guestSocket: /x, hostSocket: /" + "y" * 120 + "}]", ["hostSocket: is 121 bytes long"]),
    ("portForwards: [{guestPort: 80, proto: icmp}]", ["proto: must be one of tcp, udp, any"]),
    ("portForwards: [{guestPort: 80, reverse: true}]", ["reverse: needs a guestSocket", "reverse: needs a hostSocket"]),
    ("copyToHost: [{guest: a, host: b}]", ["copyToHost[0].guest: must be", "copyToHost[0].host: must be"]),
    ("copyToHost: [{guest: /a, host: '{{.Dir}}/b'}]", []),
    # networks
    ("networks: [{lima: a, socket: /s}]", ["1: networks[0]: lima and socket exclude each other"]),
    ("networks: [{lima: a, vzNAT: true}]", ["1: networks[0]: lima and vzNAT exclude each other"]),
    ("networks: [{interface: x}]", ["1: networks[0]: one of lima, socket and vzNAT is needed"]),
    ("networks: [{lima: a, macAddress: x}]", ["macAddress: 'x' is no hardware address"]),
    ("networks: [{lima: a, macAddress: 'aa:bb'}]", ["macAddress: 'aa:bb' has 2 bytes, not 6"]),
    ("networks: [{lima: a, macAddress: aabb.ccdd.eeff}]", []),
    ("networks: [{lima: a, interface: eth0}]", ["interface: eth0 is the built-in NIC"]),
    ("networks: [{lima: a, interface: abcdefghijklmnop}]", ["is longer than 15 bytes"]),
    ("networks: [{lima: a, interface: 'a b'}]", ["contains a blank or a slash"]),
    ("networks: [{lima: a}, {lima: a, interface: lima0}]", ["networks[1].interface: lima0 is the name of an earlier"]),
    ("networks: [{lima: a, metric: -1}]", ["metric: must be a number from 0"]),
    ("networks: [{socket: /etc/passwd}]", ["networks[0].socket: /etc/passwd is no socket"]),
    ("networks: [{socket: /nope}]", []),
    # params
    ("param: {a: b}", ["1: param.a: no script, path or socket of the template uses this param"]),
    ("param: {a: b}\nprovision: [{script: 'x $PARAM_a'}]", []),
    ("param: {a: b}\nmessage: '{{.Param.a}}'", ["1: param.a: no script"]),
    ("param: {internal_netplanOptional: 'true'}", []),
    ("param: {1a: b}\nprovision: [{script: '$PARAM_1a'}]", ["1: param.1a: a name has letters"]),
    ('param: {a: "x\\ny"}\nprovision: [{script: $PARAM_a}]', ["1: param.a: must be one line"]),
    ('param: {a: "x\\ty é€ z"}\nprovision: [{script: $PARAM_a}]', []),
]


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[case[0].replace("\n", " ")[:60] for case in CASES])
def test_a_problem_is_reported_at_its_place(problems: Problems, text: str, expected: list[str]) -> None:
    found = problems(text)

    assert len(found) == len(expected), found
    for part, problem in zip(expected, found, strict=True):
        assert part in problem


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
    found = problems("", image=image)

    assert len(found) == len(expected), found
    for part, problem in zip(expected, found, strict=True):
        assert part in problem


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
