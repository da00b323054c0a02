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
PROGRAM = """
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
variance = "expected"
confidence = 0.90
"""

RESCALED = {"MEV": 3.7, "CM": 0.11, "SECOND": 57.0, "KG": 0.021}


def results(base, scenario):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, json.dumps(base), scenario],
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


def assert_invariant(scenario):
    ours, rescaled = flat(results({}, scenario)), flat(results(RESCALED, scenario))
    assert ours.keys() == rescaled.keys()
    assert np.isfinite(ours["/limit"][:-1]).all()
    assert np.isnan(ours["/limit"][-1])  # 40 MeV: out of reach in either
    for path, value in ours.items():
        # Next to nothing of a bin can be a difference of nearly equal numbers.
        floor = 1e-12 * np.nanmax(np.abs(value))
        np.testing.assert_allclose(rescaled[path], value, rtol=1e-10, atol=floor, err_msg=path)


def test_a_bundled_scenario_does_not_depend_on_internal_units():
    assert_invariant("ge-nextgen")


def test_every_dimensional_field_of_a_scenario_is_unit_free(smeared):
    assert_invariant(smeared)


def test_base_units_are_one_and_the_others_derive_from_them():
    assert (units.MEV, units.CM, units.SECOND, units.KG) == (1.0, 1.0, 1.0, 1.0)
    # 1 GeV = 1e9 eV; 1 km = 1e18 fm; a Julian year; 1 t = 1e6 g
    assert units.GEV / units.EV == pytest.approx(1e9, rel=1e-15)
    assert units.KEV / units.EV == pytest.approx(1e3, rel=1e-15)
    assert units.KM / units.FM == pytest.approx(1e18, rel=1e-15)
    assert units.METRE / units.CM == 100.0
    assert units.YEAR / units.SECOND == 31557600.0  # IAU
    assert units.DAY / units.HOUR == 24.0
    assert units.TONNE / units.GRAM == pytest.approx(1e6, rel=1e-15)


def test_internal_units_are_written_where_they_can_be_replaced():
    """The rescaling above finds each base unit on a line of its own."""
    origin = importlib.util.find_spec("upscatter.units").origin
    lines = Path(origin).read_text(encoding="utf-8").splitlines()
    for name in RESCALED:
        assert f"{name} = 1.0" in lines
