"""How colours look to colour-blind eyes, and how far apart two colours are. For tests."""

from __future__ import annotations

from math import dist

from wedtui.tui.contrast import Rgb, linear

Matrix = tuple[tuple[float, float, float], ...]

# G. M. Machado, M. M. Oliveira, L. A. F. Fernandes: A Physiologically-based Model for Simulation of Color Vision
# Deficiency, IEEE Transactions on Visualization and Computer Graphics 15(6), 2009, table 1, severity 1.0. They
# are for linear RGB.
VISIONS: dict[str, Matrix] = {
    "all cones": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
# IEC 61966-2-1: linear sRGB to XYZ, and the white that it has (D65).
_XYZ: Matrix = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))
_WHITE = (0.95047, 1.0, 1.08883)


def seen_lab(colour: Rgb, vision: str) -> tuple[float, float, float]:
    """Return a colour in CIE L*a*b* (1976), as eyes of a kind see it."""
    light = [min(max(v, 0.0), 1.0) for v in _times(VISIONS[vision], [linear(channel) for channel in colour])]
    x, y, z = (_f(v / white) for v, white in zip(_times(_XYZ, light), _WHITE, strict=True))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def distance(one: Rgb, other: Rgb, vision: str) -> float:
    """Return the CIE 1976 difference of two colours for eyes of a kind; 2.3 is just noticeable side by side."""
    return dist(seen_lab(one, vision), seen_lab(other, vision))


def _times(matrix: Matrix, vector: list[float]) -> list[float]:
    return [sum(m * v for m, v in zip(row, vector, strict=True)) for row in matrix]


def _f(share: float) -> float:
    return float(share ** (1 / 3)) if share > (6 / 29) ** 3 else share / (3 * (6 / 29) ** 2) + 4 / 29
