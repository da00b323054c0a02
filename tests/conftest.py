"""Shared fixtures: where the published reference tables are, if they are."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def reference() -> Path:
    """Folder of published tables that tests compare with; it is not part of the repository."""
    named = os.environ.get("UPSCATTER_REFERENCE")
    folder = Path(named) if named else Path(__file__).parents[2] / "shared" / "reference"
    if not folder.is_dir():
        pytest.skip(f"published reference tables are not at {folder} (set UPSCATTER_REFERENCE)")
    return folder
