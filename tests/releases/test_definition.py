"""Releases of a user: two bins, one nuisance parameter, defined without touching the package."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar

import upscatter
from test_files import write_archive
from upscatter.errors import PhysicsError, ScenarioError, TableError
from upscatter.experiments.choose import experiment_of
from upscatter.releases import definition as module
from upscatter.releases.definition import Definition, definitions, read_release, register
from upscatter.releases.release import (
    Anchors,
    Axis,
    Channel,
    Nuisance,
    Release,
    Response,
    Template,
)
from upscatter.scenario.load import Scenario
from upscatter.scenario.released_experiment import ReleasedExperiment
from upscatter.studies.limits import limit_of
from upscatter.studies.measured import post_fit
from upscatter.studies.workspaces import likelihood_workspace
from upscatter.units import DAY, KEV, KG, MEV

SCENARIO = """
title = "Two bins"
[target]
element = "Ge"
[release]
name = "two-bins"
[flux]
uncertainty = { "8B" = 0.0 }
[statistics]
test = "poisson"
"""
OWN = ("coherent-csi", "coherent-lar", "xenonnt-s1s2", "xenonnt-s2only")
SIGMA = 0.2
EXPOSURE = 1000.0 * KG * DAY


def two_bins(files):
    """Counts and background from a table; recoils of 0.2 to 1 and 1 to 3 keV, half of them seen."""
    rows = [line.split(",") for line in files.text("counts.csv").split()]
    observed, background = np.array(rows, dtype=float).T
    energies = np.array([0.2, 0.9999, 1.0, 3.0]) * KEV
    seen = np.array([[0.5, 0.0], [0.5, 0.0], [0.0, 0.5], [0.0, 0.5]])
    channel = Channel(
        name="run",
        axes=(Axis("recoil", "keV", np.array([0.2, 1.0, 3.0])),),
        observed=observed,
        backgrounds=(Template("rocks", background / EXPOSURE, ("rocks",)),),
        response=Response(energies, seen),
        exposure=EXPOSURE,
    )
    nuisance = Nuisance("rocks", 1.0, SIGMA, 0.0, 5.0)
    return Release(channels=(channel,), nuisances=(nuisance,), citation="made up")


@pytest.fixture
def registered(monkeypatch):
    monkeypatch.setattr(module, "_REGISTERED", {})
    own = Definition(name="two-bins", read=two_bins, description="made up", uses=("*.csv",))
    register(own)
    return own


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "data"
    place.mkdir()
    (place / "counts.csv").write_text("7,6.5\n3,2.5\n", encoding="utf-8")
    return place


@pytest.fixture
def measurement(registered, folder):
    return experiment_of(Scenario.parse(SCENARIO, "two.toml"), folder)


def test_the_limit_is_that_of_the_likelihood_written_out(measurement):
    """−2 ln L of two bins and one constraint, by hand; the p-value alone, 90 %: 1.2816² above."""
    experiment = measurement.recast
    signal = experiment.signals(0.01 * MEV)["8B"]["run"]
    (cevns,) = (counts["run"] for counts in experiment.likelihood.cevns.values())
    assert 0.1 < cevns[0] < 1.0
    observed, background = np.array([7.0, 3.0]), np.array([6.5, 2.5])

    def deviance(strength, z):
        nu = strength * signal + cevns + background * (1.0 + SIGMA * z)
        return 2.0 * (nu - observed * np.log(nu)).sum() + z**2

    def profiled(strength):
        return minimize_scalar(lambda z: deviance(strength, z), bounds=(-4.9, 9.0)).fun

    scale = 1.0 / signal.sum()
    best = minimize_scalar(lambda s: profiled(s * scale), bounds=(0.0, 20.0)).fun
    best = min(best, profiled(0.0))
    root = brentq(lambda s: profiled(s * scale) - best - 1.2815516**2, 1.0, 50.0)
    curve = limit_of(measurement, [0.01])
    assert curve.mu[0] == pytest.approx(np.sqrt(root * scale), rel=2e-4)
    assert curve.nuisances == ("rocks", "flux 8B")


def test_cevns_is_computed_unless_a_template_has_it(measurement, registered, folder, monkeypatch):
    computed = limit_of(measurement, [0.01]).mu[0]

    def with_cevns(files):
        release = two_bins(files)
        return Release(
            channels=release.channels, nuisances=release.nuisances, cevns="rocks"
        )  # fmt: skip

    register(Definition(name="two-bins", read=with_cevns, description="made up"))
    other = experiment_of(Scenario.parse(SCENARIO, "two.toml"), folder)
    assert not other.recast.likelihood.cevns
    assert limit_of(other, [0.01]).mu[0] > 1.001 * computed


def test_everything_that_a_release_is_used_for(measurement, registered, folder, tmp_path, run):
    post = post_fit(measurement, 1.0)
    assert set(post.components) == {"rocks", "8B CEvNS"}
    assert post.channels["run"].axes[0].title == "recoil [keV]"
    post.plot(tmp_path / "fit.png")
    banded = limit_of(measurement, [0.01, 1.0], bands=True)
    assert (banded.bands[0] < banded.bands[4]).all()
    assert upscatter.toys(measurement, trials=200).coverage.measured > 0.85
    names = {impact.name for impact in upscatter.impacts(measurement).impacts}
    assert {"8B flux", "form factor", "solar model", "flavour"} <= names
    assert likelihood_workspace(measurement, 1.0)["channels"][0]["name"] == "run"
    assert measurement.provenance["exposures"] == {"run": "0.00273785 t yr"}
    path = tmp_path / "two.toml"
    path.write_text(SCENARIO, encoding="utf-8")
    archive = write_archive(
        tmp_path / "data.zip", {"counts.csv": (folder / "counts.csv").read_bytes()}, "top/"
    )
    limits = [
        upscatter.measured_limit(Scenario.load(str(path)), data, [1.0]).mu[0]
        for data in (folder, archive)
    ]
    assert limits[0] == limits[1]
    assert f"{limits[0]:.3e}" in run("limit", path, "--data", archive, "--mass", "1MeV")
    run("check", path)


def test_what_a_reader_without_a_version_returns_is_not_cached(registered, folder):
    first = read_release("two-bins", folder)
    other = Release(channels=first.channels, nuisances=first.nuisances, remark="other")
    register(Definition(name="two-bins", read=lambda files: other, description="made up"))
    assert read_release("two-bins", folder).remark == "other"


def test_a_version_is_read_once(registered, folder):
    calls = []

    def read(files):
        calls.append(files)
        return two_bins(files)

    for version, expected in ((1, 1), (1, 1), (2, 2)):
        register(Definition(name="two-bins", read=read, description="made up", version=version))
        assert read_release("two-bins", str(folder)).channels[0].observed[0] == 7.0
        assert len(calls) == expected
    (folder / "counts.csv").write_text("8,6.5\n3,2.5\n", encoding="utf-8")
    assert read_release("two-bins", folder).channels[0].observed[0] == 8.0


def test_names(registered, tmp_path):
    assert set(definitions()) == {*OWN, "two-bins"}
    with pytest.raises(ScenarioError, match="xenonnt-s2only': upscatter has one"):
        register(Definition(name="xenonnt-s2only", read=two_bins, description=""))
    with pytest.raises(ScenarioError, match="'nothing': is unknown; choose one of coherent-csi"):
        read_release("nothing", tmp_path)
    for name, words in (("two-bin", "did you mean 'two-bins'"), ("x", "one of coherent-csi")):
        with pytest.raises(ScenarioError, match=words) as caught:
            Scenario.parse(SCENARIO.replace("two-bins", name), "two.toml")
        assert str(caught.value).startswith(f'two.toml: release.name = "{name}": is unknown')


def test_a_missing_library_is_named(tmp_path):
    def read(files):
        import no_such_library  # noqa: F401

    own = Definition(name="x", read=read, description="", extra="more")
    with pytest.raises(TableError, match=r"reading x needs no_such_library; .*upscatter\[more\]"):
        own.content(module.open_files(tmp_path))


def test_nominal_values_of_an_efficiency_and_of_a_flux(measurement):
    """An efficiency of 0.5 ± 0.1 halves every recoil; the flux of the counts is the scenario's."""
    release = measurement.recast.release
    (run,) = release.channels
    lossy = replace(run, response=replace(run.response, scales=("efficiency",)))
    more = (
        Nuisance("efficiency", 0.5, 0.1, 0.0, 1.0),
        Nuisance("8B factor", 2.0, 0.5, 0.0, 9.0, "flux 8B"),
    )
    altered = replace(release, channels=(lossy,), nuisances=(*release.nuisances, *more))
    other = ReleasedExperiment(measurement.recast.scattering, altered).likelihood
    assert other.causes == {"8B factor": "flux 8B"}
    signals = measurement.recast.signals(1.0 * MEV)
    before, after = measurement.recast.likelihood.model(signals), other.model(signals)
    recoils = ("dipole 8B run", "CEvNS 8B run")
    for sample in recoils:
        expected = 0.5 * before.samples[sample]
        np.testing.assert_allclose(after.samples[sample], expected, rtol=1e-13)
    relative = {n.name: dict(n.relative) for n in after.normalisations}
    assert relative["efficiency"] == pytest.approx(dict.fromkeys(recoils, 0.2))
    assert relative["8B factor"] == pytest.approx(dict.fromkeys(recoils, 0.25))
    assert relative["rocks"] == {"rocks run": SIGMA}
    assert "flux 8B" not in relative


