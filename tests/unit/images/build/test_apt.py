from pathlib import Path

from limavm.images.build.apt import host_mirror, parse_options
from limavm.images.build.sources import DEFAULT_ARCHIVE


def test_both_formats_and_all_parts_are_read(tmp_path: Path) -> None:
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (tmp_path / "sources.list").write_text("# see sources.list.d\n")
    (parts / "a.list").write_text("deb http://third.test/apt stable main\n")
    (parts / "debian.sources").write_text(
        "Types: deb\nURIs: http://a.test/debian\nSuites: bookworm\nComponents: main\n"
    )
    (parts / "old.sources.save").write_text("Types: deb\nURIs: http://b.test/debian\nSuites: sid\nComponents: main\n")

    assert host_mirror(str(tmp_path)).archive == "http://a.test/debian"


def test_the_mirror_list_of_a_cloud_image_is_followed(tmp_path: Path) -> None:
    (tmp_path / "mirrors.list").write_text("# first\nhttps://a.test/debian\tpriority:1\n")
    (tmp_path / "sources.list").write_text(f"deb mirror+file:{tmp_path}/mirrors.list bookworm main\n")

    assert host_mirror(str(tmp_path)).archive == "https://a.test/debian"


def test_a_host_without_apt_uses_the_public_archive(tmp_path: Path) -> None:
    assert host_mirror(str(tmp_path / "none")).archive == DEFAULT_ARCHIVE


def test_files_that_cannot_be_read_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d" / "dir.list").mkdir(parents=True)
    (tmp_path / "sources.list").write_bytes(b"deb http://a.test/debian bookworm main\n\xff\xfe")

    assert host_mirror(str(tmp_path)).archive == "http://a.test/debian"


def test_proxies_and_certificates_are_passed_on_and_nothing_else() -> None:
    dump = "\n".join(
        [
            'Acquire "";',
            'Acquire::http::Proxy "http://proxy.test:3142";',
            'Acquire::https::Proxy::a.test "DIRECT";',
            'Acquire::https::CAInfo "/etc/ssl/ca.pem";',
            'Acquire::Check-Valid-Until "false";',
            'Acquire::Retries "";',
            'Acquire::http::Proxy "a"; APT::x "b";',
            'DPkg::Post-Invoke:: "rm -rf /";',
            'APT::Sandbox::User "root";',
        ]
    )

    assert parse_options(dump) == [
        'Acquire::http::Proxy "http://proxy.test:3142"',
        'Acquire::https::Proxy::a.test "DIRECT"',
        'Acquire::https::CAInfo "/etc/ssl/ca.pem"',
        'Acquire::Check-Valid-Until "false"',
    ]
