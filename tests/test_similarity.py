"""CKA, neighbours, Procrustes and the index: analytic truths, and the wrong ways that they would show."""

import math

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from tf_models.probes.similarity import (
    centred_gram,
    cka,
    cka_within,
    hsic,
    index,
    mutual_neighbours,
    pool,
    procrustes,
)

MEASURES = (cka, mutual_neighbours, procrustes)
CLASSES = np.arange(120) % 4


@pytest.fixture(autouse=True)
def one_thread():
    """Several stall each other in a singular value decomposition when the machine is busy."""
    with threadpool_limits(1):
        yield


def within(x: np.ndarray, y: np.ndarray) -> float:
    return cka_within(x, y, np.arange(len(x)) % 4)


EVERY = (*MEASURES, within)


def gaussian(images: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(images, width))


def rotation(width: int) -> np.ndarray:
    return np.linalg.qr(gaussian(width, width, seed=9))[0]


def biased_cka(x: np.ndarray, y: np.ndarray) -> float:
    """The planted fault: HSIC₀, with the diagonals of the Gram matrices."""
    x, y = x - x.mean(0), y - y.mean(0)
    cross, a, b = (np.vdot(u @ u.T, v @ v.T) for u, v in ((x, y), (x, x), (y, y)))
    return float(cross / np.sqrt(a * b))


def hsic_by_loops(x: np.ndarray, y: np.ndarray) -> float:
    """Song 2012, equation 5, term by term."""
    n = len(x)
    k, m = (
        [[0.0 if i == j else sum(p * q for p, q in zip(z[i], z[j], strict=True)) for j in range(n)] for i in range(n)]
        for z in (x.tolist(), y.tolist())
    )
    trace = sum(k[i][j] * m[j][i] for i in range(n) for j in range(n))
    sums = sum(map(sum, k)) * sum(map(sum, m))
    through = sum(k[i][j] * m[j][q] for i in range(n) for j in range(n) for q in range(n))
    return (trace + sums / ((n - 1) * (n - 2)) - 2 * through / (n - 2)) / (n * (n - 3))


# CKA


def test_hsic_is_the_estimator_of_song():
    x, y = gaussian(11, 3), gaussian(11, 2, seed=1) + 1
    y[:, 0] += x[:, 1]
    for a, b in ((x, y), (x, x), (y, y), (x[:4], y[:4])):
        assert hsic(a, b) == pytest.approx(hsic_by_loops(a, b))
    expected = hsic_by_loops(x, y) / math.sqrt(hsic_by_loops(x, x) * hsic_by_loops(y, y))
    assert cka(x, y) == pytest.approx(expected)
    assert abs(biased_cka(x, y) - expected) > 0.1


def test_hsic_is_unbiased_with_few_images_and_hsic_0_is_not():
    """For standard normal features of width p, ‖Cov(x, x)‖² is p."""
    rng, p, n = np.random.default_rng(0), 3, 6
    draws = rng.normal(size=(4000, n, p))
    assert np.mean([hsic(x, x) for x in draws]) == pytest.approx(p, abs=0.3)
    centred = draws - draws.mean(1, keepdims=True)
    with_diagonal = np.mean(np.square(centred @ centred.transpose(0, 2, 1)).sum((1, 2))) / (n - 1) ** 2
    assert with_diagonal > p + 1.5


def test_the_centred_matrix_has_no_rows_no_columns_and_no_diagonal():
    gram = centred_gram(gaussian(9, 3) + 5)
    np.testing.assert_allclose(gram.sum(0), 0, atol=1e-12)
    np.testing.assert_array_equal(np.diag(gram), 0)
    np.testing.assert_allclose(gram, gram.T)
    assert np.abs(gram).max() > 0.1


@pytest.mark.parametrize("measure", EVERY)
def test_the_same_features_up_to_shift_rotation_and_scale_give_1(measure):
    x = gaussian(120, 8) @ np.diag(np.arange(1.0, 9))
    assert measure(x, x) == pytest.approx(1)
    assert measure(x, 1e-4 * x @ rotation(8) + 300) == pytest.approx(1)
    assert measure(x, -7 * x[:, ::-1]) == pytest.approx(1)
    wider = np.concatenate([x, np.zeros((120, 5))], axis=1)
    assert measure(x, wider @ rotation(13)) == pytest.approx(1)


