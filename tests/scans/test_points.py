"""Tables of points: what a file says is what varies, and nothing of it is passed over."""

import numpy as np
import pytest

import upscatter
from upscatter.errors import TableError, UpscatterError
from upscatter.scans.points import read_points
from upscatter.scans.scan import scan


def written(folder, text):
    path = folder / "points.csv"
    path.write_text(text)
    return path


def test_the_table_of_a_scan_is_such_a_file(tmp_path):
    """With tables among its values, and a row for each of several masses."""
    vary = {
        "detector.quenching": 'lindhard, { model = "lindhard", k = 0.2 }',
        "detector.threshold": "0.1 keVee, 0.3 keVee",
    }
    grid = upscatter.scan("ge-nextgen", vary, [0.01, 5.0])
    again = scan(
        "ge-nextgen", read_points(written(tmp_path, grid.to_csv())), [0.01, 5.0], paired=True
    )
    assert again.mu.shape == (4, 2)
    np.testing.assert_allclose(again.mu.reshape(grid.mu.shape), grid.mu, rtol=1e-12)


def test_units_and_kinds(tmp_path):
    text = "# mine\ndetector.threshold [keVee],detector.bins,background.scale\n0.1,5,2e0\n"
    assert read_points(written(tmp_path, text)) == {
        "detector.threshold": ["0.1 keVee"],
        "detector.bins": [5],
        "background.scale": [2.0],
    }


def test_an_unknown_column_is_refused(tmp_path):
    path = written(tmp_path, "threshold [keVee],background.scale\n0.1,1\n0.3,2\n")
    with pytest.raises(UpscatterError, match=r"vary threshold: .*did you mean detector.threshold"):
        scan("ge-nextgen", read_points(path), paired=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("detector.bins,mass_MeV\n5,1\n10,2\n", "mass_MeV is no field; .* give masses by --mass"),
        ("detector.bins,background.scale\n5\n", "point 1 has 1 values for 2 fields"),
        ("detector.bins,background.scale\n5,\n", "point 1 has an empty value"),
        ("detector.bins,detector.bins\n5,6\n", "the heading of two columns"),
        ("detector.bins,\n5,6\n", "column 2 has no path"),
        ("detector.bins\n", "has no points"),
    ],
)
def test_refused_in_one_line(tmp_path, text, message):
    with pytest.raises(TableError, match=message):
        read_points(written(tmp_path, text))
