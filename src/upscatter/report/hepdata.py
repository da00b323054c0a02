"""Exclusion curves as submissions to HEPData (https://www.hepdata.net).

`hepdata_lib` writes the tables and HEPData's validator checks them. Both come with the optional
dependencies ``upscatter[hepdata]`` and are imported when a submission is written.
"""

from __future__ import annotations

import gzip
import importlib
import tarfile
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from contextlib import chdir
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from upscatter.errors import OutputError
from upscatter.export import write_bytes
from upscatter.rates.signal import MOMENT, with_article
from upscatter.report.spectrum_labels import unbraced
from upscatter.results import none_where_nan
from upscatter.statistics.limit_method import BANDS
from upscatter.statistics.registry import METHODS

if TYPE_CHECKING:
    from hepdata_lib import Submission, Table, Variable

    from upscatter.limits.curve import LimitCurve
    from upscatter.numerics import FloatArray

SUFFIX = ".tar.gz"
"""Suffix of a submission's file name."""

METHOD = "https://doi.org/10.31526/PHEP.2025.09"
# Close to the kinematic end several masses would be equal in the default of five digits.
_MASS_DIGITS = 8
_NO_VALUE = "-"
_PHRASES = ("Sterile neutrino", "Neutrino magnetic moment", "CEvNS", "Upper limit")
_MOMENT = "the transition magnetic moment of neutrinos to a sterile neutrino nu_4"
FLAVOUR_NAMES = {"universal": "all", "e": "nu_e", "mu": "nu_mu", "tau": "nu_tau"}


def require_library() -> tuple[ModuleType, ModuleType]:
    """Import `hepdata_lib` and the validator, which are optional.

    Raises
    ------
    OutputError
        If they are not installed.
    """
    try:
        with warnings.catch_warnings():
            # They use features that their own dependencies have deprecated.
            warnings.simplefilter("ignore", DeprecationWarning)
            return (
                importlib.import_module("hepdata_lib"),
                importlib.import_module("hepdata_validator.full_submission_validator"),
            )
    except ImportError as error:
        raise OutputError(
            f"a HEPData submission needs hepdata_lib ({error}): pip install 'upscatter[hepdata]'"
        ) from None


def require_name(path: Path) -> Path:
    """Return a path if HEPData accepts its suffix for a submission.

    Raises
    ------
    OutputError
        For any other suffix.
    """
    if not path.name.endswith(SUFFIX) or path.name == SUFFIX:
        raise OutputError(f"{path}: is no HEPData submission; let the name end with {SUFFIX}")
    return path


def write_submission(
    curve: LimitCurve,
    path: Path,
    figure: Path | bytes | None = None,
    *,
    scenario_files: Mapping[str, str] | None = None,
    qualifiers: Mapping[str, tuple[object, str]] | None = None,
) -> None:
    """Write an exclusion curve as a HEPData submission, validated, whole or not at all.

    Bands, a lower end and a limit from the Poisson likelihood are further columns, if the curve has
    them. Masses out of kinematic reach have no limit: "-" stands for it.

    Parameters
    ----------
    curve : LimitCurve
    path : Path
        Archive to write, ``NAME.tar.gz``.
    figure : Path or bytes, optional
        PNG image of the curve, as the path of a file or as its content.
    scenario_files : mapping, optional
        Name of the file to text of each scenario, to be included.
    qualifiers : mapping, optional
        Name to value and unit of further qualifiers of the limits, such as the exposure.

    Raises
    ------
    OutputError
        If `hepdata_lib` is not installed, no mass has a limit, or the file cannot be written.
    """
    require_name(path)
    library, _ = require_library()
    if not np.isfinite(curve.mu).any():
        raise OutputError(f"{path}: no mass is within reach; there is no limit to submit")
    submission = _submission(library, curve)
    table = curve_table(library, curve, qualifiers or {})
    write_tables(path, submission, [table], figure, scenario_files or {})


