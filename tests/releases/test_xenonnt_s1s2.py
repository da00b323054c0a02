"""XENONnT's release with S1 and S2: reading it, and what others find in it."""

import io
import tarfile
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq

from upscatter.errors import ScenarioError, TableError
from upscatter.experiments.choose import combine, experiment_of
from upscatter.experiments.released import Released
from upscatter.interactions.dipole import Dipole
from upscatter.interactions.form_factors import form_factor
from upscatter.rates.spectrum import recoil_spectrum
from upscatter.releases import xenonnt_s1s2 as module
from upscatter.releases.definition import read_release
from upscatter.releases.files import Files
from upscatter.releases.likelihood import ReleasedLikelihood
from upscatter.releases.xenonnt_s1s2 import DEFINITION, EXPOSURES, YIELDS
from upscatter.report.postfit_plots import post_fit_figure
from upscatter.scenario.load import Scenario
from upscatter.scenario.released_experiment import ReleasedExperiment
from upscatter.scenario.scattering import Scattering
from upscatter.statistics.profile import fit
from upscatter.studies.limits import limit_of
from upscatter.studies.measured import post_fit
from upscatter.units import KEV, MEV, TONNE, YEAR

COLUMNS = ["cs2", "s2_shadow_s2_time_shadow_quantile", "s1_bdt_score", "s2_bdt_score"]
EDGES = [[90.0, 160.0, 250.0, 500.0], *([0.0, 1 / 3, 2 / 3, 1.0] for _ in range(3))]
EVENTS = [[100.0, 0.1, 0.5, 0.9], [100.0, 0.2, 0.4, 0.8], [499.0, 0.9, 0.0, 1.0]]
ENERGIES = (0.5, 2.0, 5.0)
RUNS = tuple(EXPOSURES)


@dataclass(frozen=True)
class InMemory(Files):
    """Files of a release that are on no disk."""

    content: dict

    @property
    def names(self):
        return self._used(self.content)

    @property
    def digest(self):
        return str(hash(self.path))

    def _content(self, name):
        return self.content[name]


def hdf5(values, edges=EDGES):
    h5py = pytest.importorskip("h5py", reason="h5py is not installed: no template can be read")
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file["templates/template"] = values
        for k, ends in enumerate(edges):
            file[f"bins/{k}"] = np.array(ends)
    return stream.getvalue()


def counts(kind, run, light=0.0, charge=0.0, energy=0.0):
    """Made-up templates, each different, and different in every bin."""
    base = (1.0 + RUNS.index(run)) * (1.0 + 0.1 * light + 0.03 * charge) + energy
    scale = {"ac": 0.05, "er": 0.001, "rg": 0.002, "mono": 1e-4}[kind]
    return scale * base * (1.0 + np.arange(81.0).reshape(3, 3, 3, 3) / 100.0)


@pytest.fixture(scope="module")
def content():
    """The official layout, with few energies."""
    pytest.importorskip("yaml", reason="pyyaml is not installed: no binning can be read")
    files = {"README.md": b"read me", "limits/any.csv": b""}
    for run in RUNS:
        lines = ["".join(f",{c}" for c in COLUMNS)]
        lines += [f"{k}," + ",".join(map(str, event)) for k, event in enumerate(EVENTS)]
        files[f"data/{run}.csv"] = "\n".join(lines).encode()
        binning = (
            f"{c}:\n" + "".join(f"- {x:.12f}\n" for x in ends)
            for c, ends in zip(COLUMNS, EDGES, strict=True)
        )
        files[f"binning/{run}.yaml"] = "".join(binning).encode()
        start = f"templates/{run}/{{}}/template_XENONnT_{run}_{{}}_cevns{{}}.h5"
        for kind in ("ac", "er"):
            files[start.format(kind, kind, "")] = hdf5(counts(kind, run))
        for light, charge in product(YIELDS, YIELDS):
            yields = f"_tly_{light}_tqy_{charge}"
            files[start.format("rg", "rg", yields)] = hdf5(counts("rg", run, light, charge))
            for energy in ENERGIES:
                name = start.format("mono", f"mono_{energy:.3f}", yields)
                files[name] = hdf5(counts("mono", run, light, charge, energy))
    return files


