"""What a result rests on: publications of the method, the inputs, the data and known limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from upscatter.constants import SIN2_THETA_W
from upscatter.experiments.choose import scenario_of
from upscatter.inputs.catalogue import known_bounds
from upscatter.inputs.references import Reference, input_names, references_in, references_of
from upscatter.results import Result, package_version
from upscatter.scenario.load import Scenario
from upscatter.scenario.model import ReleaseFile, ScenarioFile
from upscatter.scenario.reactor_block import ReactorBlock
from upscatter.scenario.stopped_pion_block import StoppedPionBlock

_DEFAULT_FIT = "NuFIT-5.3"
_DEFAULT_B8 = "bahcall1996"


@dataclass(frozen=True, kw_only=True)
class Citations(Result):
    """Publications, each with what it is cited for.

    Parameters
    ----------
    cited : tuple of (str, tuple of Reference)
        What rests on publications, such as "solar model B16-GS98", and these.
    provenance : mapping

    Examples
    --------
    >>> cite("ge-nextgen").rows[0][:2]
    ('software', 'upscatter')
    """

    cited: tuple[tuple[str, tuple[Reference, ...]], ...]

    @property
    def references(self) -> tuple[Reference, ...]:
        """The publications, each once."""
        return tuple(dict.fromkeys(entry for _, entries in self.cited for entry in entries))

    @property
    def header(self) -> tuple[str, ...]:
        """Column names of the table."""
        return ("for", "key", "arxiv", "doi", "title")

    @property
    def rows(self) -> list[tuple[object, ...]]:
        """One row for each input and publication."""
        return [
            (name, entry.key, *(entry.fields.get(key) for key in ("eprint", "doi", "title")))
            for name, entries in self.cited
            for entry in entries
        ]

    @property
    def comments(self) -> list[str]:
        """Comment lines above the table."""
        return ["publications that the result rests on"]

    def to_dict(self) -> dict[str, object]:
        """Result as a JSON-ready dictionary: keys by what they are cited for, and the entries."""
        return {
            "cited": {name: [entry.key for entry in entries] for name, entries in self.cited},
            "entries": {r.key: {"type": r.kind, **r.fields} for r in self.references},
            "provenance": dict(self.provenance),
        }

    def to_bibtex(self) -> str:
        """The entries in BibTeX, each below what it is cited for.

        Examples
        --------
        >>> print(cite("texono").to_bibtex().splitlines()[0])
        % software
        """
        reasons = {
            entry: [name for name, entries in self.cited if entry in entries]
            for entry in self.references
        }
        return "\n".join(f"% {'; '.join(reasons[e])}\n{e.bibtex()}\n" for e in self.references)


def cite(*scenarios: Scenario | str, comparison: bool = False) -> Citations:
    """Publications that results of scenarios rest on.

    These are the package and the paper whose method this is, those of the fluxes, spectra, mixing,
    form factor, quenching, data release and statistics in use, and those that a scenario names in
    `references`.

    Parameters
    ----------
    scenarios : Scenario or str
        Scenarios, or their names or paths.
    comparison : bool
        Add the known limits, which figures of `upscatter.compare` show.

    Returns
    -------
    Citations

    Raises
    ------
    ScenarioError
        If there is no such scenario, or it is not a valid one.

    Examples
    --------
    >>> print(cite("dresden-ii").to_bibtex().count("@"))
    11
    """
    loaded = [scenario_of(scenario) for scenario in scenarios]
    cited: dict[str, tuple[Reference, ...]] = {
        "software": (_software(),),
        "paper": references_of("paper"),
    }
    for scenario in loaded:
        cited |= {name: references_of(name) for name in _inputs(scenario.settings)}
        named = references_in(" ".join(scenario.settings.references))
        cited[f"scenario {scenario.name}"] = named
    if comparison:
        cited |= _known_limits()
    return Citations(
        cited=tuple((name, entries) for name, entries in cited.items() if entries),
        provenance={
            "upscatter": package_version(),
            "scenario_sha256": {scenario.name: scenario.digest for scenario in loaded},
        },
    )


def _software() -> Reference:
    """The entry of the package itself, as in CITATION.cff, with the installed version."""
    fields = {
        "author": "{The upscatter developers}",
        "title": "upscatter: the sterile-neutrino dipole portal in direct-detection experiments",
        "note": f"version {package_version()}",
    }
    return Reference("upscatter", "misc", fields)


def _known_limits() -> dict[str, tuple[Reference, ...]]:
    """The publications of known limits; recomputed ones rest on their scenarios, too."""
    cited = {}
    for bound in known_bounds():
        text = f"{bound.arxiv} {bound.paper}"
        for name in bound.scenarios:
            text += " " + " ".join(Scenario.load(name).settings.references)
        cited[f"limit {bound.name}"] = references_in(text)
    return cited


def _inputs(settings: ScenarioFile | ReleaseFile) -> Iterator[str]:
    """Names of the inputs that a scenario uses, as in references.toml."""
    if settings.has_sun:
        yield from _sun(settings)
    for block in settings.own_sources.values():
        if isinstance(block, ReactorBlock):
            yield from _reactor(block)
        elif isinstance(block, StoppedPionBlock):
            yield "stopped pions"
    if "nuclear" in settings.target.recoiling:
        yield f"form factor {settings.physics.form_factor}"
    if "electron" in settings.target.recoiling:
        yield "binding energies of electrons"
    if settings.physics.sin2_theta_w == SIN2_THETA_W:
        yield "weak mixing angle"
    if isinstance(settings, ReleaseFile):
        release = f"release {settings.release.name}"
        if release in input_names():  # a user's own is cited by the scenario alone
            yield release
    else:
        yield from _detector(settings)
    yield f"test {settings.statistics.test}"
    if settings.statistics.power_constraint is not None:
        yield "power constraint"


def _sun(settings: ScenarioFile | ReleaseFile) -> Iterator[str]:
    yield f"solar model {settings.flux.model}"
    for source in settings.flux.active:
        own = settings.flux.spectra.get(source)
        if own is None:
            yield f"spectrum of {source}" + (f" {_DEFAULT_B8}" if source == "8B" else "")
        elif own.variant is not None:
            yield f"spectrum of {source} {own.variant}"
    if not settings.oscillates:
        return
    block = settings.oscillation
    yield f"mixing {'-'.join((block.mixing.fit or _DEFAULT_FIT).split('-')[:2])}"
    if block.time != "day" and (block.laboratory or block.latitude or block.livetime):
        yield "Earth"


def _reactor(block: ReactorBlock) -> Iterator[str]:
    if block.spectrum.model is not None:
        yield f"reactor spectrum {block.spectrum.model}"
    if isinstance(block.fuel, str):
        yield f"fuel {block.fuel}"
    if block.flux is None:
        yield "energy of fissions"
    if block.captures:
        yield "neutron capture"


def _detector(settings: ScenarioFile) -> Iterator[str]:
    if settings.detector.quenching is not None:
        yield f"quenching {settings.detector.quenching.model}"
    if any(getattr(component, "kind", "") == "tritium" for component in settings.backgrounds):
        yield "beta spectrum of tritium"