def write_tables(
    path: Path,
    submission: Submission,
    tables: Sequence[Table],
    figure: Path | bytes | None,
    scenario_files: Mapping[str, str],
) -> None:
    """Write tables as a submission, validated; the first has the figure and further files.

    Raises
    ------
    OutputError
        If the validator refuses it, or it cannot be written.
    """
    _, validation = require_library()
    try:
        with tempfile.TemporaryDirectory() as name:
            sources, folder = Path(name, "sources").resolve(), Path(name, "submission").resolve()
            sources.mkdir()
            for description, file in _resources(sources, figure, scenario_files):
                tables[0].add_additional_resource(description, str(file), copy_file=True)
            for table in tables:
                submission.add_table(table)
            # The library writes an archive of its own into the working directory.
            with chdir(sources):
                submission.create_files(str(folder), validate=False)
            _validate(validation, folder)
            archive = _packed(folder)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be put together in a temporary folder ({error.strerror or error}); "
            "free some space, or name another folder in TMPDIR"
        ) from None
    write_bytes(path, archive)


def _submission(library: ModuleType, curve: LimitCurve) -> Submission:
    submission = library.Submission()
    what = _MOMENT if curve.parameter == MOMENT else curve.parameter.name
    submission.comment = (
        f"{curve.title or curve.scenario}: upper limit on {what}, from neutrinos that scatter on "
        "nuclei. "
        f"Computed with upscatter {curve.provenance.get('upscatter', '')}".rstrip()
        + "."
    )
    submission.add_link("Method", METHOD)
    return submission


def mass_variable(library: ModuleType, mass: FloatArray) -> Variable:
    """Masses (MeV) as the independent variable of a table."""
    variable = library.Variable("$m_4$", is_independent=True, is_binned=False, units="MeV")
    variable.digits = _MASS_DIGITS
    variable.values = mass.tolist()
    return variable


def curve_table(
    library: ModuleType, curve: LimitCurve, qualifiers: Mapping[str, tuple[object, str]]
) -> Table:
    """An exclusion curve as a table, with its bands and other columns."""
    of_moment, name = curve.parameter == MOMENT, curve.parameter.name
    table = library.Table(f"Upper limit on {'the dipole moment' if of_moment else name}")
    table.location = "Exclusion curve"
    table.description = " ".join(map(_sentence, [*curve.comments, *_explanations(curve)]))
    table.keywords["observables"] = [name.upper()]
    if of_moment:
        table.keywords["reactions"] = ["NU NUCLEUS --> NU4 NUCLEUS"]
    table.keywords["phrases"] = list(_PHRASES if of_moment else _PHRASES[2:])
    table.add_variable(mass_variable(library, curve.mass))
    units = f"${unbraced(curve.parameter.unit_symbol)}$"
    for i, (heading, moments) in enumerate(_columns(curve).items()):
        column = library.Variable(heading, is_independent=False, is_binned=False, units=units)
        column.values = [_NO_VALUE if mu is None else mu for mu in none_where_nan(moments)]
        if i == 0 and curve.error is not None:
            error = library.Uncertainty("pseudo-experiments", is_symmetric=True)
            error.values = none_where_nan(curve.error)
            column.zero_uncertainties_warning = False
            column.add_uncertainty(error)
        for qualifier, (value, unit) in (_own_qualifiers(curve) | dict(qualifiers)).items():
            column.add_qualifier(qualifier, value, unit)
        table.add_variable(column)
    return table


def _columns(curve: LimitCurve) -> dict[str, FloatArray]:
    """Moments of the curve by the name of their column, the limit first."""
    symbol = f"${curve.parameter.symbol}$"
    limit = f"Upper limit on {symbol}"
    columns = {limit: curve.mu}
    if curve.lower is not None:
        columns[f"Lower end of the interval of {symbol}"] = curve.lower
    if curve.poisson is not None:
        columns[f"{limit}, Poisson likelihood"] = curve.poisson
    if curve.discovery is not None:
        name = f"{symbol} of a discovery at ${curve.discovery.significance:g}\\sigma$, median"
        columns[name] = curve.discovery.mu
    if curve.bands is not None:
        for sigma, moments in zip(BANDS, curve.bands, strict=True):
            name = f"${sigma:+g}\\sigma$" if sigma else "median"
            columns[f"{limit} without {with_article(curve.label)}, {name}"] = moments
    return columns


