#!/usr/bin/env bash
# Records the table of the validation page, docs/validation.json, from the tests that compare with
# independent numbers. UPSCATTER_REFERENCE names the folder of published tables: without it most of
# them are skipped, and their rows would be lost.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
: "${UPSCATTER_REFERENCE:?names the folder of published tables}"
python -m pytest -q -p no:cacheprovider -m '' --validation docs/validation.json \
  $(grep -lw validated -r tests --include='test_*.py' | grep -v test_validation.py)
