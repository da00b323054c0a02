"""Results as files: strict JSON, CSV, and files that are whole or not there."""

import csv
import io
import json
import os
import stat

import pytest

from upscatter import export
from upscatter.errors import OutputError


class TestJson:
    def test_round_trip(self):
        content = {"mu_bohr": [8.650696902354507e-10, None], "scenario": "μ"}
        assert json.loads(export.to_json(content)) == content
        assert export.to_json(content).endswith("}\n")

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
    def test_what_json_does_not_know_is_refused(self, value):
        with pytest.raises(ValueError, match="not JSON compliant"):
            export.to_json({"x": [value]})


class TestCsv:
    def test_a_missing_value_is_an_empty_field(self):
        assert export.to_csv(["a", "b"], [(1.5, None), (2.0, 3e-10)], ["one"]) == (
            "# one\na,b\n1.5,\n2.0,3e-10\n"
        )

    def test_numbers_come_back_as_they_were(self):
        value = 8.650696902354507e-10
        text = export.to_csv(["x"], [(value,)], [])
        assert float(list(csv.reader(io.StringIO(text)))[1][0]) == value

    def test_a_comment_stays_a_comment(self):
        text = export.to_csv(["x"], [], ["a\nb\r\nc"])
        assert text == "# a b c\nx\n"

    def test_commas_and_quotes_are_escaped(self):
        text = export.to_csv(["x"], [('a, "b"',)], [])
        assert list(csv.reader(io.StringIO(text))) == [["x"], ['a, "b"']]


class TestWholeOrNotAtAll:
    def test_write_and_replace(self, tmp_path):
        path = tmp_path / "result.csv"
        export.write_text(path, "one")
        export.write_text(path, "μ")
        assert path.read_text(encoding="utf-8") == "μ"
        assert [file.name for file in tmp_path.iterdir()] == ["result.csv"]

    @pytest.mark.parametrize(
        "error", [OSError(28, "No space left"), KeyboardInterrupt(), ValueError()]
    )
    def test_a_failure_leaves_the_old_file_and_nothing_else(self, tmp_path, error):
        path = tmp_path / "result.csv"
        path.write_text("old")

        def fail(part):
            part.write_text("half")
            raise error

        expected = OutputError if isinstance(error, OSError) else type(error)
        with pytest.raises(expected):
            export.write_atomically(path, fail)
        assert path.read_text() == "old"
        assert [p.name for p in tmp_path.iterdir()] == ["result.csv"]

    def test_the_reason_is_told(self, tmp_path):
        def fail(part):
            raise OSError(28, "No space left on device")

        with pytest.raises(OutputError) as caught:
            export.write_atomically(tmp_path / "x", fail)
        assert str(caught.value) == (
            f"{tmp_path / 'x'}: cannot be written (No space left on device); choose another place"
        )

    def test_permissions_are_kept(self, tmp_path):
        path = tmp_path / "private.csv"
        path.write_text("old")
        path.chmod(0o600)
        export.write_text(path, "new")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_a_new_file_has_the_usual_permissions(self, tmp_path):
        plain = tmp_path / "plain"
        plain.touch()
        export.write_text(tmp_path / "new", "x")
        assert (tmp_path / "new").stat().st_mode == plain.stat().st_mode

    def test_a_link_keeps_pointing_to_its_file(self, tmp_path):
        (tmp_path / "folder").mkdir()
        target = tmp_path / "folder" / "target.csv"
        target.write_text("old")
        link = tmp_path / "link.csv"
        link.symlink_to(target)
        export.write_text(link, "new")
        assert link.is_symlink()
        assert target.read_text() == "new"

    def test_what_is_no_plain_file_is_never_replaced(self, tmp_path):
        # As for a device: put a file in the place of /dev/null and a system breaks.
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        for refuse in (export.require_writable, lambda path: export.write_text(path, "x")):
            with pytest.raises(OutputError, match="is no plain file; give the name of a file"):
                refuse(pipe)
        assert stat.S_ISFIFO(pipe.stat().st_mode)


class TestRefusedBeforehand:
    def test_a_folder(self, tmp_path):
        with pytest.raises(OutputError, match="is a folder; give the name of a file"):
            export.require_writable(tmp_path)

    def test_a_missing_folder(self, tmp_path):
        with pytest.raises(OutputError, match=r"the folder \S+ does not exist; create it first"):
            export.require_writable(tmp_path / "none" / "x.csv")

    @pytest.mark.parametrize("name", ["x" * 300, "a\0b"])
    def test_an_impossible_name(self, tmp_path, name):
        with pytest.raises(OutputError, match="cannot be written"):
            export.require_writable(tmp_path / name)

    def test_a_circle_of_links(self, tmp_path):
        (tmp_path / "a").symlink_to(tmp_path / "b")
        (tmp_path / "b").symlink_to(tmp_path / "a")
        with pytest.raises(OutputError, match="cannot be written"):
            export.require_writable(tmp_path / "a")

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
    def test_write_protection(self, tmp_path):
        path = tmp_path / "x"
        path.touch(mode=0o400)
        with pytest.raises(OutputError, match="is write-protected; choose another name"):
            export.require_writable(path)
        tmp_path.chmod(0o500)
        with pytest.raises(OutputError, match="cannot be written"):
            export.require_writable(tmp_path / "y")
        tmp_path.chmod(0o700)

    def test_looking_changes_nothing(self, tmp_path):
        (tmp_path / "old").write_text("old")
        export.require_writable(tmp_path / "new")
        export.require_writable(tmp_path / "old")
        assert [p.name for p in tmp_path.iterdir()] == ["old"]
        assert (tmp_path / "old").read_text() == "old"

    def test_a_folder_for_results_is_made(self, tmp_path):
        export.require_folder(tmp_path / "a" / "b")
        export.require_folder(tmp_path / "a" / "b")
        assert list((tmp_path / "a" / "b").iterdir()) == []

    @pytest.mark.parametrize("name", ["file", "file/below"])
    def test_a_file_where_a_folder_should_be(self, tmp_path, name):
        (tmp_path / "file").write_text("old")
        with pytest.raises(OutputError, match="cannot be a folder"):
            export.require_folder(tmp_path / name)
        assert (tmp_path / "file").read_text() == "old"

    def test_one_file_for_two_things(self, tmp_path):
        one, two = tmp_path / "a", tmp_path / "b"
        export.require_distinct(one, None, two, None)
        two.symlink_to(one)
        for pair in ((one, one), (one, tmp_path / "." / "a"), (one, two)):
            with pytest.raises(OutputError, match="is named twice"):
                export.require_distinct(*pair)