@pytest.mark.parametrize("measure", EVERY)
def test_a_general_linear_map_changes_the_features(measure):
    """What a measure that only asks for a linear map, such as a regression, would call the same."""
    x = gaussian(120, 8)
    y = x @ np.diag([30.0, 20, 1, 1, 1, 0.1, 0.1, 0.1])
    fitted = x @ np.linalg.lstsq(x, y, rcond=None)[0]
    assert np.linalg.norm(y - fitted) < 1e-9 * np.linalg.norm(y)
    assert measure(x, y) < 0.8


@pytest.mark.parametrize("measure", EVERY)
def test_both_sides_count_alike_and_images_have_no_order(measure):
    x = gaussian(120, 6)
    y = np.tanh(x @ gaussian(6, 9, seed=1)) + 0.5 * gaussian(120, 9, seed=2)
    found, order = measure(x, y), np.arange(120).reshape(30, 4)[np.random.default_rng(0).permutation(30)].ravel()
    assert 0.1 < found < 0.95
    assert measure(y, x) == pytest.approx(found)
    assert measure(x[order], y[order]) == pytest.approx(found)  # classes keep their places
    assert measure(x[order], y) < found / 2 + 0.05


def test_independent_features_have_none_and_the_biased_estimator_sees_almost_all():
    x, y = gaussian(100, 2000), gaussian(100, 2000, seed=1)
    assert abs(cka(x, y)) < 0.03
    assert biased_cka(x, y) == pytest.approx(0.95, abs=0.01)
    found = np.array([cka(gaussian(100, 50, seed=s), gaussian(100, 50, seed=99 + s)) for s in range(40)])
    assert abs(found.mean()) < 0.007 and found.min() < 0 < found.max()
    assert found.std() == pytest.approx(0.014, abs=0.005)


def test_rows_of_one_side_in_another_order_have_none():
    x = gaussian(300, 40) @ np.diag(np.linspace(1, 3, 40))
    order = np.random.default_rng(1).permutation(300)
    assert cka(x, x[order]) == pytest.approx(0, abs=0.02) and cka(x, x) == pytest.approx(1)
    assert mutual_neighbours(x, x[order]) == pytest.approx(10 / 299, abs=0.02)
    by_class = np.arange(300) % 3
    same_class = np.concatenate([np.random.default_rng(2).permutation(np.flatnonzero(by_class == c)) for c in range(3)])
    shuffled = np.empty_like(x)
    shuffled[np.concatenate([np.flatnonzero(by_class == c) for c in range(3)])] = x[same_class]
    assert cka_within(x, shuffled, by_class) == pytest.approx(0, abs=0.02)


def test_features_with_a_large_mean_are_centred():
    """The fault: without centring, what is positive looks alike."""
    x, y = np.abs(gaussian(100, 20)), np.abs(gaussian(100, 20, seed=1))
    a, b = x @ x.T, y @ y.T
    uncentred = np.vdot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b))
    assert uncentred > 0.9 and abs(cka(x, y)) < 0.05
    assert cka(x + 1e7, y) == pytest.approx(cka(x, y), abs=1e-6)


def test_half_shared_features_have_the_value_of_the_population():
    """x = (s, u) and y = (s, v), all independent, standard normal and equally wide: ‖Cov(s)‖² of twice that."""
    found = []
    for seed in range(20):
        s, u, v = np.split(gaussian(200, 12, seed), 3, axis=1)
        found.append(cka(np.hstack([s, u]), np.hstack([s, v])))
    assert np.mean(found) == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("seed", range(5))
def test_cka_never_leaves_its_range(seed):
    """With as few images as there may be, and a negative estimate of HSIC."""
    x, y = gaussian(4, 3, seed=seed), gaussian(4, 7, seed=50 + seed)
    assert -1 <= cka(x, y) <= 1 and hsic(x, x) > 0
    assert cka(x, x) == pytest.approx(1)


# Within classes


