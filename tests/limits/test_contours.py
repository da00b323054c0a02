"""Contours: closed forms, edges of the map, failed fits, and steep narrow regions."""

import numpy as np
import pytest

from upscatter.limits.contours import Tracer
from upscatter.limits.likelihood_map import MapAxis
from upscatter.statistics.pulls import chi2_threshold


def axis(values, logarithmic=False):
    return MapAxis(key="q_MeV", name="q", unit="MeV", short_unit="MeV", symbol="q", unit_symbol="",
                   values=values, logarithmic=logarithmic)  # fmt: skip


LINE = np.linspace(-5.0, 5.0, 201)
X, Y = np.meshgrid(LINE, LINE, indexing="ij")
COVARIANCE = np.array([[1.0, 0.6], [0.6, 1.5]])
INVERSE = np.linalg.inv(COVARIANCE)
PARABOLA = INVERSE[0, 0] * X**2 + 2.0 * INVERSE[0, 1] * X * Y + INVERSE[1, 1] * Y**2


@pytest.mark.parametrize("dof", [1, 2])
def test_a_parabola_has_ellipses(dof):
    """Linear interpolation is off by h²/8 times the second derivative."""
    tracer = Tracer(axis(LINE), axis(LINE), PARABOLA)
    found = tracer.contours((0.68, 0.95), dof)
    assert [line.confidence for line in found] == [0.68, 0.95]
    for line in found:
        assert line.closed
        assert line.delta == chi2_threshold(line.confidence, dof)
        at = np.stack([line.x, line.y])
        value = np.einsum("in,ij,jn->n", at, INVERSE, at)
        np.testing.assert_allclose(value, line.delta, atol=0.05**2 / 8.0 * 2.0 * INVERSE.max())
        # the ends of the ellipse are √(level σ²)
        ends = np.sqrt(line.delta * np.diag(COVARIANCE))
        np.testing.assert_allclose([line.x.max(), line.y.max()], ends, rtol=3e-3)


def test_levels_without_points_have_no_contour():
    assert Tracer(axis(LINE), axis(LINE), PARABOLA + 50.0).contours((0.9,), 2) == ()


def test_open_lines_end_at_the_edge():
    (line,) = Tracer(axis(LINE), axis(LINE), Y**2 + (Y < 0.0) * -(Y**2)).contours((0.9,), 2)
    assert not line.closed
    assert sorted(line.x[[0, -1]].tolist()) == [-5.0, 5.0]


@pytest.mark.parametrize("low", [0.05, 0.3, 7e-3])
def test_lines_end_at_the_edge_itself_also_on_a_logarithmic_axis(low):
    masses = np.geomspace(low, 17.0, 80)
    mu = np.geomspace(1e-10, 1e-8, 90)
    delta = 40.0 * (np.log(mu / 1e-9) ** 2)[None] * (1.0 + 0.3 * np.sin(masses))[:, None]
    scale = 1e-9 * (1.0 + masses)
    for tracer in (
        Tracer(axis(masses, True), axis(mu, True), delta),
        Tracer(axis(masses, True), axis(mu, True), delta, scale),
    ):
        lines = tracer.contours((0.68, 0.9, 0.95), 2)
        ends = {x for line in lines for x in line.x[[0, -1]].tolist()}
        assert len(lines) == 6
        assert ends == {masses[0], masses[-1]}


def test_failed_fits_are_left_out_and_impossible_points_are_outside():
    holed = PARABOLA.copy()
    holed[:, 150:] = np.nan
    lines = Tracer(axis(LINE), axis(LINE), holed).contours((0.9,), 2)
    assert max(line.y.max() for line in lines) == pytest.approx(LINE[149])
    holed[:, 150:] = np.inf
    (line,) = Tracer(axis(LINE), axis(LINE), holed).contours((0.9,), 2)
    assert line.closed
    assert LINE[149] <= line.y.max() <= LINE[150]


def test_regions_are_what_is_within_the_lines():
    tracer = Tracer(axis(LINE), axis(LINE), PARABOLA)
    ((outline,),) = tracer.regions(4.0)
    # area of the ellipse
    x, y = outline.T
    area = 0.5 * abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))
    assert area == pytest.approx(np.pi * 4.0 * np.sqrt(np.linalg.det(COVARIANCE)), rel=1e-3)


def test_a_region_with_a_hole():
    ((outline, hole),) = Tracer(axis(LINE), axis(LINE), (X**2 + Y**2 - 9.0) ** 2).regions(4.0)
    np.testing.assert_allclose(np.hypot(*outline.T), np.sqrt(11.0), rtol=3e-3)
    np.testing.assert_allclose(np.hypot(*hole.T), np.sqrt(7.0), rtol=3e-3)


class TestScale:
    """A curve that rises by decades between neighbouring masses, and a narrow region along it."""

    mass = np.linspace(1.0, 9.9, 30)
    mu = np.geomspace(1e-12, 1e-3, 400)
    scale = 1e-10 / (1.0 - mass / 10.0) ** 6

    def tracer(self, best=1.0, scale=None):
        ratio = np.log(self.mu / self.scale[:, None]) - np.log(best)
        delta = (ratio / 0.08) ** 2
        return Tracer(axis(self.mass, True), axis(self.mu, True), delta, scale)

    def test_the_region_is_whole(self):
        lines = self.tracer(scale=self.scale).contours((0.9,), 2)
        assert len(lines) == 2
        for line, sign in zip(sorted(lines, key=lambda c: c.y.min()), (-1.0, 1.0), strict=True):
            at = np.interp(np.log(line.x), np.log(self.mass), np.log(self.scale))
            expected = at + sign * 0.08 * np.sqrt(line.delta)
            # linear interpolation is off by h²/8 z'' / z' = 2e-3, and that of the cells by as much
            np.testing.assert_allclose(np.log(line.y), expected, atol=4e-3)
        # on the grid itself it falls apart
        assert len(self.tracer().contours((0.9,), 2)) > 2

    def test_lines_are_cut_at_the_edges_of_the_map(self):
        lines = self.tracer(best=3e-2, scale=self.scale).contours((0.9,), 2)
        assert lines
        for line in lines:
            assert not line.closed
            assert line.y.min() >= self.mu[0] * (1.0 - 1e-9)
            assert line.y.max() <= self.mu[-1] * (1.0 + 1e-9)
        assert self.scale[0] * 3e-2 > self.mu[0]
        steep = self.tracer(best=1e-3, scale=self.scale).contours((0.9,), 2)
        assert min(line.y.min() for line in steep) == pytest.approx(self.mu[0], rel=1e-9)

    def test_masses_without_a_scale_have_no_contour(self):
        scale = np.where(self.mass < 5.0, self.scale, np.nan)
        lines = self.tracer(scale=scale).contours((0.9,), 2)
        assert max(line.x.max() for line in lines) == self.mass[self.mass < 5.0][-1]
        assert self.tracer(scale=np.full(30, np.nan)).contours((0.9,), 2) == ()
