"""The value of a switch that gives a network as many parameters, or multiply-adds, as another."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from tf_models.errors import LabError
from tf_models.zoo import ModelSpec, Value, configure, parameters
from tf_models.zoo.switches import SWITCHES, Numbers

Switches = tuple[tuple[str, Value], ...]
Shape = tuple[int, int, int]


def nearest(
    variant: str,
    switches: Mapping[str, Value],
    switch: str,
    target: float,
    input_shape: Shape,
    classes: int,
    of: Callable[[ModelSpec], int] = parameters,
) -> dict[str, Value]:
    """`switches` and the value of `switch`, ``depth`` or ``width``, that comes nearest to `target` parameters, or to
    what else is counted: `of` must grow with the value.
    """
    numbers = SWITCHES[switch].values
    assert isinstance(numbers, Numbers)
    values = range(int(numbers.low), int(numbers.high) + 1)
    return dict(_nearest(variant, _ordered(switches), switch, values, target, input_shape, classes, of))


def matched(
    variant: str,
    switches: Mapping[str, Value],
    switch: str,
    target: int,
    input_shape: Shape,
    classes: int,
    tolerance: float,
) -> dict[str, Value] | None:
    """`nearest`, if the parameters are within this share of `target`.

    Where they are not, a second switch is turned a little too: the width beside the depth, the FFN ratio beside the
    width. None where that does not come near enough either.
    """

    def distance(found: Mapping[str, Value]) -> float:
        return abs(parameters(configure(variant, found, input_shape, classes)) / target - 1)

    found = nearest(variant, switches, switch, target, input_shape, classes)
    if distance(found) > tolerance:
        spec = configure(variant, switches, input_shape, classes)
        width, ratio = (SWITCHES[name].standing(spec) for name in ("width", "ffn_ratio"))
        second, values = "", ()
        if switch == "depth":
            second, width = "width", int(width or 0)
            values = range(width + -width // 5, width + width // 5 + 1)
        elif ratio is not None:
            second, values = "ffn_ratio", tuple(float(ratio) * (1 + step / 64) for step in range(-12, 13))
        if second:
            finer = dict(_nearest(variant, _ordered(found), second, values, target, input_shape, classes, parameters))
            found = min(found, finer, key=distance)
    return dict(_ordered(found)) if distance(found) <= tolerance else None


def _ordered(switches: Mapping[str, Value]) -> Switches:
    return tuple(sorted(switches.items()))


@cache  # every reading of an experiment asks for its arms
def _nearest(
    variant: str,
    switches: Switches,
    switch: str,
    values: Sequence[Value],
    target: float,
    shape: Shape,
    classes: int,
    of: Callable[[ModelSpec], int],
) -> Switches:
    """The count grows with every value: searched by secants, as one takes half a millisecond.

    A value that cannot be built counts as the next that can.
    """
    power = 0.5 if switch == "width" else 1  # parameters grow with the square of the width

    @cache
    def size(value: Value) -> int | None:
        try:
            return of(configure(variant, {**dict(switches), switch: value}, shape, classes))
        except LabError:  # a width that its heads do not divide
            return None

    def next_size(at: int, step: int) -> tuple[int, float]:
        """The first position from here on, or back, whose value can be built, and its parameters."""
        while 0 <= at < len(values):
            if (count := size(values[at])) is not None:
                return at, count
            at += step
        return at, math.inf

    low, high, at = -1, len(values), len(values) // 8  # `low` has fewer parameters than `target`, `high` has not
    points = [(-1, 0.0)]
    while high - low > 1:
        found, count = next_size(at, 1)
        low, high = (low, at) if count >= target else (found, high)
        (a, x), (b, y) = points[-1], (found, count**power)
        points.append((b, y))
        secant = math.ceil(b + (target**power - y) * (b - a) / (y - x)) if x != y < math.inf else 0
        at = min(max(secant, low + 1), high - 1) if len(points) < 8 else (low + high) // 2
    candidates = [next_size(low, -1), next_size(high, 1)]
    while (before := next_size(candidates[0][0] - 1, -1))[1] == candidates[0][1] < math.inf:
        candidates[0] = before  # the smallest of equals
    position, count = min(candidates, key=lambda candidate: abs(candidate[1] - target))
    if count == math.inf:
        configure(variant, {**dict(switches), switch: values[0]}, shape, classes)  # says why none can be built
    return (*switches, (switch, values[position]))