def test_classes_alone_align_two_networks_but_not_within():
    """Both know the class and nothing else in common: one would call them the same, and the other strangers."""
    means = 6 * np.eye(4)[CLASSES]
    x = np.hstack([means, gaussian(120, 6)])
    y = np.hstack([means @ rotation(4), gaussian(120, 6, seed=1)])
    assert cka(x, y) > 0.9 and abs(cka_within(x, y, CLASSES)) < 0.1
    within_only = np.hstack([means, gaussian(120, 6)]), np.hstack([6 * np.eye(4)[(CLASSES + 1) % 4], gaussian(120, 6)])
    assert cka_within(*within_only, CLASSES) == pytest.approx(1)


def test_class_means_that_are_subtracted_would_bias_it():
    """The planted fault: residuals of one class add up to 0 on both sides, which is shared by strangers."""
    labels = np.arange(100) % 20
    fault, right = [], []
    for seed in range(20):
        x, y = gaussian(100, 30, seed=seed), gaussian(100, 30, seed=99 + seed)
        residuals = [z - np.stack([z[labels == c].mean(0) for c in labels]) for z in (x, y)]
        fault.append(cka(*residuals))
        right.append(cka_within(x, y, labels))
    assert np.mean(fault) > 0.03 and abs(np.mean(right)) < 0.02


def test_within_classes_by_loops():
    x, y = gaussian(13, 3), gaussian(13, 2, seed=1)
    y[:, 0] += x[:, 0]
    labels = np.array(["cat"] * 5 + ["dog"] * 8)[np.random.default_rng(0).permutation(13)]
    total = np.zeros(3)
    for c in ("cat", "dog"):
        a, b = x[labels == c], y[labels == c]
        pairs = len(a) * (len(a) - 3)
        total += [pairs * hsic_by_loops(a, b), pairs * hsic_by_loops(a, a), pairs * hsic_by_loops(b, b)]
    assert cka_within(x, y, labels) == pytest.approx(total[0] / math.sqrt(total[1] * total[2]))
    assert cka_within(x, y, np.zeros(13)) == pytest.approx(cka(x, y))


# Neighbours


def neighbours_by_loops(x: np.ndarray, y: np.ndarray, k: int, itself: bool = False) -> float:
    def nearest(z, i):
        others = [j for j in range(len(z)) if itself or j != i]
        return set(sorted(others, key=lambda j: sum((z[i] - z[j]) ** 2))[:k])

    return float(np.mean([len(nearest(x, i) & nearest(y, i)) / k for i in range(len(x))]))


def test_neighbours_by_loops_and_without_the_image_itself():
    x, y = gaussian(40, 3), gaussian(40, 3, seed=1)
    y[:, 0] += 3 * x[:, 0]
    for k in (1, 5, 10, 38):
        assert mutual_neighbours(x, y, k) == pytest.approx(neighbours_by_loops(x, y, k))
    with_itself = neighbours_by_loops(x, y, 2, itself=True)
    assert with_itself > 0.5 > mutual_neighbours(x, y, 2) + 0.1
    assert mutual_neighbours(x, y) == mutual_neighbours(x, y, 10)


def test_chance_is_k_over_the_number_of_others():
    found = [mutual_neighbours(gaussian(60, 5, seed=s), gaussian(60, 5, seed=99 + s)) for s in range(20)]
    assert np.mean(found) == pytest.approx(10 / 59, abs=0.01)


def test_nearest_points_on_a_line():
    """Gaps that grow: all but the first have theirs before them. Gaps that shrink: all but the last, after."""
    line = np.arange(6.0)[:, None]
    assert mutual_neighbours(np.exp(line), -np.exp(-line), 1) == pytest.approx(2 / 6)
    assert mutual_neighbours(np.exp(line), 5 * np.exp(line) - 3, 1) == 1


def test_images_that_are_equally_far_share_places():
    """Features of two values tell half of the images apart, not the order in which they stand."""
    x, y = ((np.random.default_rng(s).permutation(40) % 2).astype(float)[:, None] for s in (0, 1))
    pairs = [(i, j) for i in range(40) for j in range(40) if i != j]
    same = sum(bool(x[i] == x[j] and y[i] == y[j]) for i, j in pairs) / 40  # others that are near on both sides
    assert mutual_neighbours(x, y, 5) == pytest.approx(5 * same / 19**2)
    first_of_equals = neighbours_by_loops(x, y, 5)  # the fault: both sides break ties by the number of an image
    assert first_of_equals > 2 * mutual_neighbours(x, y, 5)
    corners = np.random.default_rng(4).integers(0, 2, (40, 3)) - 0.5  # of a cube: equal up to rounding, once turned
    turned = 0.3 * corners @ rotation(3) + 7
    assert mutual_neighbours(turned, y, 5) == pytest.approx(mutual_neighbours(corners, y, 5))
    order = np.random.default_rng(3).permutation(40)
    assert mutual_neighbours(x[order], y[order], 5) == pytest.approx(mutual_neighbours(x, y, 5))


