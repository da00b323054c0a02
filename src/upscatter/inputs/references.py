"""Publications that inputs are from, and their BibTeX.

`references.toml` has an entry for each publication, and the entries that each input is from.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from upscatter.errors import UpscatterError

_ARXIV = re.compile(r"(?<![\w/])(\d{4}\.\d{4,5}|(?:astro|hep|nucl|physics)(?:-\w+)?/\d{7})(?!\d)")
_DOI = re.compile(r"10\.(?!48550/)\d{4,5}/[\w./()-]*\w")  # 10.48550 is arXiv, by number

_SHORT = {
    "Phys. Rev. C": "PRC",
    "Phys. Rev. D": "PRD",
    "Phys. Rev. Lett.": "PRL",
    "Rev. Mod. Phys.": "RMP",
    "Astrophys. J.": "ApJ",
    "Chin. Phys. C": "CPC",
    "Nucl. Data Sheets": "Nuclear Data Sheets",
}
"""Journals as physicists abbreviate them, and texts of the package."""


@dataclass(frozen=True)
class Reference:
    """A publication.

    Parameters
    ----------
    key : str
        Key of the BibTeX entry.
    kind : {"article", "misc"}
        Type of the entry.
    fields : mapping
        Fields of the entry, such as ``author``, ``eprint`` (its arXiv number) and ``doi``.

    Examples
    --------
    >>> print(references()["huber2011"].bibtex())
    @article{huber2011,
      author = {Huber, Patrick},
      title = {{On the determination of anti-neutrino spectra from nuclear reactors}},
      journal = {Phys. Rev. C},
      volume = {84},
      pages = {024617},
      year = {2011},
      eprint = {1106.0687},
      archivePrefix = {arXiv},
    }
    """

    key: str
    kind: str = field(compare=False)
    fields: Mapping[str, str] = field(compare=False)

    def bibtex(self) -> str:
        """The entry in BibTeX; capital letters of the title are kept."""
        lines = [f"@{self.kind}{{{self.key},"]
        for name, value in self.fields.items():
            lines.append(f"  {name} = {{{{{value}}}}}," if name == "title" else _line(name, value))
            if name == "eprint":
                lines.append(_line("archivePrefix", "arXiv"))
        return "\n".join([*lines, "}"])

    @property
    def name(self) -> str:
        """Its arXiv number, else DOI, journal and page, or the key."""
        part = self.fields
        if "eprint" in part:
            return f"arXiv:{part['eprint']}"
        return f"DOI {part['doi']}" if "doi" in part else self.journal or self.key

    @property
    def journal(self) -> str:
        """Journal, volume, year and pages as texts have them; empty if unknown."""
        if self.kind != "article":
            return ""
        part = self.fields
        return f"{part['journal']} {part['volume']} ({part['year']}) {part['pages']}"


def references() -> Mapping[str, Reference]:
    """All publications by the key of their entry."""
    return _table()[0]


def input_names() -> frozenset[str]:
    """Names of the inputs whose publications are known, as for `references_of`."""
    return frozenset(_table()[1])


def references_of(name: str) -> tuple[Reference, ...]:
    """The publications that an input is from.

    Parameters
    ----------
    name : str
        Such as "solar model B16-GS98" or "quenching lindhard".

    Raises
    ------
    UpscatterError
        For an unknown input.

    Examples
    --------
    >>> [reference.key for reference in references_of("form factor helm")]
    ['helm1956', 'lewin1996']
    """
    entries, inputs = _table()
    try:
        return tuple(entries[key] for key in inputs[name])
    except KeyError:
        raise UpscatterError(
            f"input {name!r}: has no entry in references.toml; add it to [inputs] there"
        ) from None


def references_in(text: str) -> tuple[Reference, ...]:
    """The publications that a text names by an arXiv number, a DOI, or journal and page.

    A number that no entry has gets an entry of its own.

    Examples
    --------
    >>> [reference.key for reference in references_in("arXiv:1801.10159 (quenching)")]
    ['essig2018']
    >>> references_in("arXiv:9912.00001")[0].fields["eprint"]
    '9912.00001'
    """
    entries = references().values()
    known = {value: entry for entry in entries for value in identifiers(entry)}
    found = [known[name] for name in known if " " in name and name in text]
    for pattern, kind in ((_ARXIV, "eprint"), (_DOI, "doi")):
        for number in pattern.findall(text):
            key = re.sub(r"\W", "-", number)
            found.append(known.get(number) or Reference(key, "misc", {kind: number}))
    return tuple(dict.fromkeys(found))


def identifiers(reference: Reference) -> tuple[str, ...]:
    """What texts can name a publication by: arXiv number, DOI, journal and page."""
    part = reference.fields
    names = [part[key] for key in ("eprint", "doi") if key in part]
    if reference.kind == "article":
        journal, place = part["journal"], part["pages"]
        for title in dict.fromkeys((journal, _SHORT.get(journal, journal))):
            names.append(f"{title} {part['volume']} ({part['year']}) {place}")
            names.append(f"{title} {part['volume']}, {place} ({part['year']})")
    return tuple(names)


def _line(name: str, value: str) -> str:
    return f"  {name} = {{{value}}},"


@cache
def _table() -> tuple[Mapping[str, Reference], Mapping[str, list[str]]]:
    text = (files("upscatter.inputs") / "references.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    entries = {}
    for key, fields in table["entries"].items():
        kind = fields.pop("type")
        entries[key] = Reference(key, kind, MappingProxyType(fields))
    return MappingProxyType(entries), MappingProxyType(table["inputs"])