@pytest.fixture(autouse=True)
def _few_energies(request, monkeypatch):
    if "content" in request.fixturenames:
        monkeypatch.setattr(module, "ENERGIES", np.array(ENERGIES))


def read(files):
    return DEFINITION.content(InMemory(Path("release"), DEFINITION.uses, files))


def test_a_release_is_read_as_written(content):
    release = read(content)
    assert tuple(channel.name for channel in release.channels) == RUNS
    assert release.cevns is None
    unit = 1.0 / (TONNE * YEAR)
    for run, channel in zip(RUNS, release.channels, strict=True):
        assert channel.bins == 81
        assert channel.exposure == pytest.approx(EXPOSURES[run] / unit, rel=1e-12)
        expected = np.zeros((3, 3, 3, 3))
        expected[0, 0, 1, 2] = expected[0, 0, 1, 2] + 2.0
        expected[2, 2, 0, 2] = 1.0
        np.testing.assert_array_equal(channel.observed, expected.ravel())
        ac, er, nr = channel.backgrounds
        np.testing.assert_allclose(ac.rates, unit * counts("ac", run).ravel(), rtol=1e-12)
        np.testing.assert_allclose(er.rates, unit * counts("er", run).ravel(), rtol=1e-12)
        response = channel.response
        assert response.scales == ("signal_efficiency",)
        assert nr.anchors.names == response.anchors.names == ("t_ly", "t_qy")
        np.testing.assert_allclose(response.energies / KEV, ENERGIES, rtol=1e-12)
        for light, charge in ((-3.0, 2.0), (0.0, 0.0), (1.0, -2.0)):
            where = YIELDS.index(light), YIELDS.index(charge)
            neutrons = counts("rg", run, light, charge).ravel()
            np.testing.assert_allclose(nr.rates[where], unit * neutrons, rtol=1e-12)
            recoils = [counts("mono", run, light, charge, e).ravel() for e in ENERGIES]
            np.testing.assert_allclose(response.probabilities[where], recoils, rtol=1e-12)
        assert [axis.bins for axis in channel.axes] == [3, 3, 3, 3]


def test_both_releases_of_the_detector_say_that_they_share_it(content):
    remark = read(content).remark
    assert "same science runs" in remark
    assert "counted twice" in remark


def refused(files):
    with pytest.raises(TableError) as caught:
        read(files)
    message = str(caught.value)
    assert "\n" not in message
    return message


NUCLEAR = "templates/sr0/mono/template_XENONnT_sr0_mono_2.000_cevns_tly_-1.0_tqy_3.0.h5"
NEUTRON = "templates/sr0/rg/template_XENONnT_sr0_rg_cevns_tly_0.0_tqy_-3.0.h5"


@pytest.mark.parametrize("name", ["data/sr1.csv", "binning/sr2.yaml", NUCLEAR, NEUTRON])
def test_a_partial_release_names_what_is_missing(content, name):
    message = refused({k: v for k, v in content.items() if k != name})
    assert message.startswith(f"release/{name}: is missing; give the complete release")


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("data/sr0.csv", lambda b: b.replace(b"s1_bdt", b"bdt"), "columns are not , cs2, s2_sh"),
        ("data/sr0.csv", lambda b: b.replace(b"499.0", b"nan"), "line 4: nan is not finite"),
        ("data/sr0.csv", lambda b: b.replace(b"499.0", b"501.0"), "has events outside the bins"),
        ("data/sr0.csv", lambda b: b.replace(b"499.0", b"4,9"), "line 4: has 6 fields instead"),
        ("binning/sr0.yaml", lambda b: b.replace(b"cs2:", b"cs1:"), "has no 4 edges of cs2"),
        ("binning/sr0.yaml", lambda b: b.replace(b"- 90.0", b"- 900.0"), "has no 4 edges of cs2"),
        ("binning/sr0.yaml", lambda b: b.replace(b"- 90.0", b"- a"), "has no 4 edges of cs2"),
        ("binning/sr0.yaml", lambda b: b"{", "is not YAML"),
        (NUCLEAR, lambda b: b"cos\nsystem\n(S'true'\ntR.", "is no HDF5 file"),
        (NUCLEAR, lambda b: b[:2000], "is no HDF5 file"),
        (NUCLEAR, lambda b: hdf5(np.ones((3, 3, 3))), "has other bins than 3 x 3 x 3 x 3"),
        (NUCLEAR, lambda b: hdf5(-counts("mono", "sr0")), "is not finite or is negative"),
        (NEUTRON, lambda b: hdf5(counts("rg", "sr0"), [*EDGES[:3], EDGES[0]]), "bins differ from"),
    ],
)
def test_a_wrong_file_is_named(content, name, change, said):
    changed = {**content, name: change(content[name])}
    assert changed[name] != content[name]
    message = refused(changed)
    assert message.startswith(f"release/{name}: ")
    assert said in message


