"""The value of a switch that gives a network as many parameters as another."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import cache

from tf_models.errors import LabError
from tf_models.zoo import Value, configure, parameters
from tf_models.zoo.switches import SWITCHES, Numbers

Switches = tuple[tuple[str, Value], ...]
Shape = tuple[int, int, int]


def nearest(
    variant: str, switches: Mapping[str, Value], switch: str, target: float, input_shape: Shape, classes: int
) -> dict[str, Value]:
    """`switches` and the value of `switch`, ``depth`` or ``width``, that comes nearest to `target` parameters."""
    numbers = SWITCHES[switch].values
    assert isinstance(numbers, Numbers)
    values = range(int(numbers.low), int(numbers.high) + 1)
    return dict(_nearest(variant, _ordered(switches), switch, values, target, input_shape, classes))


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
            finer = dict(_nearest(variant, _ordered(found), second, values, target, input_shape, classes))
            found = min(found, finer, key=distance)
    return dict(_ordered(found)) if distance(found) <= tolerance else None


def _ordered(switches: Mapping[str, Value]) -> Switches:
    return tuple(sorted(switches.items()))


@cache  # every reading of an experiment asks for its arms
def _nearest(
    variant: str, switches: Switches, switch: str, values: Sequence[Value], target: float, shape: Shape, classes: int
) -> Switches:
    """A binary search: parameters grow with every value. A value that cannot be built counts as the next that can."""

    @cache
    def size(value: Value) -> int | None:
        try:
            return parameters(configure(variant, {**dict(switches), switch: value}, shape, classes))
        except LabError:  # a width that its heads do not divide
            return None

    def first(least: float) -> int:
        """The position of the first value with at least so many parameters."""
        return built(bisect_left(range(len(values)), least, key=lambda at: size_from(built(at))))

    def built(at: int) -> int:
        return next((i for i in range(at, len(values)) if size(values[i]) is not None), len(values))

    def size_from(at: int) -> float:
        return float("inf") if at == len(values) else size(values[at]) or 0

    above = first(target)
    smaller = next((found for value in reversed(values[:above]) if (found := size(value)) is not None), None)
    positions = [first(smaller)] if smaller is not None else []
    positions += [above] if above < len(values) else []
    if not positions:
        configure(variant, {**dict(switches), switch: values[0]}, shape, classes)  # says why none can be built
    chosen = min(positions, key=lambda at: abs(size_from(at) - target))
    return (*switches, (switch, values[chosen]))
