"""The Earth's electrons and the paths through them."""

import numpy as np
import pytest

from upscatter.constants import EARTH_RADIUS
from upscatter.errors import PhysicsError
from upscatter.inputs.earth import LISI_MONTANINO, EarthModel, Shell, check_nadir


def transcribed(r):
    """Table 1 of hep-ph/9702343 again, scalar."""
    table = [
        (0.192, 6.099, -4.119, 0.000),
        (0.546, 5.803, -3.653, -1.086),
        (0.895, 3.156, -1.459, 0.280),
        (0.937, -5.376, 19.210, -12.520),
        (1.000, 11.540, -20.280, 10.410),
    ]
    for edge, a, b, c in table:
        if r < edge:
            return a + b * r**2 + c * r**4
    return 0.0


def test_density_is_the_published_table():
    radii = np.linspace(0.0, 1.2, 241)
    expected = [transcribed(r) for r in radii]
    np.testing.assert_allclose(LISI_MONTANINO.electron_density(radii), expected, rtol=1e-13)


def test_density_at_centre_surface_and_outside():
    centre, surface, outside = LISI_MONTANINO.electron_density([0.0, 1.0 - 1e-12, 1.0])
    assert centre == pytest.approx(6.099)
    assert surface == pytest.approx(1.67, abs=1e-9)
    assert outside == 0.0


def test_mean_density_is_that_of_the_planet():
    # 5.513 g/cm³ (NASA Earth fact sheet), 32.5 % of it in a core of iron (26 electrons in 55.85 g)
    # and the rest in silicates of magnesium and iron (about 0.494 mol of electrons in a gram).
    r = (np.arange(20000) + 0.5) / 20000
    mean = (3.0 * r**2 * LISI_MONTANINO.electron_density(r)).mean()
    assert mean == pytest.approx(5.513 * (0.325 * 26.0 / 55.85 + 0.675 * 0.494), rel=0.01)


def test_slopes_are_derivatives_of_the_density():
    for shell, inner in zip(LISI_MONTANINO.shells, LISI_MONTANINO.inner_radii, strict=True):
        u = np.linspace(inner**2, shell.outer_radius**2, 7)
        h = 1e-4
        numeric = (shell.density(u + h) - shell.density(u - h)) / (2.0 * h)
        np.testing.assert_allclose(shell.slope(u), numeric, rtol=1e-8, atol=1e-8)
        numeric = (shell.slope(u + h) - shell.slope(u - h)) / (2.0 * h)
        np.testing.assert_allclose(shell.curvature, numeric, rtol=1e-8, atol=1e-8)


def test_segments_add_up_to_the_chord():
    eta = np.linspace(0.0, 0.5 * np.pi, 101)
    total = LISI_MONTANINO.segment_lengths(eta).sum(axis=1)
    np.testing.assert_allclose(
        total, 2.0 * EARTH_RADIUS * np.cos(eta), rtol=0, atol=1e-9 * total[0]
    )


@pytest.mark.parametrize("eta", [0.0, 0.1, 0.3, 0.9, 1.15, 1.3])
def test_segments_against_counting_steps(eta):
    steps = 200_000
    x = (2.0 * (np.arange(steps) + 0.5) / steps - 1.0) * np.cos(eta)
    shell = np.searchsorted(LISI_MONTANINO.outer_radii, np.hypot(x, np.sin(eta)), side="right")
    counted = np.bincount(shell, minlength=5) * 2.0 * np.cos(eta) / steps
    lengths = LISI_MONTANINO.segment_lengths(eta)[0] / EARTH_RADIUS
    np.testing.assert_allclose(lengths, counted, atol=3e-5)


def test_segments_through_the_centre():
    lengths = LISI_MONTANINO.segment_lengths(0.0)[0] / EARTH_RADIUS
    np.testing.assert_allclose(lengths, 2.0 * np.diff([0.0, 0.192, 0.546, 0.895, 0.937, 1.0]))


def test_turning_shell():
    just = 1e-9
    eta = np.arcsin([0.192 - just, 0.192 + just, 0.895 - just, 0.937 + just])
    assert LISI_MONTANINO.turning_shell(eta).tolist() == [0, 1, 2, 4]
    assert LISI_MONTANINO.turning_shell([0.5 * np.pi, 2.0, np.pi]).tolist() == [5, 5, 5]


def test_density_along_a_path():
    eta = 0.4
    x = np.linspace(-np.cos(eta), np.cos(eta), 31)[1:-1]
    expected = [transcribed(np.sqrt(p**2 + np.sin(eta) ** 2)) for p in x]
    np.testing.assert_allclose(LISI_MONTANINO.density_along(eta, x), expected, rtol=1e-12)
    np.testing.assert_allclose(expected, expected[::-1])


def test_by_day_there_is_no_path():
    day = [0.5 * np.pi, 1.7, 3.0, np.pi]
    assert not LISI_MONTANINO.half_chords(day).any()
    assert not LISI_MONTANINO.segment_lengths(day).any()


@pytest.mark.parametrize("eta", [-1e-9, 3.2, 30.0, np.nan])
def test_angles_that_are_none(eta):
    with pytest.raises(PhysicsError, match=r"nadir angle .* outside \[0, π\]"):
        check_nadir([0.3, eta])


@pytest.mark.parametrize("radii", [(0.5, 0.4, 1.0), (0.5, 0.9), (0.0, 1.0), (0.5, 1.1)])
def test_shells_out_of_order(radii):
    with pytest.raises(PhysicsError, match="must grow from 0 to 1"):
        EarthModel("bad", tuple(Shell(r, 2.0) for r in radii))


@pytest.mark.parametrize("shell", [Shell(1.0, -1.0), Shell(1.0, 1.0, -2.0), Shell(1.0, np.nan)])
def test_negative_density(shell):
    with pytest.raises(PhysicsError, match="must not be negative"):
        EarthModel("bad", (shell,))
