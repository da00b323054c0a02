"""What a page computes is what the library computes."""

from collections import OrderedDict

import numpy as np
import pytest

import upscatter
from upscatter.explorer import computed
from upscatter.explorer.opened import open_scenario
from upscatter.explorer.state import RefusedError, State
from upscatter.rates.recoil_table import tables_made
from upscatter.scenario.load import Scenario


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    monkeypatch.setattr(computed, "_kept", OrderedDict())


@pytest.fixture
def state():
    moved = State(Scenario.load("ge-nextgen")).changed("threshold", "0.2 keVee")
    return moved.changed("exposure", "321 kg yr").changed("m4", "5 MeV")


def test_the_limit_is_the_librarys(state):
    found = computed.limit(state)
    scenario = Scenario.load("ge-nextgen").replaced(
        {"detector.region.0": "0.2 keVee", "detector.exposure": "321 kg yr"}
    )
    assert found.mu == upscatter.upper_limit(scenario, [5.0]).mu[0]
    curve = upscatter.upper_limit(scenario)
    assert np.array_equal(found.curve.mu, curve.mu)
    assert np.array_equal(found.curve.mass, curve.mass)


def test_the_first_number_is_the_first_of_the_curve():
    found = computed.limit(State(open_scenario("xe-darwin")))
    assert (found.mass, found.mu) == (0.01, found.curve.mu[0])
    alone = upscatter.upper_limit("xe-darwin", [0.01]).mu[0]
    assert found.mu == pytest.approx(alone, rel=1e-9)


@pytest.mark.parametrize("mass", ["0.01 MeV", "5.4321 MeV", "0 MeV"])
def test_a_draft_has_the_number_of_the_limit(mass):
    state = State(open_scenario("xe-darwin")).changed("m4", mass).changed("exposure", "12 t yr")
    found = computed.draft(state)
    wanted = computed.limit(state)
    assert found.mu == pytest.approx(wanted.mu, rel=1e-9)
    assert found.mass == wanted.mass
    assert found.tables == wanted.tables == 2  # of 8B and hep
    assert found.curve.mass.size < 0.1 * wanted.curve.mass.size
    within = found.curve.mass <= wanted.curve.mass[-1]
    assert within.sum() >= within.size - 1
    between = np.interp(found.curve.mass[within], wanted.curve.mass, wanted.curve.mu)
    assert between == pytest.approx(found.curve.mu[within], rel=5e-3)
    again = computed.draft(state)  # there is no need of one any more
    assert again.curve is wanted.curve


def test_only_the_last_whole_curves_are_kept(state):
    states = [state.changed("exposure", f"{n} kg yr") for n in range(1, computed.CURVES + 2)]
    curves = [computed.limit(s).curve for s in states]
    assert computed.limit(states[-1]).curve is curves[-1]
    assert computed.limit(states[1]).curve is curves[1]
    assert computed.limit(states[0]).curve is not curves[0]


@pytest.mark.parametrize("name", ["ge-nextgen", "cawo4-cresst"])
def test_no_table_is_made_twice(name):
    state = State(open_scenario(name))
    computed.limit(state.changed("exposure", "0.9 t day"))
    misses = tables_made()
    for number in range(2):
        computed.limit(state.changed("exposure", f"{1.1 + number} t day"))
    assert tables_made() == misses


def test_tables_are_kept_between_moves(state):
    computed.limit(state)
    misses = tables_made()
    for number in range(5):
        computed.limit(state.changed("exposure", f"{100 + number} kg yr"))
    assert tables_made() == misses


def test_the_spectrum_is_the_librarys(state):
    found = computed.spectrum(state.changed("mu", "3e-9"))
    wanted = upscatter.expected_counts(state.scenario, 3e-9, 5.0)
    assert np.array_equal(found.signal["8B"], wanted.signal["8B"])
    assert (found.mu, found.mass) == (3e-9, 5.0)


def test_drivers_are_the_impacts(state):
    found, wanted = computed.drivers(state), upscatter.impacts(state.scenario, 5.0)
    assert found.rows == wanted.rows


def test_fluxes_add_up_to_the_flavours(state):
    arriving, spectra = computed.fluxes(state)
    assert arriving.sources == ("8B", "hep")
    boron = spectra[0]
    total = np.trapezoid(boron.total, boron.energies)
    electron = np.trapezoid(boron.electron, boron.energies)
    assert total == pytest.approx(arriving.flux[0].sum(), rel=1e-3)
    assert electron == pytest.approx(arriving.flux[0, 0], rel=1e-3)


def test_fluxes_are_kept_where_nothing_of_them_moves(state):
    first = computed.fluxes(state)
    assert computed.fluxes(state.changed("background", "1 / (keVee kg day)")) is first
    assert computed.fluxes(state.changed("sources", "8B"))[0].sources == ("8B",)


def test_fluxes_of_a_reactor():
    arriving, spectra = computed.fluxes(State(open_scenario("nucleus")))
    assert arriving.sources == tuple(found.name for found in spectra)
    assert all(found.antineutrinos for found in spectra)


def test_errors_of_the_physics_go_to_what_moved_last(state):
    wrong = state.changed("background", "1 / (keVee kg day)").changed("threshold", "100 keVee")
    with pytest.raises(RefusedError) as found:
        computed.limit(wrong)
    assert found.value.key == "threshold"
    with pytest.raises(upscatter.UpscatterError) as wanted:
        upscatter.upper_limit(wrong.scenario)
    assert str(found.value) == str(wanted.value)


def test_a_mass_out_of_reach_has_no_limit_and_no_drivers(state):
    far = state.changed("m4", "150 MeV")
    assert np.isnan(computed.limit(far).mu)
    with pytest.raises(RefusedError, match="no neutrino can produce it"):
        computed.drivers(far)
