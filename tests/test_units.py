"""Internal units: a rescaled system gives the same physical results."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from upscatter import units

# Runs in an interpreter of its own: puts a rescaled `upscatter.units` in place before anything of
# the package is imported, and prints what a user would see, in the units a user sees it in.
SETTING = """
import importlib.util, json, re, sys, types
from pathlib import Path

base, scenario = json.loads(sys.argv[1]), sys.argv[2]
package = Path(importlib.util.find_spec("upscatter").origin).parent
text = (package / "units.py").read_text(encoding="utf-8")
for name, value in base.items():
    text, replaced = re.subn(rf"^{name} = 1\\.0$", f"{name} = {value!r}", text, flags=re.M)
    assert replaced == 1, name
module = types.ModuleType("upscatter.units")
exec(compile(text, "units.py", "exec"), module.__dict__)
sys.modules["upscatter.units"] = module
"""

LIMITS = """
from upscatter.api import expected_counts, recoil_spectrum, upper_limit

assert __import__("upscatter.constants").constants.MEV == base.get("MEV", 1.0)

masses = [0.0, 0.01, 1.0, 5.0, 10.0, 17.0, 40.0]
recoils = [0.01, 0.1, 0.5, 1.0, 3.0, 8.0]
counts = expected_counts(scenario, mu=1e-9, mass=2.0).to_dict()
curve = upper_limit(scenario, masses).to_dict()
print(json.dumps({
    "mass": curve["mass_MeV"],
    "limit": curve["mu_bohr"],
    "edges": counts["bin_edges_keVee"],
    "counts": counts["counts"],
    "sm": {k: v.tolist() for k, v in recoil_spectrum(scenario, recoils).items()},
    "dipole": {
        k: v.tolist()
        for k, v in recoil_spectrum(scenario, recoils, mu=3e-10, mass=4.0).items()
    },
}))
"""

FIGURES = """
from upscatter.api import expected_counts, recoil_spectrum
from upscatter.studies.planning import plan

def heights(axes):
    return {p.get_label(): p.get_data().values.tolist() for p in axes.patches if p.get_label()}

def lines(figure):
    return {line.get_label(): list(map(float, line.get_ydata())) for line in figure.axes[0].lines}

counts = expected_counts(scenario, mu=1e-9, mass=2.0)
spectrum = recoil_spectrum(scenario, [0.5, 1.0, 3.0, 6.0], mu=3e-10, mass=4.0)
found = plan(scenario, 5e-9, "exposure", 2.0)
print(json.dumps({
    "exposure": [counts.exposure_kg_yr],
    "counts": heights(counts.plot().axes[0]),
    "recoils": lines(spectrum.plot()),
    "energies": spectrum.to_dict()["energies_keVnr"],
    "rates": spectrum.to_dict()["rates_per_keVnr_kg_day"],
    "plan": found.to_dict()["curve"],
    "plan figure": lines(found.plot()),
}))
"""

# What the limits of flavour-independent couplings do not go through.
REMAINDER = """
import numpy as np
from upscatter.detector.quenching import EssigHigh, Lindhard, Tabulated
from upscatter.flux.adiabaticity import adiabaticity, jump_probability
from upscatter.flux.conversion import surface_density_matrix
from upscatter.flux.exposure import annual_exposure
from upscatter.flux.regeneration import averaged_projectors, mass_to_flavour
from upscatter.inputs.mixing import mixing
from upscatter.inputs.spectra import Lines, solar_spectrum
from upscatter.inputs.sun import solar_model
from upscatter.interactions.kinematics import maximum_mass, recoil_range
from upscatter.units import DAY, GEV, KEV, MEV

