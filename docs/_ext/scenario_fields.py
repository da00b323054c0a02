"""The page of all fields of a scenario, written before each build from the schema itself."""

from pathlib import Path

from upscatter.scenario.field_list import field_entries

FILE = "The file itself"
PARAMETERS = "Parameters of a background by a formula"

HEAD = """# Fields of a scenario

Every field of a scenario file, as the schema of the installed version has it. [How scenarios are
written](../scenarios.md) explains them with examples. A quantity is a text with its unit, and any
unit of the same dimension will do. A *table of two columns* is `file = "name.csv"` (with `columns`
if it has more than two), or `points = [[x, y], ...]`. `[MODEL]` in a path stands for the table
whose `model` has that value.
"""


def write_page(app):
    """Write the page if it is not the one that is there, so that it is not built anew."""
    blocks = {}
    for entry in field_entries():
        inside = "." in entry.path or any(
            e.path.startswith(f"{entry.path}.") for e in field_entries()
        )
        blocks.setdefault(_block(entry) if inside else FILE, []).append(entry)
    lines = [HEAD]
    for block, entries in blocks.items():
        lines += ["", f"## {block if block in (FILE, PARAMETERS) else f'[{block}]'}", ""]
        lines += [entry.meaning + "\n" for entry in entries if entry.path == block]
        lines += ["| field | value | default | meaning |", "|---|---|---|---|"]
        lines += [_row(entry, block) for entry in entries if entry.path != block]
    path = Path(app.srcdir, "reference", "scenario-fields.md")
    text = "\n".join(lines) + "\n"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def _block(entry):
    if entry.path.startswith("background[MODEL]"):
        return PARAMETERS
    return entry.path.split(".")[0].split("[")[0]


def _row(entry, block):
    value = entry.kind
    if entry.example:
        value += f', `"{entry.example}"`'
    if entry.bounds:
        value += f"; {entry.bounds}"
    default = entry.default if entry.default in ("", "required") else f"`{entry.default}`"
    name = entry.path.removeprefix(block).removeprefix(".").rpartition("PARAMETER.")[2]
    cells = (f"`{name}`", value, default, entry.meaning)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def setup(app):
    """Connect it to Sphinx."""
    app.connect("builder-inited", write_page)
    return {"parallel_read_safe": True}
