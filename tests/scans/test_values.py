"""Lists, grids, choices and ranges, from the command line and from Python."""

import numpy as np
import pytest

from upscatter.errors import ScenarioError, UnitError
from upscatter.scans.values import Range, axis_of, range_of

FLAT = "background.flat"


def values(given, path=FLAT):
    axis = axis_of(path, given)
    return axis.values, axis.unit


class TestGrids:
    def test_in_equal_ratios(self):
        found, unit = values("1e-3 / (keVee kg day):1 / (keVee kg day):4")
        np.testing.assert_allclose(found, [1e-3, 1e-2, 1e-1, 1.0], rtol=1e-14)
        assert unit == "/ (keVee kg day)"
        assert found[0] == 1e-3
        assert found[-1] == 1.0

    def test_in_equal_steps(self):
        assert values("0keVee:1keVee:5:lin") == ((0.0, 0.25, 0.5, 0.75, 1.0), "keVee")

    def test_log_may_be_said(self):
        assert values("1:4:3:log") == values("1:4:3")

    def test_ends_in_different_units_have_that_of_the_first(self):
        found, unit = values("100 kg yr:10 t yr:3")
        np.testing.assert_allclose(found, [100.0, 1000.0, 10000.0], rtol=1e-12)
        assert unit == "kg yr"

    def test_whole_numbers_stay_whole_if_all_are(self):
        assert values("5:20:4:lin") == ((5, 10, 15, 20), "")
        assert all(type(value) is int for value in values("1:100:3")[0])
        assert values("1:2:3:lin") == ((1.0, 1.5, 2.0), "")
        assert len(set(values("1:10:20")[0])) == 20

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("1:2", "is no grid; write a grid as LOW:HIGH:NUMBER"),
            ("1:2:3:4", "is no grid"),
            ("1:2:many", "'many' is no whole number"),
            ("1:2:1", "1 values are not between 2 and"),
            ("1:2:99999999", "99999999 values are not between 2 and"),
            ("2:1:5", "the ends must rise"),
            ("1:1:5", "the ends must rise"),
            ("0:1:5", "equal ratios need ends above 0; add :lin"),
            ("a:b:5", "its ends are no numbers"),
            (":1:5", "empty one"),
        ],
    )
    def test_refused(self, text, message):
        with pytest.raises(ScenarioError) as error:
            axis_of(FLAT, text)
        assert message in str(error.value)
        assert str(error.value).startswith("vary background.flat")


class TestLists:
    def test_quantities_in_the_unit_of_the_first(self):
        found, unit = values("100 eVee, 0.2 keVee,1e-4MeVee")
        np.testing.assert_allclose(found, [100.0, 200.0, 100.0], rtol=1e-12)
        assert unit == "eVee"

    def test_units_beyond_the_usual_spelling(self):
        found, unit = values(["28.2 deg", "0.5 rad"])
        assert unit == "deg"
        assert found[1] == pytest.approx(np.degrees(0.5))

    def test_numbers_choices_and_tables(self):
        assert values("0.8, 0.9") == ((0.8, 0.9), "")
        assert values("essig-high, lindhard") == (("essig-high", "lindhard"), "")
        text = 'lindhard, { model = "lindhard", k = 0.2 }, ["8B", "hep"], true'
        table = {"model": "lindhard", "k": 0.2}
        assert values(text) == (("lindhard", table, ["8B", "hep"], True), "")

    def test_from_python(self):
        assert values([1, 2.5]) == ((1, 2.5), "")
        assert values(np.array([1.0, 2.0])) == ((1.0, 2.0), "")
        assert type(values(np.arange(3))[0][0]) is int
        assert values(["1 kg yr"]) == ((1.0,), "kg yr")
        assert values(range(1, 3)) == ((1, 2), "")

    def test_a_value_goes_back_as_it_came(self):
        axis = axis_of(FLAT, ["0.1 / (keVee kg day)", "0.30000000000000004 / (keVee kg day)"])
        assert axis.given(1) == "0.30000000000000004 / (keVee kg day)"

    @pytest.mark.parametrize(
        ("given", "kind", "message"),
        [
            ([], ScenarioError, "has no value"),
            ("", ScenarioError, "empty one"),
            ("1 kg yr,,2 kg yr", ScenarioError, "empty one"),
            (5.0, ScenarioError, "is no list of values"),
            ({"a": 1}, ScenarioError, "is no list of values"),
            ("1 kg yr, 1 keVee", UnitError, "has the dimension of"),
            ("1 kg yr, 2", UnitError, "has no unit"),
            ("0.1 keVee, 0.1 keVnr", UnitError, "differ by the quenching"),
        ],
    )
    def test_refused(self, given, kind, message):
        with pytest.raises(kind, match=message):
            axis_of(FLAT, given)


class TestRanges:
    def test_are_uniform_in_logarithm_or_steps(self):
        assert range_of(FLAT, "1:100") == Range(1.0, 100.0, "", "log")
        np.testing.assert_allclose(range_of(FLAT, "1:100").at(np.array([0.5])), [10.0])
        np.testing.assert_allclose(range_of(FLAT, "1:100:lin").at(np.array([0.5])), [50.5])

    @pytest.mark.parametrize("text", ["1", "1:2:3", "", "1:2:3:lin"])
    def test_refused(self, text):
        with pytest.raises(ScenarioError, match="is no range"):
            range_of(FLAT, text)
