"""What is public: the names that a user imports, package by package."""

import importlib
import pkgutil
import subprocess
import sys
from types import FunctionType

import pytest

import upscatter

# A name that goes or moves breaks somebody's script: change the list together with the changelog.
PUBLIC = {
    "upscatter": """
        Scenario UpscatterError combine compare expected_counts impacts measured_limit plan
        recoil_spectrum toys upper_limit
    """,
    "upscatter.cli": """
        main run
    """,
    "upscatter.detector": """
        background quenching resolution response
    """,
    "upscatter.experiments": """
        choose combined described experiment of_scenario released
    """,
    "upscatter.flux": """
        adiabaticity arrival conversion coupling crossing day_part flavour livetime moments
        nadir regeneration results source sun
    """,
    "upscatter.inputs": """
        beta boron bound_file bounds catalogue continuum earth laboratories mixing nuclei
        orbit outlines solar_fluxes spectra sun tables
    """,
    "upscatter.interactions": """
        cevns decay dipole form_factors interaction kinematics
    """,
    "upscatter.limits": """
        chains comparison counting curve expected_counts fits impact measured moments plan
        recoil_spectrum toys varied verdict
    """,
    "upscatter.rates": """
        cell_rates cells ends experiment folding recoil_table signal spectrum
    """,
    "upscatter.reference": """
        matter minimum minuit objective quadrature
    """,
    "upscatter.releases": """
        cache definition files folding likelihood release serial tables xenonnt_s1s2
        xenonnt_s2only
    """,
    "upscatter.report": """
        compare_plots flavour_plots hepdata impact_plots labels line_labels log_range
        measured_tables plan_plots planning_tables plots postfit_plots released_labels
        spectrum_labels spectrum_plots tables toys_plots toys_report
    """,
    "upscatter.scenario": """
        arguments build changes data detector_blocks document fields load messages model
        oscillation plain_quantities provenance quantities released_experiment scattering
        sources statistics_block summary
    """,
    "upscatter.statistics": """
        asymptotics calibration calibration_table checks combination counts criteria
        curve_calibration expected_limits fluctuations garwood histfactory interpolation
        likelihood limit_method methods morphing newton observation profile pulls
        pulls_method registry root_search sampler samples setters terms toys uncertainties
        upper_limits workspace
    """,
    "upscatter.studies": """
        comparison counts expected impacts limits measured planning reproduction toys
        workspaces
    """,
}
PACKAGES = [name for name in PUBLIC if name not in ("upscatter", "upscatter.cli")]


@pytest.mark.parametrize("name", PUBLIC)
def test_public_names_are_pinned_and_there(name):
    package = importlib.import_module(name)
    assert sorted(package.__all__) == sorted(PUBLIC[name].split())
    namespace = {}
    exec(f"from {name} import *", namespace)
    assert set(PUBLIC[name].split()) <= set(namespace)


@pytest.mark.parametrize("name", PACKAGES)
def test_every_module_of_a_package_is_listed(name):
    modules = [found.name for found in pkgutil.iter_modules(importlib.import_module(name).__path__)]
    assert sorted(m for m in modules if not m.startswith("_")) == sorted(PUBLIC[name].split())


def test_every_package_has_a_list():
    packages = [m.name for m in pkgutil.iter_modules(upscatter.__path__, "upscatter.") if m.ispkg]
    assert {"upscatter", *packages} == set(PUBLIC)


def test_studies_are_functions_of_the_package_whatever_is_imported_first():
    for module in ("upscatter.studies.impacts", "upscatter.studies.toys", "upscatter.limits.toys"):
        importlib.import_module(module)
    for name in ("compare", "impacts", "measured_limit", "plan", "toys", "upper_limit"):
        assert isinstance(getattr(upscatter, name), FunctionType), name
    with pytest.raises(AttributeError, match="no attribute 'planning'"):
        _ = upscatter.planning
    assert dir(upscatter) == sorted(upscatter.__all__)


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import sys, upscatter\n"
        "print([n for n in ('numpy', 'scipy', 'pydantic', 'matplotlib', 'pandas', 'click')"
        " if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_results_load_neither_figures_nor_pandas():
    code = (
        "import sys, upscatter\n"
        "curve = upscatter.upper_limit('ge-nextgen', [1.0])\n"
        "curve.to_csv(), curve.to_json(), curve._repr_html_()\n"
        "print([n for n in ('matplotlib', 'pandas') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
