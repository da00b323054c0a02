"""A release in the official layout, small and made up: for what reads or uses one."""

import numpy as np
import pytest

from upscatter.releases.files import open_files
from upscatter.releases.release import Anchors, Response
from upscatter.releases.xenonnt_s2only import DEFINITION, MODEL, RUNS, SHIFTS, read_response

BINS = [f"s2_bin_{k}" for k in range(7)]
EDGES = np.linspace(80.0, 500.0, 8)
ENERGIES = np.array([0.5, 0.6, 1.0, 3.0, 5.0])
EXPOSURES = {"sr0": 1.5, "sr1": 2.44, "sr2": 3.89}
KINDS = {  # of which source has a shape, and which runs have it
    "cathode": ("cathode_{run}_rate_multiplier", "t_sys_{run}", "cathode_tsys_{shift}", RUNS),
    "de": ("de_{run}_rate_multiplier", None, "de", RUNS),
    "ae": ("ae_{run}_rate_multiplier", None, "ae", RUNS[:2]),
    "cevns": ("cevns_rate_multiplier", "t_qy", "cevns_tqy_{shift}", RUNS),
}


def probability(shift, energies):
    """A made-up response, linear in the shift: more charge, higher bins."""
    centres = 0.5 + 0.6 * np.arange(7)
    width = 0.7
    seen = np.exp(-0.5 * ((energies[:, None] - centres) / width) ** 2)
    return 0.02 * seen * (1.0 + 0.1 * shift)


def rates(source, shift):
    """Events per bin, tonne and year."""
    return (1.0 + list(KINDS).index(source)) * np.linspace(9.0, 2.0, 7) + 0.1 * shift


def write_table(path, heading, rows):
    lines = [",".join(heading), *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_template(path, values, edges=EDGES):
    h5py = pytest.importorskip("h5py", reason="h5py is not installed: no template can be read")
    with h5py.File(path, "w") as file:
        file["bins/0"] = edges
        file["templates/template"] = values


def write_model(path):
    """The statistical model as alea has it: parameters, then sources of each run."""
    names = {"livetime_" + run: (value, None, "shape") for run, value in EXPOSURES.items()}
    terms = []
    for run in RUNS:
        names[f"signal_efficiency_{run}"] = (1.0, 0.112, "efficiency")
        terms += [f"  - name: {run.upper()}", f"    livetime_parameter: livetime_{run}"]
        terms += ["    sources:"]
        terms += ["    - name: wimp", "      template_filename: template_{wimp_mass:d}_1d.h5"]
        signal = f"signal_efficiency_{run}, wimp_rate_multiplier, wimp_mass, t_qy"
        terms += [f"      parameters: [{signal}]"]
        for source, (scale, morph, pattern, runs) in KINDS.items():
            if run not in runs:
                continue
            used = {scale.format(run=run): (1.0, 0.1, "rate")}
            if source == "cevns":
                used[f"signal_efficiency_{run}"] = (1.0, 0.112, "efficiency")
            name = pattern.format(shift="{" + f"{(morph or '').format(run=run)}:d" + "}")
            if morph:
                used[morph.format(run=run)] = (0, 1, "shape")
            names |= used
            label = source if source == "cevns" else f"{source}_{run}"
            file = f"science_roi_background_{run}_template_{name}_1d.h5"
            terms += [f"    - name: {label}", f"      template_filename: {file}"]
            terms += [f"      parameters: [{', '.join(used)}]"]
    lines = ["parameter_definition:"]
    for name, (nominal, width, kind) in names.items():
        lines += [f"  {name}:", f"    nominal_value: {nominal}", f"    ptype: {kind}"]
        if width is not None:
            limits = "[-3, 3]" if kind == "shape" else "[0, 5]"
            relative = "false" if kind == "shape" else "true"
            lines += [f"    uncertainty: {width}", f"    relative_uncertainty: {relative}"]
            lines += [f"    fit_limits: {limits}"]
        if kind == "shape" and width is not None:
            lines += [f"    blueice_anchors: {[*SHIFTS]}"]
    lines += ["likelihood_config:", "  likelihood_terms:", *terms]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_responses(folder):
    """Only the responses of a release: no optional package reads or writes them."""
    (folder / "response").mkdir()
    for run in RUNS:
        for shift in SHIFTS:
            rows = np.column_stack([ENERGIES, probability(shift, ENERGIES)])
            path = folder / "response" / f"response_nr_tqy_{shift}_{run}.csv"
            write_table(path, ["energy_kev", *BINS], rows.tolist())
    return folder


def write_release(folder):
    """Everything that is read, but for the responses; skips without the optional packages."""
    pytest.importorskip("h5py", reason="h5py is not installed: no template can be read")
    pytest.importorskip("yaml", reason="pyyaml is not installed: no statistical model can be read")
    templates = folder / "data" / "templates"
    templates.mkdir(parents=True)
    write_model(folder / MODEL)
    for run in RUNS:
        rows = [[source, *rates(source, 0)] for source in KINDS]
        write_table(folder / "data" / f"background_{run}.csv", ["background", *BINS], rows)
        for source, (_, morph, pattern, runs) in KINDS.items():
            for shift in SHIFTS if morph else (0,):
                name = pattern.format(shift=shift)
                path = templates / f"science_roi_background_{run}_template_{name}_1d.h5"
                if run in runs:
                    write_template(path, rates(source, shift))
    return folder


def read_release(folder):
    """The release in a folder, not from the cache."""
    return DEFINITION.content(open_files(folder, DEFINITION.uses))


def response_of(folder, run, scales=()):
    """Response of a run; of all that is in the folder no optional package is needed to read it."""
    energies, probabilities = read_response(open_files(folder, DEFINITION.uses), run)
    return Response(energies, probabilities, scales, Anchors(("t_qy",), (SHIFTS,)))


def official_release(reference):
    """Folder of the release itself, or a skip that says what is missing."""
    pytest.importorskip("h5py", reason="h5py is not installed: no template can be read")
    pytest.importorskip("yaml", reason="pyyaml is not installed: no statistical model can be read")
    folder = reference / "xenonnt_s2only"
    if not folder.is_dir():
        pytest.skip(f"the XENONnT S2-only release is not at {folder}")
    return folder