def _explanations(curve: LimitCurve) -> list[str]:
    """What the columns and signs of the table mean, in sentences."""
    every = "every moment" if curve.parameter == MOMENT else f"every {curve.parameter.name}"
    present = (
        (
            not np.isfinite(curve.mu).all(),
            f"Masses out of kinematic reach have no limit, written {_NO_VALUE}",
        ),
        (curve.error is not None, "Errors are statistical ones of pseudo-experiments"),
        (curve.lower is not None, "A lower end of 0 means that the data do not exclude 0"),
        (
            curve.bands is not None,
            f"Limits without {with_article(curve.label)} are from signal-free data that fluctuate "
            f"by so many sigma; 0 means that {every} would be excluded",
        ),
    )
    return [sentence for is_present, sentence in present if is_present]


def _own_qualifiers(curve: LimitCurve) -> dict[str, tuple[object, str]]:
    """Qualifiers that follow from the curve: scenario, confidence level, flavour and others."""
    known: dict[str, tuple[object, str]] = {
        "Scenario": (curve.scenario, ""),
        "Confidence level": (f"{100.0 * curve.confidence:g}", "%"),
        "Neutrino flavour": (FLAVOUR_NAMES.get(curve.flavour, curve.flavour), ""),
    }
    if METHODS[curve.test].has_dof:
        known["Degrees of freedom"] = (curve.dof, "")
    for name, key in (("Target", "target"), ("Solar model", "solar_model")):
        if key in curve.provenance:
            known[name] = (str(curve.provenance[key]), "")
    return known


def _resources(
    folder: Path, figure: Path | bytes | None, scenario_files: Mapping[str, str]
) -> list[tuple[str, Path]]:
    """Files of the submission besides the table, with descriptions in HEPData's terms."""
    files = []
    if figure is not None:
        from upscatter.report.plots import thumbnail

        image, small = folder / "limit.png", folder / "thumb_limit.png"
        try:
            content = figure if isinstance(figure, bytes) else figure.read_bytes()
            smaller = thumbnail(content)
        except (OSError, SyntaxError, ValueError) as error:
            name = "the figure" if isinstance(figure, bytes) else figure
            raise OutputError(f"{name}: cannot be read as a PNG image ({error})") from None
        image.write_bytes(content)
        small.write_bytes(smaller)
        files += [("Image file", image), ("Thumbnail image file", small)]
    for name, content_of_file in scenario_files.items():
        text = folder / name
        text.write_text(content_of_file, encoding="utf-8")
        files.append(("Scenario that upscatter computes the limit from", text))
    return files


def _validate(validation: ModuleType, folder: Path) -> None:
    validator = validation.FullSubmissionValidator()
    with warnings.catch_warnings():
        # The library does not close the files that it reads.
        warnings.simplefilter("ignore", ResourceWarning)
        accepted = validator.validate(directory=str(folder))
    if not accepted:
        messages = [str(m) for each in validator.get_messages().values() for m in each]
        raise OutputError(f"HEPData's validator refuses the submission: {'; '.join(messages)}")


def _packed(folder: Path) -> bytes:
    """Archive of a folder's files, without times, so that equal results give equal archives."""
    file = BytesIO()
    with (
        gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as stream,
        tarfile.open(fileobj=stream, mode="w") as tar,
    ):
        for source in sorted(folder.iterdir()):
            about = tarfile.TarInfo(source.name)
            about.size = source.stat().st_size
            with source.open("rb") as content:
                tar.addfile(about, content)
    return file.getvalue()


def _sentence(line: str) -> str:
    return f"{line.strip().rstrip('.')}."
