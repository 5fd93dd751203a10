"""Why a Parquet file is not given to Polars."""

from __future__ import annotations

WRITE_AGAIN = "Write the file again"


class RefusedError(ValueError):
    """What a file says of itself cannot be, or is more than is read.

    Parameters
    ----------
    problem, remedy
        As of `fashion_classifier.errors.Fault`.
    """

    def __init__(self, problem: str, remedy: str = WRITE_AGAIN) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


def damaged(reason: str) -> RefusedError:
    """Say that a file contradicts itself or the format."""
    return RefusedError(f"this is no Parquet file, or it is damaged ({reason})")


def too_much(reason: str, remedy: str = "Write it in smaller parts") -> RefusedError:
    """Say that a file claims more than is read."""
    return RefusedError(reason, remedy)


def too_deep(what: str, most: int) -> RefusedError:
    """Say that groups are nested in groups."""
    return too_much(f"{what} is nested deeper than {most} times", "Leave out the columns that are not read")
