"""The keys of JSON documents, read off their schemas before each build."""

from pathlib import Path

from upscatter.schemas import DOCUMENTS, schema

COMMANDS = {
    "limit": "`upscatter limit`, `upper_limit()`",
    "limit-measured": "`upscatter limit` with data, `measured_limit()`",
    "map": "`upscatter map`, `likelihood_map()`, `coupling_map()`",
    "rate": "`upscatter rate`, `expected_counts()`",
    "toys": "`upscatter toys`, `toys()`",
    "impacts": "`upscatter impacts`, `impacts()`",
    "impacts-correlated": "`upscatter impacts --correlated`, `correlated_impacts()`",
    "plan": "`upscatter plan`, `plan()`",
    "scan": "`upscatter scan`, `scan()`",
    "compare": "`upscatter compare`, `compare()`",
    "compare-world": "`upscatter compare --world`, `world_limit()`",
    "bounds": "`upscatter bounds`",
    "bounds-name": "`upscatter bounds NAME`",
    "bounds-checks": "`upscatter bounds --checks`",
    "flux": "`upscatter flux`, of the Sun",
    "flux-sources": "`upscatter flux`, of other sources",
    "oscillation": "`upscatter oscillation`",
    "reproduce": "`upscatter reproduce`",
    "cite": "`upscatter cite`, `cite()`",
    "post-fit": "the post-fit state of a measured limit, in Python",
    "recoil-spectrum": "`recoil_spectrum()`",
}


def write_page(app):
    """Write the part of the page that lists all keys."""
    path = Path(app.srcdir, "reference", "generated", "json.md")
    path.parent.mkdir(exist_ok=True)
    lines = []
    for name in DOCUMENTS:
        found = schema(name)
        lines += [f"## {name}", "", f"{COMMANDS[name]}: `{found['$id']}`", ""]
        lines += ["| key | type | meaning |", "|---|---|---|", *_rows(found), ""]
    text = "\n".join(lines)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def _rows(found, path=""):
    required = found.get("required", ())
    for key, inner in found.get("properties", {}).items():
        yield _row(f"{path}{key}", inner, "" if key in required else "optional; ")
        yield from _inside(inner, f"{path}{key}")
    for pattern, inner in found.get("patternProperties", {}).items():
        name = f"{path}{pattern.removeprefix('^')}NAME"
        yield _row(name, inner, "")
        yield from _inside(inner, name)


def _row(key, found, remark):
    meaning = found.get("description", "").replace("|", "\\|").replace("*", "\\*")
    return f"| `{key}` | {_kind(found)} | {(remark + meaning).removesuffix('; ')} |"


def _inside(found, path):
    yield from _rows(found, f"{path}.")
    if "items" in found:
        yield from _inside(found["items"], f"{path}[]")
    for option in found.get("anyOf", ()):
        yield from _inside(option, path)


def _kind(found):
    if "$ref" in found:
        return "array of the same"  # one that has a dimension for each of the result's
    if "anyOf" in found:
        return " or ".join(dict.fromkeys(map(_kind, found["anyOf"])))
    kinds = found.get("type", "anything")
    words = [kinds] if isinstance(kinds, str) else kinds
    if "array" in words and "items" in found:
        of = f"array of {_kind(found['items'])}"
        return " or ".join(of if word == "array" else word for word in words)
    return " or ".join(words)


def setup(app):
    """Connect it to Sphinx."""
    app.connect("builder-inited", write_page)
    return {"parallel_read_safe": True}