# Procrustes


def test_procrustes_is_what_the_best_rotation_leaves():
    """In the plane: the best of all angles, mirrored or not."""
    x, y = (z - z.mean(0) for z in (gaussian(30, 2), gaussian(30, 2, seed=1) + gaussian(30, 2)))
    x, y = x / np.linalg.norm(x), y / np.linalg.norm(y)
    best = 0.0
    for angle in np.linspace(0, 2 * np.pi, 20001):
        turned = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        best = max(best, *(np.vdot(x @ turned, y * mirror) for mirror in ([1, 1], [1, -1])))
    assert procrustes(x, y) == pytest.approx(best, abs=1e-6)
    distance = math.sqrt(2 - 2 * procrustes(x, y))
    u, _, v = np.linalg.svd(x.T @ y)
    assert distance == pytest.approx(np.linalg.norm(x @ u @ v - y))
    unrotated = float(np.vdot(x, y))  # the fault: without a rotation
    assert unrotated < procrustes(x, x @ rotation(2)) - 0.1


def test_procrustes_of_strangers_rises_with_their_width():
    """Why it is read beside rows in a random order."""
    x, y = gaussian(60, 150), gaussian(60, 150, seed=1)
    assert procrustes(x[:, :2], y[:, :2]) < 0.35 and procrustes(x, y) > 0.75
    assert procrustes(x, y[::-1]) == pytest.approx(procrustes(x, y), abs=0.02)


# Index


def test_the_index_runs_from_the_floor_to_another_seed():
    assert index(0.2, 0.9, 0.7, 0.2) == pytest.approx(0)
    assert index(0.8, 0.9, 0.7, 0.2) == pytest.approx(1)
    assert index(0.5, 0.9, 0.7, 0.2) == pytest.approx(0.5)
    assert index(0.1, 0.9, 0.7, 0.2) == pytest.approx(-1 / 6)
    assert index(0.5, 0.7, 0.9, 0.2) == pytest.approx(0.5)
    without_floor = 0.5 / 0.8  # the fault: strangers would be alike
    assert without_floor > 0.5 + 0.1


def test_there_is_no_index_without_a_scale():
    assert index(0.5, 0.6, 0.6, 0.5) is None
    assert index(0.5, 0.3, 0.3, 0.5) is None  # untrained networks more alike than seeds
    assert index(0.5, 0.625, 0.625, 0.5, bound=0.125) is None  # at the bound
    assert index(0.5, 0.625, 0.625, 0.5, bound=0.12) == pytest.approx(0)
    with pytest.raises(ValueError, match="of 4 values of the similarities, 1 are NaN"):
        index(0.5, np.nan, 0.6, 0.5)


# Pooling


def test_pooling_by_loops():
    maps = np.random.default_rng(0).normal(size=(2, 8, 12, 3))
    found = pool(maps, 4)
    assert found.shape == (2, 48) and pool(maps, 1).shape == (2, 3)
    cells = found.reshape(2, 4, 4, 3)
    for i in range(4):
        for j in range(4):
            block = maps[:, 2 * i : 2 * i + 2, 3 * j : 3 * j + 3]
            np.testing.assert_allclose(cells[:, i, j], block.mean((1, 2)))
    np.testing.assert_allclose(pool(maps, 1), maps.mean((1, 2)))


@pytest.mark.parametrize("shape", [(7, 7), (2, 2), (1, 1), (3, 5), (4, 9), (14, 13)])
def test_areas_are_equal_for_any_side(shape):
    """Their mean is that of the map, which blocks with whole positions in two of them do not keep."""
    maps = np.random.default_rng(1).normal(size=(3, *shape, 2))
    cells = pool(maps, 4).reshape(3, 16, 2)
    np.testing.assert_allclose(cells.mean(1), maps.mean((1, 2)), atol=1e-12)
    finer = np.repeat(np.repeat(maps, 4, axis=1), 4, axis=2).reshape(3, 4, shape[0], 4, shape[1], 2)
    np.testing.assert_allclose(cells.reshape(3, 4, 4, 2), finer.mean((2, 4)), atol=1e-12)


