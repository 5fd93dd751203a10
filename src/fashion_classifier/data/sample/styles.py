"""The ten kinds of garments, as tables of their traits: what is drawn where is in the modules beside this one.

A span is the lowest and the highest value of a trait, in pixels unless it says otherwise; weights tell how often each
choice is taken; a single number is a probability.
"""

from __future__ import annotations

from dataclasses import dataclass

from fashion_classifier.data.sample.canvas import Span, Weights


@dataclass(frozen=True, kw_only=True)
class TopStyle:
    """How one kind of top looks."""

    length: Span
    shoulder: Span  # half the width there
    chest: Span  # half the width there
    waist: Span  # as a part of the chest
    hem: Span  # as a part of the chest
    sleeves: Weights
    sleeve_width: Span
    necklines: Weights
    collars: Weights
    closures: Weights
    patterns: Weights
    pockets: float = 0.0
    motif: float = 0.0
    belt: float = 0.0
    contrast: float = 0.0  # a collar of another tone
    ribs: float = 0.0  # at the cuffs and the hem


@dataclass(frozen=True, kw_only=True)
class ShoeStyle:
    """How one kind of footwear looks."""

    heels: Weights
    sole: Span  # thickness
    shaft: Span  # height of the opening, or of the ankle strap, above the sole
    throat: Span  # x of the front of the opening
    toe: Span  # height of the toe cap
    uppers: Weights  # what holds the foot
    patterns: Weights
    laces: float = 0.0
    band: float = 0.0  # a stripe or an elastic on the side
    cap: float = 0.0  # toe cap of another tone
    pale_sole: float = 0.0


@dataclass(frozen=True, kw_only=True)
class TrouserStyle:
    """How trousers look."""

    length: Span
    waist: Span  # half the width there
    hip: Span  # half the width there
    ankle: Span  # x of the leg's outer edge at its end
    leg: Span  # width of the leg at its end
    fork: Span  # how far below the waist the legs part
    patterns: Weights
    fly: float
    crease: float


@dataclass(frozen=True, kw_only=True)
class BagStyle:
    """How bags look."""

    width: Span
    height: Span
    taper: Span  # width above as a part of that below
    carriers: Weights
    patterns: Weights
    flap: float
    clasp: float
    zip_: float


