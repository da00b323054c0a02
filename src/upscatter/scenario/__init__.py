"""Scenario files: what a user writes, validated, and turned into physics objects."""
