"""The tables of the validation page, from docs/validation.json, which the tests write."""

import json
from itertools import groupby
from pathlib import Path

RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def write_page(app):
    """Write the tables, one for each topic."""
    table = json.loads(Path(app.srcdir, "validation.json").read_text(encoding="utf-8"))
    lines = [
        f"{len(table['rows'])} comparisons, recorded on {table['date']} "
        f"with version {table['version']}.",
        "",
    ]
    for topic, rows in groupby(table["rows"], key=lambda row: row["topic"]):
        lines += [f"## {topic[0].upper()}{topic[1:]}", ""]
        lines += [
            "| quantity | here | reference | deviation | tolerance | source of the reference |"
        ]
        lines += ["|---|---|---|---|---|---|"]
        lines += [_row(row) for row in rows]
        lines.append("")
    text = "\n".join(lines)
    path = Path(app.srcdir, "reference", "generated", "validation.md")
    path.parent.mkdir(exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def _row(row):
    ((kind, size),) = row["tolerance"].items()
    value, reference = row["value"], row["reference"]
    if kind == "relative":
        deviation, tolerance = f"{100.0 * (value / reference - 1.0):+.2g} %", f"{100.0 * size:g} %"
    else:
        deviation, tolerance = f"{value - reference:+.2g}", f"{size:g}"
    numbers = (_number(value), _number(reference), deviation, tolerance)
    cells = (row["quantity"], *numbers, row["source"])
    return "| " + " | ".join(cells) + " |"


def _number(value):
    """A number as papers print it, which does not break at the sign of its exponent."""
    text = f"{value:.5g}"
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}×10{str(int(exponent)).translate(RAISED)}" if e else text


def setup(app):
    """Connect it to Sphinx."""
    app.connect("builder-inited", write_page)
    return {"parallel_read_safe": True}
