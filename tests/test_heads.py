"""Attention distance, entropy and divergence of heads: analytic truths, and the wrong ways that they would show."""

import math

import numpy as np
import pytest

from tf_models.probes import heads
from tf_models.probes.heads import (
    distance_ratio,
    head_divergence,
    head_pair_divergence,
    image_divergence,
    jensen_shannon,
    mean_distance,
    normalised_entropy,
    uniform_distance,
)

GRID = (3, 7)  # not square, so that rows taken for columns show
ROWS, COLUMNS = GRID
N = ROWS * COLUMNS
UNIFORM = np.full((N, N), 1 / N)
EVERY = (
    lambda a: mean_distance(a, GRID),
    lambda a: mean_distance(a, GRID, own=False),
    lambda a: distance_ratio(a, GRID),
    lambda a: distance_ratio(a, GRID, own=False),
    normalised_entropy,
    head_divergence,
    head_pair_divergence,
    image_divergence,
)


def softmax(logits: np.ndarray) -> np.ndarray:
    weights = np.exp(logits)
    return weights / weights.sum(-1, keepdims=True)


def drawn(images: int = 3, of: int = 4, n: int = N, seed: int = 0) -> np.ndarray:
    """Attention of heads that differ, image by image."""
    return softmax(2 * np.random.default_rng(seed).normal(size=(images, of, n, n)))


def one(matrix: np.ndarray) -> np.ndarray:
    """One image, one head."""
    return np.asarray(matrix, float)[None, None]


def one_hot(keys: list[int], n: int) -> np.ndarray:
    return np.eye(n)[keys]


def offset(row: int, column: int) -> np.ndarray:
    """Every query attends to one key, `row` rows and `column` columns away, on the side where the grid has it."""
    keys = []
    for i in range(ROWS):
        for j in range(COLUMNS):
            there = i + row if i + row < ROWS else i - row, j + column if j + column < COLUMNS else j - column
            keys.append(there[0] * COLUMNS + there[1])
    return one_hot(keys, N)


