"""What nature, or a reference, says: nuclei, spectra, solar models, mixing."""
