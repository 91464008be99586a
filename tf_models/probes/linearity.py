"""How far a function of tokens is from an affine one: 1 − R² of the best affine map, and an error that needs no map.

The function is a branch without its skip connection: a residual stream is nearly linear by its own weight (Razzhigaev
2024, "Your Transformer is secretly linear"). Tokens are (N, n, p): N images, n tokens, p channels.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from tf_models.probes.checks import finite
from tf_models.probes.ridge import PENALTIES, Split, checked, principal, ridge, unexplained

COMPONENTS = 512  # principal components of an input at most
PASSES = 2  # with which the share of noise is found
NOISIEST = 0.95  # share of noise of a linear target at most
HIGHEST_FLOOR = 0.25  # what is left of a linear target without noise at most: beyond, the map could not be told
SCALES = (0.1, 0.5, 1.0)  # of the steps of an interchange


class Maps(NamedTuple):
    """1 − R² of three maps from X (n, p) to Y (n, q), each a case of the next one (but for what PCA cuts off).

    ``frozen`` knows the values and mixes them by the mean pattern; ``static`` knows the mean pattern only; ``full`` is
    any affine map of the whole input.
    """

    frozen: float
    static: float
    full: float


def nonlinearity(
    x: ArrayLike, y: ArrayLike, split: Split, components: int | None = None, penalties: Sequence[float] = PENALTIES
) -> float:
    """1 − R² on held-out images of the best ridge-affine map, the same for every token, from x (N, ..., p) to y.

    0 for an affine function, 1 for one that no affine map predicts, more for one that it predicts worse than the mean
    does. y is (N, ..., q), with the leading axes of x. `components`, where given, is how many principal components at
    most stand in place of x. Leading axes that differ are a ValueError, as is an x or a y that does not vary.
    """
    x, y = _pair(x, y)
    split = checked(split, len(x))
    if components is not None:
        x = _reduced(x, split, components)
    return unexplained(y, ridge(x, y, split, penalties).predict(x[split.test]), split)


def random_linear_target(x: ArrayLike, seed: int, noise: float = 0.0, outputs: int = 64) -> np.ndarray:
    """A target that is linear but for noise: X W + ε with W standard normal. (N, ..., p) → (N, ..., outputs).

    `noise`, from 0 to below 1, is the share of the target's variance that ε has.
    """
    if not 0 <= noise < 1:
        raise ValueError(f"a share of noise of {noise} is not from 0 to below 1")
    x, rng = finite("x", x), np.random.default_rng(seed)
    signal = x @ rng.normal(size=(x.shape[-1], outputs))
    size = signal.std(axis=tuple(range(x.ndim - 1))) * np.sqrt(noise / (1 - noise))
    return signal + size * rng.normal(size=signal.shape)


def linear_floor(
    x: ArrayLike,
    split: Split,
    seed: int,
    noise: float = 0.0,
    components: int | None = None,
    penalties: Sequence[float] = PENALTIES,
) -> float:
    """What `nonlinearity` gives for a random linear target of equal images, width, and share of noise.

    To be subtracted: it is what too few images, or too few components, pass off as nonlinear.
    """
    return nonlinearity(x, random_linear_target(x, seed, noise), split, components, penalties)


def beyond_linear(x: ArrayLike, y: ArrayLike, split: Split, seed: int, components: int | None = None) -> float:
    """`nonlinearity`, less what as much noise on a linear target would add to it: what is left of few images' faults.

    What no affine map explains acts on the fit as noise does, which a linear target without any would not show. Its
    share is found in `PASSES` steps, from that without noise. Where even of that target more than `HIGHEST_FLOOR` is
    left, as where `components` hold too little of x, nothing can be said: a ValueError.
    """
    found, floor = nonlinearity(x, y, split, components), linear_floor(x, split, seed, components=components)
    if floor > HIGHEST_FLOOR:
        raise ValueError(
            f"{len(np.asarray(x))} images leave {floor:.0%} of a linear target unexplained: too few to tell"
        )
    left = found - floor
    for _ in range(PASSES):
        noise = min(max(left, 0.0), NOISIEST)
        left = found - (linear_floor(x, split, seed, noise, components) - noise)
    return left


def mixed(pattern: ArrayLike, x: ArrayLike) -> np.ndarray:
    """Tokens (N, n, p) mixed by every head's pattern (h, n, n), side by side: (N, n, h·p).

    ``pattern[h, i, j]`` is the weight that token i gives to token j.
    """
    pattern, x = finite("pattern", pattern, (3,)), finite("x", x, (3,))
    _matching(pattern, x.shape[1])
    heads = pattern[None] @ x[:, None]  # (N, h, n, p)
    return heads.swapaxes(1, 2).reshape(*x.shape[:2], -1)


def frozen_pattern(pattern: ArrayLike, values: ArrayLike, y: ArrayLike, split: Split) -> float:
    """1 − R² of ŷ = Σ_h Ā_h V_h + c, nothing fitted but the constant c (q,): attention as "a weighted sum".

    `pattern` (h, n, n) is the mean over the images `fit`; `values` (N, h, n, q) are X W_V W_O of every head, already of
    the output's width; y (N, n, q).
    """
    pattern, values, y = finite("pattern", pattern, (3,)), finite("values", values, (4,)), finite("y", y, (3,))
    expected = (len(y), len(pattern), *y.shape[1:])
    if values.shape != expected:
        raise ValueError(f"values of shape {values.shape} do not fit y and pattern: {expected}")
    _matching(pattern, y.shape[1])
    split = checked(split, len(y))
    summed = (pattern[None] @ values).sum(axis=1)  # (N, n, q)
    constant = (y - summed)[split.fit].mean(axis=(0, 1))
    return unexplained(y, summed[split.test] + constant, split)


def static_mixing(
    pattern: ArrayLike, x: ArrayLike, y: ArrayLike, split: Split, penalties: Sequence[float] = PENALTIES
) -> float:
    """1 − R² of ŷ = Σ_h Ā_h X B_h + c with free channel maps B_h (p, q): only the pattern (h, n, n) is given."""
    return nonlinearity(mixed(pattern, x), y, split, penalties=penalties)


def full_affine(
    x: ArrayLike, y: ArrayLike, split: Split, components: int = COMPONENTS, penalties: Sequence[float] = PENALTIES
) -> float:
    """1 − R² of any affine map from all tokens at once (N, n, p), reduced by PCA, to all of y (N, n, q).

    Rows are images here, so it takes more of them than components for an affine function to give 0. R² is about the
    same mean token as that of the other two maps.
    """
    x, y = _pair(x, y)
    _several(x)
    split = checked(split, len(x))
    flat = _reduced(x.reshape(len(x), -1), split, components)
    fitted = ridge(flat, y.reshape(len(y), -1), split, penalties)
    return unexplained(y, fitted.predict(flat[split.test]).reshape(-1, *y.shape[1:]), split)


def nested_maps(
    pattern: ArrayLike,
    values: ArrayLike,
    x: ArrayLike,
    y: ArrayLike,
    split: Split,
    components: int = COMPONENTS,
    penalties: Sequence[float] = PENALTIES,
) -> Maps:
    """1 − R² of an attention's three nested maps: `frozen_pattern`, `static_mixing`, `full_affine`."""
    return Maps(
        frozen_pattern(pattern, values, y, split),
        static_mixing(pattern, x, y, split, penalties),
        full_affine(x, y, split, components, penalties),
    )


