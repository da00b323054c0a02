"""Internal units: a rescaled system gives the same physical results."""

import importlib.util
import pkgutil
from pathlib import Path

import numpy as np
import pytest

import upscatter
from every_edge import FULL_FILE, RESULTS, write_scenarios
from rescaled_units import RESCALED, differences, in_both_units
from upscatter import units
from upscatter.results import Result

LIMITS = """
from upscatter.studies.counts import expected_counts, recoil_spectrum
from upscatter.studies.limits import upper_limit

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

# What the limits of flavour-independent couplings do not go through.
REMAINDER = """
import numpy as np
from upscatter.detector.quenching import EssigHigh, Lindhard, Tabulated
from upscatter.flux.adiabaticity import adiabaticity, jump_probability
from upscatter.flux.conversion import surface_density_matrix
from upscatter.flux.nadir import annual_livetime
from upscatter.flux.regeneration import averaged_projectors, mass_to_flavour
from upscatter.inputs.mixing import mixing
from upscatter.inputs.spectra import Lines, solar_spectrum
from upscatter.inputs.sun import solar_model
from upscatter.interactions.kinematics import maximum_mass, recoil_range
from upscatter.units import DAY, GEV, KEV, MEV

energy = np.array([0.3, 2.0, 10.0, 17.0]) * MEV
sun, fit = solar_model("BS05-OP"), mixing("NuFIT-5.3")
season = annual_livetime(0.7, season=(31 * DAY, 200 * DAY), distance=True, resolution=10.0)
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

EVERYTHING = """
import every_edge

print(json.dumps(every_edge.everything()))
"""

SHAPES = ("lines", "patches", "collections")

LOOSER = {"post-fit": 2e-6}
"""Where numbers are known less well: errors that Minuit finds from differences."""


def flat(result, path=""):
    """Leaves of nested results, by path."""
    if isinstance(result, dict):
        return {k: v for key in result for k, v in flat(result[key], f"{path}/{key}").items()}
    return {path: np.array([np.nan if x is None else x for x in result], dtype=float)}


def both(program, folder, *, rtol):
    ours, rescaled = map(flat, in_both_units(program, folder))
    assert ours.keys() == rescaled.keys()
    for path, value in ours.items():
        # Next to nothing of a bin can be a difference of nearly equal numbers.
        floor = rtol / 100.0 * np.nanmax(np.abs(value))
        np.testing.assert_allclose(rescaled[path], value, rtol=rtol, atol=floor, err_msg=path)
    return ours


def kinds_of_results():
    """Names of all classes of results that the package has."""
    for module in pkgutil.walk_packages(upscatter.__path__, "upscatter."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found, bases = set(), [Result]
    while bases:
        bases = [kind for base in bases for kind in base.__subclasses__()]
        found |= {kind.__name__ for kind in bases if kind.__module__.startswith("upscatter.")}
    return found


@pytest.mark.thorough
def test_every_result_report_and_export_does_not_depend_on_internal_units(tmp_path):
    write_scenarios(tmp_path)
    ours, rescaled = in_both_units(EVERYTHING, tmp_path)
    assert set(ours["kinds"].values()) == kinds_of_results()
    assert ours.keys() == rescaled.keys()
    found = []
    for edge, named in ours.items():
        assert named.keys() == rescaled[edge].keys()
        for name, shown in named.items():
            rtol = LOOSER.get(name, 1e-8)
            found += differences(shown, rescaled[edge][name], rtol, f"{edge}/{name}")
    assert not found, "\n".join([f"{len(found)} differences, such as", *found[:40]])
    for name in RESULTS:
        shown = ours["results"][name]
        assert all(value for edge, value in shown.items() if edge != "figure")
        if shown["figure"] is None:
            assert name == "citations"
            continue
        assert any(axes[kind] for axes in shown["figure"]["axes"] for kind in SHAPES)


def test_a_bundled_scenario_does_not_depend_on_internal_units(tmp_path):
    limit = both('scenario = "ge-nextgen"' + LIMITS, tmp_path, rtol=1e-10)["/limit"]
    assert np.isfinite(limit[:-1]).all()
    assert np.isnan(limit[-1])  # 40 MeV: out of reach in either


def test_every_dimensional_field_of_a_scenario_is_unit_free(tmp_path):
    write_scenarios(tmp_path)
    found = both(f"scenario = {FULL_FILE!r}" + LIMITS, tmp_path, rtol=1e-10)
    assert np.isfinite(found["/limit"][:-1]).all()


def test_flavour_quenching_and_spectra_do_not_depend_on_internal_units(tmp_path):
    """Phases of thousands of radians in the Earth cost some digits."""
    both(REMAINDER, tmp_path, rtol=1e-9)


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
