"""Tutorials and pages of the physics: their cells run, and what they refer to is there."""

import ast
import re
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from matplotlib import rc_context

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(
    page
    for folder in ("tutorials", "physics")
    for page in (DOCS / folder).glob("*.md")
    if "file_format: mystnb" in page.read_text("utf-8")
)
FENCE = re.compile(r"^```\{code-cell\} python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
DRAWS = re.compile(r"\.plot\(\)|plt\.show\(\)|Image\(|exclusion_figure\(\[|scan\.plot\(")

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}-{page.stem}")


def cells(page):
    """Source of each cell of a page, and its options: what precedes the code."""
    for body in FENCE.findall(page.read_text("utf-8")):
        options, code = "", body
        if body.startswith("---\n"):
            _, options, code = body.split("---\n", 2)
        elif body.startswith(":"):
            options, code = body.split("\n\n", 1)
        yield options, code


def python_of(code):
    """Code without lines for the terminal, which become `pass`."""
    return re.sub(r"^(\s*)[!%].*$", r"\1pass", code, flags=re.MULTILINE)


def test_there_are_pages():
    names = {page.parent.name for page in PAGES}
    assert names == {"tutorials", "physics"}
    assert len(PAGES) >= 18


@pages
def test_every_figure_has_a_text_for_those_who_do_not_see_it(page):
    for options, code in cells(page):
        if DRAWS.search(code) and "remove-cell" not in options:
            assert "alt: >-" in options, code


@pages
def test_cells_are_python(page):
    for _, code in cells(page):
        if not code.startswith("%%"):
            ast.parse(python_of(code))


@pages
def test_what_a_page_names_is_in_the_package(page):
    """A function that is renamed leaves no page behind."""
    for kind, target in re.findall(r"\{py:(\w+)\}`([\w.]+)`", page.read_text("utf-8")):
        parts = target.split(".")
        for known in range(len(parts), 0, -1):
            try:
                found = import_module(".".join(parts[:known]))
            except ModuleNotFoundError:
                continue
            break
        assert (known == len(parts)) == (kind == "mod"), target
        for name in parts[known:]:
            found = getattr(found, name)


@pages
def test_links_lead_to_pages(page):
    for link in re.findall(r"\]\(([\w./-]+\.md)(?:#[\w-]+)?\)", page.read_text("utf-8")):
        assert (page.parent / link).is_file(), link


@pages
def test_every_value_in_the_text_is_computed(page):
    """Each number that the text takes from a cell is given to it by one."""
    text = page.read_text("utf-8")
    used = set(re.findall(r"\{glue:text\}`(\w+)", text))
    given = set(re.findall(r"glue\(\"(\w+)\"", text))
    assert used == given


def in_this_process(page, monkeypatch):
    """Run the cells of a page that are Python, without a notebook around them."""
    import matplotlib.pyplot as plt

    given = ModuleType("myst_nb")
    given.glue = lambda name, value, display: f"{value}"
    monkeypatch.setitem(sys.modules, "myst_nb", given)
    monkeypatch.setattr(plt, "show", lambda: plt.close("all"))
    space = {"plt": plt, "Path": Path}
    with rc_context({"backend": "agg"}):
        for _, code in cells(page):
            exec(compile(python_of(code), str(page), "exec"), space)


@pytest.mark.parametrize("name", ["kinematics", "form-factors", "limits"])
def test_formulas_of_the_physics_are_those_of_the_code(name, monkeypatch, capsys):
    """The last, hidden cell of a page compares its formulas and numbers with the code."""
    in_this_process(DOCS / "physics" / f"{name}.md", monkeypatch)


@pytest.mark.thorough
@pages
@pytest.mark.parametrize("data", ["with data", "without data"])
def test_cells_run(page, data, monkeypatch, request):
    """Each cell runs, and the checks in it hold; with the published data, and without them."""
    nbclient = pytest.importorskip("nbclient", reason="needs the extra docs")
    reader = pytest.importorskip("myst_nb.core.read", reason="needs the extra docs")
    text = page.read_text("utf-8")
    if data == "with data":
        if "reference(" not in text:
            pytest.skip("needs no data")
        monkeypatch.setenv("UPSCATTER_REFERENCE", str(request.getfixturevalue("reference")))
    else:
        monkeypatch.delenv("UPSCATTER_REFERENCE", raising=False)
    notebook = reader.read_myst_markdown_notebook(text)
    for cell in notebook.cells:  # the options above the code are for the site
        if cell.cell_type == "code":
            assert not cell.source.startswith(("---", ":tags:")), cell.source
    folder = {"metadata": {"path": str(page.parent)}}
    nbclient.NotebookClient(notebook, timeout=180, resources=folder).execute()