energy = np.array([0.3, 2.0, 10.0, 17.0]) * MEV
sun, fit = solar_model("BS05-OP"), mixing("NuFIT-5.3")
season = annual_exposure(0.7, season=(31 * DAY, 200 * DAY), distance=True, resolution=10.0)
recoil = np.array([0.03, 0.4, 2.0]) * KEV
table = Tabulated((0.01 * KEV, 0.5 * KEV, 3.0 * KEV), (0.0, 0.1, 0.2))
models = {"essig": EssigHigh(), "lindhard": Lindhard(32, 0.157), "table": table}
low, high = recoil_range(energy[2:], 68.0 * GEV, 3.0 * MEV)
values = {
    **{f"sun/{s}": surface_density_matrix(energy, s, sun, fit).ravel() for s in sun.sources},
    "adiabaticity": adiabaticity(energy, sun, fit),
    "jump": jump_probability(1e4 * energy, sun, fit),
    "earth": mass_to_flavour(energy[2:], np.array([0.2, 0.9, 1.4]), fit).ravel(),
    "year": averaged_projectors(energy[2:], season, fit).ravel(),
    "spectra": np.ravel([
        s.density(energy) * MEV
        for s in map(solar_spectrum, ("pp", "hep", "8B", "13N", "15O", "17F"))
    ]),
    **{f"slope/{n}": m.yield_slope(recoil) * KEV for n, m in models.items()},
    **{f"jacobian/{n}": m.jacobian(recoil) for n, m in models.items()},
    "inverse": [m.recoil_energy(0.01 * KEV) / KEV for m in models.values()],
    "range": np.concatenate([low, high, maximum_mass(energy, 68.0 * GEV)]) / MEV,
}
print(json.dumps({
    k: [*np.real(v).tolist(), *np.imag(v).tolist()] for k, v in values.items()
}))
"""

SMEARED = """
title = "Every dimensional field of a scenario"
[target]
element = "CaWO4"
[detector]
exposure = "2 t yr"
region = ["0.2 keVee", "1.5 keVee"]
bins = 7
quenching = { model = "lindhard" }
resolution = { noise = "20 eVee", fano = "0.4 eVee", relative = 0.01 }
efficiency = { points = [[0.1, 0.2], [0.5, 0.9], [2.0, 1.0]], energy = "keVee" }
cutoff = "0.05 keVnr"
[background]
flat = "0.01 / (keVee kg day)"
points = [[0.1, 3.0], [1.0, 1.0]]
rate = "0.01 / (keVee kg day)"
[flux]
model = "B16-GS98"
sources = ["8B", "hep", "7Be", "13N"]
fluxes = { "8B" = "5.25e6 / (cm^2 s)" }
[flux.spectra]
hep = { points = [[0.0, 0.0], [9.0, 1.0], [18.0, 0.0]] }
[statistics]
test = "chi2-pulls"
variance = "expected"
confidence = 0.90
"""

RESCALED = {"MEV": 3.7, "CM": 0.11, "SECOND": 57.0, "KG": 0.021}


def results(base, program, scenario):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SETTING + program, json.dumps(base), scenario],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def flat(result, path=""):
    """Leaves of nested results, by path."""
    if isinstance(result, dict):
        return {k: v for key in result for k, v in flat(result[key], f"{path}/{key}").items()}
    return {path: np.array([np.nan if x is None else x for x in result], dtype=float)}


@pytest.fixture
def smeared(tmp_path):
    path = tmp_path / "smeared.toml"
    path.write_text(SMEARED, encoding="utf-8")
    return str(path)


def both(program, scenario="", *, rtol):
    ours, rescaled = (flat(results(base, program, scenario)) for base in ({}, RESCALED))
    assert ours.keys() == rescaled.keys()
    for path, value in ours.items():
        # Next to nothing of a bin can be a difference of nearly equal numbers.
        floor = rtol / 100.0 * np.nanmax(np.abs(value))
        np.testing.assert_allclose(rescaled[path], value, rtol=rtol, atol=floor, err_msg=path)
    return ours


def test_a_bundled_scenario_does_not_depend_on_internal_units():
    limit = both(LIMITS, "ge-nextgen", rtol=1e-10)["/limit"]
    assert np.isfinite(limit[:-1]).all()
    assert np.isnan(limit[-1])  # 40 MeV: out of reach in either


def test_every_dimensional_field_of_a_scenario_is_unit_free(smeared):
    assert np.isfinite(both(LIMITS, smeared, rtol=1e-10)["/limit"][:-1]).all()


def test_figures_of_spectra_and_plans_do_not_depend_on_internal_units(smeared):
    found = both(FIGURES, smeared, rtol=1e-8)
    assert found["/exposure"] == pytest.approx([2000.0])
    assert found["/plan/value"].size > 5
    assert (found["/rates/dipole/8B"][:2] > 0.0).all()  # zero has no unit


def test_flavour_quenching_and_spectra_do_not_depend_on_internal_units():
    """Phases of thousands of radians in the Earth cost some digits."""
    both(REMAINDER, rtol=1e-9)


def test_base_units_are_one_and_the_others_derive_from_them():
    assert (units.MEV, units.CM, units.SECOND, units.KG) == (1.0, 1.0, 1.0, 1.0)
    # 1 GeV = 1e9 eV; 1 km = 1e18 fm; a Julian year; 1 t = 1e6 g
    assert pytest.approx(1e9, rel=1e-15) == units.GEV / units.EV
    assert pytest.approx(1e3, rel=1e-15) == units.KEV / units.EV
    assert pytest.approx(1e18, rel=1e-15) == units.KM / units.FM
    assert units.METRE / units.CM == 100.0
    assert units.YEAR / units.SECOND == 31557600.0  # IAU
    assert units.DAY / units.HOUR == 24.0
    assert pytest.approx(1e6, rel=1e-15) == units.TONNE / units.GRAM


def test_internal_units_are_written_where_they_can_be_replaced():
    """The rescaling above finds each base unit on a line of its own."""
    origin = importlib.util.find_spec("upscatter.units").origin
    lines = Path(origin).read_text(encoding="utf-8").splitlines()
    for name in RESCALED:
        assert f"{name} = 1.0" in lines


# Every result as a user gets it: JSON with units in its keys, and the table.
RESULTS = """
import dataclasses
sys.path.insert(0, scenario)
from made_up_release import made_up_release
import upscatter
from upscatter.flavours import SunAndDetector, arriving_flux, oscillation
from upscatter.inputs.bounds import published_bound
from upscatter.inputs.catalogue import catalogue
from upscatter.scenario.load import Scenario
from upscatter.scenario.released_experiment import ReleasedExperiment
from upscatter.scenario.scattering import Scattering
from upscatter.studies.measurement import Measurement
from upscatter.studies.reproduction import reproduce_paper

