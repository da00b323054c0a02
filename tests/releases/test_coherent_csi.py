"""COHERENT's release of caesium iodide: reading it, and what is known of it."""

import shutil

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from rescaled_units import RELEASED, differences, in_both_units
from upscatter.errors import ScenarioError, TableError
from upscatter.experiments.choose import combine, experiment_of
from upscatter.releases import coherent_csi as csi
from upscatter.releases.coherent_csi import DEFINITION, ENERGIES, PE_EDGES, TIME_EDGES
from upscatter.releases.definition import read_release
from upscatter.releases.files import open_files
from upscatter.releases.likelihood import ReleasedLikelihood
from upscatter.scenario.load import Scenario
from upscatter.statistics.profile import fit
from upscatter.studies.limits import limit_of
from upscatter.studies.measured import post_fit
from upscatter.units import KEV, MEV

LINEAR = [0.09, 0.0, 0.0, 0.0]  # scintillation of a made-up release, close to that of the real one
SIGMOID = [1.3, 0.28, 11.0, -0.32]


def centred(step, start, stop, density):
    centres = np.arange(start + step / 2, stop, step)
    return "".join(f"{x:.6g} {density(x):.6g}\n" for x in centres)


def made_up():
    """The official layout, with numbers of our own."""
    seen = [(10.0, 0.3), (30.0, 0.7), (45.0, 1.5), (59.9, 5.9), (61.0, 1.0), (200.0, 3.0)]
    grid = [(pe, t) for pe in np.arange(8.5, 60.0, 1.0) for t in np.arange(0.05, 6.0, 0.1)]
    events = "# List of selected events\n" + "".join(f"{pe} {t}\n" for pe, t in [*seen, *grid])
    curves = {
        "scintRespCoefficients.txt": [
            LINEAR,
            *([0.09 * f, 0.0, 0.0, 0.0] for f in (1.1, 0.9, 1.02, 0.98)),
        ],
        "effCoefficients.txt": [SIGMOID, [1.3, 0.28, 10.0, -0.32], [1.3, 0.28, 12.0, -0.32]],
    }
    return {
        "dataBeamOnC.txt": events,
        "dataBeamOnAC.txt": events,
        **{
            name: "# Coefficients\n\n" + "\n".join(" ".join(map(str, row)) for row in rows)
            for name, rows in curves.items()
        },
        **{f"{kind}PE.txt": centred(1.0, 0.0, 250.0, lambda x: x) for kind in ("brn", "nin")},
        **{
            f"{kind}Trec.txt": centred(0.01, -0.25, 6.25, lambda t: np.exp(-abs(t)))
            for kind in ("brn", "nin")
        },
    }


@pytest.fixture
def content(tmp_path):
    """Folder of the made-up release."""
    place = tmp_path / "release"
    place.mkdir()
    for name, text in made_up().items():
        (place / name).write_text(text)
    return place


def read(place):
    return DEFINITION.content(open_files(place, DEFINITION.uses))


