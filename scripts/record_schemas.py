"""Record the JSON Schemas of results (src/upscatter/contracts) from documents of the tests.

Run it after a result has got a new key: `python scripts/record_schemas.py` says which schemas
change, `--write` writes them. A key that is new leaves the version of a schema as it is; one that
goes, or changes its meaning or type, raises the number in `VERSIONS`, and is in the changelog.
"""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
CONTRACTS = ROOT / "src" / "upscatter" / "contracts"
VERSIONS: dict[str, int] = {}
"""Versions of schemas that are not the first."""

MAPS = {
    "limit-measured": ("pulls.*", "fitted.*"),
    "rate": ("counts.*.*", "totals.*.*"),
    "impacts-correlated": ("inputs.*", "rank_correlation.*", "pulls.*", "mu_quantiles_bohr.*"),
    "compare": ("scenarios.*", "bounds.*", "comparison.*.*", "scenarios.*.pulls.*"),
    "compare-world": ("flavours.*",),
    "bounds": ("*",),
    "flux": ("fluxes_per_cm2_s.*", "day_night_asymmetry.*"),
    "flux-sources": ("fluxes_per_cm2_s.*", "day_night_asymmetry.*"),
    "reproduce": ("limits.*",),
    "cite": ("cited.*", "entries.*"),
    "post-fit": ("counts.*", "counts.*.background.*", "pulls.*", "fitted.*"),
    "recoil-spectrum": ("rates_per_keVnr_kg_day.*.*",),
}
"""Objects whose keys are names: of sources, scenarios, channels, parameters, limits."""

NESTED = {"scan": {"mu_bohr": ["null", "number"], "reliable": ["boolean"]}}
"""Arrays of as many dimensions as a result has, with the types of their entries."""

MEANINGS = tomllib.loads((ROOT / "scripts" / "json_meanings.toml").read_text(encoding="utf-8"))


def main() -> int:
    """Compare the recorded schemas with those that follow from documents now; write on demand."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="replace the recorded schemas")
    write = parser.parse_args().write
    sys.path.insert(0, str(ROOT / "tests"))
    documents = import_module("json_documents").documents()
    kinds = import_module("upscatter.schemas").DOCUMENTS
    changed = 0
    for name, kind in kinds.items():
        path = CONTRACTS / f"{name}.json"
        text = (
            json.dumps(contract(name, kind, documents[kind]), indent=2, ensure_ascii=False) + "\n"
        )
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            print(f"{name}: changed")
            changed += 1
            if write:
                path.write_text(text, encoding="utf-8")
    return 0 if write else min(changed, 1)


def contract(name: str, kind: str, documents: list[dict[str, Any]]) -> dict[str, Any]:
    """The schema of documents of a kind of result."""
    builder = import_module("genson").SchemaBuilder("https://json-schema.org/draft/2020-12/schema")
    for path in MAPS.get(name, ()):
        builder.add_schema(_seed(path.split(".")))
    for document in documents:
        builder.add_object(json.loads(json.dumps(document)))
    found: dict[str, Any] = _closed(builder.to_schema())
    for key, types in NESTED.get(name, {}).items():
        items = {"anyOf": [{"type": types}, {"$ref": f"#/properties/{key}"}]}
        found["properties"][key] = {"type": "array", "items": items}
    if name == "post-fit":
        found = _with_all_edges(found)
    return {
        "$schema": found.pop("$schema"),
        "$id": f"urn:upscatter:json:{name}:{VERSIONS.get(name, 1)}",
        "title": f"Document of upscatter's result {kind}",
        **_described(found, name),
    }


def _with_all_edges(found: dict[str, Any]) -> dict[str, Any]:
    """A schema that knows the bin edges of any observable: the tests have not every release."""
    edges = {"type": "array", "items": {"type": "number"}}
    by_axis = {"type": "object", "patternProperties": {"": edges}}
    others = {k: v for k, v in found["properties"].items() if not k.startswith("bin_edges")}
    return {
        **found,
        "properties": {
            **others,
            "bin_edges": {"type": "object", "patternProperties": {"": by_axis}},
        },
        "patternProperties": {"^bin_edges_": edges},
        "required": [key for key in found["required"] if key in others],
    }


def _described(found: Any, name: str, path: str = "") -> Any:  # noqa: ANN401 - JSON
    """A schema with the meaning of each key; a key without one is an error of this script."""
    if not isinstance(found, dict):
        return found
    described = dict(found)
    if "properties" in found:
        described["properties"] = {
            key: {
                "description": meaning(name, f"{path}{key}"),
                **_described(inner, name, f"{path}{key}."),
            }
            for key, inner in found["properties"].items()
        }
    if "patternProperties" in found:
        described["patternProperties"] = {
            pattern: {
                **({"description": meaning(name, f"{path}{pattern}")} if pattern else {}),
                **_described(inner, name, path),
            }
            for pattern, inner in found["patternProperties"].items()
        }
    if "items" in found:
        described["items"] = _described(found["items"], name, path)
    if "anyOf" in found:
        described["anyOf"] = [_described(option, name, path) for option in found["anyOf"]]
    return described


def meaning(name: str, path: str) -> str:
    """What a key means, by the name of its schema and its path."""
    here, key = MEANINGS.get(name, {}), path.rpartition(".")[2]
    text: str = here[path] if path in here else MEANINGS["any"][key]
    return text


def _seed(path: list[str]) -> dict[str, Any]:
    if not path:
        return {}
    first, *rest = path
    if first == "*":
        return {"type": "object", "patternProperties": {"": _seed(rest)}}
    return {"type": "object", "properties": {first: _seed(rest)}}


def _closed(found: Any, key: str = "") -> Any:  # noqa: ANN401 - JSON
    """A schema whose objects have no further keys, but provenance; numbers may be whole."""
    if key == "provenance":
        return {"type": "object"}
    if key == "remarks":
        return {"type": "array", "items": {"type": "string"}}
    if not isinstance(found, dict):
        return found
    if "properties" in found:
        inner = {name: _closed(value, name) for name, value in found["properties"].items()}
        found = {**found, "properties": inner}
    if "patternProperties" in found:
        inner = {name: _closed(value) for name, value in found["patternProperties"].items()}
        found = {**found, "patternProperties": inner}
    if isinstance(found.get("items"), dict):
        found = {**found, "items": _closed(found["items"])}
    if "anyOf" in found:
        found = {**found, "anyOf": [_closed(option) for option in found["anyOf"]]}
    if found.get("type") == "object" and "patternProperties" not in found:
        found = {**found, "additionalProperties": False}
    return found


if __name__ == "__main__":
    sys.exit(main())
