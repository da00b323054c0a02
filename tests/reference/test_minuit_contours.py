"""Contours of Minuit (MINOS), with every parameter free, against those of likelihood maps."""

import numpy as np
import pytest
from iminuit import Minuit

from upscatter.experiments.choose import experiment_of
from upscatter.experiments.coupling_plane import CouplingPlane
from upscatter.scenario.load import Scenario
from upscatter.statistics.pulls import chi2_threshold
from upscatter.studies.maps import mass_map, plane_map
from upscatter.units import MEV

POINTS = 12
LEVEL = 0.90


def contour(deviance, start, errors, names):
    """MINOS contour of the first two parameters, for two degrees of freedom; shape (n, 2)."""

    def finite(parameters):
        if not np.isfinite(parameters).all():
            return np.nan
        return min(deviance(parameters), 1e9)  # impossible counts

    minuit = Minuit(finite, np.array(start), name=names)
    minuit.errordef = 1.0
    minuit.errors = errors
    minuit.migrad()
    minuit.hesse()
    assert minuit.valid
    return minuit.mncontour(*names[:2], cl=LEVEL, size=POINTS), minuit.fval


def between(line, points):
    """Distance of points from a polyline, both (n, 2)."""
    start, step = line[:-1], np.diff(line, axis=0)
    apart = points[:, None] - start
    share = np.clip((apart * step).sum(-1) / (step**2).sum(-1), 0.0, 1.0)
    return np.hypot(*np.moveaxis(apart - share[..., None] * step, -1, 0)).min(axis=1)


@pytest.fixture(scope="module")
def counts():
    """A projection's counts with a signal, that fluctuate."""

    def draw(name, model, moment):
        truth = np.array([moment**2, *np.zeros(len(model.names))])
        drawn = np.random.default_rng(12).poisson(model.expected(truth))
        loaded = Scenario.load(name).replaced("statistics.test", "poisson")
        return experiment_of(loaded.replaced("data", {"counts": drawn.tolist()}))

    return draw


def test_couplings(counts):
    """At 12 points of the ellipse within 0.2 % of its size, and in −2 ln L within 0.01."""
    exact = Scenario.load("ge-nextgen").replaced(
        {"coupling": {"components": {"e": 1.0, "mu": 1.0}}, "statistics.test": "poisson"}
    )
    model = experiment_of(exact).likelihood_at(1.0 * MEV)
    experiment = counts("ge-nextgen", model, 0.7e-9)
    plane = CouplingPlane.of(experiment, ("e", "mu"), 1.0 * MEV, "exact")

    def deviance(parameters):
        x, y, *nuisances = parameters
        here = plane.model([1e-9 * x], [1e-9 * y]).only(0)
        data = here.observe(experiment.observed[None])
        return float(here.deviance(np.array([[1.0, *nuisances]]), data)[0])

    found = plane_map(experiment, ("e", "mu"), 1.0, 6e-9, points=241, confidences=[LEVEL])
    names = ["e", "mu", *model.names]
    start = [0.2, 0.3, *np.zeros(len(model.names))]
    points, least = contour(deviance, start, [0.3, 0.3, *np.ones(len(model.names))], names)
    assert least == pytest.approx(found.deviance, abs=1e-4)
    (line,) = found.contours
    assert line.closed
    vertices = 1e9 * np.stack([line.x, line.y], axis=1)
    assert between(vertices, points).max() < 2e-3 * np.ptp(vertices, axis=0).max()
    for x, y in points:
        alone = plane.model([1e-9 * x], [1e-9 * y]).only(0)
        data = alone.observe(experiment.observed[None])
        rise = experiment.method.scan(alone, data, [[1.0]])[0, 0] - found.deviance
        assert rise == pytest.approx(chi2_threshold(LEVEL, 2), abs=0.01)


def test_masses_and_moments(counts):
    """The mass is free as well; the likelihood of each mass is that of the experiment."""
    plain = experiment_of(Scenario.load("ge-future").replaced("statistics.test", "poisson"))
    experiment = counts("ge-future", plain.likelihood_at(7.0 * MEV), 3e-9)
    known = {}

    def at(mass):
        if mass not in known:
            known[mass] = experiment.likelihood_at(mass * MEV)
        return known[mass]

    def deviance(parameters):
        mass, mu, *nuisances = parameters
        model = at(mass)
        data = model.observe(experiment.observed[None])
        return float(model.deviance(np.array([[1e-18 * mu**2, *nuisances]]), data)[0])

    mass, mu = np.geomspace(4.5, 9.5, 70), np.geomspace(1.5e-9, 6e-9, 160)
    found = mass_map(experiment, mass, mu, confidences=[LEVEL])
    model = at(7.0)
    names = ["mass", "mu", *model.names]
    start, errors = [7.0, 3.0, *np.zeros(len(model.names))], [0.3, 0.1, *np.ones(len(model.names))]
    points, least = contour(deviance, start, errors, names)
    assert least == pytest.approx(found.deviance, abs=1e-3)
    (line,) = found.contours
    assert line.closed
    vertices = np.stack([line.x, 1e9 * line.y], axis=1)
    size = np.ptp(vertices, axis=0)
    assert between(vertices / size, points / size).max() < 0.01