class TestMadeUp:
    def test_events(self, content):
        (run,) = read(content).channels
        counts = run.observed.reshape(PE_EDGES.size - 1, TIME_EDGES.size - 1)
        assert counts.sum() == 52 * 60 + 4
        assert [axis.title for axis in run.axes] == ["light [PE]", "time [us]"]

    def test_steady_events_are_a_product(self, content):
        (run,) = read(content).channels
        steady = run.scale * run.backgrounds[0].rates.reshape(9, 11)
        assert steady.sum() == pytest.approx(52 * 60 + 4)
        np.testing.assert_allclose(np.linalg.svd(steady, compute_uv=False)[1:], 0.0, atol=1e-9)

    def test_neutrons(self, content):
        (run,) = read(content).channels
        beam = run.scale * run.backgrounds[1].rates.reshape(9, 11)
        assert beam.sum() == pytest.approx(18.4)
        pe = np.diff(PE_EDGES**2) / (60.0**2 - 8.0**2)
        np.testing.assert_allclose(beam.sum(axis=1) / 18.4, pe, rtol=1e-4)
        time = -np.diff(np.exp(-TIME_EDGES)) / (1.0 - np.exp(-6.0))
        np.testing.assert_allclose(beam.sum(axis=0) / 18.4, time, rtol=3e-4)

    def test_response(self, content):
        """One number by adaptive quadrature of a transcription: 10 keV, 12 to 16 PE."""
        (run,) = read(content).channels
        e = 0.9  # keVee
        a, b = 0.0749 / e, 9.56 * e

        def density(x):
            seen = 1.3 / (1.0 + np.exp(-0.28 * (x - 11.0))) - 0.32
            return seen * stats.gamma.pdf(x, 1.0 + b, scale=1.0 / (a * (1.0 + b)))

        row = int(np.flatnonzero(np.isclose(ENERGIES, 10.0 * KEV))[0])
        found = run.response.probabilities[0, row, 1]
        assert found == pytest.approx(quad(density, 12.0, 16.0)[0], rel=1e-9)

    def test_order_of_the_variations(self, content):
        """Files have +1 before −1: more light and a lower threshold see more recoils."""
        (run,) = read(content).channels
        nominal, *varied = run.response.probabilities[:, 40:120].sum(axis=(1, 2))
        for low, high in zip(varied[::2], varied[1::2], strict=True):
            assert low < nominal < high

    @pytest.mark.parametrize("name", [*made_up()])
    def test_a_missing_file(self, content, name):
        (content / name).unlink()
        assert refusal(content) == (
            f"{content / name}: is missing; give the complete release, as a folder or as the "
            "archive that was downloaded"
        )

    @pytest.mark.parametrize(
        ("name", "old", "new", "said"),
        [
            ("dataBeamOnC.txt", "10.0 0.3", "10.0", "line 2: is not 2 numbers"),
            ("dataBeamOnC.txt", "10.0 0.3", "10.0 nan", "line 2: is not 2 numbers"),
            ("dataBeamOnAC.txt", "10.0 0.3", "ten 0.3", "line 2: is not 2 numbers"),
            ("effCoefficients.txt", "1.3 0.28 10.0 -0.32", "", "has 2 curves, not 3"),
            ("effCoefficients.txt", "1.3 0.28", "3.3 0.28", "is not between 0 and 1"),
            ("scintRespCoefficients.txt", "0.09 0", "-0.09 0", "a curve does not rise"),
            ("brnPE.txt", "0.5 0.5\n", "", "is no distribution up to 60"),
            ("ninPE.txt", "10.5 10.5", "10.5 -1", "is no distribution up to 60"),
            ("ninTrec.txt", "0.005 ", "0.006 ", "is not in steps of 0.01"),
        ],
    )
    def test_a_wrong_file(self, content, name, old, new, said):
        text = (content / name).read_text()
        assert old in text
        (content / name).write_text(text.replace(old, new))
        if name == "brnPE.txt":  # without the first rows the rest begins too late
            (content / name).write_text("".join(text.splitlines(keepends=True)[12:]))
        message = refusal(content)
        assert message.startswith(f"{content / name}: ")
        assert said in message

    @pytest.mark.thorough
    def test_in_other_units(self, content):
        ours, theirs = in_both_units(RELEASED.format(name="coherent-csi"), content.parent)
        assert not differences(ours, theirs, 1e-6)

    def test_fluxes_of_one_cause_are_one_sample(self, content):
        """The sum of the fluxes, at every value of the parameters."""
        recast = experiment_of("coherent-csi", content).recast
        signals = recast.signals(np.array([1.0]) * MEV)
        causes = recast.scattering.causes
        together = ReleasedLikelihood(recast.release, causes, signals_at(signals, 0))
        one = together.model(signals)
        assert [*one.signals] == ["dipole nu_mu + nu_e + nubar_mu CsI"]
        apart = {f"own {n}": {n: 0.1} for n in signals}  # as many causes as fluxes
        three = ReleasedLikelihood(recast.release, apart, signals_at(signals, 0)).model(signals)
        assert len(three.signals) == 3
        rng = np.random.default_rng(2)
        pulls = dict(zip(one.names, rng.normal(size=len(one.names)), strict=True))
        pulls |= dict.fromkeys([f"flux {name}" for name in apart], pulls["flux stopped pion"])
        expected = [
            model.expected(np.array([2e-17, *(pulls[name] for name in model.names)]))
            for model in (one, three)
        ]
        np.testing.assert_allclose(*expected, rtol=1e-9)

    def test_limit(self, content):
        """More is seen than expected without any signal, of either flavour."""
        limits = {
            f: limit_of(experiment_of("coherent-csi", content, flavour=f), [1.0, 40.0, 53.0]).mu
            for f in ("e", "mu", "universal")
        }
        for mu in limits.values():
            assert (np.array(mu[:2]) > 0.0).all()
            assert not mu[2] > 0.0
        assert limits["universal"][0] < limits["e"][0]

    def test_a_steady_source_is_refused(self, content):
        scenario = Scenario.load("coherent-csi").replaced("flux.sources", ["8B"])
        with pytest.raises(ScenarioError) as refused:
            limit_of(experiment_of(scenario, content), [1.0])
        assert "the flux 8B is steady, but the release has times after pulses" in str(refused.value)

    def test_protons_in_another_time_are_refused(self, content):
        scenario = Scenario.load("coherent-csi").replaced("stopped_pion.time", "2 yr")
        with pytest.raises(ScenarioError, match=r"stopped_pion.time: .* give time = .1 yr"):
            experiment_of(scenario, content)

    def test_another_target_is_refused(self, content):
        with pytest.raises(ScenarioError) as refused:
            experiment_of(Scenario.load("coherent-csi").replaced("target.element", "Ar"), content)
        assert "the release's detector is of CsI" in str(refused.value)

    def test_the_flux_is_shared_with_other_experiments(self, content):
        csi_alone = experiment_of("coherent-csi", content)
        assert csi_alone.shared["flux stopped pion"] == "flux stopped pion"
        both = combine(csi_alone, "ge-nextgen", test="cls")
        mu = limit_of(both, [1.0]).mu[0]
        alone = limit_of(csi_alone, [1.0]).mu[0]
        assert 0.0 < mu < alone