def test_an_hdf5_file_that_declares_a_huge_template(content):
    h5py = pytest.importorskip("h5py")
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file.create_dataset("templates/template", (10**6, 10**6, 3, 3), "f8", chunks=(1, 9, 3, 3))
        for k, ends in enumerate(EDGES):
            file[f"bins/{k}"] = np.array(ends)
    assert "has other bins" in refused({**content, NUCLEAR: stream.getvalue()})


@pytest.mark.parametrize("kind", ["storage", "link"])
def test_an_hdf5_file_that_leads_to_another(content, tmp_path, kind):
    h5py = pytest.importorskip("h5py")
    counts("mono", "sr0").tofile(tmp_path / "other.bin")
    (tmp_path / "other.h5").write_bytes(content[NUCLEAR])
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        if kind == "storage":
            raw = [(str(tmp_path / "other.bin"), 0, 81 * 8)]
            file.create_dataset("templates/template", (3, 3, 3, 3), "f8", external=raw)
        else:
            link = h5py.ExternalLink(str(tmp_path / "other.h5"), "templates/template")
            file["templates/template"] = link
        for k, ends in enumerate(EDGES):
            file[f"bins/{k}"] = np.array(ends)
    message = refused({**content, NUCLEAR: stream.getvalue()})
    assert {"storage": "takes numbers from another file", "link": "is no HDF5 file"}[
        kind
    ] in message


# ------------------------------------------------------------------------------------------------
# The official release. Expected counts, fitted flux and limits are of an independent recast.


@pytest.fixture(scope="module")
def archive(reference):
    pytest.importorskip("h5py", reason="h5py is not installed: no template can be read")
    pytest.importorskip("yaml", reason="pyyaml is not installed: no binning can be read")
    path = reference / "xenonnt_s1s2.tar.xz"
    if not path.is_file():
        pytest.skip(f"the XENONnT S1-S2 release is not at {path}")
    return path


@pytest.fixture(scope="module")
def recast(archive):
    release = read_release("xenonnt-s1s2", archive)
    return ReleasedExperiment(Scattering(Scenario.load("xenonnt-s1s2")), release)


RECAST = "an independent recast of arXiv:2604.06002"


def nominal(counts):
    return counts[YIELDS.index(0.0), YIELDS.index(0.0)]


def test_counts_before_a_fit(recast, validated):
    observed = [channel.observed.sum() for channel in recast.release.channels]
    assert observed == [9.0, 28.0, 25.0]
    expected = {
        "ac": ([7.48, 17.77, 14.86], 0.005),
        "er": ([0.13, 0.55, 0.52], 0.0051),
        "nr": ([0.17, 0.41, 0.18], 0.0055),
    }
    for source, (values, rounding) in expected.items():
        found = [
            channel.exposure * background.rates[background.anchors.nominal].sum()
            for channel in recast.release.channels
            for background in channel.backgrounds
            if background.source == source
        ]
        assert found == pytest.approx(values, abs=rounding)
    by_run = recast.likelihood.cevns["8B"]
    total = sum(nominal(c).sum() for c in by_run.values())
    quantity = "XENONnT S1 and S2: 8B events at 5.25e6 / (cm² s)"
    validated("counts", quantity, total, 16.4, RECAST, abs=0.05)


