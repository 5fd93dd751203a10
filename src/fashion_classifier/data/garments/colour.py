"""Colours as the eye tells them apart: CIELAB, in which distances are alike everywhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Lab = NDArray[np.float32]  # (height, width, 3): L 0 to 100, a and b about -110 to 110

_TO_XYZ = np.array(  # sRGB's primaries and D65, IEC 61966-2-1; each row over the white point's
    [
        [0.4124564 / 0.95047, 0.3575761 / 0.95047, 0.1804375 / 0.95047],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339 / 1.08883, 0.1191920 / 1.08883, 0.9503041 / 1.08883],
    ],
    np.float32,
)


def to_lab(rgb: NDArray[np.uint8]) -> Lab:
    """Turn sRGB colours into CIELAB (D65).

    Parameters
    ----------
    rgb
        uint8 array of shape (height, width, 3).

    Returns
    -------
    float32 array of the same shape
    """
    levels = np.arange(256, dtype=np.float32) / 255
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4).astype(np.float32)
    xyz = linear[rgb] @ _TO_XYZ.T
    bent = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    x, y, z = bent[..., 0], bent[..., 1], bent[..., 2]
    lab: Lab = np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1).astype(np.float32)
    return lab
