"""JSON Schemas of what commands print with ``--format json``, and of the results in Python.

The files in `contracts` have one for each kind of result. A document has no key that its schema
does not know, but for the provenance, which repeats blocks of the scenario.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from upscatter.errors import UpscatterError

DOCUMENTS: Mapping[str, str] = MappingProxyType(
    {
        "limit": "LimitCurve",
        "limit-measured": "MeasuredCurve",
        "map": "LikelihoodMap",
        "rate": "ExpectedCounts",
        "toys": "ToyResult",
        "impacts": "Impacts",
        "impacts-correlated": "CorrelatedImpacts",
        "plan": "Plan",
        "scan": "Scan",
        "compare": "Verdict",
        "compare-world": "WorldLimit",
        "bounds": "Catalogue",
        "bounds-name": "Bound",
        "bounds-checks": "Anchors",
        "flux": "ArrivingFlux",
        "flux-sources": "FluxOfSources",
        "oscillation": "Oscillation",
        "reproduce": "Reproduction",
        "cite": "Citations",
        "post-fit": "PostFit",
        "recoil-spectrum": "RecoilSpectrum",
    }
)
"""Class of the result by the name of its schema: the command, and the option if there are more."""


@cache
def schema(name: str) -> dict[str, Any]:
    """JSON Schema of a document.

    Parameters
    ----------
    name : str
        A key of `DOCUMENTS`, such as "limit".

    Returns
    -------
    dict
        The schema (draft 2020-12), with its version at the end of ``$id``.

    Raises
    ------
    UpscatterError
        For an unknown name.

    Examples
    --------
    >>> schema("limit")["$id"]
    'urn:upscatter:json:limit:1'
    """
    if name not in DOCUMENTS:
        near = difflib.get_close_matches(name, DOCUMENTS, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise UpscatterError(f"document {name!r}: is unknown; {hint}use {', '.join(DOCUMENTS)}")
    text = (files("upscatter") / "contracts" / f"{name}.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found
