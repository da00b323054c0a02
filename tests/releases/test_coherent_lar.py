"""COHERENT's release of liquid argon: reading it, and what is known of it."""

import numpy as np
import pytest
from scipy.stats import norm

from rescaled_units import RELEASED, differences, in_both_units
from upscatter.errors import TableError
from upscatter.experiments.choose import experiment_of
from upscatter.flux.pulse import GaussianPulse
from upscatter.releases import coherent_lar as lar
from upscatter.releases.coherent_lar import DEFINITION, ENERGIES, SHAPE
from upscatter.releases.definition import read_release
from upscatter.releases.files import open_files
from upscatter.statistics.likelihood import BinnedModel, Normalisation
from upscatter.statistics.profile import fit
from upscatter.studies.limits import limit_of
from upscatter.studies.measured import post_fit
from upscatter.units import KEV, KG, NANOSECOND, YEAR

yaml = pytest.importorskip("yaml", reason="pyyaml is not installed: no parameters can be read")

PARAMETERS = {
    "fiducialMass": {"value": 20.0, "uncertainty": 0.5},
    "neutrinosPerProton": {"value": 0.1, "uncertainty": 0.01},
    "larQF": {"parameters": [{"name": "a", "value": 0.25}, {"name": "b", "value": 0.0008}]},
    "energyResolution": {"parameters": [{"name": "a", "value": 0.6}]},
    "snsPOTTraceTiming": {"parameters": [{"name": "a", "value": 440, "uncertainty": 100}]},
    "cevnsPredictionNormalization": {"value": 100, "uncertainty": 14},
    "ssBackgroundPredictionNormalization": {"value": 3000, "uncertainty": 30},
    "promptBeamRelatedNeutronPredictionNormalization": {"value": 500, "uncertainty": 100},
    "delayedBeamRelatedNeutronPredictionNormalization": {"value": 30, "uncertainty": 30},
}
ENERGY = np.arange(5.0, 120.0, 10.0)
F90 = np.arange(0.525, 0.9, 0.05)
TIME = np.arange(0.15, 4.9, 0.5)
CEVNS = np.multiply.outer(np.exp(-ENERGY / 8.0), np.arange(1.0, 9.0))[..., None] * np.ones(10)


def histogram(values):
    grid = np.meshgrid(ENERGY, F90, TIME, indexing="ij")
    rows = zip(
        *(axis.ravel() for axis in grid), np.broadcast_to(values, SHAPE).ravel(), strict=True
    )
    return "".join(f"{e:g} {f:g} {t:g} {n:.9g}\n" for e, f, t, n in rows)


def made_up():
    """The official layout, with numbers of our own."""
    early, late = np.exp(-np.arange(10.0)), np.exp(-np.arange(10.0) / 3.0)
    soft = np.exp(-np.arange(12.0) / 3.0)[:, None, None]
    files = {
        "datanobkgsub.txt": np.full(SHAPE, 4.0),
        "bkgpdf.txt": np.full(SHAPE, 3.0),
        "delbrnpdf.txt": np.full(SHAPE, 0.03),
        "brnpdf.txt": soft * early,
        "brnpdf-1sigEnergy.txt": soft**2 * early,
        "brnpdf+1sigEnergy.txt": soft**0.5 * early,
        "brnpdf-1sigBRNTimingMean.txt": soft * early**2,
        "brnpdf+1sigBRNTimingMean.txt": 3.0 * soft * late,
        "brnpdfBRNTimingWidthSyst.txt": soft * early**1.5,
        "cevnspdf.txt": CEVNS,
        "cevnspdf-1sigF90.txt": CEVNS[:, ::-1],
        "cevnspdf+1sigF90.txt": 1.1 * CEVNS,
    }
    centres = np.arange(0.25, 40.0, 0.5)
    efficiency = zip(centres, 4.0 * centres, np.minimum(centres / 10.0, 0.9), strict=True)
    return {
        **{name: histogram(values) for name, values in files.items()},
        "CENNS10AnlAEfficiency.txt": "".join(f"{e} {t} {x}\n" for e, t, x in efficiency),
        "LArParametersAnlA.yaml": yaml.safe_dump(PARAMETERS),
        "cevnspdfCEvNSTimingMeanSyst.txt": "not used",
    }


