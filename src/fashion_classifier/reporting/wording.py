"""Numbers as people read them: per cent with as many decimals as the interval bears, points, times, lists."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fashion_classifier.evaluation.intervals import Estimate

_THIN, _SPACE = "\u202f", "\u00a0"  # no lines are broken there
_MINUS = "\u2212"
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def percent(fraction: float, digits: int = 1) -> str:
    """Write a fraction as per cent; what is not quite 0 or 1 is not rounded to it.

    Examples
    --------
    >>> percent(0.9412).replace(chr(0x202F), " ")
    '94.1 %'
    >>> percent(0.99996).replace(chr(0x202F), " ")
    '99.996 %'
    """
    return f"{_hundredths(fraction, digits)}{_THIN}%"


def interval(estimate: Estimate) -> str:
    """Write the ends of a proportion's interval: "93.6 to 94.5 %"."""
    digits = _digits(estimate)
    return f"{_hundredths(estimate.low, digits)} to {percent(estimate.high, digits)}"


def share(estimate: Estimate) -> str:
    """Write a proportion with its interval: "94.1 % (93.6 to 94.5 %)"."""
    return f"{share_alone(estimate)} ({interval(estimate)})"


def share_alone(estimate: Estimate) -> str:
    """Write a proportion with as many decimals as its interval asks for."""
    return percent(estimate.value, _digits(estimate))


def score(estimate: Estimate, digits: int = 3) -> str:
    """Write a score from 0 to 1 with its interval: "0.941 (0.936 to 0.945)"."""
    return f"{estimate.value:.{digits}f} ({estimate.low:.{digits}f} to {estimate.high:.{digits}f})"


def points(fraction: float, digits: int = 1) -> str:
    """Write the size of a difference of proportions in percentage points, without its sign.

    Examples
    --------
    >>> points(-0.025).replace(chr(0xA0), " ")
    '2.5 points'
    """
    size = f"{abs(100 * fraction):.{digits}f}"
    return f"{size}{_SPACE}{'point' if size == '1' else 'points'}"


def signed_points(estimate: Estimate) -> str:
    """Write a difference of proportions with its interval: "+2.5 points (+2.0 to +3.1)"."""
    return f"{signed_value(estimate)}{_SPACE}points ({signed_interval(estimate)})"


def signed_value(estimate: Estimate) -> str:
    """Write a difference of proportions in percentage points, with its sign: "+2.5"."""
    return _signed(100 * estimate.value, _digits(estimate))


def signed_interval(estimate: Estimate) -> str:
    """Write the ends of a difference's interval in percentage points, with their signs: "+2.0 to +3.1"."""
    low, high = (_signed(100 * end, _digits(estimate)) for end in estimate.as_list)
    return f"{low} to {high}"


def difference_points(estimate: Estimate) -> str:
    """Write the size of a difference of proportions with as many decimals as its interval asks for."""
    return points(estimate.value, _digits(estimate))


def probability_of_chance(p_value: float) -> str:
    """Write a p-value: "p < 0.001", "p = 0.03"."""
    if p_value < 0.001:
        return f"p{_SPACE}<{_SPACE}0.001"
    return f"p{_SPACE}={_SPACE}{p_value:.{3 if p_value < 0.1 else 2}f}"


def count(number: int) -> str:
    """Write a whole number with thousands set apart."""
    return f"{number:,}"


def counted(number: int, one: str, many: str | None = None) -> str:
    """Write a number with its noun: "1 image", "1,200 images"."""
    return f"{number:,}{_SPACE}{one if number == 1 else many or one + 's'}"


def article(name: str) -> str:
    """Return the article that a name is spoken with: "a cnn", "an mlp", "an ensemble"."""
    return "an" if name[:1] in ("a", "e", "i", "o", "u") or name == "mlp" else "a"


def count_or_none(number: int) -> str:
    """Write a whole number, zero as a word."""
    return count(number) if number else "none"


def compared(value: float, reference: float, less: str, same: str, more: str) -> str:
    """Choose the word for a comparison of two numbers."""
    return same if value == reference else less if value < reference else more


def in_sentence(title: str) -> str:
    """Write a title as it stands inside a sentence: "Initial model" -> "initial model"."""
    return title[:1].lower() + title[1:]


def setting_name(key: str) -> str:
    """Write a setting's key as words: "learning_rate" -> "learning rate"."""
    return key.replace("_", " ")


def setting(value: Any) -> str:
    """Write a setting's value as a person would.

    Examples
    --------
    >>> [setting(value) for value in (0.0012345, 128, True, None, [32, 128], "adam", {"flip": True})]
    ['0.00123', '128', 'yes', '–', '32, 128', 'adam', 'flip yes']
    """
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, dict):
        return ", ".join(f"{setting_name(key)} {setting(item)}" for key, item in value.items()) or "–"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(setting, value)) or "–"
    return f"{value:,}" if isinstance(value, int) else str(value)


def duration(seconds: float) -> str:
    """Write a time: "0.4 s", "42 s", "4 min 34 s", "1 h 03 min"."""
    if seconds < 9.95:
        return f"{seconds:.1f}{_THIN}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}{_THIN}s"
    if whole < 3600:
        return f"{whole // 60}{_THIN}min {whole % 60:02d}{_THIN}s"
    minutes = round(seconds / 60)
    return f"{minutes // 60}{_THIN}h {minutes % 60:02d}{_THIN}min"


def moment(iso: str) -> str:
    """Write an ISO 8601 time as "1 March 2026, 12:00 UTC", and anything else as it is."""
    try:
        time = datetime.fromisoformat(iso)
    except ValueError:
        return iso
    zone = f" {time.tzname()}" if time.tzinfo else ""
    return f"{time.day} {_MONTHS[time.month - 1]} {time.year}, {time:%H:%M}{zone}"


def listed(names: Sequence[str], at_most: int = 3) -> str:
    """Write names as a list in a sentence: "Shirt", "Shirt and Coat", "Shirt, Coat, Bag and 2 more"."""
    shown = list(names[:at_most])
    if len(names) > at_most:
        shown.append(f"{len(names) - at_most} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _digits(estimate: Estimate) -> int:
    """Give the decimals of per cent: one, and more where the interval is so narrow that one would hide it."""
    width = 100 * (estimate.high - estimate.low)
    return 1 if width >= 0.2 or width == 0 else min(4, -math.floor(math.log10(width / 2)))


def _hundredths(fraction: float, digits: int) -> str:
    """Write 100 times a fraction, with more decimals where it would seem to be exactly 0 or 100."""
    for more in range(digits, digits + 5):
        text = f"{100 * fraction:.{more}f}"
        if float(text) not in {0.0, 100.0} or fraction in {0.0, 1.0}:
            return text
    return f"{100 * fraction:.{digits}f}"


def _signed(value: float, digits: int) -> str:
    """Write a number with its sign, a typographic minus; zero has none."""
    text = f"{abs(value):.{digits}f}"
    if float(text) == 0:
        return text
    return f"{'+' if value > 0 else _MINUS}{text}"
