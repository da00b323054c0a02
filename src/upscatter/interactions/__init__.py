"""Cross sections, as textbooks write them and as coefficients in 1/E."""