GOOD = {
    "name": "run",
    "axes": (Axis("x", "", np.arange(3.0)),),
    "observed": np.array([1.0, 2.0]),
    "backgrounds": (Template("b", np.ones(2), ("b rate",)),),
    "response": Response(np.array([1.0, 2.0]), np.ones((2, 2))),
    "exposure": 1.0,
}
RATE = Nuisance("b rate", 1.0, 0.1, 0.0, 5.0)


@pytest.mark.parametrize(
    ("changes", "nuisances", "words"),
    [
        ({"observed": np.ones(3)}, (RATE,), r"run: observed events: has shape \(3,\), not \(2,\)"),
        ({"observed": np.array([1.0, -1.0])}, (RATE,), "observed events: has entries that are neg"),
        ({"exposure": 0.0}, (RATE,), "run: give an exposure"),
        ({"axes": ()}, (RATE,), "run: give increasing edges"),
        ({"axes": (Axis("x", "", np.array([0.0, 2.0, 1.0])),)}, (RATE,), "increasing edges"),
        ({"backgrounds": (Template("b", np.array([1.0, np.nan])),)}, (), "run: b: has entries"),
        ({"response": Response(np.ones(2), np.ones((2, 2)))}, (RATE,), "increasing energies"),
        ({"response": Response(np.arange(3.0), np.ones((2, 2)))}, (RATE,), "run: response: has sh"),
        ({}, (), "run: b: needs a nuisance parameter 'b rate'"),
        ({}, (RATE, RATE), "name each once"),
        ({}, (Nuisance("b rate", 1.0, 0.0, 0.0, 5.0),), "b rate: give a width"),
        ({}, (Nuisance("b rate", 1.0, 0.1, 5.0, 0.0),), "b rate: give a width"),
        (
            {"backgrounds": (Template("b", np.ones((2, 2)), (), Anchors(("b rate",), ((1, 2),))),)},
            (RATE,),
            "run: b: give anchors",
        ),
    ],
)
def test_parts_that_do_not_fit(changes, nuisances, words):
    Release(channels=(Channel(**GOOD),), nuisances=(RATE,))
    with pytest.raises(PhysicsError, match=words) as caught:
        Release(channels=(Channel(**{**GOOD, **changes}),), nuisances=nuisances)
    assert "\n" not in str(caught.value)


