"""Sliders of scenarios."""

import pytest

from upscatter.explorer.controls import MASS, MOMENT, Slider, sliders_of
from upscatter.explorer.opened import open_scenario

EXPLORABLE = ("ge-nextgen", "xe-darwin", "cawo4-cresst", "cenns-750", "nucleus", "texono")


def sliders(name):
    return {slider.key: slider for slider in sliders_of(open_scenario(name))}


@pytest.mark.parametrize("name", EXPLORABLE)
def test_the_scenario_stands_within_each_slider(name):
    for slider in sliders(name).values():
        number = slider.number(slider.opened)
        assert slider.low <= number <= slider.high, slider
        assert slider.number(slider.at(slider.place(slider.opened))) == pytest.approx(
            number, rel=5e-3
        )


def test_units_are_those_of_the_file():
    found = sliders("xe-darwin")
    assert found["exposure"].unit == "t yr"
    assert found["threshold"].unit == "keVnr"
    assert found["background"].unit == "/ (keVee t yr)"
    assert found["background"].at(0.0) == "1 / (keVee t yr)"


@pytest.mark.parametrize("given", ["160eVee", "1.6e2eVee", "1.6E+2 eVee", ".16keVee", "0.16 keVee"])
def test_units_may_follow_the_number_at_once(given):
    opened = open_scenario("ge-nextgen").replaced("detector.region", [given, "2.16 keVee"])
    (threshold,) = (slider for slider in sliders_of(opened) if slider.key == "threshold")
    assert threshold.number(threshold.opened) == pytest.approx(160.0 if "k" not in given else 0.16)
    assert threshold.unit in ("eVee", "keVee")


def test_a_logarithmic_slider_moves_in_equal_ratios():
    slider = sliders("ge-nextgen")["exposure"]
    assert slider.ends == pytest.approx((0.1761, 4.1761), abs=1e-4)  # 1.5 to 15000 kg yr
    assert slider.at(2.0) == "100 kg yr"
    assert slider.place("0.1 t yr") == pytest.approx(2.0)
    assert slider.place("1e9 kg yr") == slider.ends[1]


def test_a_linear_slider_reaches_zero():
    slider = sliders("ge-nextgen")["resolution"]
    assert (slider.ends, slider.at(0.0)) == ((0.0, 200.0), "0 eVee")
    assert slider.place("0.1 keVee") == pytest.approx(100.0)


@pytest.mark.parametrize("text", ["", "much", "5", "5 kg", "nan MeV"])
def test_what_is_no_quantity_has_no_place(text):
    assert MASS.place(text) is None


def test_pure_numbers_are_numbers_and_other_texts_stay():
    slider = Slider(key="x", label="", path="", unit="", opened="1", low=0.1, high=10.0)
    assert slider.value("0.5") == 0.5
    assert slider.value("half") == "half"


def test_the_resolution_is_its_largest_term():
    assert sliders("xe-darwin")["resolution"].path == "detector.resolution.fano"
    assert sliders("nucleus")["resolution"].path == "detector.resolution.noise"


def test_several_backgrounds_are_scaled_together():
    assert sliders("cenns-750")["background"].path == "background.scale"


def test_fluxes_of_other_sources_have_their_uncertainty():
    assert sliders("nucleus")["flux"].path == "reactor.uncertainty"
    assert sliders("nucleus")["flux"].label == "Flux uncertainty"
    assert sliders("xe-darwin")["flux"].label == "Flux uncertainty (8B)"


@pytest.mark.parametrize("name", EXPLORABLE)
def test_names_of_sliders_fit_beside_their_fields(name):
    # the page has 179 pixels for them, and writes letters of 12 pixels; it cuts what is longer
    labels = [slider.label for slider in sliders(name).values()]
    assert max(map(len, labels)) <= 28, labels


def test_the_moment_says_its_unit():
    assert "μ/μ_B" in MOMENT.label
