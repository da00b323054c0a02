"""Quantities with units as users write them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from upscatter.errors import ScenarioError, UnitError
from upscatter.scenario.quantities import (
    BACKGROUND_RATE,
    ENERGY,
    EXPOSURE,
    FLUX,
    MASS,
    RECOIL_ENERGY,
    VISIBLE_ENERGY,
    parse,
)
from upscatter.units import CM, DAY, EV, HOUR, KEV, KG, METRE, MEV, SECOND, TONNE, YEAR

FAST = settings(deadline=None, max_examples=50)
DIMENSIONS = (ENERGY, RECOIL_ENERGY, VISIBLE_ENERGY, EXPOSURE, BACKGROUND_RATE, FLUX)
DRU = 1.0 / (KEV * KG * DAY)


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("5 MeV", ENERGY, 5.0 * MEV),
        ("10 keV", ENERGY, 10.0 * KEV),
        ("1e-3GeV", ENERGY, 1.0 * MEV),
        ("0.16 keVee", VISIBLE_ENERGY, 160.0 * EV),
        ("160 eVee", VISIBLE_ENERGY, 0.16 * KEV),
        ("0.1 keVnr", RECOIL_ENERGY, 100.0 * EV),
        ("1.5 MeVnr", RECOIL_ENERGY, 1.5 * MEV),
        ("150 kg yr", EXPOSURE, 150.0 * KG * YEAR),
        ("0.15 t*yr", EXPOSURE, 150.0 * KG * YEAR),
        ("1.5 tonne year", EXPOSURE, 1.5 * TONNE * YEAR),
        ("54787.5 kg day", EXPOSURE, 150.0 * KG * YEAR),
        ("1e3 g * 24 h", EXPOSURE, 1.0 * KG * DAY),
        ("0.01 / (keVee kg day)", BACKGROUND_RATE, 0.01 * DRU),
        ("0.01 count/keVee/kg/day", BACKGROUND_RATE, 0.01 * DRU),
        ("0.01 keVee^-1 kg^-1 d^-1", BACKGROUND_RATE, 0.01 * DRU),
        ("3652.5 / (keVee t yr)", BACKGROUND_RATE, 0.01 * DRU),
        ("5.25e6 / (cm^2 s)", FLUX, 5.25e6 / (CM**2 * SECOND)),
        ("5.25e6 / (cm**2 s)", FLUX, 5.25e6 / (CM**2 * SECOND)),
        ("1 cm^-2 hour^-1", FLUX, 1.0 / (CM**2 * HOUR)),
        ("1 / (m^2 s)", FLUX, 1.0 / (METRE**2 * SECOND)),
        ("0 / (keVee kg day)", BACKGROUND_RATE, 0.0),
        ("150 kg·yr", EXPOSURE, 150.0 * KG * YEAR),  # as papers print it
        ("150 kg-yr", EXPOSURE, 150.0 * KG * YEAR),
        ("1.5 tonne-year", EXPOSURE, 1500.0 * KG * YEAR),
        ("0.01 cts/keVee/kg/d", BACKGROUND_RATE, 0.01 * DRU),
        ("150 kg ⋅ yr", EXPOSURE, 150.0 * KG * YEAR),
        ("150\u00b7kg\u00b7yr", EXPOSURE, 150.0 * KG * YEAR),
        ("150 kg × yr", EXPOSURE, 150.0 * KG * YEAR),
        ("0.01 keVee⁻¹·kg⁻¹·day⁻¹", BACKGROUND_RATE, 0.01 * DRU),
        ("5.25e6 cm⁻² s⁻¹", FLUX, 5.25e6 / (CM**2 * SECOND)),
        ("5.25e6 / (cm² s)", FLUX, 5.25e6 / (CM**2 * SECOND)),
        ("5.25×10⁶ cm⁻² s⁻¹", FLUX, 5.25e6 / (CM**2 * SECOND)),
        ("5.25 · 10⁶ / (cm² s)", FLUX, 5.25e6 / (CM**2 * SECOND)),
        ("10⁶ / (cm² s)", FLUX, 1e6 / (CM**2 * SECOND)),
        ("5×10⁻³ MeV", ENERGY, 5.0 * KEV),
        ("10⁺¹² eV", ENERGY, 1e6 * MEV),
        ("5e−3 MeV", ENERGY, 5.0 * KEV),
        ("−2 MeV", ENERGY, -2.0 * MEV),
        ("1 cm^−2 s^−1", FLUX, 1.0 / (CM**2 * SECOND)),
        ("0.01 (keVee kg d)^-1", BACKGROUND_RATE, 0.01 * DRU),
        ("0.01 (keVee·kg·d)⁻¹", BACKGROUND_RATE, 0.01 * DRU),
        ("0.01(keVee*kg*d)**-1", BACKGROUND_RATE, 0.01 * DRU),
        ("0.01 (keVee kg day) ^ (-1)", BACKGROUND_RATE, 0.01 * DRU),
        ("0.01 × ( keVee × kg × d )⁻¹", BACKGROUND_RATE, 0.01 * DRU),
        ("0.01 counts·(keVee·kg·d)⁻¹", BACKGROUND_RATE, 0.01 * DRU),
        ("(keVee kg day)^-1", BACKGROUND_RATE, DRU),
        ("5.25×10⁶ (cm² s)⁻¹", FLUX, 5.25e6 / (CM**2 * SECOND)),
        ("5.25e6 (cm^2 s)^-1", FLUX, 5.25e6 / (CM**2 * SECOND)),
        ("2(cm)^-2 (s)^-1", FLUX, 2.0 / (CM**2 * SECOND)),
        ("5 s⁻¹(cm)⁻²", FLUX, 5.0 / (CM**2 * SECOND)),
        ("2 (cm)^-2 (s)^-1", FLUX, 2.0 / (CM**2 * SECOND)),
        ("0.01 dru", BACKGROUND_RATE, 0.01 * DRU),
        ("10 mdru", BACKGROUND_RATE, 0.01 * DRU),
        ("0.01 DRU", BACKGROUND_RATE, 0.01 * DRU),
        ("0.01 cpd/kg/keVee", BACKGROUND_RATE, 0.01 * DRU),
        ("0.01 cpd / (keVee kg)", BACKGROUND_RATE, 0.01 * DRU),
        ("0.01 cpd kg⁻¹ keVee⁻¹", BACKGROUND_RATE, 0.01 * DRU),
        ("5 MeV/c²", MASS, 5.0 * MEV),
        ("5 MeV/c^2", MASS, 5.0 * MEV),
        ("300 keV / c**2 ", MASS, 0.3 * MEV),
        ("5 MeV", MASS, 5.0 * MEV),
        ("3 µeV", ENERGY, 3e-6 * EV),  # the micro sign, and the letter mu below
        ("3 μeV", ENERGY, 3e-6 * EV),
        ("-2 MeV", ENERGY, -2.0 * MEV),  # the sign is for the field to judge
    ],
)
def test_value_in_internal_units(text, dimension, value):
    parsed, found = parse(text, dimension)
    assert parsed == pytest.approx(value, rel=1e-12)
    assert found is dimension


@pytest.mark.parametrize("dimension", DIMENSIONS, ids=lambda d: d.unit)
def test_examples_of_error_messages_are_themselves_valid(dimension):
    value, found = parse(dimension.example, dimension)
    assert value > 0.0
    assert found is dimension
    assert parse(f"1 {dimension.unit}" if dimension.unit[0] != "1" else dimension.unit, dimension)[
        0
    ] == pytest.approx(dimension.internal, rel=1e-12)


def test_the_dimension_that_was_meant_is_told():
    assert parse("1 keVnr", VISIBLE_ENERGY, RECOIL_ENERGY)[1] is RECOIL_ENERGY
    assert parse("1 keVee", VISIBLE_ENERGY, RECOIL_ENERGY)[1] is VISIBLE_ENERGY


@FAST
@given(value=st.floats(1e-12, 1e12))
def test_round_trip(value):
    assert parse(f"{value!r} keVnr", RECOIL_ENERGY)[0] / KEV == pytest.approx(value, rel=1e-12)


def refusal(text, *dimensions):
    with pytest.raises(UnitError) as caught:
        parse(text, *dimensions)
    message = str(caught.value)
    assert "\n" not in message
    for dimension in dimensions:
        assert repr(dimension.example) in message  # the remedy
    return message


@pytest.mark.parametrize("a", DIMENSIONS, ids=lambda d: d.unit)
@pytest.mark.parametrize("b", DIMENSIONS, ids=lambda d: d.unit)
def test_no_dimension_is_taken_for_another(a, b):
    if a is not b:
        message = refusal(b.example, a)
        assert message.startswith("has the dimension of ")
        assert f"needs {a.name} such as" in message


def test_recoil_and_visible_energies_are_told_apart():
    assert refusal("0.5 keVnr", VISIBLE_ENERGY) == (
        "has the dimension of keVnr; recoil (nr) and electron-equivalent (ee) energies differ by "
        "the quenching; needs an electron-equivalent energy such as '0.16 keVee'"
    )
    assert refusal("0.5 keVee", RECOIL_ENERGY) == (
        "has the dimension of keVee; electron-equivalent (ee) and recoil (nr) energies differ by "
        "the quenching; needs a nuclear recoil energy such as '0.5 keVnr'"
    )
    assert "quenching" in refusal("0.01 / (keVnr kg day)", BACKGROUND_RATE)
    refusal("1 keVnr + 1 keVee", VISIBLE_ENERGY, RECOIL_ENERGY)
    refusal("1 keVnr - 1 keV", RECOIL_ENERGY)


@pytest.mark.parametrize("text", ["5", "5.0", " 7e3 ", "5 * 2", 5, 5.0, None, True, ["1 keV"], {}])
def test_a_missing_unit_is_refused(text):
    assert refusal(text, ENERGY).startswith("has no unit; write an energy ")


@pytest.mark.parametrize("text", ["5 counts", "1 keV/MeV"])
def test_a_pure_number_is_no_energy(text):
    refusal(text, ENERGY)


@pytest.mark.parametrize(
    ("text", "unit"), [("5 kevee", "kevee"), ("1 furlong", "furlong"), ("3 keVxx", "keVxx")]
)
def test_an_unknown_unit_is_named(text, unit):
    message = refusal(text, VISIBLE_ENERGY)
    assert message.startswith(f"has the unknown unit {unit}; write an electron-equivalent energy")


@pytest.mark.parametrize(
    "text",
    ["", "  ", "five keV", "keV keV (", "1 keV /", "1..2 keV", "1/0 keV", "[1] keV", "lambda: 0",
     "__import__('os')", "1 keV\n2 keV", "é", "1e999999 keV ** keV"],
)  # fmt: skip
def test_nonsense_is_refused_in_one_line(text):
    refusal(text, ENERGY)


@pytest.mark.parametrize("text", ["1e400 keV", "nan keV", "inf keV", "-inf keV"])
def test_values_that_are_not_finite_are_refused(text):
    refusal(text, ENERGY)


@pytest.mark.parametrize(
    "text",
    [
        "9**9**9**9 keV",
        "2 ^ 1000000 keV",
        "(9)**(99999999) keV",
        "9⁹⁹⁹⁹⁹⁹⁹⁹⁹ keV",
        "2² keV",
        "10⁹⁹⁹⁹⁹⁹⁹⁹ keV",
        "(9)⁹⁹⁹⁹⁹⁹⁹⁹ keV",
        "(9 keV)^2",
        "(keV 9)^-1",
        "(keV)^9^9^9",
        "(keV)^9 ** 9",
        "(keV)^(9)^9",
        "(keV)^(9)(9)",
        "9 (keV)^99999999",
        "(keV^999999999)^-1",
        "((keV)^9)^9",
        "(keV + keV)^2",
        "(keV)^2.5",
        "(keV)^2keV",
        "2(cm)^-2(s)^-1",
    ],
)
def test_powers_of_numbers_are_not_evaluated(text):
    assert refusal(text, ENERGY).startswith("has a power of a number; write powers of ten as 1e6")


@pytest.mark.parametrize(
    ("text", "character"),
    [
        ("0,16 keV", ","),
        ("1 ± 0.1 keV", "±"),
        ("~5 keV", "~"),
        ("5' keV", "'"),
        ("5·3 keV", "·"),
        ("5 · 3 keV", "·"),
        ("0⋅16 keV", "⋅"),
        ("3 Åeν", "Å"),
        ("٣ keV", "٣"),
        ("1 – 2 keV", "–"),
        ("½ keV", "½"),
        ("1\xa0keV", "\xa0"),
        ("1 keV₂", "₂"),
        ("é", "é"),
    ],
)
def test_a_character_that_no_quantity_has_is_named(text, character):
    assert refusal(text, ENERGY).startswith(f"has the character {character!r}; write an energy")


@pytest.mark.parametrize("text", ["1 000 keV", "1..2 keV", "1.2.3 keV", "5. 5 keV", "1 .5 keV"])
def test_numbers_side_by_side_are_not_multiplied(text):
    assert refusal(text, ENERGY).startswith("has two numbers side by side; write an energy")


def test_other_energies_have_no_c():
    for text, dimension in (("5 MeV/c²", ENERGY), ("5 keVnr/c^2", RECOIL_ENERGY)):
        assert refusal(text, dimension).startswith("has the unknown unit c; write ")
    refusal("5 MeV/c", MASS)
    refusal("5 /c²", MASS)


def test_a_background_for_each_kev_says_which():
    assert "say which scale" in refusal("0.01 cpd/kg/keV", BACKGROUND_RATE)


def test_a_unit_error_is_a_scenario_error():
    assert issubclass(UnitError, ScenarioError)


def test_several_dimensions_are_all_offered():
    message = refusal("1 kg", VISIBLE_ENERGY, RECOIL_ENERGY)
    assert "an electron-equivalent energy or a nuclear recoil energy" in message
    assert "'0.16 keVee' or '0.5 keVnr'" in message
