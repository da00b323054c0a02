"""Tables that users bring."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from upscatter.errors import TableError
from upscatter.inputs.tables import read_two_columns

GOOD = [
    "1 2\n3 4\n",
    "1,2\n3,4",
    "1;2\r\n3;4\r\n",
    "1\t2\n3\t4\n",
    "  1 ,  2 \n\n\n 3 , 4  \n",
    "# a comment\n1 2 # another\n3 4\n",
    "energy,yield\n1,2\n3,4\n",
    "# first\nenergy [keV] yield\n1 2\n3 4\n",
    "1e0 +2.0\n3.0 0.4e1\n",
    "1,2,\n3,4,\n",
]


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.csv"

    def write(text):
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.mark.parametrize("text", GOOD)
def test_ways_to_write_a_table(table, text):
    first, second = read_two_columns(table(text))
    np.testing.assert_array_equal(first, [1.0, 3.0])
    np.testing.assert_array_equal(second, [2.0, 4.0])


@settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(
        st.tuples(
            st.floats(-1e300, 1e300),
            st.floats(allow_nan=False, allow_infinity=False),
        ),
        min_size=2,
        max_size=20,
        unique_by=lambda row: row[0],
    ),
    separator=st.sampled_from([" ", ",", ";", "\t", " , "]),
)
def test_round_trip(table, rows, separator):
    rows = sorted(rows)
    text = "\n".join(f"{x!r}{separator}{y!r}" for x, y in rows)
    np.testing.assert_array_equal(np.array(read_two_columns(table(text))).T, rows)


@pytest.mark.parametrize(
    ("text", "line", "quoted"),
    [
        ("1 2\n3 x\n", 2, "'3 x'"),
        ("1 2\n3\n", 2, "'3'"),
        ("1 2\n3 4 5\n", 2, "'3 4 5'"),
        ("1 2\n3 nan\n", 2, "'3 nan'"),
        ("1 2\n\n# c\ninf 4\n", 4, "'inf 4'"),
        ("energy yield\nkeV none\n1 2\n", 2, "'keV none'"),
        ("1 2\nenergy yield\n3 4\n", 2, "'energy yield'"),
        ("nan 2\n3 4\n", 1, "'nan 2'"),
    ],
)
def test_a_malformed_row_is_named(table, text, line, quoted):
    path = table(text)
    with pytest.raises(TableError) as caught:
        read_two_columns(path)
    assert str(caught.value) == (
        f"{path}: line {line}: {quoted} is not two finite numbers; correct or remove it"
    )


@pytest.mark.parametrize("text", ["1 2\n1 3\n", "1 2\n0.5 3\n"])
def test_rows_must_be_in_order(table, text):
    with pytest.raises(TableError, match=r"line 2: \S+ does not exceed 1 above it; sort the rows"):
        read_two_columns(table(text))


@pytest.mark.parametrize(("text", "rows"), [("", 0), ("# nothing\n", 0), ("a b\n", 0), ("1 2", 1)])
def test_too_few_rows(table, text, rows):
    with pytest.raises(
        TableError, match=rf"has {rows} rows of two numbers; it needs at least two$"
    ):
        read_two_columns(table(text))


def test_a_missing_file(tmp_path):
    with pytest.raises(
        TableError,
        match=r"none\.csv: cannot be read \(No such file or directory\); give a readable text",
    ):
        read_two_columns(tmp_path / "none.csv")


def test_a_folder(tmp_path):
    with pytest.raises(TableError, match=r"cannot be read \(Is a directory\)"):
        read_two_columns(tmp_path)


def test_a_binary_file(table):
    with pytest.raises(TableError, match=r"cannot be read \(it is not a text file\)"):
        read_two_columns(table(b"\x89PNG\xff\xfe\x00"))


def test_errors_are_one_line(table):
    for text in ("1 2\n3 x\n", "", "2 2\n1 1\n"):
        with pytest.raises(TableError) as caught:
            read_two_columns(table(text))
        assert "\n" not in str(caught.value)
