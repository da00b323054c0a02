"""Tables that users bring."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from upscatter.errors import TableError
from upscatter.inputs.tables import read_events, read_two_columns

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
        ("1 2\n3 4 x\n", 2, "'3 4 x'"),
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


HEPDATA = """\
#: table_doi: 10.17182/hepdata.00000.v1/t1
#: name: Efficiency, "detected"
#: keyword observables: EFF

"$E_{nr}$, true [keV]","$\\epsilon$ [#]","error +","error -"
1.0,2.0,0.1,-0.1
3.0,4.0,0.2,-0.2
"""


class TestMoreColumns:
    @pytest.mark.parametrize(
        ("text", "columns"),
        [
            ("1 2 9\n3 4 9\n", (1, 2)),
            ("9 1 9 2\n8 3 8 4\n", (2, 4)),
            ("2,9,1\n4,9,3\n", (3, 1)),
            ("energy,efficiency,error\n1,2,9\n3,4,9\n", (1, 2)),
            ("energy,efficiency,error\n1,2,9\n3,4,9\n", ("energy", "efficiency")),
            ("error;efficiency;energy\n9;2;1\n9;4;3\n", ("energy", "efficiency")),
            ("energy\tthe efficiency\terror\n1\t2\t9\n3\t4\t9", ("energy", "the efficiency")),
            ('energy "the efficiency" error\n1 2 9\n3 4 9', ("energy", "the efficiency")),
            ("energy efficiency\n1 2\n3 4\n", ("energy", "efficiency")),
            (HEPDATA, (1, 2)),
            (HEPDATA, ("$E_{nr}$, true [keV]", "$\\epsilon$ [#]")),
            ("low,1,2\nhigh,3,4\n", (2, 3)),
            ("bin,E,eff\nlow,1,2\nhigh,3,4\n", ("E", "eff")),
            ("1,,2\n3,,4\n", (1, 3)),
            ("1,,2\n3,5,4\n", (1, 3)),
            ("1,2,\n3,4,\n", (1, 2)),
        ],
    )
    def test_two_of_them(self, table, text, columns):
        first, second = read_two_columns(table(text), columns)
        np.testing.assert_array_equal(first, [1.0, 3.0])
        np.testing.assert_array_equal(second, [2.0, 4.0])

    @pytest.mark.parametrize(
        ("text", "columns", "says"),
        [
            (
                "1 2\n3 4 5\n", None,
                "line 2: '3 4 5' has 3 columns, not two; say which to read, such as "
                "columns = [1, 2]",
            ),
            (
                "E,eff,err\n1,2,3\n", None,
                "line 2: '1,2,3' has 3 columns, not two; say which to read, such as "
                "columns = [1, 2], of 'E, eff, err'",
            ),
            (HEPDATA, None, "line 6: '1.0,2.0,0.1,-0.1' has 4 columns, not two"),
            (
                "E,eff,err\n1,2,3\n3,4,5\n", ("E", "efficiency"),
                "has no column 'efficiency'; say which to read, such as columns = [1, 2], of "
                "'E, eff, err'",
            ),
            ("E,eff,eff\n1,2,3\n3,4,5\n", ("E", "eff"), "has several columns 'eff'; say which"),
            (
                "1,2,3\n3,4,5\n", ("E", "eff"),
                "has no line of column names; choose columns by number, such as columns = [1, 2]",
            ),
            ("1 2\n3 4\n", (1, 3), "line 1: '1 2' has no column 3; say which to read"),
            ("E,eff\n1,2\n3,4\n", (4, 1), "line 2: '1,2' has no column 4; say which to read"),
            ("1,2,3\n3,4\n", (1, 3), "line 2: '3,4' has no column 3"),
            ("1,2,3\n3,4,\n", (1, 3), "line 2: '3,4,' is not two finite numbers; correct"),
            ("3,1,2\n4,1,2\n", (2, 3), "line 2: 1 does not exceed 1 above it"),
            ("0,5;0,1\n1,0;0,2\n", None, "is not two finite numbers; write decimals"),
            ('a,b\n"0,5","0,1"\n', None, "is not two finite numbers; write decimals with a point"),
            ("1;0,1\n2;0,2\n", None, "is not two finite numbers; write decimals with a point"),
            ("1,2\n2,x\n", (1, 2), "is not two finite numbers; correct or remove it"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_read_says_what_to_do(self, table, text, columns, says):
        path = table(text)
        with pytest.raises(TableError) as caught:
            read_two_columns(path, columns)
        assert str(caught.value).startswith(f"{path}: ")
        assert says in str(caught.value)
        assert "\n" not in str(caught.value)


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


def test_a_table_that_changes_is_read_anew(table):
    """Tables are kept by their content."""
    path = table("1 2\n3 4\n")
    first, _ = read_two_columns(path, [1, 2])
    assert not first.flags.writeable
    table("1 2\n3 5\n")
    np.testing.assert_array_equal(read_two_columns(path, [1, 2])[1], [2.0, 5.0])
    np.testing.assert_array_equal(read_two_columns(path, (2, 1))[0], [2.0, 5.0])
    table("7 2\n8 3\n")
    np.testing.assert_array_equal(read_events(path, [2]), [2.0, 3.0])
    with pytest.raises(TableError, match=r"has 2 columns, not one energy; .* columns = \[1\]$"):
        read_events(path)
    table("7\n8\n")
    np.testing.assert_array_equal(read_events(path), [7.0, 8.0])
    table("7\n9\n")
    np.testing.assert_array_equal(read_events(path), [7.0, 9.0])