def direct(archive):
    """Templates straight from the archive, at some yields: kind, run, yields to counts."""
    h5py = pytest.importorskip("h5py")
    wanted = {(0.0, 0.0), (-2.0, 1.0), (3.0, -1.0)}
    found = {}
    with tarfile.open(archive) as tar:
        for entry in tar:
            parts = Path(entry.name).stem.split("_")
            if not entry.name.endswith(".h5"):
                continue
            yields = (float(parts[-3]), float(parts[-1])) if "tly" in parts else ()
            if yields and yields not in wanted:
                continue
            energy = float(parts[4]) if parts[3] == "mono" else 0.0
            with h5py.File(io.BytesIO(tar.extractfile(entry).read())) as file:
                found[parts[3], parts[2], yields, energy] = file["templates/template"][()].ravel()
    return wanted, found


def test_the_likelihood_is_that_of_the_files_written_out(archive, recast):
    """−2 ln L with yields at anchors, from templates read and folded again, with other nodes."""
    wanted, templates = direct(archive)
    energies = sorted({key[3] for key in templates if key[0] == "mono"})
    assert len(energies) == 46
    scattering = recast.scattering
    fine = np.unique(np.concatenate([np.linspace(0.5, 5.0, 4501), energies]))

    def spectrum(flux, *physics):
        form = form_factor("klein-nystrand")
        return recoil_spectrum(fine * KEV, scattering.nuclei, form, flux, *physics) * KEV

    def folded(run, yields, rate):
        seen = np.array([templates["mono", run, yields, energy] for energy in energies])
        at = [np.interp(fine, energies, column) for column in seen.T]
        exposure = EXPOSURES[run] * TONNE * YEAR
        return exposure * np.array([np.trapezoid(rate * column, fine) for column in at])

    mass = 5.0 * MEV
    model = recast.likelihood.model(recast.signals(mass))
    data = recast.likelihood.observation(model).flat()
    widths = {"ac_sr0": 0.0904, "ac_sr1": 0.0576, "ac_sr2": 0.0576, "er": 1.0, "nr": 0.58}
    widths |= {"b8": 0.0381, "signal_efficiency": 0.25, "flux hep": 0.3}
    generator = np.random.default_rng(4)
    for yields in wanted:
        z = {name: generator.uniform(-0.8, 0.8) for name in widths}
        f = {name: 1.0 + widths[name] * z[name] for name in widths}
        strength = 1e-18
        total = sum(value**2 for value in (*z.values(), *yields))
        for k, run in enumerate(RUNS):
            exposure = EXPOSURES[run]
            nu = f[f"ac_{run}"] * exposure * templates["ac", run, (), 0.0]
            nu = nu + f["er"] * exposure * templates["er", run, (), 0.0]
            nu += f["nr"] * exposure * templates["rg", run, yields, 0.0]
            for source, flux in (("8B", f["b8"]), ("hep", f["flux hep"])):
                parts = scattering.flux[source]
                rate = spectrum(parts, scattering.standard_model.interaction)
                rate = rate + strength * spectrum(parts, Dipole(), mass)
                nu += f["signal_efficiency"] * flux * folded(run, yields, np.maximum(rate, 0.0))
            n = recast.release.channels[k].observed
            total += 2.0 * (nu - n + n * np.log(np.where(n > 0.0, n / nu, 1.0))).sum()
        light, charge = yields
        own = {f"{name}_rate_multiplier": value for name, value in z.items()}
        own |= z | {"t_ly": light, "t_qy": charge}
        parameters = np.array([[strength, *(own[name] for name in model.names)]])
        assert model.deviance(parameters, data)[0] == pytest.approx(total, rel=2e-6)


