"""Every result and every way by which one leaves the package, small: what a user gets to see.

The results are made from scenario files in the working directory, which `write_scenarios` puts
there, and a made-up release. Everything is JSON-ready, so that it can be compared between units.
"""

import contextlib
import io
import tarfile
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np
from matplotlib.text import Text

import upscatter
from made_up_release import made_up_release
from upscatter.cli import main
from upscatter.errors import OutputError
from upscatter.experiments.choose import experiment_of
from upscatter.flavours import SunAndDetector, arriving_flux, oscillation
from upscatter.fluxes import flux_at_detector
from upscatter.inputs.anchors import anchors
from upscatter.inputs.catalogue import catalogue, known_bound
from upscatter.releases.release import Release
from upscatter.report import hepdata
from upscatter.scenario import changes
from upscatter.scenario.build import Model
from upscatter.scenario.load import Scenario
from upscatter.studies.limits import limit_of
from upscatter.studies.measured import post_fit
from upscatter.studies.reproduction import reproduce_paper
from upscatter.studies.world import world_limit

COARSE = """
title = "A few bins of one isotope"
[target]
isotopes = { "Ge-74" = 1.0 }
[detector]
exposure = "150 kg yr"
region = ["1 keVnr", "2.16 keVee"]
bins = 3
quenching = { model = "lindhard" }
[background]
flat = "0.01 / (keVee kg day)"
uncertainty = 0.1
[statistics]
test = "chi2-pulls"
"""

EDGES = COARSE.replace(
    'region = ["1 keVnr", "2.16 keVee"]\nbins = 3',
    'bin_edges = ["0.16 keVee", "0.3 keVee", "0.8 keVee", "2 keVee"]',
).replace('"150 kg yr"', '"1.5 kg yr"')

FULL = """
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
flat = "0.0102 / (keVee kg day)"
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

PIONS = (
    COARSE.replace("A few bins of one isotope", "Beside a beam")
    + """
[stopped_pion]
power = "1.4 MW"
energy = "1 GeV"
pions_per_proton = 0.09
distance = "19.3 m"
pulse = { mean = "0.5 us", width = "100 ns" }
"""
)

REACTOR = (
    COARSE.replace("150 kg yr", "1 kg yr")
    .replace("2.16 keVee", "0.5 keVee")
    .replace("1 keVnr", "0.16 keVee")
    + """
