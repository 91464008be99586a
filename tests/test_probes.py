"""Each probe has an analytic truth, and a planted fault that it must catch."""

import math

import keras
import numpy as np
import pytest

from tf_models.layers.channels import FeedForward
from tf_models.probes.cost import crossover, slope
from tf_models.probes.identity import affine_error, relative_error, variation
from tf_models.probes.rank import composite_norm, residual_share
from tf_models.probes.receptive_field import (
    asymmetry,
    central_radius,
    central_units,
    excess_radius,
    field,
    off_diagonal,
    radius,
    radius_of_share,
    share_of_pairs,
    unit_centre,
)
from tf_models.training.gradients import token_jacobian, training_step, vjp

rng = np.random.default_rng(0)


# Rank


def test_equal_tokens_have_no_residual_and_centred_ones_nothing_else():
    x = rng.normal(size=(6, 4))
    assert residual_share(np.ones((6, 1)) * x[:1]) == pytest.approx(0, abs=1e-15)
    assert residual_share(x - x.mean(0)) == pytest.approx(1)
    assert 0 < residual_share(x + 1) < 1
    assert residual_share(7 * x) == pytest.approx(residual_share(x))


def test_the_norm_is_the_one_of_the_paper():
    assert composite_norm(np.array([[1.0, -2.0], [3.0, 4.0]])) == pytest.approx(math.sqrt(6 * 7))


def test_one_token_that_differs_is_a_residual():
    """The planted fault: a matrix of rank one whose tokens are not equal has not collapsed."""
    x = np.outer([1.0, 1, 1, -1], [1.0, 2, 3])
    assert np.linalg.matrix_rank(x) == 1 and residual_share(x) > 0.5


def test_many_matrices_at_once_and_no_answer_for_zeros():
    x = rng.normal(size=(2, 3, 5, 4))
    assert residual_share(x).shape == (2, 3)
    assert residual_share(x)[1, 2] == pytest.approx(residual_share(x[1, 2]))
    with pytest.raises(ValueError, match="zeros"):
        residual_share(np.zeros((3, 3)))


# Receptive fields


def circular(n: int, reach: int) -> np.ndarray:
    """Jacobian of a circular moving sum over n positions in a row."""
    offset = np.arange(n)[:, None] - np.arange(n)[None]
    return (np.minimum(offset % n, -offset % n) <= reach).astype(float)


def test_the_support_of_a_circular_convolution():
    jacobian = circular(10, 1)
    assert share_of_pairs(jacobian) == pytest.approx(0.3)
    assert off_diagonal(jacobian) == 1 and off_diagonal(np.eye(4)) == 0
    jacobian[0, 5] = 1e-9  # rounding
    assert share_of_pairs(jacobian) == pytest.approx(0.3)
    jacobian[0, 5] = 1e-3  # the planted fault: a weak response is one
    assert share_of_pairs(jacobian) == pytest.approx(0.31)
    with pytest.raises(ValueError, match="no diagonal"):
        off_diagonal(np.ones((2, 3)))


def windows(side: int, size: int) -> np.ndarray:
    """Jacobian over a grid of `side` × `side` positions that windows of `size` × `size` tile."""
    row, column = np.divmod(np.arange(side**2), side)
    number = row // size * side + column // size
    return (number[:, None] == number[None]).astype(float)


def test_a_sliding_window_is_symmetric_and_a_tiling_one_is_not():
    row, column = np.divmod(np.arange(144), 12)
    near = np.maximum(np.abs(row[:, None] - row[None]), np.abs(column[:, None] - column[None])) <= 2
    assert asymmetry(near.astype(float), (12, 12), 4) == pytest.approx(0)
    assert asymmetry(windows(12, 4), (12, 12), 4) == pytest.approx(1.5 * math.sqrt(2) / 4)  # a corner of its window
    assert asymmetry(windows(9, 3), (9, 9), 3) == pytest.approx(math.sqrt(2) / 3)
    with pytest.raises(ValueError, match="away from the border"):
        asymmetry(windows(4, 4), (4, 4), 4)


def test_theoretical_fields_of_convolutions_and_pooling():
    assert field(5, 5, [(3, 1, 1)] * 4) == (1, 9)
    assert field(3, 3, [(2, 2, 0)]) == (6, 7)
    assert field(3, 3, [(2, 2, 0), (3, 1, 1), (3, 1, 1)]) == (4, 9)


