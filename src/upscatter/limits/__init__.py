"""Upper limits and exclusion curves."""
