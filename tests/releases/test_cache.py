"""The cache of what was read: equal to it, and never trusted."""

from dataclasses import replace

import numpy as np
import pytest

from made_up_release import made_up_release
from upscatter.releases import cache
from upscatter.releases.cache import cached
from upscatter.releases.serial import flattened


@pytest.fixture
def folder(tmp_path, monkeypatch):
    place = tmp_path / "cache" / "releases"
    monkeypatch.setattr(cache, "folder", lambda: place)
    return place


class Reader:
    """Counts how often a release is read."""

    def __init__(self, release=None):
        self.release = release or made_up_release()
        self.calls = 0

    def __call__(self):
        self.calls += 1
        return self.release


def same(one, other):
    (text, arrays), (others_text, others) = flattened(one), flattened(other)
    return text == others_text and all(map(np.array_equal, arrays, others))


def test_a_release_is_read_once(folder):
    read = Reader()
    first, second = cached("key", read), cached("key", read)
    assert read.calls == 1
    assert first is not second
    assert same(first, second)
    assert first.digest == second.digest
    assert second.channels[0].exposure == first.channels[0].exposure  # a float, to the last digit
    assert [path.suffix for path in folder.iterdir()] == [".npz"]


def test_other_files_or_readers_have_a_cache_of_their_own(folder):
    read = Reader()
    cached("key", read)
    cached("another", read)
    assert read.calls == 2


def damaged(path):
    """Each way in which the file may be broken, as name and content."""
    content = path.read_bytes()
    with np.load(path) as file:
        parts = dict(file)

    def saved(**changes):
        np.savez(path, **{**parts, **changes})
        return path.read_bytes()

    pickled = np.array([object()], dtype=object)
    yield "empty", b""
    yield "truncated", content[: len(content) // 2]
    yield "flipped", content[:5000] + bytes([content[5000] ^ 1]) + content[5001:]
    yield "foreign", b"no archive at all"
    yield "other key", saved(key="another")
    yield "other number", saved(array3=parts["array3"] * 1.01)
    yield "other text", saved(text=str(parts["text"]).replace("cathode", "cathedral"))
    yield "no text", saved(text="{}")
    yield "pickle", saved(array3=pickled)
    name = next(n for n, part in parts.items() if part.ndim == 2)
    yield "other shape", saved(**{name: parts[name].ravel()})


def test_a_damaged_cache_is_written_anew(folder):
    read = Reader()
    right = cached("key", read)
    (path,) = folder.iterdir()
    good = path.read_bytes()
    cases = dict(damaged(path))
    assert len(cases) == 10
    for calls, (name, content) in enumerate(cases.items(), start=2):
        assert content != good, name
        path.write_bytes(content)
        assert same(cached("key", read), right), name
        assert read.calls == calls, name
        assert same(cached("key", read), right), name
        assert read.calls == calls, name


def test_content_that_is_no_release_is_not_used(folder, monkeypatch):
    """With a right digest: written by another version, say."""
    read = Reader()
    cached("key", read)
    (path,) = folder.iterdir()
    for text in ("[1, 2]", '{"Unknown": {}}', '{"Axis": {"label": "x"}}', "{", '{"array": 99}'):
        np.savez(path, key="key", text=text, sha256=cache.digest("key" + text, []))
        calls = read.calls
        cached("key", read)
        assert read.calls == calls + 1


@pytest.mark.parametrize("obstacle", ["file", "full"])
def test_without_a_cache_it_goes_on(folder, monkeypatch, obstacle):
    if obstacle == "file":
        folder.parent.parent.mkdir(exist_ok=True)
        folder.parent.write_bytes(b"in the way")
    else:

        def full(*args, **named):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(np, "savez", full)
    read = Reader()
    assert same(cached("key", read), read.release)
    assert cached("key", read) is read.release
    if obstacle == "full":
        assert not [*folder.iterdir()]  # nothing half-written stays


def test_every_number_counts_in_the_digest():
    release = made_up_release()
    first, *others = release.channels
    changed = replace(first, observed=first.observed + np.eye(7)[2])
    assert replace(release, channels=(changed, *others)).digest != release.digest
    assert replace(release, remark="other").digest != release.digest
    assert made_up_release().digest == release.digest