def test_the_radius_of_a_gaussian_and_of_stacked_kernels():
    row, column = np.meshgrid(np.arange(61) - 30, np.arange(61) - 30, indexing="ij")
    assert radius(np.exp(-(row**2 + column**2) / (2 * 4.0**2)), (30, 30)) == pytest.approx(4 * math.sqrt(2), rel=1e-3)
    kernel, profile, radii = np.ones(3) / 3, np.ones(1), []
    for _ in range(12):
        profile = np.convolve(profile, kernel)
        padded = np.pad(profile, (30 - len(profile) // 2,) * 2)
        radii.append(radius(np.outer(padded, padded), (30, 30)))
    assert radii[0] == pytest.approx(math.sqrt(4 / 3))
    assert slope(np.arange(1, 13), radii) == pytest.approx(0.5)
    assert radius(np.outer(padded, padded), (30, 33)) > radii[-1] + 0.5  # the planted fault: another centre


def stacked(layers: int, size: int, at: tuple[int, int]) -> np.ndarray:
    """Gradient of the unit `at` with respect to a size × size input, after uniform linear 3×3 layers, zeros outside."""
    gradient = np.zeros((size + 2, size + 2))
    gradient[at[0] + 1, at[1] + 1] = 1
    for _ in range(layers):
        inner = sum(gradient[i : size + i, j : size + j] for i in range(3) for j in range(3)) / 9
        gradient = np.pad(inner, 1)
    return gradient[1:-1, 1:-1]


def smallest_disc(weight: np.ndarray, centre: tuple[float, float], share: float) -> float:
    """The radius of a share, by trying every distance that there is."""
    far = {(i, j): math.hypot(i - centre[0], j - centre[1]) for i, j in np.ndindex(*weight.shape)}
    for limit in sorted(set(far.values())):
        if sum(abs(weight[at]) for at in far if far[at] <= limit) >= share * np.abs(weight).sum() - 1e-12:
            return limit
    raise AssertionError


@pytest.mark.parametrize("layers", [1, 2, 5, 9])
def test_uniform_linear_layers_have_a_variance_of_two_thirds_each_along_an_axis(layers):
    gradient, centre = stacked(layers, 31, (15, 15)), (15, 15)
    assert radius(gradient, centre) ** 2 / 2 == pytest.approx(2 * layers / 3)
    offset = np.arange(31) - 15
    assert gradient.sum(axis=0) @ offset**2 == pytest.approx(2 * layers / 3)
    assert radius(gradient, (15.5, 15.5)) ** 2 / 2 == pytest.approx(2 * layers / 3 + 0.25)  # off by half
    half = layers // 2
    small = stacked(layers, 2 * half + 1, (half, half))  # the other planted fault: zero padding inside the field
    assert radius(small, (half, half)) ** 2 / 2 < 0.8 * 2 * layers / 3


def test_half_and_nine_tenths_of_a_field_of_stacked_layers():
    for layers in (1, 4, 8):
        gradient = stacked(layers, 21, (10, 10))
        for share in (0.5, 0.9):
            expected = smallest_disc(gradient, (10, 10), share)
            assert radius_of_share(gradient, (10, 10), share) == pytest.approx(expected)
            assert radius_of_share(-3 * gradient, (10, 10), share) == pytest.approx(expected)  # of |gradient|
    assert radius_of_share(stacked(1, 21, (10, 10)), (10, 10), 0.5) == 1  # five of nine
    assert radius_of_share(stacked(1, 21, (10, 10)), (10, 10), 0.9) == pytest.approx(math.sqrt(2))  # all nine
    gradient = stacked(8, 41, (20, 20))  # about a Gaussian, of which these are Rayleigh's quantiles
    for share in (0.5, 0.9):
        rayleigh = math.sqrt(2 * 8 / 3) * math.sqrt(-2 * math.log(1 - share))
        assert radius_of_share(gradient, (20, 20), share) == pytest.approx(rayleigh, abs=0.5)


def test_a_field_of_one_position_has_no_radius_unless_its_centre_is_elsewhere():
    one = np.zeros((7, 7))
    one[3, 3] = -2
    assert radius_of_share(one, (3, 3), 0.5) == radius_of_share(one, (3, 3), 0.9) == radius(one, (3, 3)) == 0
    assert radius_of_share(one, (3.5, 3.5), 0.5) == pytest.approx(math.sqrt(0.5))  # the planted fault: off by half


@pytest.mark.parametrize("side", [5, 8, 31, 40])
def test_the_radius_of_uniform_mixing(side):
    """The disc of half of a square has πr² = side²/2; nine tenths do not fit into the inscribed one, as in a corner."""
    uniform, centre = np.full((side, side), 0.3), ((side - 1) / 2, (side - 1) / 2)
    distance = np.sort([math.hypot(i - centre[0], j - centre[1]) for i, j in np.ndindex(side, side)])
    for share in (0.5, 0.9):
        expected = distance[math.ceil(share * side**2 - 1e-9) - 1]
        assert radius_of_share(uniform, centre, share) == pytest.approx(expected)
        assert excess_radius(uniform, centre, share) == 0
        assert excess_radius(stacked(1, side, (side // 2, side // 2)), centre, share) < 0
    assert radius_of_share(uniform, centre, 0.5) == pytest.approx(side / math.sqrt(2 * math.pi), abs=0.5)
    assert radius(uniform, centre) == pytest.approx(math.sqrt((side**2 - 1) / 6))


def test_the_excess_is_over_the_same_grid_and_centre():
    gradient = stacked(2, 12, (6, 6))
    uniform = radius_of_share(np.ones((12, 12)), (6, 6), 0.9)
    assert excess_radius(gradient, (6, 6), 0.9) == pytest.approx(radius_of_share(gradient, (6, 6), 0.9) - uniform)
    edge = np.ones((12, 12))
    edge[3:9, 3:9] = 0  # what avoids the centre
    assert excess_radius(edge, (5.5, 5.5), 0.5) > 0.5
    assert radius_of_share(np.ones((12, 12)), (6, 6), 0.9) != radius_of_share(np.ones((12, 12)), (0, 0), 0.9)


def test_a_faint_tail_rules_the_root_mean_square_and_not_the_half():
    gradient = stacked(2, 41, (20, 20))
    tailed = gradient + 0.1 * gradient.sum() / gradient.size
    assert radius_of_share(tailed, (20, 20), 0.5) == radius_of_share(gradient, (20, 20), 0.5)
    assert radius(tailed, (20, 20)) > 2 * radius(gradient, (20, 20))  # the planted fault


def test_the_units_in_the_middle_and_where_they_lie():
    assert central_units((7, 5)) == [(3, 2)]
    assert central_units((8, 8)) == [(3, 3), (3, 4), (4, 3), (4, 4)]
    assert central_units((1, 4)) == [(0, 1), (0, 2)]
    assert unit_centre((3, 4), 1) == (3, 4)
    assert unit_centre((0, 1), 4) == (1.5, 5.5)
    for grid in [(7, 5), (8, 8), (6, 9)]:
        centres = np.array([unit_centre(unit, 4) for unit in central_units(grid)])
        assert centres.mean(axis=0) == pytest.approx((np.array(grid) * 4 - 1) / 2)  # the middle of the image


def test_an_even_grid_has_four_units_each_around_its_own_centre():
    gradients = np.stack([stacked(1, 8, unit) for unit in central_units((8, 8))])
    assert central_radius(gradients, (8, 8), 0.5) == 1
    together = radius_of_share(gradients.mean(axis=0), (3.5, 3.5), 0.5)
    assert together == pytest.approx(math.sqrt(2.5))  # the planted fault: one centre for the four of them
    wider = np.stack([stacked(layers, 8, unit) for layers, unit in enumerate(central_units((8, 8)))])
    radii = [smallest_disc(g, unit, 0.9) for g, unit in zip(wider, central_units((8, 8)), strict=True)]
    assert central_radius(wider, (8, 8), 0.9) == pytest.approx(np.mean(radii)) and len(set(radii)) > 1
    identity = np.stack([stacked(0, 8, unit) for unit in central_units((8, 8))])
    assert central_radius(identity, (8, 8), 0.9) == 0


def test_the_field_of_a_patch_is_measured_in_pixels():
    """A unit of a grid of 4×4 that reads its own 3×3 pixels: the corner is √2 away from the middle."""
    gradients = np.zeros((4, 12, 12))
    for gradient, (row, column) in zip(gradients, central_units((4, 4)), strict=True):
        gradient[3 * row : 3 * row + 3, 3 * column : 3 * column + 3] = 1
    assert central_radius(gradients, (4, 4), 0.9) == pytest.approx(math.sqrt(2))
    assert central_radius(gradients[::-1], (4, 4), 0.9) > 2  # the planted fault: units in another order
    found = central_radius(gradients, (4, 4), 0.9, excess=True)
    ones = np.ones((12, 12))
    each = [radius_of_share(ones, unit_centre(unit, 3), 0.9) for unit in central_units((4, 4))]
    assert found == pytest.approx(math.sqrt(2) - np.mean(each))


def test_a_dead_unit_has_no_field_and_is_not_averaged_away():
    gradients = np.stack([stacked(1, 8, unit) for unit in central_units((8, 8))])
    gradients[2] = 0
    for call in (
        lambda: central_radius(gradients, (8, 8), 0.5),
        lambda: radius_of_share(gradients[2], (4, 3), 0.5),
        lambda: excess_radius(gradients[2], (4, 3), 0.5),
        lambda: radius(gradients[2], (4, 3)),
    ):
        with pytest.raises(ValueError, match="dead unit"):
            call()


@pytest.mark.parametrize(
    ("gradients", "grid", "share", "message"),
    [
        (np.ones((4, 8, 8)), (8, 8), 1.0, "share of 1.0 is not between"),
        (np.ones((4, 8, 8)), (8, 8), 0, "share of 0 is not between"),
        (np.ones((1, 8, 8)), (8, 8), 0.5, "not those of 4 units"),
        (np.ones((4, 8, 10)), (8, 8), 0.5, "not those of 4 units"),
        (np.ones((4, 4, 4)), (8, 8), 0.5, "not those of 4 units"),
        (np.ones((8, 8)), (8, 8), 0.5, "not 3 axes"),
        (np.full((4, 8, 8), np.nan), (8, 8), 0.5, "NaN"),
        (np.ones((4, 8, 8)), (0, 8), 0.5, "0×8 has no middle"),
    ],
)
def test_gradients_that_have_no_radius_are_refused(gradients, grid, share, message):
    with pytest.raises(ValueError, match=message):
        central_radius(gradients, grid, share)


# Cost


def test_slopes_of_n_and_of_its_square():
    n = np.array([256, 512, 1024, 4096])
    assert slope(n, 3 * n) == pytest.approx(1) and slope(n, n**2 / 7) == pytest.approx(2)
    assert slope(n, np.stack([n, n**2])) == pytest.approx([1, 2])
    assert 1 < slope(n, n + n**2 / 1000) < 2
    with pytest.raises(ValueError, match="above 0"):
        slope(n, [1, 2, 0, 3])


def test_where_a_square_passes_a_line():
    n = [64, 256, 1024, 4096]
    assert crossover(n, [m**2 for m in n], [768 * m for m in n]) == pytest.approx(768)
    assert crossover(n, [m**2 for m in n], [9000 * m for m in n]) is None
    assert crossover(n, [m**2 for m in n], [9 * m for m in n]) is None
    assert crossover(n, [5, 1, 1, 9], [2, 2, 2, 2]) > 1024  # the planted fault: above at first, by chance


# Identities


def test_errors_are_relative():
    x = rng.normal(size=(3, 4))
    assert relative_error(x, x) == 0 and relative_error(1.01 * x, x) == pytest.approx(0.01)
    with pytest.raises(ValueError, match="shapes"):
        relative_error(x, x[None])


def test_an_affine_map_is_found_and_a_bend_is_not():
    x = rng.normal(size=(400, 3))
    y = x @ rng.normal(size=(3, 2)) + 5
    assert affine_error(x, y) < 1e-12
    assert affine_error(x, np.abs(y - 5)) > 0.2
    assert affine_error(x, rng.normal(size=(400, 2))) > 0.9
    with pytest.raises(ValueError, match="cannot fit"):
        affine_error(x[:6], y[:6])


def test_the_same_matrix_for_every_input_does_not_vary():
    matrix = rng.normal(size=(5, 5))
    assert variation(np.stack([matrix] * 4)) < 1e-30
    assert variation(rng.normal(size=(2000, 3))) == pytest.approx(1, abs=0.01)
    assert variation(np.stack([matrix, 1.1 * matrix])) > 1e-3
    with pytest.raises(ValueError, match="two"):
        variation(matrix[None])


# Gradients


def test_gradients_of_functions_that_have_a_formula():
    x, cotangent = (rng.normal(size=(2, 3)).astype("float32") for _ in range(2))
    np.testing.assert_allclose(vjp(lambda t: t * t, x, cotangent), 2 * x * cotangent, rtol=1e-6)
    assert not vjp(lambda t: keras.ops.ones_like(t), x, cotangent).any()


def test_the_jacobian_over_positions_of_layers_that_have_a_formula():
    grid = rng.normal(size=(4, 5, 3)).astype("float32")
    position = FeedForward(6, "gelu")
    position.build((None, 4, 5, 3))
    alone = token_jacobian(position, grid)
    assert alone.shape == (20, 20) and off_diagonal(alone) == 0 and np.diag(alone).min() > 0

    rolled = token_jacobian(lambda x: keras.ops.roll(x, 1, axis=2), grid)
    assert share_of_pairs(rolled) == pytest.approx(1 / 20)
    at = np.arange(20).reshape(4, 5)
    assert all(rolled[at[i, (j + 1) % 5], at[i, j]] > 0 for i in range(4) for j in range(5))

    mean = token_jacobian(lambda x: position(x) + keras.ops.mean(x, axis=(1, 2), keepdims=True), grid)
    assert share_of_pairs(mean) == 1  # the planted fault: one number from everywhere


def test_a_step_runs_forward_and_backward():
    layer = FeedForward(6, "gelu")
    layer.build((None, 2, 2, 3))
    assert training_step(layer, np.ones((1, 2, 2, 3), "float32"))() is None
