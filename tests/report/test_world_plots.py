"""The figure of the world's limits: a panel for each flavour, with what the result says."""

import numpy as np
import pytest

from upscatter.studies.world import world_limit


def test_a_panel_for_each_flavour_and_a_line_for_each_kind():
    result = world_limit()
    panels = [axes for axes in result.plot().axes if axes.axison]
    assert len(panels) == 4
    for axes, (flavour, found) in zip(panels, result.flavours.items(), strict=True):
        (name,) = [text.get_text() for text in axes.texts]
        assert name.startswith("universal" if flavour == "universal" else r"$\nu_")
        drawn = {line.get_label(): line for line in axes.get_lines() if line.get_label()[0] != "_"}
        together = drawn["all data combined"].get_xydata()
        shown = np.isfinite(found.combined_mu)
        np.testing.assert_allclose(together[:, 0], result.mass[shown])
        np.testing.assert_allclose(together[:, 1], found.combined_mu[shown])
        assert axes.get_xscale() == axes.get_yscale() == "log"
    (legend,) = result.plot().legends
    assert len(legend.get_texts()) == 3


@pytest.mark.parametrize(("flavours", "width"), [(["mu"], 3.39), (["e", "mu", "tau"], 6.69)])
def test_one_flavour_fits_a_column_and_three_a_page(flavours, width):
    figure = world_limit(flavours=flavours).plot()
    assert figure.get_figwidth() == width
    assert len([axes for axes in figure.axes if axes.axison]) == len(flavours)
    figure.draw_without_rendering()