def test_channels_have_names_of_their_own():
    channel = Channel(**GOOD)
    for channels in ((), (channel, channel)):
        with pytest.raises(PhysicsError, match="give channels with own names"):
            Release(channels=channels, nuisances=(RATE,))


def test_templates_in_events_need_no_exposure(registered, folder, monkeypatch):
    """The same release with everything multiplied by the exposure has the same limit."""
    with_exposure = experiment_of(Scenario.parse(SCENARIO, "two.toml"), folder)

    def in_events(files):
        release = two_bins(files)
        (run,) = release.channels
        (rocks,) = run.backgrounds
        channel = Channel(
            name="run",
            axes=run.axes,
            observed=run.observed,
            backgrounds=(Template("rocks", EXPOSURE * rocks.rates, ("rocks",)),),
            response=Response(run.response.energies, EXPOSURE * run.response.probabilities),
        )
        return Release(channels=(channel,), nuisances=release.nuisances)

    register(Definition(name="two-bins", read=in_events, description="made up"))
    without = experiment_of(Scenario.parse(SCENARIO, "two.toml"), folder)
    assert without.provenance["exposures"] == {}
    assert limit_of(without, [1.0]).mu[0] == pytest.approx(
        limit_of(with_exposure, [1.0]).mu[0], rel=1e-9
    )


def test_the_package_s_own_releases_say_what_to_cite():
    for name, own in definitions().items():
        assert re.search(r"arXiv:\d{4}\.\d{5}", own.description), name
        assert own.extra in ("", name.partition("-")[0])
        assert own.version is not None


def test_the_documentation_s_example(folder, monkeypatch):
    """What docs/releases.md shows is run as it stands there."""
    monkeypatch.setattr(module, "_REGISTERED", {})
    text = (Path(__file__).parents[2] / "docs" / "releases.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```python\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)
    exec(example, {})
    shown = limit_of(experiment_of(Scenario.parse(SCENARIO, "two.toml"), folder), [0.01])
    register(Definition(name="two-bins", read=two_bins, description="made up"))
    ours = limit_of(experiment_of(Scenario.parse(SCENARIO, "two.toml"), folder), [0.01])
    assert shown.mu[0] == pytest.approx(ours.mu[0], rel=1e-12)