# The first four share their outlines, so that what tells them apart are sleeves, fronts, necks and fabrics.
T_SHIRT = TopStyle(
    length=(22.5, 27),
    shoulder=(5.4, 7.6),
    chest=(5.2, 7.4),
    waist=(0.88, 1.02),
    hem=(0.9, 1.12),
    sleeves={"none": 0.08, "cap": 0.2, "short": 0.68, "half": 0.03, "long": 0.01},
    sleeve_width=(3.2, 5.0),
    necklines={"round": 0.65, "v": 0.25, "square": 0.1},
    collars={"none": 0.95, "turndown": 0.05},
    closures={"none": 0.95, "placket": 0.05},
    patterns={"plain": 0.55, "hoops": 0.05, "melange": 0.1, "flowers": 0.1, "blocks": 0.2},
    pockets=0.05,
    motif=0.7,
    ribs=0.05,
)
PULLOVER = TopStyle(
    length=(22.5, 27),
    shoulder=(5.2, 7.4),
    chest=(5.2, 7.4),
    waist=(0.88, 1.02),
    hem=(0.9, 1.12),
    sleeves={"half": 0.02, "long": 0.98},
    sleeve_width=(2.5, 4.0),
    necklines={"round": 0.75, "v": 0.05, "closed": 0.2},
    collars={"none": 0.72, "stand": 0.14, "hood": 0.14},
    closures={"none": 0.97, "placket": 0.03},
    patterns={"plain": 0.45, "hoops": 0.35, "melange": 0.1, "flowers": 0.05, "blocks": 0.05},
    pockets=0.05,
    motif=0.05,
    ribs=0.9,
)
COAT = TopStyle(
    length=(22.5, 27),
    shoulder=(5.2, 7.4),
    chest=(5.2, 7.4),
    waist=(0.88, 1.02),
    hem=(0.9, 1.15),
    sleeves={"half": 0.02, "long": 0.98},
    sleeve_width=(2.5, 4.0),
    necklines={"v": 0.3, "closed": 0.7},
    collars={"lapels": 0.6, "hood": 0.2, "stand": 0.2},
    closures={"open": 0.97, "zip": 0.03},
    patterns={"plain": 0.75, "melange": 0.15, "flowers": 0.05, "checks": 0.05},
    pockets=0.45,
    belt=0.15,
    ribs=0.03,
)
SHIRT = TopStyle(
    length=(22.5, 27),
    shoulder=(5.2, 7.4),
    chest=(5.2, 7.4),
    waist=(0.84, 1.0),
    hem=(0.9, 1.12),
    sleeves={"cap": 0.02, "short": 0.06, "half": 0.74, "long": 0.18},
    sleeve_width=(2.5, 4.2),
    necklines={"round": 0.15, "v": 0.2, "closed": 0.65},
    collars={"none": 0.05, "turndown": 0.88, "stand": 0.07},
    contrast=0.5,
    closures={"buttons": 0.85, "placket": 0.13, "none": 0.02},
    patterns={"plain": 0.28, "checks": 0.33, "pinstripes": 0.2, "flowers": 0.19},
    pockets=0.22,
    ribs=0.03,
)
DRESS = TopStyle(
    length=(25, 27.5),
    shoulder=(3.2, 5.4),
    chest=(3.0, 4.8),
    waist=(0.68, 1.0),
    hem=(0.95, 2.4),
    sleeves={"none": 0.42, "cap": 0.12, "short": 0.2, "half": 0.11, "long": 0.15},
    sleeve_width=(2.0, 3.2),
    necklines={"round": 0.5, "v": 0.3, "square": 0.2},
    collars={"none": 0.92, "turndown": 0.08},
    closures={"none": 0.84, "placket": 0.08, "buttons": 0.06, "zip": 0.02},
    patterns={"plain": 0.45, "flowers": 0.25, "hoops": 0.12, "blocks": 0.12, "melange": 0.06},
    belt=0.3,
)
TROUSERS = TrouserStyle(
    length=(24, 27.5),
    waist=(3, 4.6),
    hip=(3.4, 5.4),
    ankle=(2.8, 6.6),
    leg=(1.8, 4.0),
    fork=(6, 10),
    patterns={"plain": 0.5, "wash": 0.3, "flowers": 0.06, "pinstripes": 0.06, "melange": 0.08},
    fly=0.5,
    crease=0.35,
)
SANDAL = ShoeStyle(
    heels={"flat": 0.45, "low": 0.15, "block": 0.12, "wedge": 0.13, "stiletto": 0.15},
    sole=(0.9, 3.0),
    shaft=(4.0, 9.5),
    throat=(0, 4),
    toe=(2.0, 3.5),
    uppers={"thong": 0.2, "slide": 0.16, "straps": 0.54, "cut out": 0.1},
    patterns={"plain": 0.8, "melange": 0.15, "flowers": 0.05},
    band=0.2,
    pale_sole=0.4,
)
SNEAKER = ShoeStyle(
    heels={"flat": 0.93, "low": 0.07},
    sole=(1.8, 3.5),
    shaft=(6, 11.5),
    throat=(0.5, 5),
    toe=(2.4, 4.6),
    uppers={"closed": 1.0},
    patterns={"plain": 0.85, "melange": 0.13, "flowers": 0.02},
    laces=0.85,
    band=0.85,
    cap=0.65,
    pale_sole=0.9,
)
ANKLE_BOOT = ShoeStyle(
    heels={"flat": 0.3, "low": 0.35, "block": 0.2, "wedge": 0.05, "stiletto": 0.1},
    sole=(0.8, 2.4),
    shaft=(9, 18),
    throat=(0, 4.5),
    toe=(2.4, 4.6),
    uppers={"closed": 1.0},
    patterns={"plain": 0.85, "melange": 0.12, "flowers": 0.03},
    laces=0.15,
    band=0.25,
    cap=0.05,
    pale_sole=0.05,
)
BAG = BagStyle(
    width=(13, 24),
    height=(8, 21),
    taper=(0.7, 1.08),
    carriers={"none": 0.3, "strap": 0.25, "handles": 0.33, "side": 0.12},
    patterns={"plain": 0.6, "flowers": 0.1, "checks": 0.08, "melange": 0.12, "blocks": 0.1},
    flap=0.35,
    clasp=0.4,
    zip_=0.35,
)
