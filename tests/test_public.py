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
        Scenario UpscatterError cite combine compare correlated_impacts coupling_map
        expected_counts explore impacts likelihood_map measured_limit plan recoil_spectrum
        scan toys upper_limit world_limit
    """,
    "upscatter.cli": """
        main run
    """,
    "upscatter.detector": """
        analytic axes background germanium quenching resolution response shells time_window
    """,
    "upscatter.experiments": """
        choose combined coupling_plane described experiment of_scenario released varied
    """,
    "upscatter.explorer": """
        choices computed controls downloads families figures flux_figure impact_figure
        limit_figure links opened page panels saving server session spectrum_figure state
        widgets words
    """,
    "upscatter.flux": """
        adiabaticity arrival conversion coupling crossing day_part flavour livetime moments
        nadir own piecewise pulse reactor regeneration results source stopped_pion sun
    """,
    "upscatter.inputs": """
        anchors beta boron bound_file bounds catalogue continuum earth electrons
        energy_and_time fission laboratories mixing neutron_capture nuclei orbit outlines
        references solar_fluxes spectra sun tables tritium
    """,
    "upscatter.interactions": """
        cevns decay dipole elastic electron_scattering form_factors interaction kinematics
    """,
    "upscatter.limits": """
        chains channel claims comparison contours correlated counting curve expected_counts
        fits fitted impact likelihood_map measured moments netcdf plan projection
        recoil_spectrum scan_axis scanned toys varied verdict world
    """,
    "upscatter.rates": """
        cell_rates cells ends experiment folding recoil_table recoils signal spectrum
    """,
    "upscatter.reference": """
        matter minimum minuit objective quadrature
    """,
    "upscatter.releases": """
        anchors cache coherent_csi coherent_lar definition files folding likelihood release
        serial tables times xenonnt_s1s2 xenonnt_s2only
    """,
    "upscatter.report": """
        compare_plots component_fills correlated_plots counts_panel flavour_plots flux_plots
        hepdata hepdata_figure impact_plots labels line_labels log_range map_plots
        map_tables measured_tables plan_plots planning_tables plots postfit_plots
        released_labels reproduction_tables scan_plots scan_tables spectrum_labels
        spectrum_plots tables toys_plots toys_report world_plots
    """,
    "upscatter.scans": """
        blocks correlated design drawn_inputs engine estimate fields group points scan
        shared values zarr_store
    """,
    "upscatter.scenario": """
        analytic_backgrounds analytic_blocks arguments background_blocks build changes
        component_block data detector_blocks detector_model document field_list fields load
        messages model oscillation own_flux_block plain_quantities provenance quantities
        reactor_block released_experiment remarks scattering source_block sources statistics_block
        stopped_pion_block summary time_blocks timing
    """,
    "upscatter.statistics": """
        asymptotics calibration calibration_table checks combination counts criteria
        curve_calibration deformation discovery_reach expected_limits fluctuations garwood
        histfactory interpolation likelihood limit_method local_profile methods morphing
        newton observation parametric profile profiled pulls pulls_method pulls_setter
        registry root_search sampler samples setters start strength_tests terms toys
        uncertainties unfinished upper_limits workspace
    """,
    "upscatter.studies": """
        citations comparison counts expected impacts limits map_axes map_fits maps measured
        planning recomputed reproduction toys workspaces world
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
