"""Figure of the spectrum: heights are the counts."""

import numpy as np
import pytest

import upscatter
from upscatter.explorer.figures import LIGHT
from upscatter.explorer.spectrum_figure import SpectrumFigure


def drawn(counts):
    figure = SpectrumFigure.make(LIGHT)
    figure.show(counts)
    return figure, {name: line.data for name, line in figure.lines.items()}


def test_equal_bins_have_counts():
    counts = upscatter.expected_counts("ge-nextgen", 2e-9, 1.0)
    figure, data = drawn(counts)
    assert figure.figure.yaxis[0].axis_label == "counts per bin"
    sm, signal = sum(counts.sm.values()), sum(counts.signal.values())
    assert np.array_equal(data["background"]["counts"][::2], counts.background)
    assert np.array_equal(data["Standard Model"]["counts"][1::2], sm)
    assert data["sum"]["counts"][::2] == pytest.approx(counts.background + sm + signal)
    assert np.array_equal(data["dipole"]["energy"][::2], counts.bin_edges_kevee[:-1])


def test_unequal_bins_have_counts_per_energy():
    counts = upscatter.expected_counts("nucleus", 1e-10)
    figure, data = drawn(counts)
    assert figure.figure.yaxis[0].axis_label == "counts per keVee"
    area = data["background"]["counts"][::2] * np.diff(counts.bin_edges_kevee)
    assert area == pytest.approx(counts.background)


def test_the_axes_show_the_highest_line():
    counts = upscatter.expected_counts("xe-darwin")
    figure, data = drawn(counts)
    view = figure.figure.y_range
    assert view.start < data["background"]["counts"].min() < data["sum"]["counts"].max() < view.end
