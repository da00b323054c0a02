"""Shared fixtures: where the published reference tables are, if they are."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Machines are noisy: no property may fail for its time. Continuous integration looks at the same
# examples every time; elsewhere new ones are tried.
settings.register_profile("upscatter", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("upscatter")


@pytest.fixture(scope="session", autouse=True)
def release_cache(tmp_path_factory):
    """A cache of releases of the tests' own."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("releases")
        patch.setattr("upscatter.releases.cache.folder", lambda: folder)
        yield folder


@pytest.fixture(scope="session")
def reference() -> Path:
    """Folder of published tables that tests compare with; it is not part of the repository."""
    named = os.environ.get("UPSCATTER_REFERENCE")
    folder = Path(named) if named else Path(__file__).parents[2] / "shared" / "reference"
    if not folder.is_dir():
        pytest.skip(f"published reference tables are not at {folder} (set UPSCATTER_REFERENCE)")
    return folder
