"""A store of chunks: what is kept, and what a killed process or another one does to it."""

import json
import subprocess
import sys

import numpy as np
import pytest

from upscatter.errors import OutputError
from upscatter.store import Store

KEY = {"seed": 1, "mass_MeV": 0.01, "parts": [[1.0, 0.0]]}
COLUMNS = ("limit", "covered")


def chunk(start=0.0):
    return {"limit": start + np.array([1.0 / 3.0, np.nan, 2e-19]), "covered": np.array([1.0, 0, 1])}


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "s.jsonl", KEY, COLUMNS, 3)


def same(found, expected):
    assert set(found) == set(expected)
    for number, columns in expected.items():
        for name in COLUMNS:
            np.testing.assert_array_equal(found[number][name], columns[name])


@pytest.fixture
def filled(store):
    store.open()
    for number in (2, 0, 1):
        store.append(number, chunk(number))
    return store


class TestKeeps:
    def test_every_digit(self, filled):
        same(filled.open(), {n: chunk(n) for n in range(3)})

    def test_is_json_lines_with_a_header(self, filled):
        def refuse(constant):
            raise AssertionError(constant)

        lines = filled.path.read_text().splitlines()
        assert json.loads(lines[0]) == KEY
        contents = [json.loads(line, parse_constant=refuse) for line in lines[1:]]
        assert [content["chunk"] for content in contents] == [2, 0, 1]
        assert contents[1]["limit"][1] is None

    def test_opening_twice_begins_once(self, store):
        store.open()
        before = store.path.read_bytes()
        assert store.open() == {}
        assert store.path.read_bytes() == before

    def test_duplicates_are_harmless(self, filled):
        filled.append(1, chunk(1))
        same(filled.open(), {n: chunk(n) for n in range(3)})

    def test_two_that_begin_at_once(self, filled):
        header = filled.path.read_bytes().splitlines(keepends=True)[0]
        filled.path.write_bytes(header + filled.path.read_bytes())
        same(filled.open(), {n: chunk(n) for n in range(3)})

    def test_two_processes_that_write(self, store):
        """Lines of 40 kB from two processes: none is torn."""
        code = (
            "import sys, numpy as np; from pathlib import Path; from upscatter.store import Store\n"
            "s = Store(Path(sys.argv[1]), {'k': 1}, ('limit',), 2000); s.open()\n"
            "for n in range(int(sys.argv[2]), 80, 2): s.append(n, {'limit': np.full(2000, n / 3)})"
        )
        path = str(store.path)
        running = [subprocess.Popen([sys.executable, "-c", code, path, str(i)]) for i in range(2)]
        assert [process.wait() for process in running] == [0, 0]
        found = Store(store.path, {"k": 1}, ("limit",), 2000).open()
        assert set(found) == set(range(80))
        assert all((found[n]["limit"] == n / 3).all() for n in found)


class TestAfterAKill:
    def test_at_every_byte(self, filled):
        """Wherever the file ends, what is whole counts, and the rest can be added again."""
        content = filled.path.read_bytes()
        for length in range(len(content)):
            filled.path.write_bytes(content[:length])
            found = filled.open()
            whole = content[:length].count(b"\n") - 1
            assert len(found) == max(whole, 0)
            for number in {0, 1, 2} - set(found):
                filled.append(number, chunk(number))
            same(filled.open(), {n: chunk(n) for n in range(3)})

    def test_a_disk_that_is_full(self, filled, monkeypatch):
        import upscatter.store

        write = upscatter.store.os.write
        monkeypatch.setattr(upscatter.store.os, "write", lambda to, line: write(to, line[:20]))
        with pytest.raises(OutputError, match=r"s\.jsonl: cannot be written \(No space left"):
            filled.append(3, chunk(3))
        monkeypatch.undo()
        same(filled.open(), {n: chunk(n) for n in range(3)})
        filled.append(3, chunk(3))
        same(filled.open(), {n: chunk(n) for n in range(4)})