def nested_floors(
    pattern: ArrayLike,
    x: ArrayLike,
    split: Split,
    seed: int,
    noise: float = 0.0,
    components: int = COMPONENTS,
    penalties: Sequence[float] = PENALTIES,
) -> Maps:
    """What the three maps give for a random linear target, to be subtracted: see `linear_floor`.

    Nothing is fitted in the frozen map but a constant, which leaves the noise alone.
    """
    x = finite("x", x, (3,))
    return Maps(
        noise,
        linear_floor(mixed(pattern, x), split, seed, noise, penalties=penalties),
        linear_floor(x.reshape(len(x), -1), split, seed, noise, components, penalties),
    )


def neighbourhood(grid: ArrayLike, size: int = 3, positions: ArrayLike | None = None) -> np.ndarray:
    """Every position with its neighbours, zeros beyond the border: (N, H, W, C) → (N, H, W, size²·C).

    What a convolution of that size may depend on, and is linear in. Of some `positions` alone, numbered row by row:
    (N, positions, size²·C). An even size has no centre: a ValueError.
    """
    grid = finite("grid", grid, (4,))
    if size < 1 or size % 2 == 0:
        raise ValueError(f"a neighbourhood of size {size} is not odd")
    edge = size // 2
    padded = np.pad(grid, ((0, 0), (edge, edge), (edge, edge), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(1, 2))  # (N, H, W, C, size, size)
    if positions is not None:
        windows = windows[:, *np.unravel_index(np.asarray(positions), grid.shape[1:3])]  # (N, positions, C, size, size)
    return np.moveaxis(windows, -3, -1).reshape(*windows.shape[:-3], -1)


def corners(a: ArrayLike, b: ArrayLike, c: ArrayLike, t: float) -> tuple[np.ndarray, ...]:
    """The inputs a′ + b′ − c, a′, b′ and c, with a′ = c + t(a − c) and b′ = c + t(b − c): a small parallelogram.

    a, b and c are real inputs of one shape; t is above 0, and 1 takes them as they are.
    """
    a, b, c = finite("a", a), finite("b", b), finite("c", c)
    if not a.shape == b.shape == c.shape:
        raise ValueError(f"inputs of shapes {a.shape}, {b.shape} and {c.shape} are no parallelogram")
    if not t > 0:
        raise ValueError(f"a scale of {t} is not above 0")
    to_a, to_b = t * (a - c), t * (b - c)
    return c + to_a + to_b, c + to_a, c + to_b, c


def interchange_error(both: ArrayLike, first: ArrayLike, second: ArrayLike, base: ArrayLike) -> float:
    """‖f(a+b−c) − f(a) − f(b) + f(c)‖ / ‖f(a+b−c) − f(c)‖ over all entries, from the outputs at the four `corners`.

    0 where the two steps do not interact, as in every affine function; it needs no fit. Outputs that do not change are
    a ValueError.
    """
    named = {"both": both, "first": first, "second": second, "base": base}
    ab, a, b, c = (finite(name, value) for name, value in named.items())
    if not ab.shape == a.shape == b.shape == c.shape:
        raise ValueError(f"outputs of shapes {ab.shape}, {a.shape}, {b.shape} and {c.shape} cannot be compared")
    change = np.linalg.norm(ab - c)
    if not change > 0:
        raise ValueError("a function that does not change between its inputs has no interchange error")
    return float(np.linalg.norm(ab - a - b + c) / change)


def interchange_errors(
    function: Callable[[np.ndarray], ArrayLike],
    a: ArrayLike,
    b: ArrayLike,
    c: ArrayLike,
    scales: Sequence[float] = SCALES,
) -> np.ndarray:
    """`interchange_error` of a function of a batch, at every scale of the steps: (scales,).

    Of a smooth function it falls like the scale, of a kinked one at its kink it stays.
    """
    return np.array([interchange_error(*map(function, corners(a, b, c, t))) for t in scales])


def nats_gained(logits: ArrayLike, labels: ArrayLike) -> float:
    """ln 2 − cross-entropy in nats, of logits (N,) for label 1 against labels 0 and 1 (N,).

    On y = sign(a·b) with a and b in different tokens, a model that adds up what it finds in each, g(a) + h(b), gains 0
    at most, though its accuracy may reach 75 %. So 0.02 or more counts as a product of tokens.
    """
    z, y = finite("logits", logits, (1,)), finite("labels", labels, (1,))
    if z.shape != y.shape or not np.isin(y, (0, 1)).all():
        raise ValueError(f"{len(z)} logits need as many labels, 0 or 1, not {len(y)} from {y.min():g} to {y.max():g}")
    return float(np.log(2) - np.logaddexp(0, np.where(y == 1, -z, z)).mean())


def _pair(x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Both in float64, checked: (N, ..., p) and (N, ..., q) with equal leading axes."""
    x, y = finite("x", x), finite("y", y)
    if x.ndim < 2 or x.shape[:-1] != y.shape[:-1]:
        raise ValueError(f"x of shape {x.shape} and y of shape {y.shape} differ before their last axis")
    return x, y


def _reduced(x: np.ndarray, split: Split, components: int) -> np.ndarray:
    """At most `components` principal components: fewer where the images `fit` do not have so many."""
    most = min(x.shape[-1], x[split.fit].size // x.shape[-1] - 1)
    return principal(x, split.fit, min(components, most))


def _several(x: np.ndarray) -> None:
    if x.ndim != 3 or x.shape[1] < 2:
        raise ValueError(f"tokens of shape {x.shape} are not (images, tokens, channels) with two tokens at least")


def _matching(pattern: np.ndarray, tokens: int) -> None:
    if tokens < 2 or pattern.shape[1:] != (tokens, tokens):
        raise ValueError(f"a pattern of shape {pattern.shape} does not mix {tokens} tokens, of which there must be two")
