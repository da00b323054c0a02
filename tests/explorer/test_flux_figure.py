"""Figure of the fluxes: what is drawn adds up to what arrives."""

import numpy as np
import pytest

from upscatter.explorer import computed
from upscatter.explorer.figures import LIGHT
from upscatter.explorer.flux_figure import FluxFigure
from upscatter.explorer.opened import open_scenario
from upscatter.explorer.state import State


def drawn(name):
    arriving, spectra = computed.fluxes(State(open_scenario(name)))
    figure = FluxFigure.make(LIGHT)
    figure.show(spectra)
    return arriving, figure


def test_spectra_have_the_fluxes_of_their_flavours():
    arriving, figure = drawn("xe-darwin")
    data = figure.spectra.data
    found = {
        label: np.trapezoid(y, x)
        for label, x, y in zip(data["label"], data["xs"], data["ys"], strict=True)
    }
    electron, muon, tau = arriving.flux[0]
    assert found["⁸B ν_e"] == pytest.approx(electron, rel=1e-3)
    assert found["⁸B ν_μ and ν_τ"] == pytest.approx(muon + tau, rel=1e-3)


def test_lines_have_the_fluxes_of_their_flavours():
    arriving, figure = drawn("cawo4-cresst")
    data = figure.lines.data
    tops = dict.fromkeys(data["label"], 0.0)
    for label, ends in zip(data["label"], data["ys"], strict=True):
        tops[label] += ends[1]
    for source, name in (("7Be", "⁷Be"), ("pep", "pep")):
        electron, muon, tau = arriving.flux[arriving.sources.index(source)]
        assert tops[f"{name} ν_e"] == pytest.approx(electron, rel=1e-6)
        assert tops[f"{name} ν_μ and ν_τ"] == pytest.approx(muon + tau, rel=1e-6)


def test_antineutrinos_are_named_as_such():
    _, figure = drawn("nucleus")
    assert set(figure.spectra.data["label"]) == {"reactor ν̄_e"}
