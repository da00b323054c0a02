"""Pages of the programming interface, one for a package, written before each build.

The modules are those in `__all__` of each package, which `tests/test_public.py` pins, so that no
page can lack one.
"""

import pkgutil
from importlib import import_module
from pathlib import Path

from sphinx.errors import ExtensionError

import upscatter

# In the order in which data flow, and what a user reads first at the top.
PACKAGES = {
    "scenario": "Scenario files: validated, and turned into the objects below.",
    "experiments": "Experiments: described by a scenario, released as data, or combined.",
    "studies": "Studies: what the functions of `upscatter` and the commands compute.",
    "scans": "Limits of many variants at once.",
    "limits": "Exclusion curves, maps and other results.",
    "statistics": "Likelihoods, test statistics, calibration; they know no neutrinos.",
    "releases": "Data releases of experiments.",
    "rates": "Counts from flux, interaction and detector.",
    "flux": "Neutrinos at the detector: the Sun, reactors, stopped pions, flavours.",
    "interactions": "Cross sections and kinematics.",
    "detector": "Quenching, resolution, efficiency, backgrounds.",
    "inputs": "Numbers with a source: nuclei, spectra, fluxes, mixing, known limits.",
    "report": "Tables and figures.",
    "explorer": "The page in the browser on which inputs are moved.",
    "reference": "Slow and readable twins of fast code, for tests.",
}
SINGLE = (
    "results", "flavours", "fluxes", "errors", "names", "units", "constants", "numerics", "export",
    "store", "tasks", "parallel", "cluster", "libraries",
)  # fmt: skip


def write_pages(app):
    """Write a page for each package, and one for the modules that are in none."""
    packages = {found.name for found in pkgutil.iter_modules(upscatter.__path__) if found.ispkg}
    if packages - {"cli"} != set(PACKAGES):
        raise ExtensionError(f"packages without a page: {packages - {'cli'} - set(PACKAGES)}")
    folder = Path(app.srcdir, "reference", "api")
    folder.mkdir(parents=True, exist_ok=True)
    pages = {name: _package(name, purpose) for name, purpose in PACKAGES.items()}
    pages["modules"] = "\n".join(
        [
            _title("Results, units, errors and other modules"),
            *(_module(f"upscatter.{name}") for name in SINGLE),
        ]
    )
    for name, text in pages.items():
        path = folder / f"{name}.rst"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def escape_signs(app, what, name, obj, options, lines):
    """Let | and * of formulae stand as they are; in reStructuredText they would be markup."""
    example = False
    for i, line in enumerate(lines):
        example = line.lstrip().startswith(">>>") or (example and bool(line.strip()))
        if not example and not line.startswith("*"):  # names of parameters may: *arrays
            lines[i] = line.replace("|", r"\|").replace("*", r"\*")


def skip_what_pydantic_adds(app, what, name, obj, skip, options):
    """Leave out settings of pydantic, and classes that it makes of generic ones."""
    return True if name == "model_config" or "[" in name else None


def _package(name, purpose):
    modules = [
        f"upscatter.{name}.{module}" for module in import_module(f"upscatter.{name}").__all__
    ]
    return "\n".join([_title(f"upscatter.{name}"), purpose, "", *map(_module, modules)])


def _module(name):
    options = ("   :members:", "   :show-inheritance:", "")
    return "\n".join([name, "-" * len(name), "", f".. automodule:: {name}", *options])


def _title(text):
    return f"{text}\n{'=' * len(text)}\n"


def setup(app):
    """Connect it to Sphinx."""
    app.connect("builder-inited", write_pages)
    app.connect("autodoc-process-docstring", escape_signs, priority=100)  # before numpydoc
    app.connect("autodoc-skip-member", skip_what_pydantic_adds)
    return {"parallel_read_safe": True}
