"""Records of a made-up work, and a tracker that only remembers them."""

from __future__ import annotations

from pathlib import Path

from fashion_classifier.tracking.records import Begun, Concluded, Ended, Measured, Record, State, TrialMade

BEGUN = Begun(name="work", identity="0a1b", about={"seed": 1, "data": "things.npz", "minutes": 0.5, "mirror": True})
VALIDATIONS = [
    Measured(series="training", step=step, figures={"validation_loss": 1 / step, "epoch": step / 10}, time=1e9 + step)
    for step in (10, 20)
]
TRIALS = [
    TrialMade(
        name=f"search {number}",
        state="complete",
        settings={"family": "cnn", "rate": 0.1 + number},
        figures={"accuracy": 0.5 + number / 10, "seconds": 2.0},
        time=1e9 + 100 + number,
    )
    for number in range(2)
]
CONCLUDED = Concluded(figures={"optimized/test/accuracy": 0.75}, about={"chosen": "cnn"}, files=("card.md", "figures"))
ENDED = Ended(state="finished")
ALL: list[Record] = [BEGUN, *VALIDATIONS, *TRIALS, CONCLUDED, ENDED]


class Remembering:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def begin(self, begun: Begun) -> None:
        self.told.append(begun)

    def measure(self, measured: Measured) -> None:
        self.told.append(measured)

    def trial(self, made: TrialMade) -> None:
        self.told.append(made)

    def conclude(self, concluded: Concluded, folder: Path) -> None:
        self.told.append((concluded, folder))

    def end(self, state: State) -> str:
        self.told.append(state)
        return "in memory"
