"""What a shift does to features and predictions: nets whose equivariance is a theorem, and ways to miss it."""

from itertools import product

import numpy as np
import pytest

from tf_models.probes.shift import circular, consistency, crops, equivariance_error, invariance_error, moved

IMAGES = np.random.default_rng(0).normal(size=(12, 12, 16, 3))
KERNEL = np.random.default_rng(1).normal(size=(3, 3, 3, 4))
SECOND = np.random.default_rng(2).normal(size=(3, 3, 4, 4))


def convolution(images: np.ndarray, kernel: np.ndarray, stride: int = 1, mode: str = "wrap") -> np.ndarray:
    """3×3 convolution and ReLU, the border continued around (`wrap`) or by zeros (`constant`)."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode=mode)
    height, width = images.shape[1:3]
    out = sum(
        padded[:, i : i + height, j : j + width] @ kernel[i, j] for i, j in product(range(3), range(3))
    )  # (N, H, W, C)
    return np.maximum(out, 0)[:, ::stride, ::stride]


def around(images: np.ndarray, stride: int = 1) -> np.ndarray:
    return convolution(convolution(images, KERNEL, stride), SECOND)


def zeros_outside(images: np.ndarray) -> np.ndarray:
    return convolution(convolution(images, KERNEL, mode="constant"), SECOND, mode="constant")


def unshared(images: np.ndarray) -> np.ndarray:
    """A locally connected layer: another kernel at every position."""
    kernels = np.random.default_rng(3).normal(size=(*images.shape[1:3], 3, 4))
    return np.maximum(np.einsum("nijc,ijcd->nijd", images, kernels), 0)


def by_hand(features: np.ndarray, shifted: np.ndarray, steps: tuple[int, int]) -> float:
    """ε(s) of a circular shift by `steps` positions: loops over images, pairs and positions."""
    n, height, width, _ = features.shape
    above = below = pairs = 0.0
    for image, i, j in product(range(n), range(height), range(width)):
        expected = features[image, (i - steps[0]) % height, (j - steps[1]) % width]
        above += np.sum((shifted[image, i, j] - expected) ** 2)
    for one, other in product(range(n), range(n)):
        if one != other:
            below += np.sum((features[one] - features[other]) ** 2)
            pairs += 1
    return (above / n) / (below / pairs)


# The shifts


def test_a_circular_shift_moves_content_down_and_right():
    moved = circular(IMAGES, (2, -3))
    for i, j in product(range(12), range(16)):
        np.testing.assert_array_equal(moved[:, (i + 2) % 12, (j - 3) % 16], IMAGES[:, i, j])
    assert circular(IMAGES.astype("uint8"), (1, 0)).dtype == np.uint8
    np.testing.assert_array_equal(circular(circular(IMAGES, (5, 7)), (-5, -7)), IMAGES)


@pytest.mark.parametrize("shift", [(1, 0), (-2, 3), (0, -4), (0, 0)])
def test_what_moves_into_a_small_image_is_empty_and_into_a_large_one_was_there(shift):
    """Rows taken for columns, and content that comes in again on the other side, as in a circle."""
    small = np.random.default_rng(4).integers(1, 255, (3, 8, 10, 1), dtype=np.uint8)
    still, after = moved(small, shift, "seen")
    assert still is small and after.dtype == np.uint8
    large = np.random.default_rng(5).integers(1, 255, (2, 24, 30, 3), dtype=np.uint8)
    framed, framed_after = moved(large, shift, "seen")
    for i, j in np.ndindex(8, 10):
        came = not (0 <= i - shift[0] < 8 and 0 <= j - shift[1] < 10)
        expected = 0 if came else small[:, i - shift[0], j - shift[1]]
        np.testing.assert_array_equal(after[:, i, j], np.broadcast_to(expected, after[:, i, j].shape))
    for i, j in np.ndindex(24, 30):
        inside = 4 <= i < 20 and 4 <= j < 26
        expected = large[:, i - shift[0], j - shift[1]] if inside else large.mean(axis=(1, 2)).astype(np.uint8)
        np.testing.assert_array_equal(framed_after[:, i, j], expected)
    np.testing.assert_array_equal(framed, moved(large, (0, 0), "seen")[1])
    with pytest.raises(ValueError, match="'sideways' is none of circular, seen"):
        moved(small, shift, "sideways")


@pytest.mark.parametrize("shift", [(0, 0), (1, 0), (0, -1), (-4, 3), (4, 4)])
def test_a_crop_moves_content_and_invents_none(shift):
    middle, moved = crops(IMAGES, shift)
    assert middle.shape == moved.shape == (12, 4, 8, 3)
    np.testing.assert_array_equal(middle, IMAGES[:, 4:8, 4:12])
    for i, j in product(range(4), range(8)):
        np.testing.assert_array_equal(moved[:, i, j], IMAGES[:, 4 + i - shift[0], 4 + j - shift[1]])


def test_a_crop_and_a_circular_shift_agree_where_nothing_came_in():
    middle, moved = crops(IMAGES, (2, 1))
    around_the_crop = circular(middle, (2, 1))
    np.testing.assert_array_equal(moved[:, 2:, 1:], around_the_crop[:, 2:, 1:])
    assert not np.array_equal(moved[:, :2], around_the_crop[:, :2])


@pytest.mark.parametrize(
    ("images", "shift", "margin", "message"),
    [
        (IMAGES, (1, 0), 3, "margin of 3 pixels is below 4"),
        (IMAGES, (0, -5), 4, "below the shift"),
        (IMAGES, (1, 0), 6, "12×16 pixels has no middle"),
        (IMAGES[0], (1, 0), 4, "not \\(N, H, W, C\\)"),
    ],
)
def test_a_crop_that_there_is_not_is_refused(images, shift, margin, message):
    with pytest.raises(ValueError, match=message):
        crops(images, shift, margin)


# Equivariance


@pytest.mark.parametrize("shift", [(1, 0), (0, 1), (-3, 5), (4, 4)])
def test_a_circular_net_of_stride_1_is_equivariant(shift):
    assert equivariance_error(around(IMAGES), around(circular(IMAGES, shift)), shift, 1, wrap=True) <= 1e-6


@pytest.mark.parametrize("shift", [(1, 0), (-1, 2), (0, 3)])
def test_a_roll_in_the_wrong_direction_is_far_off(shift):
    features, moved = around(IMAGES), around(circular(IMAGES, shift))
    back = (-shift[0], -shift[1])
    assert equivariance_error(features, moved, back, 1, wrap=True) > 0.3
    assert equivariance_error(features, circular(features, back), shift, 1, wrap=True) > 0.3
    assert equivariance_error(features, circular(features, shift[::-1]), shift, 1, wrap=True) > 0.3  # axes exchanged


def test_the_number_is_that_of_a_loop_over_images_pairs_and_positions():
    features, moved = unshared(IMAGES), unshared(circular(IMAGES, (2, -1)))
    expected = by_hand(features, moved, (2, -1))
    assert equivariance_error(features, moved, (2, -1), 1, wrap=True) == pytest.approx(expected, rel=1e-9)
    strided, moved = around(IMAGES, 2), around(circular(IMAGES + 0.3 * IMAGES[::-1], (2, -4)), 2)
    expected = by_hand(strided, moved, (1, -2))
    assert 0.01 < expected < 1
    assert equivariance_error(strided, moved, (2, -4), 2, wrap=True) == pytest.approx(expected, rel=1e-9)


def test_unshared_weights_are_far_off():
    assert equivariance_error(unshared(IMAGES), unshared(circular(IMAGES, (1, 0))), (1, 0), 1, wrap=True) > 0.5


def test_a_stride_of_2_is_exact_for_even_shifts_only():
    features = around(IMAGES, 2)
    for shift in [(2, 0), (0, -4), (-2, 6)]:
        assert equivariance_error(features, around(circular(IMAGES, shift), 2), shift, 2, wrap=True) <= 1e-6
    with pytest.raises(ValueError, match="shift of 3 pixels is not a multiple of the reduction 2"):
        equivariance_error(features, around(circular(IMAGES, (0, 3)), 2), (0, 3), 2, wrap=True)
    odd = around(circular(IMAGES, (0, 3)), 2)
    nearest = [by_hand(features, odd, (0, steps)) for steps in (1, 2)]
    assert min(nearest) > 0.1  # no shift of its grid is the odd one of the image


def test_pooled_outputs_of_a_circular_net_are_constant():
    """With stride 2 for even shifts only; a net without pooling is not."""

    def pooled(images: np.ndarray, stride: int) -> np.ndarray:
        return around(images, stride).mean(axis=(1, 2))

    for shift in [(1, 0), (-3, 5)]:
        assert invariance_error(pooled(IMAGES, 1), pooled(circular(IMAGES, shift), 1)) <= 1e-6
    assert invariance_error(pooled(IMAGES, 2), pooled(circular(IMAGES, (2, 4)), 2)) <= 1e-6
    assert invariance_error(pooled(IMAGES, 2), pooled(circular(IMAGES, (1, 0)), 2)) > 1e-3
    flat = np.random.default_rng(4).normal(size=(12 * 16 * 4, 5))
    logits, moved = (around(x).reshape(12, -1) @ flat for x in (IMAGES, circular(IMAGES, (1, 0))))
    assert invariance_error(logits, moved) > 0.5


def test_tokens_are_not_pixels():
    """Patches of 4: a shift by 4 pixels is one by 1 token."""

    def patches(images: np.ndarray) -> np.ndarray:
        return images.reshape(12, 3, 4, 4, 4, 3).swapaxes(2, 3).reshape(12, 3, 4, 48)

    features, moved = patches(IMAGES), patches(circular(IMAGES, (0, 4)))
    assert equivariance_error(features, moved, (0, 4), 4, wrap=True) <= 1e-6
    assert equivariance_error(features, moved, (0, 4), 1, wrap=True) > 0.5  # the planted fault: rolled by 4 tokens
    with pytest.raises(ValueError, match="shift of 1 pixels is not a multiple of the reduction 4"):
        equivariance_error(features, moved, (0, 1), 4)


@pytest.mark.parametrize("shift", [(1, 0), (0, -2), (2, -1)])
def test_zero_padding_is_equivariant_inside_and_not_at_the_border(shift):
    features, moved = zeros_outside(IMAGES), zeros_outside(circular(IMAGES, shift))
    assert equivariance_error(features, moved, shift, 1, border=2) <= 1e-6
    assert equivariance_error(features, moved, shift, 1) > 1e-3  # the planted faults: border left in,
    assert equivariance_error(features, moved, shift, 1, border=1) > 1e-4  # half of it,
    assert equivariance_error(features, moved, shift, 1, border=2, wrap=True) > 1e-3  # what came from beyond it


def test_a_realistic_shift_of_a_convolution_is_exact_inside():
    middle, moved = crops(np.concatenate([IMAGES, IMAGES], axis=1), (-2, 1))
    features, shifted = zeros_outside(middle), zeros_outside(moved)
    assert equivariance_error(features, shifted, (-2, 1), 1, border=2) <= 1e-6
    assert equivariance_error(features, shifted, (-2, 1), 1) > 1e-3


def test_only_positions_inside_whose_origin_is_inside_are_read():
    """Anything may stand at the others. Rows 1 to 8 come from 3 to 10 by a shift of −2, of a border of 1 in 12."""
    features = around(IMAGES)
    moved = circular(features, (-2, 0))
    read = np.zeros((12, 16), bool)
    read[1:9, 1:15] = True
    moved[:, ~read] = 1e6
    assert equivariance_error(features, moved, (-2, 0), 1, border=1) <= 1e-6
    for row, column in [(1, 1), (8, 14)]:
        wrong = moved.copy()
        wrong[:, row, column] += 1e3
        assert equivariance_error(features, wrong, (-2, 0), 1, border=1) > 1


def test_a_feature_that_hardly_depends_on_the_image_does_not_look_equivariant():
    """A pattern of positions, and a thousandth of white noise that any shift replaces."""
    rng = np.random.default_rng(5)
    features, moved = 100 + rng.normal(size=(2, 40, 6, 6, 2))
    assert equivariance_error(features, moved, (1, 0), 1, wrap=True) == pytest.approx(1, abs=0.1)
    wrong = np.sum((moved - np.roll(features, 1, axis=1)) ** 2) / np.sum(features**2)
    assert wrong < 1e-3  # the planted fault: over ‖f(x)‖²
    with pytest.raises(ValueError, match="the same for all images"):
        equivariance_error(np.ones((4, 6, 6, 2)), np.ones((4, 6, 6, 2)), (1, 0), 1)
    table = np.broadcast_to(rng.normal(size=(6, 6, 2)), (4, 6, 6, 2))
    with pytest.raises(ValueError, match="the same for all images"):
        equivariance_error(table, table, (1, 0), 1)


def test_unrelated_features_are_at_1_and_scale_is_nothing():
    one, other = np.random.default_rng(6).normal(size=(2, 60, 5, 5, 8))
    assert equivariance_error(one, other, (0, 0), 1) == pytest.approx(1, abs=0.05)
    features, moved = unshared(IMAGES), unshared(circular(IMAGES, (1, 0)))
    expected = equivariance_error(features, moved, (1, 0), 1)
    assert equivariance_error(7e3 * features + 5, 7e3 * moved + 5, (1, 0), 1) == pytest.approx(expected)
    halves = np.concatenate([features, features], axis=-1), np.concatenate([moved, moved], axis=-1)
    assert equivariance_error(*halves, (1, 0), 1) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("features", "shifted", "shift", "border", "message"),
    [
        (IMAGES[:1], IMAGES[:1], (1, 0), 0, "at least two images"),
        (IMAGES, IMAGES[:, :6], (1, 0), 0, "are not one"),
        (IMAGES, IMAGES, (0, 4), 6, "leave nothing of 12 positions"),
        (IMAGES, IMAGES, (-8, 0), 2, "border of 2 and a shift of -8 leave nothing of 12"),
        (IMAGES, IMAGES, (0, 0), -1, "border of -1"),
        (np.full_like(IMAGES, np.nan), IMAGES, (1, 0), 0, "of features, .* are NaN"),
        (IMAGES, np.full_like(IMAGES, np.inf), (1, 0), 0, "of shifted, .* infinite"),
        (IMAGES[0], IMAGES[0], (1, 0), 0, "not 4 axes"),
    ],
)
def test_bad_features_are_refused(features, shifted, shift, border, message):
    with pytest.raises(ValueError, match=message):
        equivariance_error(features, shifted, shift, 1, border)


# Consistency


def test_consistency_is_1_for_equal_predictions_and_0_for_unrelated_ones():
    rng = np.random.default_rng(7)
    one, other = rng.choice(4, (2, 20_000), p=[0.7, 0.1, 0.1, 0.1])
    assert consistency(one, one) == 1
    assert consistency(one, other) == pytest.approx(0, abs=0.03)
    assert np.mean(one == other) > 0.5  # the planted fault: not corrected
    mixture = np.where(rng.random(20_000) < 0.6, one, other)
    assert consistency(one, mixture) == pytest.approx(0.6, abs=0.03)


def test_consistency_by_hand():
    one, other = [0, 0, 1, 2, 2], [0, 1, 1, 2, 0]
    counts = {0: 4, 1: 3, 2: 3}
    chance = sum((count / 10) ** 2 for count in counts.values())
    assert consistency(one, other) == pytest.approx((3 / 5 - chance) / (1 - chance))
    assert consistency(other, one) == consistency(one, other)
    assert consistency([5, 5, 9, 7, 7], [5, 9, 9, 7, 5]) == consistency(one, other)  # names of classes are nothing
    assert consistency([0, 1], [1, 0]) == -1


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        ([3, 3, 3], [3, 3, 3], "single class"),
        ([1, 2], [1, 2, 3], "are not one class for each"),
        ([1], [2], "two images or more"),
        ([[0.1, 0.9], [0.8, 0.2]], [[0.1, 0.9], [0.8, 0.2]], "are not one class for each"),
        ([0.5, 0.9], [0.5, 0.8], "not numbers of classes"),
    ],
)
def test_predictions_that_cannot_be_compared_are_refused(one, other, message):
    with pytest.raises(ValueError, match=message):
        consistency(one, other)


def test_logits_that_cannot_be_compared_are_refused():
    logits = np.random.default_rng(8).normal(size=(5, 3))
    assert invariance_error(logits, logits) == 0
    with pytest.raises(ValueError, match="at least two images"):
        invariance_error(logits[:1], logits[:1])
    with pytest.raises(ValueError, match="the same for all images"):
        invariance_error(np.ones((5, 3)), logits)
    with pytest.raises(ValueError, match="NaN"):
        invariance_error(logits, np.full((5, 3), np.nan))
