"""The table that the benchmark prints, row by row as results come in."""


def print_row(measurement: str, value: str = "", beside: str = "") -> None:
    """Print the name of a measurement, its value, and a value to compare it with."""
    print(f"{measurement:<50}{value:>10}  {beside}".rstrip(), flush=True)
