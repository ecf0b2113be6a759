"""The table that the benchmark prints, row by row, as soon as each is known."""


def print_row(measurement: str, value: str = "", beside: str = "") -> None:
    """Print what was measured, its value, and what to compare it with."""
    print(f"{measurement:<50}{value:>10}  {beside}".rstrip(), flush=True)
