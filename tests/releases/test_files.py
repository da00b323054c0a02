"""Files of a release in folders and archives, and hostile archives."""

import io
import os
import stat
import tarfile
import zipfile

import pytest

from upscatter.errors import TableError
from upscatter.releases import files as module
from upscatter.releases.files import open_files

CONTENT = {"README.md": b"read me", "data/a.csv": b"1,2\n", "data/deep/b.h5": b"\x89HDF"}
MODES = {"tar": "w", "tar.gz": "w:gz", "tar.bz2": "w:bz2", "tar.xz": "w:xz"}


def member(name, size, kind=tarfile.REGTYPE, target=""):
    found = tarfile.TarInfo(name)
    found.size, found.type, found.linkname = size, kind, target
    return found


def write_archive(path, content, top=""):
    """An archive in the format of its suffix."""
    suffix = path.name.split(".", 1)[1]
    if suffix == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, data in content.items():
                packed.writestr(top + name, data)
        return path
    with tarfile.open(path, MODES[suffix]) as tar:
        for name, data in content.items():
            tar.addfile(member(top + name, len(data)), io.BytesIO(data))
    return path


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "release"
    for name, data in CONTENT.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(data)
    return place


def refused(action):
    with pytest.raises(TableError) as caught:
        action()
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("top", ["", "./", "release-1.0/"])
@pytest.mark.parametrize("suffix", ["zip", *MODES])
def test_an_archive_is_read_like_a_folder(folder, tmp_path, suffix, top):
    packed = open_files(write_archive(tmp_path / f"release.{suffix}", CONTENT, top))
    for source in (open_files(folder), packed):
        assert source.names == set(CONTENT)
        assert {name: source.read(name) for name in source.names} == CONTENT
        assert source.text("data/a.csv") == "1,2\n"
        assert f"{source.where('no.csv')}: is missing" in refused(lambda s=source: s.read("no.csv"))
    assert packed.where("data/a.csv") == str(packed.path / "data" / "a.csv")


def test_only_what_is_needed_is_there(folder, tmp_path):
    archive = write_archive(tmp_path / "release.tar.xz", CONTENT, "release-1.0/")
    for path in (folder, archive):
        source = open_files(path, ("data/*",))
        assert source.names == {"data/a.csv", "data/deep/b.h5"}
        assert "is missing" in refused(lambda s=source: s.read("README.md"))


def test_folders_without_anything_needed_are_not_searched(folder, monkeypatch):
    for name in ("other/data", "data/deep/er", "database"):
        (folder / name).mkdir(parents=True)
    searched, walk = [], os.walk

    def noted(*args, **named):
        for place, folders, files in walk(*args, **named):
            searched.append(os.path.relpath(place, folder))
            yield place, folders, files

    monkeypatch.setattr(os, "walk", noted)
    assert open_files(folder, ("README.md", "data/d*/?.h5")).names == {
        "README.md",
        "data/deep/b.h5",
    }
    assert set(searched) == {".", "data", "data/deep", "data/deep/er"}


@pytest.mark.parametrize("change", ["content", "name", "neither"])
def test_the_digest_is_of_names_and_content(folder, change):
    uses = ("data/*",)
    before = open_files(folder, uses).digest
    path = folder / "data" / "a.csv"
    if change == "content":
        path.write_bytes(b"1,3\n")
    elif change == "name":
        path.rename(path.with_name("c.csv"))
    else:
        (folder / "README.md").write_bytes(b"not needed")
        os.utime(path, (1.0, 1.0))
    assert (open_files(folder, uses).digest == before) == (change == "neither")


def test_hidden_files_are_no_part_of_a_release(folder, tmp_path):
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_bytes(b"")
    extra = {**CONTENT, "__MACOSX/data/._a.csv": b"", ".DS_Store": b""}
    assert open_files(folder).names == set(CONTENT)
    assert open_files(write_archive(tmp_path / "release.zip", extra)).names == set(CONTENT)


@pytest.mark.parametrize("name", ["../outside", "data/../../outside", "/outside", "..\\outside"])
@pytest.mark.parametrize("suffix", ["zip", "tar.gz"])
def test_a_path_out_of_an_archive_is_refused(tmp_path, suffix, name):
    (tmp_path / "in").mkdir()
    path = write_archive(tmp_path / "in" / f"release.{suffix}", {**CONTENT, name: b"evil"})
    assert "points out of the archive" in refused(lambda: open_files(path).names)
    assert [p.name for p in tmp_path.rglob("*")] == ["in", path.name]  # nothing was written