MADE_UP = made_up()


@pytest.fixture
def content(tmp_path):
    """Folder of the made-up release."""
    place = tmp_path / "release"
    place.mkdir()
    for name, text in MADE_UP.items():
        (place / name).write_text(text)
    return place


def read(place):
    return DEFINITION.content(open_files(place, DEFINITION.uses))


def refusal(place):
    with pytest.raises(TableError) as caught:
        read(place)
    assert "\n" not in str(caught.value)
    return str(caught.value)


class TestMadeUp:
    def test_channel(self, content):
        (run,) = read(content).channels
        assert run.bins == 960
        assert [axis.title for axis in run.axes] == ["energy [keVee]", "F90", "time [us]"]
        assert run.exposure == pytest.approx(20.0 * KG * YEAR)
        assert run.observed.sum() == 4.0 * 960

    def test_backgrounds_have_the_predicted_numbers(self, content):
        release = read(content)
        steady, prompt, delayed = release.channels[0].backgrounds
        scale = release.channels[0].scale
        assert scale * steady.rates.sum() == pytest.approx(3000.0)
        np.testing.assert_allclose(scale * prompt.rates.sum(axis=1), 500.0)
        assert scale * delayed.rates.sum() == pytest.approx(30.0)
        widths = {n.name: n.width for n in release.nuisances}
        assert widths["prompt background"] == pytest.approx(0.2)
        assert widths["acceptance"] == pytest.approx(np.sqrt(0.14**2 - 0.1**2))

    def test_variations_of_the_neutrons(self, content):
        """In the order of their shifts: softer and harder, earlier and later, narrower by half."""
        (run,) = read(content).channels
        shapes = run.backgrounds[1].rates.reshape(7, *SHAPE)
        energy = (shapes.sum(axis=(2, 3)) * ENERGY).sum(axis=1) / shapes[0].sum()
        time = (shapes.sum(axis=(1, 2)) * TIME).sum(axis=1) / shapes[0].sum()
        assert energy[1] < energy[0] < energy[2]
        assert time[3] < time[0] < time[4]
        np.testing.assert_allclose(shapes[5], 0.5 * (shapes[0] + shapes[6]))

    def test_response(self, content):
        """One energy by a transcription, with a sum over finer steps than those of the reader."""
        (run,) = read(content).channels
        row = int(np.flatnonzero(np.isclose(ENERGIES, 30.0 * KEV))[0])
        e = 0.25 * 30.0 + 0.0008 * 900.0
        x = np.linspace(0.0, 20.0, 200_001)
        seen = np.where(x < 0.25, 0.0, np.interp(x, [0.25, 9.0, 39.75], [0.025, 0.9, 0.9]))
        seen *= norm.pdf(x, e, 0.6 * np.sqrt(e))
        bins = [seen[x < 10.0].sum() * 1e-4, seen[x >= 10.0].sum() * 1e-4]
        found = run.response.probabilities.reshape(5, -1, 12, 8)[0, row]
        np.testing.assert_allclose(found[:2].sum(axis=1), bins, rtol=2e-3)
        np.testing.assert_allclose(found[0] / found[0].sum(), np.arange(1.0, 9.0) / 36.0)

    def test_variations_of_the_recoils(self, content):
        (run,) = read(content).channels
        shares = run.response.probabilities.reshape(5, -1, 12, 8)[:, 60, 0]
        np.testing.assert_allclose(shares[1], shares[0, ::-1])
        np.testing.assert_allclose(shares[2], 1.1 * shares[0])
        np.testing.assert_array_equal(shares[3], shares[0])
        delays = run.response.timing.delays / NANOSECOND
        np.testing.assert_allclose(delays, [0.0, 0.0, 0.0, 50.0, 100.0])

    def test_energies_without_cevns_have_the_f90_below_them(self, content):
        (run,) = read(content).channels
        shares = run.response.probabilities.reshape(5, -1, 12, 8)[0, -1]
        np.testing.assert_allclose(shares[6] / shares[6].sum(), np.arange(1.0, 9.0) / 36.0)

    @pytest.mark.parametrize("name", [n for n in MADE_UP if n != "cevnspdfCEvNSTimingMeanSyst.txt"])
    def test_a_missing_file(self, content, name):
        (content / name).unlink()
        message = refusal(content)
        assert message.startswith(f"{content / name}: is missing; give the complete release")

    @pytest.mark.parametrize(
        ("name", "old", "new", "said"),
        [
            ("datanobkgsub.txt", "5 0.525 0.15 4\n", "", "has other bins than the 12 x 8 x 10"),
            ("datanobkgsub.txt", "5 0.525 0.15 4\n", "5 0.525 0.15\n", "line 1: is not 4 numbers"),
            ("bkgpdf.txt", "5 0.525 0.15 3\n", "5 0.525 0.15 -3\n", "has negative entries"),
            ("brnpdf.txt", "15 0.525 0.15", "16 0.525 0.15", "has other bins than the 12 x 8 x 10"),
            ("CENNS10AnlAEfficiency.txt", "0.9\n", "1.9\n", "is not between 0 and 1"),
            ("CENNS10AnlAEfficiency.txt", "0.75 ", "0.25 ", "has no rising energies"),
            ("LArParametersAnlA.yaml", "fiducialMass", "mass", "number fiducialMass value; give"),
            ("LArParametersAnlA.yaml", "value: 20.0", "value: heavy", "fiducialMass value; give"),
            ("LArParametersAnlA.yaml", "name: b", "name: c", "no positive number larQF b value"),
            ("LArParametersAnlA.yaml", "uncertainty: 14", "uncertainty: 4", "better than the flux"),
            ("LArParametersAnlA.yaml", "fiducialMass:", "fiducialMass: {", "is not YAML"),
        ],
    )
    def test_a_wrong_file(self, content, name, old, new, said):
        text = (content / name).read_text()
        assert old in text
        (content / name).write_text(text.replace(old, new))
        message = refusal(content)
        assert message.startswith(f"{content / name}: ")
        assert said in message

    @pytest.mark.thorough
    def test_in_other_units(self, content):
        ours, theirs = in_both_units(RELEASED.format(name="coherent-lar"), content.parent)
        assert not differences(ours, theirs, 1e-6)

    def test_limit(self, content):
        limits = {
            f: limit_of(experiment_of("coherent-lar", content, flavour=f), [1.0, 53.0]).mu
            for f in ("e", "mu")
        }
        for mu in limits.values():
            assert mu[0] > 0.0
            assert not mu[1] > 0.0


