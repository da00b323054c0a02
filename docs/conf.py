"""Configuration of the documentation site: `sphinx-build -W docs docs/_build/html`."""

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "_ext"))

project = "upscatter"
author = "The upscatter developers"
project_copyright = author
version = release = installed_version("upscatter")

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "numpydoc",
    "sphinx.ext.mathjax",
    "sphinx-mathjax-offline",
    "sphinx_click",
    "sphinx_copybutton",
    "sphinx_design",
    "repository_links",
    "all_commands",
    "api_pages",
    "scenario_fields",
    "json_documents",
    "validation_table",
]
exclude_patterns = [
    "reference/generated",
    "_build",
    "_ext",
    "**/.ipynb_checkpoints",
    "jupyter_execute",
]
nitpicky = True
# Names of other packages; their inventories would have to be fetched, and the site builds offline.
nitpick_ignore_regex = [
    (r"py:.*", r"(?!upscatter\.).*"),
    (r"py:.*", r".*\._\w+|.*<locals>.*"),  # what is private, and closures that validate
]

myst_enable_extensions = [
    "amsmath",
    "colon_fence",
    "deflist",
    "dollarmath",
    "fieldlist",
    "html_image",
]
myst_heading_anchors = 4
myst_dmath_double_inline = True

# Pages that are programs run at each build, and an error in one fails it.
nb_execution_mode = "auto"
nb_execution_raise_on_error = True
nb_execution_timeout = 180
nb_merge_streams = True

autodoc_member_order = "bysource"
# Types are in the sections of the docstrings, in words.
autodoc_typehints = "none"
numpydoc_show_class_members = False
# The newer implementation of Sphinx 9 fails on aliases of types when numpydoc 1.11 is at work.
autodoc_use_legacy_class_based = True
python_maximum_signature_line_length = 88
default_role = "code"
smartquotes = False  # quotes of scenarios and commands are to be copied

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "pydata_sphinx_theme"
html_title = f"upscatter {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_sidebars = {"index": []}
html_theme_options = {
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "header_links_before_dropdown": 7,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "pygments_light_style": "tango",
    "pygments_dark_style": "monokai",
}
