"""The figure of the fluxes of all sources: its numbers and its names."""

import numpy as np
import pytest

from upscatter.flux.results import SpectrumAtDetector
from upscatter.report.flux_plots import source_figure
from upscatter.report.plots import save

ENERGIES = np.geomspace(0.01, 10.0, 50)
NOTHING = np.array([])


def spectrum(name, height, share=1.0, **fields):
    total = np.full(50, height)
    return SpectrumAtDetector(
        name=name, energies=ENERGIES, total=total, electron=share * total, **fields
    )


LINE = SpectrumAtDetector(
    name="line", energies=NOTHING, total=NOTHING, electron=NOTHING, lines=((30.0, 1e12, 0.0),)
)


def axes_of(*fluxes):
    (axes,) = source_figure(fluxes).axes
    return axes


def curves(axes):
    return [line for line in axes.lines if len(line.get_xdata())]


def names(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_one_spectrum():
    axes = axes_of(spectrum("reactor", 1e12, antineutrinos=True))
    (curve,) = curves(axes)
    np.testing.assert_array_equal(curve.get_ydata(), 1e12)
    assert names(axes) == [r"reactor ($\bar\nu$)"]
    assert axes.get_xlabel() == r"$E_\nu$ [MeV]"
    assert axes.get_ylabel() == r"flux [cm$^{-2}$ s$^{-1}$ MeV$^{-1}$]"
    assert axes.get_ylim()[0] <= 1e12 < axes.get_ylim()[1]


def test_sum_of_spectra_of_one_kind():
    axes = axes_of(
        *(
            spectrum(f"reactor {i}", h, antineutrinos=True)
            for i, h in (("235U", 3e12), ("239Pu", 1e12))
        )
    )
    assert names(axes) == [
        r"reactor $^{235}$U ($\bar\nu$)",
        r"reactor $^{239}$Pu ($\bar\nu$)",
        "sum",
    ]
    np.testing.assert_allclose(curves(axes)[-1].get_ydata(), 4e12)


def test_neutrinos_and_antineutrinos_are_not_added():
    axes = axes_of(spectrum("a", 1e12, antineutrinos=True), spectrum("b", 1e12))
    assert names(axes) == [r"a ($\bar\nu$)", "b"]


def test_electron_neutrinos_of_a_mixture():
    axes = axes_of(spectrum("mixed", 1e12, 0.25))
    total, electron = curves(axes)
    np.testing.assert_allclose(electron.get_ydata(), 0.25 * total.get_ydata())
    assert r"$\nu_e$ in it" in names(axes)


def test_lines():
    axes = axes_of(spectrum("a", 1e12), LINE)
    line = curves(axes)[1]
    assert list(line.get_xdata()) == [30.0, 30.0]
    assert line.get_ydata()[1] == 1e12
    assert "lines: cm$^{-2}$ s$^{-1}$" in axes.get_ylabel()
    assert axes.get_xlim()[1] > 30.0


def test_what_is_below_the_frame_is_said():
    assert names(axes_of(spectrum("a", 1e12), spectrum("b", 1.0)))[1] == "b (below)"


@pytest.mark.parametrize("count", [1, 5, 14])
def test_legends_fit_into_the_figure(tmp_path, count):
    figure = source_figure([spectrum(f"source number {i}", 1e12 / (i + 1)) for i in range(count)])
    save(figure, tmp_path / "flux.png")
    figure.canvas.draw()
    (axes,) = figure.axes
    box = axes.get_legend().get_window_extent()
    assert box.x0 >= 0.0
    assert box.x1 <= figure.bbox.x1
    assert box.y1 <= figure.bbox.y1
