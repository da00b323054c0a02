"""A flux of one's own: spectrum, lines and flavours."""

import numpy as np
import pytest
from scipy.integrate import quad

from upscatter.flux.coupling import coupling
from upscatter.flux.own import OwnFlux
from upscatter.inputs.spectra import tabulated_spectrum
from upscatter.units import MEV

BOX = tabulated_spectrum("box", np.array([1.0, 2.0, 5.0]) * MEV, [1.0, 3.0, 1.0])
SOURCE = OwnFlux(
    name="mine",
    spectrum=BOX,
    total=6.0,
    lines=((29.8 * MEV, 2.0), (0.5 * MEV, 1.0)),
    shares={"e": 0.5, "tau": 0.5},
    anti=True,
    error=0.2,
)


def test_parts_add_up():
    parts = SOURCE.components["mine"]
    assert sum(part.total for part in parts) == pytest.approx(9.0, rel=1e-9)
    assert max(part.endpoint for part in parts) == 29.8 * MEV
    assert SOURCE.causes == {"mine": {"mine": 0.2}}
    assert SOURCE.antineutrinos("mine")


def test_spectrum_is_that_of_the_table():
    (continuum,) = (part for part in SOURCE.components["mine"] if part.density is not None)
    expected = quad(
        lambda e: 6.0 * float(BOX.density(e)) / e,
        1.5 * MEV,
        5.0 * MEV,
        points=[2.0 * MEV],
        epsrel=1e-10,
    )
    found = continuum.moments(np.array(1.5 * MEV))[1]
    assert float(found) == pytest.approx(expected[0], rel=1e-8)


@pytest.mark.parametrize(("flavour", "share"), [("e", 0.5), ("mu", 0.0), ("tau", 0.5)])
def test_shares_of_flavours(flavour, share):
    parts = SOURCE.coupled(coupling(flavour))["mine"]
    assert sum(part.total for part in parts) == pytest.approx(9.0 * share, rel=1e-9, abs=1e-12)