def signals_at(signals, mass):
    """Counts of one of several masses."""
    return {name: {run: n[mass] for run, n in runs.items()} for name, runs in signals.items()}


def refusal(place):
    with pytest.raises(TableError) as caught:
        read(place)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_spread_of_photoelectrons():
    """Normalised, with a mean of 13.35 photoelectrons per keVee."""
    for e in (0.3, 1.0, 3.0):
        total = quad(lambda x, e=e: csi.spread(x, e * KEV), 0.0, 400.0, points=[13.35 * e])[0]
        mean = quad(lambda x, e=e: x * csi.spread(x, e * KEV), 0.0, 400.0, points=[13.35 * e])[0]
        assert total == pytest.approx(1.0, rel=1e-6)
        assert mean == pytest.approx(13.35 * e, rel=1e-3)


def test_visible_energy_is_a_polynomial_in_mev():
    e = csi.visible_energy(np.array([0.02]) * MEV, np.array([0.05, 4.0, -100.0, 800.0]))
    expected = 0.05 * 0.02 + 4.0 * 0.02**2 - 100.0 * 0.02**3 + 800.0 * 0.02**4
    assert e[0] / MEV == pytest.approx(expected, rel=1e-12)


def test_efficiency_in_time():
    found = csi.time_efficiency(np.array([0.0, 0.52, 5.52]))
    np.testing.assert_allclose(found, [1.0, 1.0, np.exp(-0.247)], rtol=1e-12)


@pytest.fixture(scope="module")
def real(reference):
    folder = reference / "coherent_csi"
    if not folder.is_dir():
        pytest.skip(f"the release of arXiv:2110.07730 is not at {folder}")
    return folder


class TestOfficial:
    def test_events(self, real):
        """1567 in coincidence and 1291 in anti-coincidence, 8 to 60 PE and 0 to 6 μs."""
        (run,) = read_release("coherent-csi", real).channels
        assert run.observed.sum() == 1567
        totals = [run.scale * b.rates.sum() for b in run.backgrounds]
        np.testing.assert_allclose(totals, [1291.0, 18.4, 5.6], rtol=1e-9)

    def test_cevns(self, real, validated):
        """321 by an independent count; the collaboration expects 341 ± 42."""
        experiment = experiment_of("coherent-csi", real)
        model = experiment.recast.scattering.standard_model
        counts = experiment.recast.counts(model.interaction, model.flux)
        total = sum(each["CsI"][0].sum() for each in counts.values())
        quantity = "COHERENT CsI: CEvNS events, 8 to 60 PE"
        validated("counts", quantity, total, 321.0, "an independent count", rel=2e-3)

    def test_fitted_strength_of_cevns(self, real):
        """Within 10 % of the Standard Model, in the paper 306 ± 20 events; −2 ln L near one."""
        experiment = experiment_of("coherent-csi", real)
        recast = experiment.recast
        sm = recast.scattering.standard_model
        counts = recast.counts(sm.interaction, sm.flux)
        likelihood = ReleasedLikelihood(recast.release, recast.scattering.causes)
        model = likelihood.model(counts, "CEvNS")
        best = fit(model, likelihood.observation(model))
        assert float(best.strength) == pytest.approx(1.0, abs=0.1)
        assert float(best.deviance) / model.bins == pytest.approx(1.0, abs=0.1)

    def test_light_sterile_neutrino(self, real, validated):
        """An active magnetic moment: about 4e-9 for ν_e, 2 to 3e-9 for ν_μ in the literature."""
        limits = {
            f: limit_of(experiment_of("coherent-csi", real, flavour=f), [0.01]).mu[0]
            for f in ("e", "mu")
        }
        quantity = "COHERENT CsI: limit on a light ν_4 coupling to ν_e [μ_B]"
        literature = "active moment, about 4e-9 in the literature"
        validated("limits", quantity, limits["e"], 4e-9, literature, rel=0.1)
        assert 1.8e-9 < limits["mu"] < 3e-9

    def test_pulls(self, real):
        """Every cause has its parameter, the flux only one, and none is pulled far."""
        found = post_fit(experiment_of("coherent-csi", real, flavour="e"), 1.0)
        names = {"flux stopped pion", *(n.name for n in csi.NUISANCES)}
        assert set(found.nuisances) == names
        assert np.abs(found.pulls).max() < 1.5

    def test_an_archive_is_the_same(self, real, tmp_path):
        archive = shutil.make_archive(str(tmp_path / "release"), "zip", real)
        assert (
            read_release("coherent-csi", archive).digest
            == read_release("coherent-csi", real).digest
        )
