"""Files of counts in bins of energy and time."""

import numpy as np
import pytest

from upscatter.errors import TableError
from upscatter.inputs.energy_and_time import read_energy_and_time

GRID = """low,high,t_low,t_high,counts
1,2,0,1,10
1,2,1,6,20
2,4,0,1,30
2,4,1,6,40
"""


def read(folder, text, columns=None):
    path = folder / "counts.csv"
    path.write_text(text)
    return read_energy_and_time(path, columns)


def test_a_grid(tmp_path):
    energies, times, counts, errors = read(tmp_path, GRID)
    assert energies.tolist() == [1.0, 2.0, 4.0]
    assert times.tolist() == [0.0, 1.0, 6.0]
    assert counts.tolist() == [[10.0, 20.0], [30.0, 40.0]]
    assert errors is None


def test_rows_in_any_order(tmp_path):
    first, *rows = GRID.splitlines()
    shuffled = "\n".join([first, *rows[::-1]])
    np.testing.assert_array_equal(read(tmp_path, shuffled)[2], read(tmp_path, GRID)[2])


def test_errors_and_chosen_columns(tmp_path):
    text = "t0 t1 E0 E1 excess error note\n0 1 5 6 -1.5 0.5 7\n1 2 5 6 2.5 0.25 7\n"
    names = ["E0", "E1", "t0", "t1", "excess", "error"]
    energies, times, counts, errors = read(tmp_path, text, names)
    assert (energies.tolist(), times.tolist()) == ([5.0, 6.0], [0.0, 1.0, 2.0])
    assert counts.tolist() == [[-1.5, 2.5]]
    assert errors.tolist() == [[0.5, 0.25]]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("2,4,1,6,40", "", "2 to 4 in energy and 1 to 6 in time occurs 0 times"),
        ("2,4,1,6,40", "2,4,0,1,40", "2 to 4 in energy and 0 to 1 in time occurs 2 times"),
        ("1,2,0,1,10", "1,1.5,0,1,10", "a bin of energy begins at 1 and ends at 1.5, but the next"),
        ("1,2,1,6,20", "1,2,1,5,20", "a bin of time begins at 1 and ends at"),
        ("1,2,0,1,10", "1,2,10", "has 3 columns, not five or six: low, high, t_low"),
        ("2,4,0,1,30", "2,4,0,1,x", "is not 5 finite numbers"),
    ],
)
def test_refused_in_one_line(tmp_path, old, new, message):
    with pytest.raises(TableError) as caught:
        read(tmp_path, GRID.replace(old, new))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bins_that_do_not_rise(tmp_path):
    with pytest.raises(TableError, match="edge 1 of time does not exceed 1; let each bin"):
        read(tmp_path, "1,2,1,1,10\n")


def test_no_rows(tmp_path):
    with pytest.raises(TableError, match="has no rows of numbers"):
        read(tmp_path, "# nothing\n")