def test_a_path_out_of_a_folder_is_not_followed(folder, tmp_path):
    (tmp_path / "secret").write_bytes(b"secret")
    source = open_files(folder)
    for name in ("../secret", "data/../../secret", str(tmp_path / "secret")):
        assert "is missing" in refused(lambda n=name: source.read(n))


def test_links_in_archives_lead_nowhere(tmp_path):
    (tmp_path / "secret").write_bytes(b"secret")
    path = tmp_path / "release.tar"
    with tarfile.open(path, "w") as tar:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
            tar.addfile(member(f"data/{kind.decode()}.csv", 0, kind, str(tmp_path / "secret")))
        tar.addfile(member("data/fifo", 0, tarfile.FIFOTYPE))
        tar.addfile(member("data/a.csv", 2), io.BytesIO(b"ok"))
    assert open_files(path).names == {"a.csv"}
    path = tmp_path / "release.zip"
    with zipfile.ZipFile(path, "w") as packed:
        link = zipfile.ZipInfo("data/link.csv")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        packed.writestr(link, str(tmp_path / "secret"))
        packed.writestr("data/a.csv", b"ok")
        packed.writestr("README.md", b"ok")
    assert open_files(path).names == {"data/a.csv", "README.md"}


@pytest.mark.parametrize("suffix", ["zip", *MODES])
def test_what_grows_when_unpacked_is_refused(tmp_path, monkeypatch, suffix):
    monkeypatch.setattr(module, "_LARGEST_FILE", 2**16)
    path = write_archive(tmp_path / f"release.{suffix}", {"data/bomb": bytes(2**17)})
    assert "bomb: is larger than 0 MB" in refused(lambda: open_files(path).names)
    monkeypatch.setattr(module, "_LARGEST_ARCHIVE", 2**17)
    many = {f"data/{k}": bytes(2**15) for k in range(20)}
    path = write_archive(tmp_path / f"release.{suffix}", many)
    assert "unpacks to over 0 MB" in refused(lambda: open_files(path).names)


def test_a_large_file_of_a_folder_is_refused(folder, monkeypatch):
    monkeypatch.setattr(module, "_LARGEST_FILE", 3)
    source = open_files(folder)
    assert "is larger than" in refused(lambda: source.read("data/a.csv"))


def test_a_skipped_header_that_grows_is_refused(tmp_path, monkeypatch):
    """tarfile reads extended headers at once, whatever size they state."""
    monkeypatch.setattr(module, "_LARGEST_ARCHIVE", 2**20)
    path = tmp_path / "release.tar.xz"
    with tarfile.open(path, "w:xz", format=tarfile.PAX_FORMAT) as tar:
        found = member("data/a.csv", 2)
        found.pax_headers = {"comment": "x" * 2**21}
        tar.addfile(found, io.BytesIO(b"ok"))
    assert path.stat().st_size < 2**16
    assert "unpacks to over 1 MB" in refused(lambda: open_files(path).names)


@pytest.mark.parametrize(
    "content", [b"", b"nothing of the kind", b"PK\x03\x04", b"\xfd7zXZ\x00..."]
)
def test_a_file_that_is_no_archive(tmp_path, content):
    path = tmp_path / "release.zip"
    path.write_bytes(content)
    assert refused(lambda: open_files(path).names).startswith(f"{path}: is no readable archive")


@pytest.mark.parametrize("suffix", ["zip", *MODES])
def test_a_truncated_archive(tmp_path, suffix):
    data = {"data/a": os.urandom(50000), "data/b": os.urandom(50000), "c": b""}
    path = write_archive(tmp_path / f"release.{suffix}", data)
    path.write_bytes(path.read_bytes()[:70000])
    assert refused(lambda: open_files(path).names).startswith(f"{path}: is no readable archive")


def test_neither_a_folder_nor_an_archive(tmp_path):
    assert "is neither a folder nor an archive" in refused(lambda: open_files(tmp_path / "none"))


def test_a_text_that_is_none(folder):
    (folder / "data" / "a.csv").write_bytes(b"\xff\xfe\x00")
    source = open_files(folder)
    assert "is not a text in UTF-8" in refused(lambda: source.text("data/a.csv"))