@pytest.fixture(scope="module")
def real(reference):
    folder = reference / "coherent_lar"
    if not folder.is_dir():
        pytest.skip(f"the release of arXiv:2006.12659 is not at {folder}")
    return folder


def cevns(experiment):
    """Expected CEvNS events per bin, nominal, fluxes together."""
    model = experiment.recast.scattering.standard_model
    counts = experiment.recast.counts(model.interaction, model.flux)
    return sum(each["LAr"][0] for each in counts.values())


class TestOfficial:
    def test_events(self, real):
        (run,) = read_release("coherent-lar", real).channels
        assert run.observed.sum() == 3752
        totals = [run.scale * np.atleast_2d(b.rates)[0].sum() for b in run.backgrounds]
        np.testing.assert_allclose(totals, [3154.0, 497.0, 33.0], rtol=1e-9)

    def test_cevns(self, real, validated):
        """The release predicts 128 ± 17."""
        total = cevns(experiment_of("coherent-lar", real)).sum()
        quantity = "COHERENT Ar: CEvNS events"
        validated("counts", quantity, total, 128.0, "its release, arXiv:2006.12659", abs=17.0)

    def test_cevns_at_all_times_and_without_resolution(self, real, monkeypatch, validated):
        """133 by an independent count."""

        def sharp(energy_ee, resolution, efficiency):
            seen = np.interp(energy_ee, *efficiency, left=0.0)
            bins = np.digitize(energy_ee, lar.ENERGY_EDGES) - 1
            return seen[:, None] * (bins[:, None] == np.arange(SHAPE[0]))

        monkeypatch.setattr(lar, "observed_energy", sharp)
        (run,) = read(real).channels
        experiment = experiment_of("coherent-lar", real)
        recast = type(experiment.recast)(experiment.recast.scattering, read(real))
        model = recast.scattering.standard_model
        total = 0.0
        for name, each in recast.counts(model.interaction, model.flux).items():
            (source,) = recast.scattering.sources
            edges = run.response.timing.edges[[0, -1]]
            total += each["LAr"][0].sum() / source.arrival(name, edges)[0]
        quantity = "COHERENT Ar: CEvNS events at all times, without resolution"
        validated("counts", quantity, total, 133.0, "an independent count", rel=0.01)

    def test_shares_of_energy_and_f90_are_those_of_the_release(self, real):
        ours = cevns(experiment_of("coherent-lar", real)).reshape(SHAPE)
        theirs = np.loadtxt(real / "cevnspdf.txt")[:, 3].reshape(SHAPE)
        for axes in ((1, 2), (0, 2), (0, 1)):
            difference = ours.sum(axis=axes) / ours.sum() - theirs.sum(axis=axes) / theirs.sum()
            assert np.abs(difference).max() < 0.03

    def test_best_fit_of_the_release(self, real):
        """159 ± 43 CEvNS, 553 ± 34 and 10 ± 11 neutrons, 3131 ± 23 steady events (its YAML).

        With its own distributions and constraints alone.
        """
        (run,) = read_release("coherent-lar", real).channels
        steady, prompt, delayed = (run.scale * np.atleast_2d(b.rates)[0] for b in run.backgrounds)
        theirs = np.loadtxt(real / "cevnspdf.txt")[:, 3]
        widths = {"steady": 25.0 / 3154.0, "prompt": 160.0 / 497.0, "delayed": 1.0}
        model = BinnedModel(
            theirs / theirs.sum(),
            {"steady": steady, "prompt": prompt, "delayed": delayed},
            tuple(Normalisation(name, {name: width}) for name, width in widths.items()),
        )
        best = fit(model, model.observe(run.observed))
        events = [
            total * (1.0 + width * pull)
            for total, width, pull in zip(
                (3154.0, 497.0, 33.0), widths.values(), best.parameters[1:], strict=True
            )
        ]
        assert float(best.strength) == pytest.approx(159.0, abs=3.0)
        np.testing.assert_allclose(events, [3131.0, 553.0, 10.0], atol=4.0)

    def test_fitted_cevns_agrees_with_the_release(self, real):
        """Our joint distribution of energy and time: within the release's error of 43 events."""
        experiment = experiment_of("coherent-lar", real)
        found = post_fit(experiment, 1.0)
        assert "flux stopped pion" in found.nuisances
        fitted = sum(c.sum() for name, c in found.components.items() if "CEvNS" in name)
        assert fitted == pytest.approx(159.0, abs=43.0)

    def test_light_sterile_neutrino(self, real):
        """Weaker than that of caesium iodide, of the same size as its expectation."""
        curve = limit_of(experiment_of("coherent-lar", real, flavour="mu"), [0.01], bands=True)
        assert 2.5e-9 < curve.mu[0] < 4e-9

    def test_pulse_of_the_scenario_is_that_of_the_release(self, real):
        entry = yaml.safe_load((real / "LArParametersAnlA.yaml").read_text())["snsPOTTraceTiming"]
        mean, width = (p["value"] * NANOSECOND for p in entry["parameters"])
        (source,) = experiment_of("coherent-lar", real).scattering.sources
        assert source.pulse == GaussianPulse(mean, width)
