"""`python -m upscatter`: the command line."""

import sys

from upscatter.cli import run

if __name__ == "__main__":
    sys.exit(run())
