"""Masses and energies from Python: what is clear is taken, the rest refused in one line."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pint
import pytest

import upscatter
from upscatter.errors import UpscatterError
from upscatter.flavours import SunAndDetector, oscillation
from upscatter.scenario.arguments import (
    energies_mev,
    mass_mev,
    masses_mev,
    recoil_energies_kevnr,
)
from upscatter.scenario.load import Scenario
from upscatter.studies.impacts import impacts
from upscatter.studies.planning import plan
from upscatter.studies.toys import toys
from upscatter.studies.workspaces import likelihood_workspace

UNITS = pint.UnitRegistry()


class Converts:
    """A quantity as those of astropy and unyt are used: in GeV, of a million electronvolts."""

    def __init__(self, value, dimension="energy"):
        self.value, self.dimension = value, dimension

    def to_value(self, unit):
        if self.dimension != "energy":
            raise TypeError("'m' (length) and\n'MeV' (energy) are not convertible")
        return np.multiply(self.value, {"MeV": 1e3, "keV": 1e6}[unit])


@pytest.mark.parametrize(
    ("given", "mev"),
    [
        (5, [5.0]),
        (5.0, [5.0]),
        (np.float32(0.5), [0.5]),
        (Fraction(1, 2), [0.5]),
        (Decimal("0.5"), [0.5]),
        ([], []),
        ([1, 2.5], [1.0, 2.5]),
        ((1, np.int64(2)), [1.0, 2.0]),
        (range(1, 4), [1.0, 2.0, 3.0]),
        ((m for m in (1, 2)), [1.0, 2.0]),
        (np.array(3.0), [3.0]),
        (np.array([1, 2], dtype=np.uint8), [1.0, 2.0]),
        ("5 MeV", [5.0]),
        ("300keV", [0.3]),
        ("5 MeV/c²", [5.0]),
        (["5 MeV", "10 keV", 2], [5.0, 0.01, 2.0]),
        (np.array(["5 MeV", "1 GeV"]), [5.0, 1000.0]),
        (5 * UNITS.MeV, [5.0]),
        (np.array([5.0, 6.0]) * UNITS.keV, [0.005, 0.006]),
        ([5 * UNITS.MeV, 6 * UNITS.keV, "7 MeV"], [5.0, 0.006, 7.0]),
        (Converts(0.005), [5.0]),
        (Converts([0.001, 0.002]), [1.0, 2.0]),
        ([Converts(0.001), 2.0], [1.0, 2.0]),
    ],
    ids=map(str, range(23)),
)
def test_masses(given, mev):
    found = masses_mev("mass", given)
    assert found.shape == (len(mev),)
    np.testing.assert_allclose(found, mev, rtol=1e-14)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([[1, 2], [3, 4]], "is a table of numbers; give one, or a flat list"),
        (np.ones((2, 2)), "has 2 dimensions; give one number, or a flat list"),
        (np.ones((2, 2)) * UNITS.MeV, "has 2 dimensions"),
        (np.array([["5 MeV"]]), "has 2 dimensions"),
        (True, "True is no real number; give MeV as a number, or a text"),
        ([1.0, False], "False is no real number"),
        (np.array([True]), "True is no real number"),
        (1j, "1j is no real number"),
        (np.array([1 + 1j]), "(1+1j) is no real number"),
        (None, "None is no real number"),
        ([1.0, None], "None is no real number"),
        (b"5 MeV", "b'5 MeV' is no real number"),
        (np.array("2020-01-01", dtype="datetime64[D]"), "is no real number"),
        ("5", "'5': has no unit; write an energy such as '5 MeV'"),
        (["5 MeV", "6"], "'6': has no unit"),
        ("", "''"),
        ("5 kg", "'5 kg': has the dimension of kg"),
        ("5 keVnr", "has the dimension of keVnr"),
        (5 * UNITS.meter, "cannot be converted to MeV (Cannot convert from 'meter'"),
        (Converts(1.0, "length"), "cannot be converted to MeV ('m' (length) and 'MeV'"),
        (-1.0, "-1 is not a finite number of zero or more; correct it"),
        ("-1 MeV", "-1 is not a finite number of zero or more"),
        (-1 * UNITS.MeV, "-1 is not a finite number of zero or more"),
        (np.nan, "nan is not a finite number"),
        ([1.0, np.inf], "inf is not a finite number"),
        (10**400, "inf is not a finite number"),
        ("x" * 1000, "…"),
        (object, "is no real number"),
    ],
    ids=map(str, range(28)),
)
def test_the_rest_is_refused_in_one_line(given, says):
    with pytest.raises(UpscatterError) as caught:
        masses_mev("mass", given)
    message = str(caught.value)
    assert message.startswith("mass")
    assert says in message
    assert "\n" not in message
    assert len(message) < 250


def test_a_single_one():
    assert mass_mev("mass", ["10 keV"]) == pytest.approx(0.01)
    for several in ([1, 2], []):
        with pytest.raises(UpscatterError, match="values are given where one is due; give one"):
            mass_mev("mass", several)


def test_recoil_energies_are_in_kev():
    found = recoil_energies_kevnr("energies", ["100 eVnr", 2.0, 3 * UNITS.keV, Converts(1e-6)])
    np.testing.assert_allclose(found, [0.1, 2.0, 3.0, 1.0])
    with pytest.raises(UpscatterError, match=r"say which scale.*'0\.5 keVnr'"):
        recoil_energies_kevnr("energies", "1 keV")


def test_energies_may_be_negative_where_somebody_else_judges():
    np.testing.assert_allclose(energies_mev("energy", "-1 MeV"), [-1.0])


FUNCTIONS = {
    "upper_limit": lambda m: upscatter.upper_limit("ge-nextgen", m).to_dict(),
    "expected_counts": lambda m: upscatter.expected_counts("ge-nextgen", mass=m).to_dict(),
    "recoil_spectrum": lambda m: {
        source: rates.tolist()
        for source, rates in upscatter.recoil_spectrum("ge-nextgen", 1.0, mu=1e-9, mass=m).items()
    },
    "toys": lambda m: toys("ge-nextgen", m, 20).to_dict(),
    "impacts": lambda m: impacts("ge-nextgen", m).to_dict(),
    "plan": lambda m: plan("ge-nextgen", 8e-10, "exposure", m).to_dict(),
    "workspace": lambda m: likelihood_workspace(
        Scenario.load("ge-nextgen").replaced("statistics.test", "poisson"), m
    ),
    "oscillation": lambda m: oscillation(SunAndDetector.choose(), "8B", m).to_dict(),
}


class TestWhereTheyAreTaken:
    """Every function that takes masses gives with "1 MeV" what it gives with 1.0."""

    @pytest.mark.parametrize("name", FUNCTIONS)
    def test_with_units(self, name):
        function = FUNCTIONS[name]
        expected = function(1.0)
        for one in ("1 MeV", 1 * UNITS.MeV, Converts(0.001)):
            assert function(one) == expected

    @pytest.mark.parametrize("name", FUNCTIONS)
    @pytest.mark.parametrize("wrong", [[[1.0, 2.0]], np.ones((2, 2)), True, 1j, "1", "1 kg"])
    def test_without_sense(self, name, wrong):
        with pytest.raises(UpscatterError) as caught:
            FUNCTIONS[name](wrong)
        assert "\n" not in str(caught.value)

    def test_recoil_spectrum(self):
        given = upscatter.recoil_spectrum("ge-nextgen", ["500 eVnr", 1.0])["8B"]
        np.testing.assert_array_equal(
            given, upscatter.recoil_spectrum("ge-nextgen", [0.5, 1.0])["8B"]
        )
