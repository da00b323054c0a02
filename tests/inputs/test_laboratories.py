"""Named laboratories."""

from math import degrees, inf, nan, pi, radians

import pytest

from upscatter.errors import PhysicsError
from upscatter.inputs.laboratories import (
    LABORATORIES,
    check_latitude,
    laboratory,
    latitude,
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # github.com/lopez86/PyWIMPs, wimpsim/astro/locations.py, an independent list
        ("SNOLAB", 46 + 28.3 / 60),
        ("SURF", 44.352),
        ("Kamioka", 36 + 25.6 / 60),
        ("WIPP", 32.372),
        ("Boulby", 54.5534),
        ("LNGS", 42.454),
        ("CJPL", 28.15323),
        # github.com/geoneutrinos/reactors
        ("Modane", 45.178547),
        ("Canfranc", 42.77529),
        ("Stawell", -37.07),
        ("Yemilab", 37.188639),
    ],
)
def test_latitudes_against_another_list(name, expected):
    assert degrees(latitude(name)) == pytest.approx(expected, abs=0.011)


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("Jinping", "CJPL"),
        ("gran sasso", "LNGS"),
        ("GranSasso", "LNGS"),
        ("Sanford", "SURF"),
        ("homestake", "SURF"),
        ("super-kamiokande", "Kamioka"),
        ("Fréjus", "Modane"),
        ("LSM", "Modane"),
        ("SUPL", "Stawell"),
        ("y2l", "Y2L"),
        ("snolab ", "SNOLAB"),
    ],
)
def test_aliases(alias, name):
    assert laboratory(alias).name == name


def test_names_are_unambiguous_ordered_and_sourced():
    names = [n.casefold() for lab in LABORATORIES for n in (lab.name, *lab.aliases)]
    assert len(set(names)) == len(names)
    assert [lab.name.casefold() for lab in LABORATORIES] == sorted(
        lab.name.casefold() for lab in LABORATORIES
    )
    assert all(lab.source and lab.place for lab in LABORATORIES)


def test_coordinates_are_on_the_globe():
    for lab in LABORATORIES:
        assert check_latitude(lab.latitude) == lab.latitude
        assert abs(lab.longitude) <= pi
        assert degrees(lab.latitude) == pytest.approx(round(degrees(lab.latitude), 2), abs=1e-9)


def test_unknown_laboratory_lists_the_known():
    with pytest.raises(PhysicsError) as caught:
        latitude("Atlantis")
    message = str(caught.value)
    assert "'Atlantis'" in message
    assert "\n" not in message
    assert all(lab.name in message for lab in LABORATORIES)


@pytest.mark.parametrize("value", [radians(90.001), radians(-91.0), 42.4, inf, nan])
def test_latitudes_beyond_the_poles(value):
    with pytest.raises(PhysicsError, match="beyond ±90°"):
        check_latitude(value)


@pytest.mark.parametrize("value", [0.0, radians(90.0), radians(-90.0)])
def test_latitudes_up_to_the_poles(value):
    assert check_latitude(value) == value