scattering = Scattering(Scenario.load("xenonnt-s2only"))
measured = Measurement(ReleasedExperiment(scattering, made_up_release(0.1)))
sun = SunAndDetector.choose(laboratory="LNGS")
made = [
    upscatter.upper_limit("ge-nextgen", bands=True),
    measured.limit(bands=True),
    measured.post_fit(4.0),
    upscatter.toys("ge-nextgen", 3.0, trials=50),
    upscatter.impacts("ge-nextgen", 2.0),
    upscatter.plan("ge-nextgen", 7e-10, "exposure", 2.0),
    upscatter.plan("ge-nextgen", 7e-10, "threshold", 2.0),
    upscatter.plan("ge-nextgen", 8e-10, "background", 2.0),
    upscatter.compare("ge-future", flavour="mu"),
    upscatter.expected_counts("ge-nextgen", mass=2.0),
    reproduce_paper(),
    arriving_flux(sun),
    oscillation(sun, "8B", [1.0, 9.0]),
    published_bound("ship-e"),
    catalogue(),
]
print(json.dumps({f"{type(r).__name__} {i}": [r.to_dict(), r.rows] for i, r in enumerate(made)}))
"""


def test_no_result_depends_on_internal_units():
    tests = str(Path(__file__).parent)
    ours, rescaled = (results(base, RESULTS, tests) for base in ({}, RESCALED))
    assert ours.keys() == rescaled.keys()
    for name, result in ours.items():
        assert_same(rescaled[name], result, name)


def assert_same(found, expected, path):
    """The same nested content; MINUIT finds errors to 1e-6 only, and pulls of zero are 1e-16."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), path
        for key, value in expected.items():
            assert_same(found[key], value, f"{path}/{key}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), path
        for i, value in enumerate(expected):
            assert_same(found[i], value, f"{path}/{i}")
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-5, abs=2e-16), path
    elif not path.endswith("scenario_sha256"):  # of a scenario's content in internal units
        assert found == expected, path
