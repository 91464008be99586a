"""The search for a width or depth finds what trying every value finds."""

import pytest

from tf_models.errors import LabError
from tf_models.zoo import CLASSROOM, configure, parameters
from tf_models.zoo.matching import matched, nearest

IMAGE = ((32, 32, 3), 10)


def count(variant: str, switches: dict) -> int | None:
    try:
        return parameters(configure(variant, switches, *IMAGE))
    except LabError:
        return None


@pytest.mark.parametrize("share", [0.25, 0.5, 1.3])
@pytest.mark.parametrize("variant", CLASSROOM)
def test_the_nearest_is_the_nearest_of_all(variant, share):
    """Also where most widths are refused, for heads that do not divide them."""
    target = share * parameters(configure(variant, {}, *IMAGE))
    for switch, values in (("width", range(4, 129)), ("depth", range(1, 25))):
        sizes = {value: size for value in values if (size := count(variant, {switch: value})) is not None}
        expected = min(sizes, key=lambda value: abs(sizes[value] - target))
        assert nearest(variant, {}, switch, target, *IMAGE) == {switch: expected}


def test_what_one_switch_cannot_match_a_second_one_may():
    convolution, pool = ({"mixer": mixer, "ffn": "off"} for mixer in ("convolution", "pool"))
    target = parameters(configure("vit", {}, *IMAGE))
    assert nearest("vit", convolution, "depth", target, *IMAGE) == convolution | {"depth": 5}  # 7 % too few
    found = matched("vit", convolution, "depth", target, *IMAGE, tolerance=0.05)
    assert found == convolution | {"depth": 5, "width": 66}
    assert matched("vit", pool, "depth", target, *IMAGE, tolerance=0.05) is None
    target = parameters(configure("mixer", {"width": 7}, *IMAGE)) + 300
    assert matched("convnext", {}, "width", target, *IMAGE, tolerance=0.05) == {"width": 4, "ffn_ratio": 3.375}


def test_a_search_without_an_answer_says_why():
    with pytest.raises(LabError, match="cnn cannot honour ffn=off"):
        nearest("cnn", {"ffn": "off"}, "width", 1000, *IMAGE)
