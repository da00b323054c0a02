"""Recoil energy to observed bins: quenching, resolution, efficiency, background."""
