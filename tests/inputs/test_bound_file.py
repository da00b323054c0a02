"""A user's own limit: what is read, and one line for what cannot be right."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from upscatter.errors import TableError
from upscatter.inputs.bound_file import bound_from_csv


@pytest.fixture
def written(tmp_path):
    def write(text, name="mine.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_bare_table_is_a_measured_lower_edge(written):
    bound = bound_from_csv(written("m4,mu\n1,1e-9\n2,2e-9\n"))
    assert (bound.name, bound.label, bound.kind) == ("mine", "mine", "measurement")
    assert (bound.topology, bound.confidence, bound.statistic) == ("lower-edge", None, "other")
    assert_allclose(bound.mass, [1.0, 2.0])
    assert_allclose(bound.mu, [1e-9, 2e-9])


def test_comments_describe_it(written):
    bound = bound_from_csv(
        written(
            "# Label: Our dream\n# kind: projection; confidence: 95 %\n# topology: closed\n"
            "# statistic: chi2-like\n# flavour: tau\n# made on a Tuesday; without a key\n"
            "1 1e-9\n2 1e-9\n2 1e-8\n1 1e-8\n"
        )
    )
    assert (bound.label, bound.kind, bound.confidence) == ("Our dream", "projection", 0.95)
    assert (bound.topology, bound.statistic, bound.flavour) == ("closed", "chi2-like", "tau")
    assert bound.excludes(1.5, [5e-10, 5e-9, 5e-8]).tolist() == [False, True, False]


def test_what_limit_writes_can_be_read(written):
    text = (
        "# ge: upper limit on mu_nu4 (Bohr magnetons) against m4 (MeV)\n"
        "# flavour: universal; confidence: 0.9; dof: 1\n# target: Ge\n"
        "mass_MeV,mu_bohr\n0.1,8.6e-10\n10.0,2e-9\n30.0,\n"
    )
    bound = bound_from_csv(written(text))
    assert (bound.flavour, bound.confidence) == ("universal", 0.9)
    assert bound.mass.size == 2
    assert np.isnan(bound.lower_limit(20.0)).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has 0 points; a limit needs at least two"),
        ("m4,mu\n1,1e-9\n", "has 1 points; a limit needs at least two"),
        ("1,1e-9\n2,abc\n", "line 2: '2,abc' is not a mass in MeV and a moment"),
        ("1,1e-9\n2,-1e-9\n", "line 2: '2,-1e-9' is not .* both positive"),
        ("1,1e-9\n0,1e-9\n", "line 2: '0,1e-9' is not .* both positive"),
        ("1,1e-9\nnan,1e-9\n", "line 2: 'nan,1e-9' is not"),
        ("1,1e-9,3\n2,1e-9,3\n", "line 1: '1,1e-9,3' is not"),
        ("1,x\n2,1e-9\n3,1e-9\n", "line 1: '1,x' is not"),
        ("m4,mu\nm4,mu\n1,1e-9\n2,1e-9\n", "line 2: 'm4,mu' is not"),
        ("1,1e-9\n3,1e-9\n2,1e-9\n", "line 3: 2 MeV is below the mass before it; sort"),
        ("# topology: closed\n1,1e-9\n3,1e-9\n", "has 2 points; what encloses a region"),
        ("# kind: guess\n1,1e-9\n2,1e-9\n", "line 1: kind 'guess' is unknown; choose one of"),
        ("# topology: round\n1,1e-9\n2,1e-9\n", "line 1: topology 'round' is unknown"),
        ("# flavour: sterile\n1,1e-9\n2,1e-9\n", "line 1: flavour 'sterile' is unknown"),
        ("# confidence: 90\n1,1e-9\n2,1e-9\n", "line 1: confidence '90' is not a level"),
        ("# confidence: high\n1,1e-9\n2,1e-9\n", "line 1: confidence 'high' is not a level"),
        ("# confidnce: 0.9\n1,1e-9\n2,1e-9\n", "'confidnce' is unknown; did you mean 'confidence'"),
    ],
)
def test_errors_name_the_line(written, text, message):
    with pytest.raises(TableError, match=message) as caught:
        bound_from_csv(written(text))
    assert "\n" not in str(caught.value)
    assert "mine.csv" in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(TableError, match=r"none\.csv: cannot be read"):
        bound_from_csv(tmp_path / "none.csv")
