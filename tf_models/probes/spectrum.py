"""What a layer does to the spatial frequencies of its maps, and how much its maps vary.

Maps are (N images, H, W, C channels). A frequency is in radians per position and axis, from 0, the mean (DC), to π, a
sign that changes from one position to the next. The transform takes the edges of a map as joined, opposite to opposite.
Maps with a side of one position, values that are not finite, and maps without what is measured are a ValueError.
"""

import numpy as np
from numpy.typing import ArrayLike

from tf_models.probes.checks import finite

FLOOR = 1e-6  # of the amplitude: the rounding of float32, in which networks compute, is no signal


def frequencies(side: int) -> np.ndarray:
    """Of the entries of `delta_log_amplitude`: 2πk / side for k = 0 … ⌊side / 2⌋.

    An even side ends at π, an odd one at π (1 − 1 / side). Fewer than 2 positions are a ValueError.
    """
    if side < 2:
        raise ValueError(f"a side of {side} positions is fewer than 2")
    return 2 * np.pi * np.arange(side // 2 + 1) / side


def delta_log_amplitude(maps: ArrayLike) -> np.ndarray:
    """Δ log amplitude of Park and Kim 2022 (figures 2 and 8): (N, S, S, C) → (⌊S / 2⌋ + 1,), at `frequencies(S)`.

    The natural logarithm of the amplitude of every map at the frequencies (ω, ω), averaged over images and channels,
    minus the same at DC: the first entry is 0. A single bright position has 0 everywhere. White noise has 0 at DC and
    π, where amplitudes are real, and ½ log 2 between, where they have an imaginary part too. An even side has its entry
    at π here, where the authors' code stops one before.

    As there, 1e-6 is added to amplitudes, so that 0 has a logarithm; here relative to their root mean square over all
    maps, so that the scale of a network does not matter. A map of zeros counts as flat. Maps that are not square, and
    zeros everywhere, are a ValueError.
    """
    x = _maps(maps)
    side = x.shape[1]
    if side != x.shape[2]:
        raise ValueError(f"maps of {side}×{x.shape[2]} positions are not square and have no half diagonal")
    size = side * np.sqrt(np.square(x).mean())  # root mean square of all amplitudes (Parseval)
    if not size > 0:
        raise ValueError(f"maps of {side}×{side} zeros have no amplitude")
    k = np.arange(side // 2 + 1)
    amplitude = np.abs(np.fft.rfft2(x, axes=(1, 2))[:, k, k])  # (N, S // 2 + 1, C)
    log = np.log(amplitude + FLOOR * size).mean((0, 2))
    return log - log[0]


def high_frequency_share(maps: ArrayLike) -> float:
    """Share of energy above π/2 along either axis, without DC: from 0 to 1, and free of the scale of every channel.

    This is what half the resolution cannot hold. The share of each channel over all images, averaged over channels;
    those that do not vary over positions are left out, and maps with no others are a ValueError. White noise has the
    share of the frequencies that lie there, 175 / 255 on 16×16 positions.
    """
    x = _maps(maps)
    energy = np.square(np.abs(np.fft.fft2(x, axes=(1, 2)))).sum(0)  # (H, W, C)
    whole = energy.sum((0, 1))
    energy[0, 0] = 0
    varying = energy.sum((0, 1))
    kept = varying > FLOOR**2 * whole
    if not kept.any():
        raise ValueError(f"none of {kept.size} channels varies over positions")
    high = np.maximum.outer(*(np.abs(np.fft.fftfreq(side)) for side in x.shape[1:3])) > 0.25  # cycles per position
    return float((energy[high].sum(0)[kept] / varying[kept]).mean())


def position_variance(maps: ArrayLike, normalised: bool = False) -> float:
    """Variance over the positions of a map, averaged over images and channels (Park and Kim 2022, figure 9).

    With `normalised`, that of maps whose every channel has mean 0 and variance 1 over images and positions: from 0,
    where a map is one value, to 1, where all images have one mean. This needs two images; channels that are constant
    are left out, and maps with no others are a ValueError.
    """
    x = _maps(maps)
    over_positions = x.var((1, 2)).mean(0)  # (C,)
    if not normalised:
        return float(over_positions.mean())
    if len(x) < 2:
        raise ValueError("one image has a variance of 1 on normalised maps, whatever it holds: two are needed")
    whole = x.var((0, 1, 2))
    kept = whole > FLOOR**2 * np.square(x).mean((0, 1, 2))
    if not kept.any():
        raise ValueError(f"none of {kept.size} channels varies")
    return float((over_positions[kept] / whole[kept]).mean())


def variance_ratio(before: ArrayLike, after: ArrayLike, normalised: bool = False) -> float:
    """`position_variance` of what a layer returns ÷ of what it is given: below 1 for a layer that smooths.

    c² for a layer that multiplies by c, 1 of it with `normalised`. Sides and channels may differ, images may not
    (ValueError); input that does not vary over positions is a ValueError.
    """
    x, y = _maps(before), _maps(after)
    if len(x) != len(y):
        raise ValueError(f"maps of {len(x)} images before and of {len(y)} after are not of the same images")
    if not np.any(x.var((1, 2)).mean(0) > FLOOR**2 * np.square(x).mean((0, 1, 2))):
        raise ValueError(f"the {len(x)} images before do not vary over positions")
    return position_variance(y, normalised) / position_variance(x, normalised)


def _maps(maps: ArrayLike) -> np.ndarray:
    x = finite("maps", maps, (4,))
    if min(x.shape[1:3]) < 2:
        raise ValueError(f"maps of {x.shape[1]}×{x.shape[2]} positions have a side of fewer than 2")
    return x


def orientation_selectivity(kernels: ArrayLike) -> float:
    """How strongly kernels (k, k, inputs, outputs) prefer one orientation: from 0, none, to 1, one alone.

    |Σ P e^{2iθ}| / Σ P over the power P at every frequency but DC, θ its direction (the coherence of a structure
    tensor), of the power of all inputs of an output together; averaged over outputs. Stripes have 1, a single bright
    position 0, a corner, which has two directions, 0. Kernels that are not square or larger than 1×1 are a ValueError,
    as are ones of which none varies.
    """
    x = finite("kernels", kernels, (4,))
    if x.shape[0] != x.shape[1] or x.shape[0] < 2:
        raise ValueError(f"kernels of {x.shape[0]}×{x.shape[1]} positions have no orientation")
    side = 16  # frequencies: a kernel has few positions, and its spectrum is smooth between them
    power = np.square(np.abs(np.fft.fft2(x, (side, side), axes=(0, 1)))).sum(axis=2)  # (side, side, outputs)
    down, right = np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side), indexing="ij")
    inside = (np.hypot(down, right) > 0) & (np.hypot(down, right) < 0.5)  # a disc, so that no direction has more
    direction = np.exp(2j * np.arctan2(down, right))[inside]
    power = power[inside]  # (frequencies, outputs)
    total = power.sum(axis=0)
    kept = total > 1e-12 * max(float(total.max()), 1e-300)
    if not kept.any() or not total.max() > 0:
        raise ValueError("kernels that do not vary have no orientation")
    return float(np.mean(np.abs(direction @ power[:, kept]) / total[kept]))
