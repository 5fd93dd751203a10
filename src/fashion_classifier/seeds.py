"""Every seed derived in one place, so that no source of chance slips in unseen."""

from __future__ import annotations

import hashlib

DEFAULT_SEED = 0


def derive_seed(seed: int, *purpose: str | int) -> int:
    """Derive the seed for one purpose from the seed of the whole.

    Different purposes give unrelated seeds; the same purpose always the same one, whatever else was drawn before.

    Parameters
    ----------
    seed
        The seed of the run.
    purpose
        What the chance is for, from the general to the particular: ``derive_seed(0, "trial", 3, "weights")``.

    Returns
    -------
    int
        A number from 0 to 2**63 - 1, good for NumPy and torch alike.

    Examples
    --------
    >>> derive_seed(0, "split") == derive_seed(0, "split")
    True
    >>> derive_seed(0, "split") == derive_seed(1, "split")
    False
    """
    text = "\x1f".join([str(seed), *map(str, purpose)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