@pytest.mark.parametrize(("mass", "expected"), [(0.0, 1.26e-9), (5.0, 1.62e-9)])
def test_limits_of_an_independent_recast(recast, mass, expected, validated):
    """Where −2 ln L has risen by 2.706 above its minimum at μ² ≥ 0; 3 % agreed beforehand."""
    likelihood = recast.likelihood
    model = likelihood.model(recast.signals(mass * MEV))
    data = likelihood.observation(model)
    best = float(fit(model, data).require("best fit").deviance)

    def excess(mu):
        return float(fit(model, data, mu**2).require("test").deviance) - best - 2.7055

    found = brentq(excess, 0.5e-9, 3e-9, rtol=1e-5)
    quantity = f"XENONnT S1 and S2: limit at {mass:g} MeV [μ_B]"
    validated("limits", quantity, found, expected, RECAST, rel=0.03)
    # what a user types: CL_s has this threshold if nothing is fitted
    (mu,) = limit_of(Released(recast), [max(mass, 0.01)]).mu
    assert mu == pytest.approx(found, rel=0.01)


def test_the_8b_flux_of_an_independent_recast(recast, validated):
    """3.3 standard deviations, 5.18e6 / (cm² s): CEvNS of 8B as the signal of free strength."""
    cevns = recast.likelihood.cevns
    causes = recast.likelihood.flux_causes
    likelihood = ReleasedLikelihood(recast.release, causes, {"hep": cevns["hep"]})
    model = likelihood.model({"8B": cevns["8B"]})
    data = likelihood.observation(model)
    best = fit(model, data).require("best fit")
    without = fit(model, data, 0.0).require("without 8B")
    flux = 5.25 * float(best.strength)
    quantity = "XENONnT S1 and S2: fitted 8B flux [1e6 / (cm² s)]"
    validated("limits", quantity, flux, 5.18, RECAST, abs=0.1)
    significance = np.sqrt(float(without.deviance) - float(best.deviance))
    quantity = "XENONnT S1 and S2: significance of 8B [σ]"
    validated("limits", quantity, significance, 3.3, RECAST, abs=0.06)


@pytest.mark.thorough
def test_a_folder_has_the_same_content(archive, recast, tmp_path):
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path / "folder", filter="data")
    assert read_release("xenonnt-s1s2", tmp_path / "folder").digest == recast.release.digest


def test_post_fit_of_bins_in_four_observables(recast):
    post = post_fit(Released(recast), 1.0)
    labels = [axis.label for axis in post.channels["sr0"].axes]
    assert labels == ["cS2", "S2pre/time quantile", "S1 BDT score", "S2 BDT score"]
    assert len(post.rows) == 3 * 81
    assert set(post.components) == {
        "accidental coincidences", "electronic recoils", "neutrons", "8B CEvNS", "hep CEvNS"
    }  # fmt: skip
    total = sum(counts.sum() for counts in post.components.values())
    assert total + post.signal_best.sum() == pytest.approx(62.0, abs=4.0)
    assert [len(edges) for edges in post.to_dict()["bin_edges"]["sr1"].values()] == [4] * 4
    # a row of four panels, with residuals, for each run
    assert len(post_fit_figure(post).axes) == 3 * 4 * 2 + 1


def test_both_releases_are_of_the_same_runs(recast, reference):
    other = experiment_of("xenonnt-s2only", reference / "xenonnt_s2only")
    both = combine(Released(recast), other, test="cls")
    assert sum("same science runs" in line for line in both.remarks) == 1
    assert "flux 8B" in both.likelihood_at(1.0 * MEV).names
    alone = combine(Released(recast), "xe-darwin", test="cls")
    assert not any("same science runs" in line for line in alone.remarks)


def test_a_target_that_is_not_the_detectors(reference):
    germanium = Scenario.load("xenonnt-s2only").replaced("target.element", "Ge")
    with pytest.raises(ScenarioError, match="the release's detector is of Xe"):
        experiment_of(germanium, reference / "xenonnt_s2only")