[reactor]
cores = [{ power = "3.6 GW", distance = "20.7 m" }, { power = "3 GW", distance = "0.1 km" }]
energy_max = "9 MeV"
fuel_uncertainty = { "235U" = 0.02 }
[[own_flux]]
name = "own"
flavour = { e = 0.5, mu = 0.5 }
uncertainty = 0.1
lines = [{ energy = "9.5 MeV", flux = "1e10 / (cm^2 s)" }]
points = [[1.0, 1.0], [4.0, 2.0], [8.0, 0.5]]
unit = "1e9 / (MeV cm^2 s)"
"""
)

TIMED = (
    PIONS.replace("Beside a beam", "In energy and time beside a beam")
    .replace(
        'quenching = { model = "lindhard" }',
        'quenching = { model = "lindhard" }\n'
        'time_edges = ["0 us", "1 us", "2.5 us", "6 us"]\n'
        "time_efficiency = { points = [[0.0, 0.8], [3.0, 1.0]] }",
    )
    .replace("[background]", "[background]\ntime = { points = [[0.0, 1.0], [8.0, 0.5]] }")
)

OWN_BOUND = "# kind: projection; confidence: 0.9; statistic: chi2-like\n0.1,1e-9\n15,2e-9\n"

SCENARIOS = {"coarse": COARSE, "edges": EDGES, "full": FULL, "pions": PIONS,
             "timed": TIMED, "reactor": REACTOR}  # fmt: skip
MASSES = (0.01, 3.0, 9.0, 40.0)
MASS_OPTIONS = [option for mass in MASSES for option in ("--mass", f"{mass}MeV")]
MASS = 2.5
CHOSEN = ["--mass", f"{MASS}MeV"]
COARSE_FILE, EDGES_FILE, FULL_FILE, PIONS_FILE, TIMED_FILE, REACTOR_FILE = (
    f"{name}.toml" for name in SCENARIOS
)
RELEASE = "xenonnt-s2only"


def write_scenarios(folder):
    for name, text in SCENARIOS.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    (folder / "own.csv").write_text(OWN_BOUND, encoding="utf-8")


def coarse(test, **statistics):
    blocks = {f"statistics.{key}": value for key, value in statistics.items()}
    return Scenario.load(COARSE_FILE).replaced({"statistics.test": test, **blocks})


def measurement():
    return experiment_of(RELEASE, ".")


def in_time():
    """Counts seen in energy and time."""
    counts = [[959, 671, 671], [705, 475, 529], [575, 396, 439]]
    changes = {"statistics.test": "cls", "data": {"counts": counts}}
    return experiment_of(Scenario.load(TIMED_FILE).replaced(changes))


def limit(test="chi2-pulls", masses=MASSES, **statistics):
    return upscatter.upper_limit(coarse(test, **statistics), masses, bands=True)


def plan(vary, scenario=COARSE_FILE, target=8e-10):
    return upscatter.plan(scenario, target, vary, MASS)


def comparison():
    bounds = ["borexino-sk", "sn1987a", "texono", "xenon1t-er", "own.csv"]
    scenarios = (Scenario.load(COARSE_FILE), Scenario.load(EDGES_FILE))
    return upscatter.compare(*scenarios, bounds=bounds, confidence=0.95, flavour="e")


SCANNED = {
    "detector.threshold": "0.5 keVnr:1 keVnr:3",
    "background.flat": ["0.01 / (keVee kg day)", "0.1 / (keVee kg day)"],
    "detector.exposure": "100 kg yr, 1 t yr",
}
SAMPLED = {"detector.threshold": "0.1 keVee:0.2 keVee", "background.scale": "0.1:10"}

RESULTS = {
    "citations": lambda: upscatter.cite("ge-nextgen", "dresden-ii"),
    "limit": limit,
    "limit, poisson": partial(limit, "poisson"),
    "limit, discovery": lambda: upscatter.upper_limit(coarse("cls"), MASSES, discovery=3.0),
    "limit, cls": partial(limit, "cls"),
    "limit, unified": partial(limit, "unified"),
    "limit, toys": partial(limit, "cls", masses=(0.01, 9.0), calibration="toys", trials=2200),
    "limit beside a beam": lambda: upscatter.upper_limit(PIONS_FILE, MASSES, flavour="mu"),
    "limit in time": lambda: upscatter.upper_limit(TIMED_FILE, MASSES[:2]),
    "limit, default masses": lambda: upscatter.upper_limit(COARSE_FILE),
    "measured limit": lambda: limit_of(measurement(), MASSES, bands=True),
    "measured limit, unified": lambda: upscatter.measured_limit(
        Scenario.load(RELEASE).replaced({"statistics.test": "unified", "release.rule": "cells"}),
        ".",
        MASSES[:2],
    ),
    "map": lambda: upscatter.likelihood_map(
        coarse("poisson"), np.geomspace(0.1, 15.0, 9), truth=(3.0, 4e-9)
    ),
    "map, chi2": lambda: upscatter.likelihood_map(COARSE_FILE, [0.1, 9.0, 40.0], [1e-9, 4e-9]),
    "measured map": lambda: upscatter.likelihood_map(RELEASE, [0.1, 3.0, 9.0], data="."),
    "map of couplings": lambda: upscatter.coupling_map(COARSE_FILE, ("e", "tau"), MASS, points=9),
    "post-fit": lambda: post_fit(measurement(), MASS),
    "post-fit in time": lambda: post_fit(in_time(), MASS),
    "toys": lambda: upscatter.toys(COARSE_FILE, MASS, trials=200),
    "toys, cls": lambda: upscatter.toys(COARSE_FILE, MASS, trials=50, test="cls"),
    "impacts": lambda: upscatter.impacts(COARSE_FILE, MASS),
    "impacts, full": lambda: upscatter.impacts(FULL_FILE, MASS),
    "scan": lambda: upscatter.scan(COARSE_FILE, SCANNED, MASSES[1:3]),
    "scan of points": lambda: upscatter.scan(EDGES_FILE, SAMPLED, MASS, sample=5),
    "correlated impacts": lambda: upscatter.correlated_impacts(FULL_FILE, 5, MASS, flavour="mu"),
    "exposure": partial(plan, "exposure"),
    "background": partial(plan, "background"),
    "background, full": partial(plan, "background", FULL_FILE, 5e-9),
    "threshold": partial(plan, "threshold"),
    "threshold of edges": partial(plan, "threshold", EDGES_FILE, 3e-9),
    "comparison": comparison,
    "comparison with data": lambda: upscatter.compare(RELEASE, bounds=["borexino"], data="."),
    "counts": lambda: upscatter.expected_counts(COARSE_FILE, 2e-9, MASS),
    "counts, full": lambda: upscatter.expected_counts(FULL_FILE, 2e-9, MASS),
    "counts beside a beam": lambda: upscatter.expected_counts(PIONS_FILE, 2e-9, MASS),
    "counts in time": lambda: upscatter.expected_counts(TIMED_FILE, 2e-9, MASS),
    "spectrum": lambda: upscatter.recoil_spectrum(FULL_FILE, [0.1, 0.5, 2.0, 5.0]),
    "spectrum with a dipole": lambda: upscatter.recoil_spectrum(
        FULL_FILE, [0.1, 0.5, 2.0, 5.0], mu=3e-10, mass=MASS
    ),
    "reproduction": reproduce_paper,
    "fluxes": lambda: arriving_flux(SunAndDetector.choose(laboratory="LNGS")),
    "fluxes, reactor": lambda: flux_at_detector(REACTOR_FILE),
    "counts, reactor": lambda: upscatter.expected_counts(REACTOR_FILE, 2e-10, MASS),
    "limit, reactor": lambda: upscatter.upper_limit(REACTOR_FILE, MASSES[:2]),
    "fluxes, full": lambda: arriving_flux(SunAndDetector.choose(FULL_FILE)),
    "oscillation": lambda: oscillation(
        SunAndDetector.choose(laboratory="LNGS"), "8B", [0.5, 4.0, 12.0]
    ),
    "bound": lambda: known_bound("sn1987a"),
    "bounds": catalogue,
    "anchors": anchors,
    "world": lambda: world_limit([0.01, 5.0, 100.0]),
}

COMMANDS = {
    "check": ["check", COARSE_FILE],
    "check, edges": ["check", EDGES_FILE],
    "check, full": ["check", FULL_FILE],
    "check of a beam": ["check", PIONS_FILE],
    "check in time": ["check", TIMED_FILE],
    "check of a release": ["check", RELEASE],
    "limit": ["limit", COARSE_FILE, *MASS_OPTIONS, "--bands"],
    "limit, discovery": ["limit", COARSE_FILE, *MASS_OPTIONS, "--discovery", "3"],
    "limit, grid": ["limit", COARSE_FILE, "--mass", "10keV:12MeV:4"],
    "map": ["map", COARSE_FILE, "--mass", "100keV:15MeV:9", "--test", "poisson"],
    "map of couplings": ["map", COARSE_FILE, "--couplings", "e,mu", "--mu", "3e-9:11", *CHOSEN],
    "measured map": ["map", RELEASE, "--data", ".", "--mass", "10keV:9MeV:3"],
    "map beyond reach": ["map", COARSE_FILE, "--mass", "40MeV:50MeV:3"],
    "couplings beyond reach": ["map", COARSE_FILE, "--couplings", "e,mu", "--mass", "40MeV"],
    "measured limit": ["limit", RELEASE, "--data", ".", *MASS_OPTIONS, "--bands"],
    "workspace": ["limit", FULL_FILE, "--format", "pyhf", *CHOSEN],
    "measured workspace": ["limit", RELEASE, "--data", ".", "--format", "pyhf", *CHOSEN],
    "toys": ["toys", COARSE_FILE, *CHOSEN, "--trials", "200", "--no-store"],
    "impacts": ["impacts", COARSE_FILE, *CHOSEN],
    "scan": ["scan", COARSE_FILE, *CHOSEN, "--vary", "detector.threshold=0.5keVnr:1keVnr:3",
             "--vary", "background.flat=0.01 / (keVee kg day), 0.1 / (keVee kg day)"],
    "scan of what is refused": ["scan", COARSE_FILE, "--vary", "detector.region.0=0.1keVee,3keVee"],
    "correlated impacts": ["impacts", COARSE_FILE, *CHOSEN, "--correlated", "5"],
    "exposure": ["plan", COARSE_FILE, "--target", "8e-10", "--vary", "exposure", *CHOSEN],
    "background": ["plan", COARSE_FILE, "--target", "8e-10", "--vary", "background", *CHOSEN],
    "threshold": ["plan", COARSE_FILE, "--target", "8e-10", "--vary", "threshold", *CHOSEN],
    "comparison": ["compare", COARSE_FILE, "--bounds", "own.csv", "--confidence", "0.95"],
    "rate": ["rate", FULL_FILE, *CHOSEN],
    "rate in time": ["rate", TIMED_FILE, *CHOSEN],
    "reproduce": ["reproduce"],
    "check, reactor": ["check", REACTOR_FILE],
    "flux, reactor": ["flux", REACTOR_FILE],
    "flux": ["flux", "--laboratory", "LNGS"],
    "oscillation": ["oscillation", "--laboratory", "LNGS", "--energy", "4MeV", "--energy", "8MeV"],
    "bounds": ["bounds"],
    "bound": ["bounds", "sn1987a"],
    # what is refused is said in units as well
    "plan beyond reach": ["plan", COARSE_FILE, "--target", "8e-10", "--vary", "exposure",
                          "--mass", "40MeV"],
    "too much exposure": ["plan", COARSE_FILE, "--target", "1e-12", "--vary", "exposure"],
    "too little background": ["plan", COARSE_FILE, "--target", "1e-12", "--vary", "background"],
    "impacts beyond reach": ["impacts", COARSE_FILE, "--mass", "40MeV"],
    "toys beyond reach": ["toys", COARSE_FILE, "--mass", "40MeV", "--no-store"],
    "workspace beyond reach": ["limit", COARSE_FILE, "--format", "pyhf", "--mass", "40MeV"],
    "measured workspace beyond reach": ["limit", RELEASE, "--data", ".", "--format", "pyhf",
                                        "--mass", "40MeV"],
}  # fmt: skip


@contextlib.contextmanager
def made_up_data():
    """Commands and functions find a release at any path, with an excess that has a best fit."""
    release = made_up_release(0.35)
    with mock.patch("upscatter.experiments.choose.read_release", return_value=release):
        yield


def everything():
    """What a user sees, by kind of edge and by name.

    Digests alone are left out: they are those of values in internal units.
    """
    masked = [mock.patch.object(cls, "digest", "digest") for cls in (Scenario, Release)]
    with made_up_data(), masked[0], masked[1]:
        made = {name: make() for name, make in RESULTS.items()}
        return {
            "kinds": {name: type(result).__name__ for name, result in made.items()},
            "results": {name: edges(result) for name, result in made.items()},
            "commands": {name: printed(command) for name, command in COMMANDS.items()},
            "scenarios": {name: changed(f"{name}.toml") for name in SCENARIOS},
            "submission": submission(),
        }


def edges(result):
    """A result as JSON, CSV and HTML, and its figure if it has one."""
    return {
        "JSON": result.to_dict(),
        "CSV": result.to_csv(),
        "HTML": result._repr_html_(),
        "figure": drawn(result.plot()) if result.figure_function else None,
    }


def drawn(figure):
    """What a figure shows, in data coordinates, and its texts."""
    texts = [text.get_text() for text in figure.findobj(Text)]
    return {"texts": [text for text in texts if text], "axes": [shapes(a) for a in figure.axes]}


def shapes(axes):
    """Lines, outlines of what is filled, and limits of axes."""
    return {
        "x": [*axes.get_xlim()],
        "y": [*axes.get_ylim()],
        "lines": [points(line.get_xydata()) for line in axes.lines],
        "patches": [
            points(patch.get_patch_transform().transform(patch.get_path().vertices))
            for patch in axes.patches
        ],
        "collections": [
            [points(path.vertices) for path in collection.get_paths()]
            for collection in axes.collections
        ],
        "offsets": [points(collection.get_offsets()) for collection in axes.collections],
    }


def points(array):
    """Abscissae and ordinates."""
    x, y = np.ma.filled(np.ma.asarray(array, dtype=float), np.nan).reshape(-1, 2).T
    return {"x": x.tolist(), "y": y.tolist()}


def printed(command):
    """What a command writes on its standard output and error, and its status."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(command)
    return {"out": out.getvalue(), "err": err.getvalue(), "status": str(status)}


def changed(file):
    """Files of a scenario with one of its inputs changed, as studies of it change them."""
    scenario = Scenario.load(file)
    model = Model(scenario)
    detector = scenario.described.detector
    made = {
        "exposure": changes.exposure(1.25 * detector.exposure),
        "threshold": changes.moved_threshold(model, 1.25 * changes.threshold(detector).value),
        "background": changes.scaled_background(scenario, 1.25),
        "quenching": changes.scaled_quenching(scenario, 1.25),
        "solar model": changes.solar_model(scenario, "B16-AGSS09met"),
        "test": changes.chosen_test(scenario, "cls"),
    }
    return {name: scenario.replaced(change).to_toml() for name, change in made.items()}


def submission(file=FULL_FILE):
    """Texts of a submission to HEPData by file; none without the optional packages."""
    try:
        hepdata.require_library()
    except OutputError:
        return {}
    path = Path("submission.tar.gz")
    command = ["limit", file, "--format", "hepdata", "--out", str(path), *MASS_OPTIONS]
    assert main(command) == 0
    with tarfile.open(path) as archive:
        contents = {member.name: archive.extractfile(member).read() for member in archive}
    return {n: text.decode("utf-8") for n, text in contents.items() if not n.endswith(".png")}
