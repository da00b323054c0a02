"""The reader of usual spellings gives what the unit library gives, or leaves the text to it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from upscatter.errors import UnitError
from upscatter.scenario import plain_quantities, quantities
from upscatter.scenario.load import Scenario, bundled_names

DIMENSIONS = tuple(d for d in vars(quantities).values() if isinstance(d, quantities.Dimension))
UNITS = sorted(plain_quantities._UNITS)
numbers = st.sampled_from(["1", "0.16", ".5", "2.", "-3", "+4e3", "5.25E6", "1e-300", "7e+2", "00"])
words = st.tuples(st.sampled_from(UNITS), st.sampled_from(["", "", "", "^2", "^3", "^0"])).map(
    "".join
)
products = st.lists(words, min_size=1, max_size=3).map(" ".join)
texts = st.one_of(
    st.builds("{} {}".format, numbers, products),
    st.builds("{}{}".format, numbers, products),
    st.builds("{} / ({})".format, numbers, products),
    st.builds("{}/({})".format, numbers, products),
    st.builds("{}/{}".format, numbers, st.sampled_from(UNITS)),
)


def read(text, dimensions):
    """Value and dimension, or the message of the error."""
    try:
        return quantities.parse(text, *dimensions)
    except UnitError as error:
        return str(error)


@settings(deadline=None, max_examples=400)
@given(texts)
def test_it_reads_what_the_unit_library_reads(text):
    assert plain_quantities.read_plain(text) is not None
    for dimension in DIMENSIONS:
        plain = read(text, [dimension])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(quantities, "read_plain", lambda _: None)
            slow = read(text, [dimension])
        if isinstance(slow, str):
            assert plain == slow
        else:
            assert plain[0] == pytest.approx(slow[0], rel=4e-15, abs=0.0)
            assert plain[1] is slow[1]


@pytest.mark.parametrize(
    "text",
    [
        "٣ keV",
        "5",
        "keV",
        "",
        "5 furlong",
        "5 MeV / kg s",
        "5 kg*yr",
        "5 keV^-1",
        "5 dru",
        "5 cpd/kg",
        "5 (keVee kg)^-1",
        "5 MeV/c^2",
    ],
)
def test_other_texts_are_left_to_the_library(text):
    assert plain_quantities.read_plain(text) is None


@pytest.mark.parametrize("dimension", DIMENSIONS, ids=lambda d: d.unit)
def test_the_usual_units_have_one_value_in_both(dimension):
    if dimension.powers is not None:
        value = plain_quantities.read_plain(f"1 {dimension.unit}".replace("1 1/", "1/"))[0]
        assert value == pytest.approx(dimension.internal, rel=1e-15)


@pytest.mark.parametrize("name", bundled_names())
def test_bundled_scenarios_need_no_other_reader(name, monkeypatch):
    monkeypatch.setattr(quantities, "_parsed", None)
    if "oscillation" not in Scenario.load(name).document:
        assert Scenario.load(name).digest