class TestRefuses:
    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"seed": 2}, "was made with seed = 1, not 2; choose another file with --store"),
            ({"mass_MeV": 0.02}, "was made with mass_MeV = 0.01, not 0.02"),
            ({"parts": []}, r"was made with parts = \[\[1.0, 0.0\]\], not \[\]"),
            ({"chunk": 7}, "is no store of upscatter"),
        ],
    )
    def test_another_key(self, filled, change, words):
        before = filled.path.read_bytes()
        with pytest.raises(OutputError, match=rf"s\.jsonl: {words}"):
            Store(filled.path, {**KEY, **change}, COLUMNS, 3).open()
        assert filled.path.read_bytes() == before

    @pytest.mark.parametrize(
        ("theirs", "ours", "says"),
        [
            ([0.01 + 0.0005 * i for i in range(60)], [1.0],
             "[0.01, 0.0105, 0.011, 0.0115, 0.012, …], not [1.0]"),
            ([1.0] * 20 + [2.0] * 20, [1.0] * 20 + [3.0],
             "[…, 1.0, 2.0, 2.0, 2.0, 2.0, 2.0, …], not […, 1.0, 3.0]"),
            ([1.0] * 20, [1.0] * 19, "[…, 1.0, 1.0], not […, 1.0]"),
            ("x" * 50, "y", f'"{"x" * 38}…, not "y"'),
            ([["x" * 50]], [], "[…], not []"),
        ],
    )  # fmt: skip
    def test_long_values_are_cut_between_elements(self, store, theirs, ours, says):
        Store(store.path, {"of": theirs}, COLUMNS, 3).open()
        with pytest.raises(OutputError) as caught:
            Store(store.path, {"of": ours}, COLUMNS, 3).open()
        assert f"was made with of = {says}; choose another file" in str(caught.value)

    @pytest.mark.parametrize(
        "content",
        [b"title = 'mine'\n", b"no line end", b"{}\n", b"[1]\n", b"\x89PNG\r\n\x1a\n\x00", b"\n",
         b"mine # cut off\n", b"[" * 100_000 + b"\n"],
    )  # fmt: skip
    def test_files_that_are_no_store(self, store, content):
        store.path.write_bytes(content)
        with pytest.raises(OutputError, match="is no store of upscatter"):
            store.open()
        assert store.path.read_bytes() == content

    @pytest.mark.parametrize(
        "line",
        [
            '{"chunk": 1, "limit": [1.0, 2.0], "covered": [1, 1, 1]}',
            '{"chunk": 1, "limit": [1.0, 2.0, 3.0]}',
            '{"limit": [1.0, 2.0, 3.0], "covered": [1, 1, 1]}',
            '{"chunk": "x", "limit": [1.0, 2.0, 3.0], "covered": [1, 1, 1]}',
            '{"chunk": 1, "limit": [1.0, NaN, 3.0], "covered": [1, 1, 1]}',
            '{"chunk": 1, "limit": [1.0, 1e999, 3.0], "covered": [1, 1, 1]}',
            '{"chunk": 1, "limit": [1.0, "a", 3.0], "covered": [1, 1, 1]}',
            '{"chunk": 1, "limit": [[1.0], [2.0], [3.0]], "covered": [1, 1, 1]}',
            '{"chunk": 1, "limit": [1.0, 2.0',
            "null",
            "\x00\x01",
        ],
    )
    def test_damaged_lines(self, filled, line):
        lines = filled.path.read_text().splitlines()
        lines[2] = line
        filled.path.write_text("\n".join(lines) + "\n")
        with pytest.raises(OutputError, match=r"s\.jsonl: line 3 is damaged; choose another"):
            filled.open()

    def test_places_that_cannot_be(self, tmp_path):
        for path in (tmp_path, tmp_path / "nowhere" / "s.jsonl"):
            with pytest.raises(OutputError, match="--no-store") as caught:
                Store(path, KEY, COLUMNS, 3).open()
            assert "\n" not in str(caught.value)


class TestCache:
    @pytest.fixture(autouse=True)
    def cache(self, tmp_path, monkeypatch):
        monkeypatch.setattr("platformdirs.user_cache_path", lambda name, **_: tmp_path / name)
        return tmp_path

    def test_has_a_file_for_each_key(self, tmp_path):
        stores = [Store.in_cache("toys", {**KEY, "seed": seed}, COLUMNS, 3) for seed in (1, 2)]
        for store in stores:
            store.open()
            assert store.path.parent == tmp_path / "upscatter" / "toys"
        assert stores[0].path != stores[1].path
        assert (
            Store.in_cache("toys", dict(reversed(KEY.items())), COLUMNS, 3).path == stores[0].path
        )

    def test_says_what_to_delete(self):
        store = Store.in_cache("toys", KEY, COLUMNS, 3)
        store.open()
        with store.path.open("a") as file:
            file.write("what\n")
        with pytest.raises(OutputError, match=r"line 2 is damaged; delete the file"):
            store.open()

    def test_that_cannot_be_written(self, tmp_path):
        (tmp_path / "upscatter").write_text("a file")
        with pytest.raises(OutputError, match=r"cannot be created .*--no-store"):
            Store.in_cache("toys", KEY, COLUMNS, 3).open()
