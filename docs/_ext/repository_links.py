"""Links between pages and files of the repository, which hold on the site and in the repository.

README.md and CONTRIBUTING.md are above the folder of the documentation. A page links to them as
the repository has them, and the site leads to the pages that contain or replace them.
"""

import re

PAGES = {
    "CONTRIBUTING.md": "/developing/contributing.md",
    "CHANGELOG.md": "/developing/changelog.md",
    "README.md": "/index.md",
}


def lead_to_pages(app, name, text):
    """Let links to files above the documentation lead to their pages."""
    for file, page in PAGES.items():
        text[0] = re.sub(rf"\]\((?:\.\./)+{re.escape(file)}(?=[#)])", f"]({page}", text[0])
    # a link that is named by its file gets the title of the page, or of the section
    text[0] = re.sub(r"\[[\w./-]+\.md\](?=\([^)\s]+\.md[#)])", "[]", text[0])


def setup(app):
    """Connect it to Sphinx."""
    app.connect("source-read", lead_to_pages)
    return {"parallel_read_safe": True}
