"""Test statistics of binned counts; no neutrino is known here."""