def test_blocks_of_whole_positions_would_count_some_twice():
    """The planted fault: areas that begin at the floor and end at the ceiling."""
    maps = np.random.default_rng(1).normal(size=(3, 7, 7, 1))
    ends = [(math.floor(i * 7 / 4), math.ceil((i + 1) * 7 / 4)) for i in range(4)]
    blocks = np.array([[maps[:, a:b, c:d].mean((1, 2)) for c, d in ends] for a, b in ends])
    assert np.abs(blocks.mean((0, 1)) - maps.mean((1, 2))).max() > 0.01


def test_pooling_forgets_what_maps_keep():
    """Two networks that see the same amounts in other places: pooled to one they are one, in sixteen areas not."""
    maps = np.random.default_rng(2).normal(size=(60, 8, 8, 4))
    mixed = maps.reshape(60, 64, 4)[np.arange(60)[:, None], np.random.default_rng(3).permuted([range(64)] * 60, axis=1)]
    mixed = mixed.reshape(maps.shape)
    assert cka(pool(maps, 1), pool(mixed, 1)) == pytest.approx(1)
    assert cka(pool(maps, 4), pool(mixed, 4)) < 0.4


# Every measure


@pytest.mark.parametrize("measure", EVERY)
def test_nothing_is_written_to_and_the_answer_is_one(measure):
    x, y = gaussian(40, 6), gaussian(40, 7, seed=1)
    before = x.copy(), y.copy()
    found = measure(x, y)
    assert isinstance(found, float) and measure(x, y) == found
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(y, before[1])
    assert measure(x.astype("float32"), y.astype("float32")) == pytest.approx(found, abs=1e-5)


@pytest.mark.parametrize("measure", (*EVERY, hsic))
def test_what_are_no_features_is_refused(measure):
    x, y = gaussian(40, 6), gaussian(40, 7, seed=1)
    broken = x.copy()
    broken[3, 2] = np.nan
    with pytest.raises(ValueError, match="of 240 values of .*, 1 are NaN or infinite"):
        measure(broken, y)
    with pytest.raises(ValueError, match="of 240 values of .*, 1 are NaN or infinite"):
        measure(y, broken)
    with pytest.raises(ValueError, match="39 and of 40 images"):
        measure(x[1:], y)
    with pytest.raises(ValueError, match=r"shape \(40, 2, 3\) of .* has not 2 axes"):
        measure(x.reshape(40, 2, 3), y)
    with pytest.raises(ValueError, match="images do not differ"):
        measure(x, np.full((40, 2), 0.1))


def test_too_few_images_are_refused():
    x, y = gaussian(3, 6), gaussian(3, 7)
    for measure in (cka, hsic, within):
        with pytest.raises(ValueError, match="needs 4 images, not"):
            measure(x, y)
    with pytest.raises(ValueError, match="needs 4 images, not 1"):
        cka_within(gaussian(9, 2), gaussian(9, 2), np.arange(9) // 4)
    for labels in (np.zeros(8), np.zeros((9, 1))):
        with pytest.raises(ValueError, match="one for each of 9 images"):
            cka_within(gaussian(9, 2), gaussian(9, 2), labels)
    one_apart = np.eye(6)[:, :1]
    with pytest.raises(ValueError, match="no more than one of them apart"):
        cka(one_apart, gaussian(6, 2))
    for k in (0, 11):
        with pytest.raises(ValueError, match=f"{k} neighbours are not from 1 to 10"):
            mutual_neighbours(gaussian(12, 2), gaussian(12, 3), k)
    with pytest.raises(ValueError, match="images do not differ"):
        procrustes(x[:1], y[:1])


def test_maps_that_cannot_be_pooled_are_refused():
    with pytest.raises(ValueError, match="axes"):
        pool(np.ones((2, 16, 3)), 4)
    with pytest.raises(ValueError, match="NaN or infinite"):
        pool(np.full((1, 2, 2, 1), np.inf), 1)
    with pytest.raises(ValueError, match="0 cells"):
        pool(np.ones((1, 2, 2, 1)), 0)
