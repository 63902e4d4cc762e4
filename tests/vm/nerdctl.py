"""An archive laid out as that of nerdctl, whose programs are scripts."""

import io
import tarfile

_TOOL = """\
#!/bin/sh
echo "$1" >>~/rootless-setup
"""
_PROGRAMS = {
    "containerd": "#!/bin/sh\nexec sleep infinity\n",
    "nerdctl": '#!/bin/sh\necho stand-in of nerdctl "$@"\n',
    "containerd-rootless-setuptool.sh": _TOOL,
}
_UNIT = """\
[Service]
ExecStart=/usr/local/bin/containerd
[Install]
WantedBy=multi-user.target
"""


def packed() -> bytes:
    """The archive."""
    files = {f"bin/{name}": text for name, text in _PROGRAMS.items()}
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        for name, text in {**files, "lib/systemd/system/containerd.service": _UNIT}.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(text), 0o755
            tar.addfile(entry, io.BytesIO(text.encode()))
    return made.getvalue()
