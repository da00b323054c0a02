"""A small scenario to spoil: tests change one field of it at a time."""

DETECTOR = {
    "exposure": '"150 kg yr"',
    "region": '["0.16 keVee", "2.16 keVee"]',
    "bins": "4",
    "quenching": '{ model = "essig-high" }',
}


def detector(**fields):
    """The detector's keys, with some replaced, or left out where they are None."""
    keys = {**DETECTOR, **fields}
    return "\n".join(f"{key} = {value}" for key, value in keys.items() if value is not None)


def scenario(
    top='title = "Test"',
    target='element = "Ge"',
    detector=detector(),  # noqa: B008 - a text
    background='flat = "0.01 / (keVee kg day)"',
    flux="",
    extra="",
):
    """A whole scenario file."""
    return (
        f"{top}\n[target]\n{target}\n[detector]\n{detector}\n[background]\n{background}\n"
        f"[flux]\n{flux}\n{extra}\n"
    )