def distance(a: int, b: int, columns: int = COLUMNS) -> float:
    return math.hypot(a // columns - b // columns, a % columns - b % columns)


# Distance


def test_uniform_attention_has_the_distances_of_the_claim():
    """28-pixel and 32-pixel images in patches of 4 pixels."""
    assert 4 * uniform_distance((7, 7)) == pytest.approx(14.44, abs=0.005)
    assert 4 * uniform_distance((8, 8)) == pytest.approx(16.55, abs=0.005)
    assert uniform_distance((1, 2)) == 0.5 and uniform_distance((1, 2), own=False) == 1
    assert uniform_distance((200, 1)) == pytest.approx(200 / 3, rel=1e-4)  # of two points on a line


@pytest.mark.parametrize("own", [True, False])
def test_uniform_attention_gives_1_and_every_head_its_own(own):
    both = np.stack([UNIFORM, offset(0, 1)])[None]
    ratio = distance_ratio(both, GRID, own)
    assert ratio == pytest.approx([1, 1 / uniform_distance(GRID, own)])
    heads_averaged_first = distance_ratio(both.mean(1, keepdims=True), GRID, own)
    assert heads_averaged_first.shape == (1,) and ratio.min() < 0.4 < 0.6 < heads_averaged_first[0]


def test_attention_to_itself_gives_0_and_is_left_out_on_demand():
    assert distance_ratio(one(np.eye(N)), GRID) == pytest.approx([0])
    half = one(0.5 * np.eye(N) + 0.5 * UNIFORM)
    assert distance_ratio(half, GRID) == pytest.approx([0.5])
    assert distance_ratio(half, GRID, own=False) == pytest.approx([1])
    undivided = (half[0, 0] * ~np.eye(N, dtype=bool)).sum() / N  # the fault: rows left at less than 1
    assert undivided < 0.5
    with pytest.raises(ValueError, match=f"{N} of {N} rows have no weight left"):
        distance_ratio(one(np.eye(N)), GRID, own=False)


@pytest.mark.parametrize("step", [(0, 1), (1, 0), (1, 2), (0, 3)])
def test_one_fixed_offset_gives_its_length_over_the_mean(step):
    expected = math.hypot(*step) / uniform_distance(GRID)
    assert distance_ratio(one(offset(*step)), GRID) == pytest.approx([expected])
    assert mean_distance(one(offset(*step)), GRID) == pytest.approx([math.hypot(*step)])


def test_what_goes_wrong_with_the_place_of_a_token_shows():
    below = offset(1, 0)
    right = distance_ratio(one(below), GRID)[0]
    index = np.abs(np.arange(N)[:, None] - np.arange(N))
    in_index_space = (below * index).sum() / N / index.mean()
    rows_for_columns = distance_ratio(one(below), (COLUMNS, ROWS))[0]
    assert in_index_space == pytest.approx(COLUMNS / ((N * N - 1) / (3 * N)))
    assert right < 0.4 and in_index_space > 0.9 and rows_for_columns > 0.8


def test_queries_taken_for_keys_show():
    """All queries attend to one corner. Seen the other way, the corner has all the weight and the others none."""
    corner = one(one_hot([0] * N, N))
    expected = np.mean([distance(i, 0) for i in range(N)]) / uniform_distance(GRID)
    assert distance_ratio(corner, GRID) == pytest.approx([expected]) and expected > 1.2
    with pytest.raises(ValueError, match="row sums to 21, above 1: rows are queries"):
        distance_ratio(np.swapaxes(corner, 2, 3), GRID)
    for attention in (drawn(), drawn(1, 1)):
        with pytest.raises(ValueError, match="rows are queries"):
            distance_ratio(np.swapaxes(attention, 2, 3), GRID)


def test_distance_by_loops():
    attention = drawn(2, 2)
    for h, found in enumerate(mean_distance(attention, GRID)):
        total = 0.0
        for image in range(2):
            for i in range(N):
                total += sum(attention[image, h, i, j] * distance(i, j) for j in range(N))
        assert found == pytest.approx(total / (2 * N))
    own_left_out = [
        sum(attention[b, 0, i, j] * distance(i, j) for j in range(N) if j != i) / (1 - attention[b, 0, i, i])
        for b in range(2)
        for i in range(N)
    ]
    assert mean_distance(attention, GRID, own=False)[0] == pytest.approx(np.mean(own_left_out))
    others = [distance(i, j) for i in range(N) for j in range(N) if i != j]
    assert uniform_distance(GRID, own=False) == pytest.approx(np.mean(others))


def test_distance_is_one_of_the_image():
    """A mirrored or transposed image with its grid, and a finer grid of the same pattern, change nothing."""
    attention = drawn(2, 3)
    expected = mean_distance(attention, GRID)
    placed = attention.reshape(2, 3, *GRID, *GRID)
    np.testing.assert_allclose(mean_distance(placed[:, :, ::-1, :, ::-1].reshape(2, 3, N, N), GRID), expected)
    turned = placed.transpose(0, 1, 3, 2, 5, 4).reshape(2, 3, N, N)
    np.testing.assert_allclose(mean_distance(turned, (COLUMNS, ROWS)), expected)
    mixed = np.random.default_rng(1).permutation(N)  # the fault: tokens in another order than the grid's
    assert np.abs(mean_distance(one(offset(0, 1))[:, :, mixed][..., mixed], GRID) - 1).min() > 0.5


def test_distance_grows_with_the_reach_of_a_head_and_stays_below_the_diagonal():
    far = np.array([[distance(i, j) for j in range(N)] for i in range(N)])
    reach = np.stack([softmax(-far / t) for t in (0.2, 0.5, 1, 2, 5, 100)])[None]
    ratio = distance_ratio(reach, GRID)
    assert np.all(np.diff(ratio) > 0) and ratio[0] < 0.05 and ratio[-1] == pytest.approx(1, abs=0.02)
    avoiding = distance_ratio(one(one_hot(list(far.argmax(1)), N)), GRID)[0]
    assert 1 < avoiding <= math.hypot(ROWS - 1, COLUMNS - 1) / uniform_distance(GRID)


def test_a_dropped_class_token_leaves_rows_that_are_divided():
    whole = softmax(np.random.default_rng(3).normal(size=(2, 2, N + 1, N + 1)))
    dropped = whole[:, :, 1:, 1:]
    divided = dropped / dropped.sum(-1, keepdims=True)
    for figure in EVERY:
        np.testing.assert_allclose(figure(dropped), figure(divided))
    uniform = np.full((1, 1, N, N), 1 / (N + 1))
    assert distance_ratio(uniform, GRID) == pytest.approx([1])
    left_at_less = uniform[0, 0].sum(-1).mean()  # the fault: what was dropped counts as distance 0
    assert left_at_less == pytest.approx(N / (N + 1)) and left_at_less < 0.96
    with pytest.raises(ValueError, match="22 tokens do not fit a grid of 3×7"):
        distance_ratio(whole, GRID)


# Entropy


def test_entropy_from_one_key_to_all():
    some = np.zeros((N, N))
    some[:, :5] = 0.2
    found = normalised_entropy(np.stack([np.eye(N), some, UNIFORM])[None])
    assert found == pytest.approx([0, math.log(5) / math.log(N), 1])
    assert entropy_by_loops(drawn()) == pytest.approx(normalised_entropy(drawn()))


def entropy_by_loops(attention: np.ndarray) -> list[float]:
    images, count, n, _ = attention.shape
    found = []
    for h in range(count):
        rows = [attention[b, h, i] for b in range(images) for i in range(n)]
        found.append(np.mean([-sum(p * math.log(p) for p in row) for row in rows]) / math.log(n))
    return found


def test_entropy_of_averages_is_another():
    """The faults: heads, images or queries averaged first make sharp attention look even."""
    sharp = drawn(3, 4)
    right = normalised_entropy(sharp).mean()
    for axis in (0, 1):
        assert normalised_entropy(sharp.mean(axis, keepdims=True)).mean() > right + 0.1
    every_query_a_key = one(np.eye(N))
    assert normalised_entropy(every_query_a_key) == pytest.approx([0])
    mean_row = np.broadcast_to(every_query_a_key.mean(2, keepdims=True), every_query_a_key.shape)
    assert normalised_entropy(mean_row) == pytest.approx([1])


def test_an_untrained_head_is_told_by_ratio_and_entropy_together():
    """A ratio of 1 comes from even attention, and from a head that is sharp and looks just as far."""
    untrained = softmax(0.02 * np.random.default_rng(0).normal(size=(2, 1, N, N)))
    assert distance_ratio(untrained, GRID) == pytest.approx([1], abs=0.01) and normalised_entropy(untrained) > 0.99
    far = np.array([[distance(i, j) for j in range(N)] for i in range(N)])
    sharp = one_hot(list(np.abs(far - uniform_distance(GRID)).argmin(1)), N)
    assert distance_ratio(one(sharp), GRID) == pytest.approx([1], abs=0.1) and normalised_entropy(one(sharp)) < 1e-9


# Divergence


def test_divergence_of_equal_and_of_disjoint_heads():
    assert jensen_shannon(np.array([[1.0, 0, 0], [0, 0, 1.0]]), 0) == pytest.approx(math.log(2))
    assert jensen_shannon(np.eye(5), 0) == pytest.approx(math.log(5))
    in_bits = sum(-m * math.log2(m) for m in (0.5, 0.5))  # the fault: another unit
    assert in_bits == 1 and abs(in_bits - math.log(2)) > 0.3
    assert head_divergence(np.stack([UNIFORM] * 3)[None]) == pytest.approx(0, abs=1e-12)
    for count in (2, 3):
        disjoint = np.stack([one_hot([(i + h) % N for i in range(N)], N) for h in range(count)])[None]
        assert head_divergence(disjoint) == pytest.approx(1)
        assert head_pair_divergence(disjoint) == pytest.approx(1)


def test_divergence_by_loops():
    """As the mean Kullback-Leibler divergence from the mean, which it equals."""
    attention = drawn(2, 3)

    def by_loops(rows) -> float:
        mean = sum(rows) / len(rows)
        return sum(p * math.log(p / m) for row in rows for p, m in zip(row, mean, strict=True)) / len(rows)

    at = [(b, i) for b in range(2) for i in range(N)]
    every = np.mean([by_loops([attention[b, h, i] for h in range(3)]) for b, i in at])
    assert head_divergence(attention) == pytest.approx(every / math.log(3))
    assert jensen_shannon(attention, 1).shape == (2, N) and jensen_shannon(attention, 1).mean() == pytest.approx(every)
    pairs = [by_loops([attention[b, g, i], attention[b, h, i]]) for b, i in at for g, h in ((0, 1), (0, 2), (1, 2))]
    assert head_pair_divergence(attention) == pytest.approx(np.mean(pairs) / math.log(2))
    images = [by_loops([attention[0, 1, i], attention[1, 1, i]]) for i in range(N)]
    assert image_divergence(attention)[1] == pytest.approx(np.mean(images) / math.log(2))


def test_averaging_before_the_divergence_shows():
    """Heads that exchange their patterns from image to image, or from query to query, differ on every one."""
    a, b = offset(0, 1), offset(1, 0)
    exchanged = np.stack([[a, b], [b, a]])
    assert head_divergence(exchanged) == pytest.approx(1)
    assert head_divergence(exchanged.mean(0, keepdims=True)) == pytest.approx(0)  # images averaged first
    heads_first = exchanged.mean(1, keepdims=True).repeat(2, axis=1)
    assert head_divergence(heads_first) == pytest.approx(0)
    queries_first = np.stack([np.eye(N), np.roll(np.eye(N), 1, axis=1)])[None]
    assert head_divergence(queries_first) == pytest.approx(1)
    assert jensen_shannon(queries_first.mean(2), 1) == pytest.approx(0)


def test_a_pattern_that_the_image_does_not_change_has_no_divergence_between_images():
    still, moved = drawn(1, 2).repeat(4, axis=0), drawn(4, 2)
    assert image_divergence(still) == pytest.approx([0, 0], abs=1e-12) and head_divergence(still) > 0.1
    assert image_divergence(moved).min() > 0.1
    one_still = np.stack([still[:, 0], moved[:, 1]], axis=1)
    assert image_divergence(one_still)[0] == pytest.approx(0, abs=1e-12) and image_divergence(one_still)[1] > 0.1
    disjoint = np.stack([np.eye(N), np.roll(np.eye(N), 1, axis=1)])[:, None]
    assert image_divergence(disjoint) == pytest.approx([1])


def test_only_pairs_of_heads_are_a_match_for_pairs_of_images():
    """Heads and images that differ alike, by chance alone: all heads at once seem to differ less, and nats more."""
    attention = drawn(8, 6)
    between_images = image_divergence(attention).mean()
    assert head_pair_divergence(attention) == pytest.approx(between_images, rel=0.02)
    assert head_divergence(attention) < 0.9 * between_images
    assert head_divergence(attention) * math.log(6) > 1.3 * between_images * math.log(2)


def test_divergence_stays_in_its_range_and_does_not_ask_for_order():
    attention = drawn(3, 4)
    for seed in range(5):
        sharp = drawn(2, 3, seed=seed) ** 3
        sharp /= sharp.sum(-1, keepdims=True)
        for figure in (head_divergence, head_pair_divergence, image_divergence):
            assert np.all((figure(sharp) > 0) & (figure(sharp) < 1))
    assert head_divergence(attention[:, ::-1]) == pytest.approx(head_divergence(attention))
    assert head_pair_divergence(attention[::-1]) == pytest.approx(head_pair_divergence(attention))
    keys = np.random.default_rng(0).permutation(N)
    assert head_divergence(attention[..., keys]) == pytest.approx(head_divergence(attention))


# Every figure


@pytest.mark.parametrize("figure", EVERY)
def test_images_are_averaged_and_nothing_is_written_to(figure):
    attention = drawn(4, 3)
    before = attention.copy()
    found = figure(attention)
    np.testing.assert_array_equal(attention, before)
    np.testing.assert_array_equal(figure(attention), found)
    if figure is not image_divergence:  # whose pairs go round
        np.testing.assert_allclose(np.mean([figure(attention[i : i + 2]) for i in (0, 2)], axis=0), found)
    np.testing.assert_allclose(figure(attention.astype("float32")), found, rtol=1e-5)
    assert np.shape(found) in ((), (3,))


@pytest.mark.parametrize("figure", EVERY)
def test_what_is_no_attention_is_refused(figure):
    good = drawn(2, 2)
    bad = good.copy()
    bad[0, 1, 2, 3] = np.nan
    with pytest.raises(ValueError, match="of 1764 values of .*, 1 are NaN or infinite"):
        figure(bad)
    with pytest.raises(ValueError, match="below 0"):
        figure(np.log(good))
    with pytest.raises(ValueError, match="above 1"):
        figure(1.1 * good)
    with pytest.raises(ValueError, match="4 of 84 rows have no weight"):
        figure(np.where(np.arange(N)[:, None] == 4, 0, good[:1].repeat(4, axis=0)[:, :1]))
    with pytest.raises(ValueError, match="not 4 axes"):
        figure(good[0])
    with pytest.raises(ValueError, match="of attention holds nothing"):
        figure(good[:0])
    with pytest.raises(ValueError, match="1 queries to 1 keys"):
        figure(np.ones((2, 2, 1, 1)))
    with pytest.raises(ValueError, match="21 queries to 20 keys"):
        figure(good[..., :20])


def test_what_has_no_second_one_is_refused():
    for figure, few in ((head_divergence, (2, 1)), (head_pair_divergence, (2, 1)), (image_divergence, (1, 2))):
        with pytest.raises(ValueError, match="two distributions, not 1"):
            figure(drawn(*few))
    for axis in (-1, -2, 1, 2):
        with pytest.raises(ValueError, match=f"axis {axis} of 2"):
            jensen_shannon(np.eye(3), axis)
    for grid in ((1, 1), (0, 4)):
        with pytest.raises(ValueError, match="no two patches"):
            uniform_distance(grid)


def test_rounding_of_short_numbers_is_no_offence():
    """Rows of a softmax that ran in bfloat16: 8 bits of mantissa."""
    coarse = drawn(2, 2).astype("float32").view("uint32") & 0xFFFF0000
    coarse = coarse.view("float32") * (1 + 2**-8)
    assert np.abs(coarse.sum(-1) - 1).max() < heads.ROUNDING
    np.testing.assert_allclose(normalised_entropy(coarse), normalised_entropy(drawn(2, 2)), atol=0.01)
