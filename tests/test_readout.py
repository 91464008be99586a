"""What a linear probe reads at a layer: truths by construction, and ways to read what is not there."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tf_models.probes.readout import (
    STRENGTHS,
    classifier,
    far_patch,
    held_out_r2,
    partial_r2,
    patches,
    readout,
    rises,
    shuffled_readout,
    standardised,
)
from tf_models.probes.ridge import Split, split_images

N, CLASSES, WIDTH = 400, 4, 12
SPLIT = split_images(N, 0)
LABELS = np.random.default_rng(0).permutation(np.arange(N) % CLASSES)


def noise(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def with_classes(signal: float, width: int = WIDTH) -> np.ndarray:
    """Features in which every class has its own direction, `signal` standard deviations long."""
    return noise(N, width) + signal * np.eye(CLASSES, width)[LABELS]


def logistic(x: np.ndarray, y: np.ndarray, fit: np.ndarray, test: np.ndarray, strength: float) -> float:
    """Test accuracy of a logistic regression by plain steps down the gradient, counted row by row."""
    x = (x - x[fit].mean(axis=0)) / x[fit].std(axis=0)
    weights, bias, one_hot = np.zeros((x.shape[1], CLASSES)), np.zeros(CLASSES), np.eye(CLASSES)[y[fit]]
    for _ in range(400):
        scores = np.exp(x[fit] @ weights + bias)
        miss = (scores / scores.sum(axis=1, keepdims=True) - one_hot) / len(fit)
        weights -= 0.5 * (x[fit].T @ miss + weights / (strength * len(fit)))
        bias -= 0.5 * miss.sum(axis=0)
    return sum(int(np.argmax(x[i] @ weights + bias) == y[i]) for i in test) / len(test)


# The probe


def test_classes_that_are_apart_are_read_and_ones_that_are_not_there_are_not():
    assert readout(with_classes(20), LABELS, SPLIT, WIDTH).accuracy == 1
    assert readout(noise(N, WIDTH), LABELS, SPLIT, WIDTH).accuracy == pytest.approx(1 / CLASSES, abs=0.1)
    assert 0.4 < readout(with_classes(2), LABELS, SPLIT, WIDTH).accuracy < 0.95


def test_the_accuracy_is_that_of_a_regression_written_out():
    x = with_classes(2)
    for strength in (0.01, 1.0):
        expected = logistic(x @ axes(x), LABELS, SPLIT.fit, SPLIT.test, strength)
        found = readout(x, LABELS, SPLIT, WIDTH, [strength])
        assert found.strength == strength and found.accuracy == pytest.approx(expected, abs=0.011)  # an image of 100


def axes(x: np.ndarray, fit: np.ndarray = SPLIT.fit) -> np.ndarray:
    """Principal axes (p, p) of the images `fit`, the largest variance first, from their covariance."""
    return np.linalg.eigh(np.cov(x[fit].T))[1][:, ::-1]


def test_components_are_standardised_over_the_images_that_were_fitted():
    x = with_classes(3) * np.arange(1, WIDTH + 1) + 7
    shown = standardised(x, SPLIT.fit, 5)
    assert shown.shape == (N, 5)
    assert shown[SPLIT.fit].mean(axis=0) == pytest.approx(0, abs=1e-12)
    assert shown[SPLIT.fit].var(axis=0) == pytest.approx(1)
    expected = (x - x[SPLIT.fit].mean(axis=0)) @ axes(x)[:, :5]
    expected /= expected[SPLIT.fit].std(axis=0)
    assert np.abs(shown) == pytest.approx(np.abs(expected))  # the sign of an axis is free
    wild = x.copy()
    wild[SPLIT.test] *= 100  # the planted fault: axes and scale from all images
    assert standardised(wild, SPLIT.fit, 5)[SPLIT.fit] == pytest.approx(shown[SPLIT.fit])
    assert np.abs(standardised(wild, np.arange(N), 5)[SPLIT.fit]) != pytest.approx(np.abs(shown[SPLIT.fit]), rel=0.5)


def test_scale_rotation_and_dead_channels_change_nothing():
    x = with_classes(2)
    turn = np.linalg.qr(noise(WIDTH, WIDTH))[0]
    expected = readout(x, LABELS, SPLIT, WIDTH)
    assert readout(1e4 * x @ turn + 3, LABELS, SPLIT, WIDTH).accuracy == pytest.approx(expected.accuracy, abs=0.011)
    dead = np.concatenate([x, np.full((N, 3), 0.1)], axis=1)
    assert readout(dead, LABELS, SPLIT, WIDTH).accuracy == pytest.approx(expected.accuracy, abs=0.011)
    shown = standardised(dead, SPLIT.fit, WIDTH + 2)
    assert np.abs(shown[:, WIDTH:]).max() == 0  # and not rounding blown up to variance 1


def test_a_signal_of_small_variance_is_read_and_lost_with_its_component():
    x = noise(N, WIDTH) * 100
    x[:, 0] = 0.01 * (LABELS % 2) + 0.0001 * noise(N, seed=2)
    assert readout(x, LABELS % 2, SPLIT, WIDTH).accuracy == 1
    assert readout(x, LABELS % 2, SPLIT, WIDTH - 1).accuracy < 0.65  # fewer components: another probe


def test_the_penalty_is_chosen_on_its_own_images():
    x = with_classes(2, 40)
    alone = {c: readout(x, LABELS, SPLIT, 40, [c]) for c in STRENGTHS}
    best = readout(x, LABELS, SPLIT, 40)
    assert len({one.validation for one in alone.values()}) > 2  # there is something to choose
    assert best.validation == max(one.validation for one in alone.values())
    assert best == next(one for one in alone.values() if one.validation == best.validation)  # the strongest of equals
    mirrored = LABELS.copy()
    mirrored[SPLIT.test] = (mirrored[SPLIT.test] + 1) % CLASSES
    other = readout(x, mirrored, SPLIT, 40)  # test images have no say in it
    assert (other.strength, other.validation) == (best.strength, best.validation) and other.accuracy < 0.2


def test_read_on_the_images_it_was_fitted_on_noise_would_have_classes():
    few, x = split_images(160, 0), noise(160, 60)
    known = standardised(x, few.fit, 60)
    fitted = LogisticRegression(C=10).fit(known[few.fit], LABELS[few.fit])
    assert fitted.score(known[few.fit], LABELS[few.fit]) == 1  # the planted fault
    assert readout(x, LABELS[:160], few, 60).accuracy < 0.45


def test_random_labels_are_chance():
    labels = np.where(np.random.default_rng(3).random(N) < 0.6, 0, LABELS)  # one class is frequent
    x = with_classes(20)
    assert readout(x, LABELS, SPLIT, WIDTH).accuracy == 1
    even = [shuffled_readout(x, LABELS, SPLIT, seed, WIDTH).accuracy for seed in range(4)]
    assert np.mean(even) == pytest.approx(1 / CLASSES, abs=0.08)
    frequent = [shuffled_readout(x, labels, SPLIT, seed, WIDTH).accuracy for seed in range(4)]
    assert np.mean(frequent) == pytest.approx(np.mean(labels == 0), abs=0.08)
    assert shuffled_readout(x, LABELS, SPLIT, 1, WIDTH) == shuffled_readout(x, LABELS, SPLIT, 1, WIDTH)
    assert len(set(even)) > 1


def test_the_control_finds_a_split_that_leaks():
    """Every image twice, the copies in two parts: labels in a random order are read off, if the order is one of images,
    and only a split by batch of copies says chance again.
    """
    pair = np.arange(N) // 2
    x = noise(N // 2, 150)[pair] + 0.01 * noise(N, 150, seed=2)
    order = np.random.default_rng(4).permutation(N // 2)
    random = (np.arange(N // 2) % CLASSES)[order][pair]
    assert readout(x, random, SPLIT, 150).accuracy > 0.5
    assert readout(x, random, split_images(N, 0, pair), 80).accuracy < 0.4


def test_the_same_number_of_components_at_every_layer():
    with pytest.raises(ValueError, match="12 features have 1 to 12 components, not 128"):
        readout(with_classes(2), LABELS, SPLIT)
    few = Split(SPLIT.fit[:10], SPLIT.choose, SPLIT.test)
    with pytest.raises(ValueError, match="10 rows of 12 features have 1 to 9 components"):
        readout(with_classes(2), LABELS, few, WIDTH)
    wide = np.concatenate([with_classes(1.5), noise(N, 138, seed=2)], axis=1)
    assert readout(wide, LABELS, SPLIT).accuracy > 0.3


@pytest.mark.parametrize(
    ("features", "labels", "message"),
    [
        (np.full((N, WIDTH), np.nan), LABELS, "NaN"),
        (np.full((N, WIDTH), 0.1), LABELS, "all equal"),
        (noise(N, WIDTH), LABELS[1:], "one class for 400 images"),
        (noise(N, WIDTH), LABELS / 2, "type float64"),
        (noise(N, WIDTH), np.zeros(N, int), "images of one class"),
        (noise(N, 3, 4), LABELS, "not 2 axes"),
    ],
)
def test_bad_features_and_labels_are_refused(features, labels, message):
    with pytest.raises(ValueError, match=message):
        readout(features, labels, SPLIT, WIDTH)


# A rise


@pytest.mark.parametrize(
    ("curve", "expected"),
    [
        ([0.2, 0.3, 0.4], True),
        ([0.2, 0.3, 0.29, 0.4], True),  # down by less than δ/2
        ([0.2, 0.30, 0.29, 0.28, 0.27, 0.4], True),
        ([0.2, 0.4, 0.37, 0.5], False),  # the planted fault: last above first, a step down by more
        ([0.2, 0.2, 0.2], False),
        ([0.2, 0.22, 0.235], False),  # every step up, and less than δ in all
        ([0.5, 0.3], False),
        ([0.30, 0.28, 0.36], True),  # down by δ/2, to the last bit or not
        ([0.70, 0.68, 0.76], True),
        ([0.30, 0.34], False),  # δ is not above δ
        ([0.70, 0.74], False),
    ],
)
def test_when_a_curve_rises(curve, expected):
    assert rises(curve, 0.04) == expected
    assert rises(np.array(curve) * 100, 4) == expected  # in per cent


def test_many_curves_at_once_and_the_rule_by_hand():
    curves = np.random.default_rng(5).uniform(0, 1, (300, 3)) + [0, 0.3, 0.6]
    found = rises(curves.reshape(3, 100, 3), 0.2)
    assert found.shape == (3, 100)
    for curve, rise in zip(curves, found.ravel(), strict=True):
        assert rise == (curve[1] - curve[0] >= -0.1 and curve[2] - curve[1] >= -0.1 and curve[2] - curve[0] > 0.2)
    assert 0.2 < found.mean() < 0.9


def test_what_cannot_rise_is_refused():
    with pytest.raises(ValueError, match="two layers, not 1"):
        rises([0.5], 0.1)
    with pytest.raises(ValueError, match="δ above 0, not 0"):
        rises([0.5, 0.6], 0)
    with pytest.raises(ValueError, match="NaN"):
        rises([0.5, np.nan], 0.1)


# Regression on one part beyond another


def squared(own: np.ndarray, features: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Partial R² on the test images from two plain regressions, without and with the features; and plain R²."""

    def wrong(x: np.ndarray) -> float:
        table = np.column_stack([x, np.ones(len(x))])
        weights = np.linalg.lstsq(table[SPLIT.fit], y[SPLIT.fit], rcond=None)[0]
        return float(np.sum((y[SPLIT.test] - table[SPLIT.test] @ weights) ** 2))

    whole = np.sum((y[SPLIT.test] - y[SPLIT.fit].mean()) ** 2)
    return 1 - wrong(np.column_stack([own, features])) / wrong(own), float(1 - wrong(features) / whole)


def test_partial_r2_is_that_of_two_regressions():
    own = noise(N, 3)
    features = own @ noise(3, 4, seed=2) + noise(N, 4, seed=3)
    target = own @ [1.0, 2, 3] + features @ [0.5, 0, 0, 0.5] + noise(N, seed=4)
    expected, plain = squared(own, features, target)
    assert 0.2 < expected < plain - 0.1
    assert partial_r2(own, features, target, SPLIT) == pytest.approx(expected, abs=0.01)
    assert held_out_r2(features, target, SPLIT) == pytest.approx(plain, abs=0.01)


def test_partial_r2_is_0_for_what_the_own_part_says_and_1_for_what_completes_it():
    own, beyond = noise(N, 3), noise(N, 2, seed=2)
    target = own @ [1.0, 2, 3] + beyond @ [1.0, -1]
    assert partial_r2(own, own @ noise(3, 5, seed=3) + 2, target, SPLIT) == 0
    assert partial_r2(own, np.column_stack([own, beyond]), target, SPLIT) == pytest.approx(1)
    assert partial_r2(own, beyond, target, SPLIT) == pytest.approx(1)
    many = np.column_stack([own, noise(N, 100, seed=5)])  # a penalty is due
    assert abs(partial_r2(many, noise(N, 5, seed=4), target, SPLIT)) < 0.1
    assert abs(partial_r2(own, noise(N, 5, seed=4), target, SPLIT)) < 0.05
    assert held_out_r2(own @ noise(3, 5, seed=3), target, SPLIT) > 0.7  # the planted fault: not partial
    with pytest.raises(ValueError, match="leaves nothing to explain"):
        partial_r2(own, beyond, own @ [1.0, 2, 3] + 7, SPLIT)


def test_scale_does_not_change_partial_r2_nor_does_what_is_linear_in_the_own_part():
    own = noise(N, 3)
    features = noise(N, 4, seed=2) + own[:, :1]
    target = features[:, 0] + own[:, 1] + noise(N, seed=3)
    expected = partial_r2(own, features, target, SPLIT)
    assert 0.2 < expected < 0.8
    assert partial_r2(1e3 * own + 1, 1e-4 * features, -50 * target + 9, SPLIT) == pytest.approx(expected, abs=1e-6)
    moved = features + own @ noise(3, 4, seed=4)
    assert partial_r2(own, moved, target + own @ [5.0, 0, -5], SPLIT) == pytest.approx(expected, abs=1e-4)


def correlated_images(correlation: float = 0.9, side: int = 6, size: int = 2) -> np.ndarray:
    """Images (N, H, W, 1) of side × side patches of 2×2 pixels; means of neighbouring patches correlate as given."""
    rng = np.random.default_rng(6)
    mix = correlation ** np.abs(np.subtract.outer(np.arange(side), np.arange(side)))
    root = np.linalg.cholesky(mix)
    means = np.einsum("ia,nab,jb->nij", root, rng.normal(size=(N, side, side)), root)
    pixels = np.repeat(np.repeat(means, size, axis=1), size, axis=2)
    return (pixels + 0.1 * rng.normal(size=pixels.shape))[..., None]


def test_a_token_before_attention_knows_no_distant_patch_though_photographs_would_say_so():
    images = correlated_images()
    pixels = patches(images, 2)
    means = pixels.mean(axis=-1)
    assert np.corrcoef(means[:, 2, 2], means[:, 2, 3])[0, 1] == pytest.approx(0.9, abs=0.05)
    own, target = pixels[:, 1, 1], means[:, 1, 4]  # three patches to the right
    ffn = np.maximum(own @ noise(4, 32, seed=2) + noise(32, seed=3), 0)  # a token-wise map
    assert held_out_r2(ffn, target, SPLIT) > 0.35  # the planted fault: 0.9⁶ ≈ 0.53 of it is the own patch's
    assert abs(partial_r2(own, ffn, target, SPLIT)) < 0.05
    attended = ffn + means[:, 1, 4, None] * noise(32, seed=4)
    assert partial_r2(own, attended, target, SPLIT) > 0.9


def test_a_product_is_read_inside_the_token_and_across_only_where_something_mixed():
    """White noise, target (a − ½)(b − ½): the features are what a quadratic token-wise map can compute."""
    images = np.random.default_rng(7).uniform(size=(N, 4, 4, 1))
    tokens = patches(images, 2) - 0.5  # (N, 2, 2, 4)

    def quadratic(x: np.ndarray) -> np.ndarray:
        return np.column_stack([x, *(x[:, i] * x[:, j] for i in range(x.shape[1]) for j in range(i + 1))])

    inside, across = tokens[:, 0, 0, 1] * tokens[:, 0, 0, 2], tokens[:, 0, 0, 1] * tokens[:, 0, 1, 0]
    alone, mixed = quadratic(tokens[:, 0, 0]), quadratic(tokens[:, 0].reshape(N, 8))  # without, with a neighbour
    assert held_out_r2(alone, inside, SPLIT) == pytest.approx(1)
    assert held_out_r2(alone, across, SPLIT) == pytest.approx(0, abs=0.05)
    assert held_out_r2(mixed, across, SPLIT) == pytest.approx(1)
    assert held_out_r2(tokens[:, 0, 0], inside, SPLIT) == pytest.approx(0, abs=0.05)  # the map is what multiplies
    raw = patches(images, 2)[:, 0]
    assert held_out_r2(quadratic(raw[:, 0]), raw[:, 0, 1] * raw[:, 1, 0], SPLIT) > 0.2  # the planted fault: without −½


def test_r2_of_a_target_that_is_not_there_is_about_0_and_of_the_fitted_images_is_not():
    x, y, few = noise(160, 60), noise(160, seed=2), split_images(160, 0)
    assert held_out_r2(x, y, few) == pytest.approx(0, abs=0.1)
    table = np.column_stack([x, np.ones(160)])[few.fit]
    left = y[few.fit] - table @ np.linalg.lstsq(table, y[few.fit], rcond=None)[0]
    assert 1 - np.sum(left**2) / np.sum((y[few.fit] - y[few.fit].mean()) ** 2) > 0.6  # the planted fault


@pytest.mark.parametrize(
    ("features", "target", "message"),
    [
        (noise(N, 3), noise(N - 1), "400 rows of features and 399 of the target"),
        (noise(N, 3), np.full(N, 0.1), "no variance"),
        (np.full((N, 3), 0.1), noise(N), "all equal"),
        (noise(N, 3), np.full(N, np.nan), "of 400 values of target, 400 are NaN"),
        (noise(N, 3, 2), noise(N), "not 2 axes"),
    ],
)
def test_bad_regressions_are_refused(features, target, message):
    with pytest.raises(ValueError, match=message):
        held_out_r2(features, target, SPLIT)
    with pytest.raises(ValueError):
        partial_r2(noise(N, 2), features, target, SPLIT)


# Patches


def test_patches_hold_their_own_pixels():
    images = np.arange(2 * 4 * 6 * 3, dtype=float).reshape(2, 4, 6, 3)
    found = patches(images, 2)
    assert found.shape == (2, 2, 3, 12)
    for row in range(2):
        for column in range(3):
            own = images[:, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
            np.testing.assert_array_equal(found[:, row, column], own.reshape(2, -1))
    assert not np.array_equal(found, images.reshape(2, 2, 3, 12))  # the planted fault: reshaped, not tiled
    with pytest.raises(ValueError, match="4×6 pixels is not tiled by patches of 4"):
        patches(images, 4)


def test_a_far_patch_is_far():
    found = {far_patch((5, 8), (2, 3), seed) for seed in range(200)}
    assert found == {(row, column) for row in range(5) for column in (0, 6, 7)}  # three rows away there is none
    assert far_patch((5, 8), (2, 3), 7) == far_patch((5, 8), (2, 3), 7)
    with pytest.raises(ValueError, match="no patch of a grid of 3×4 is 3 away from \\(1, 1\\)"):
        far_patch((3, 4), (1, 1), 0)


def test_a_classifier_is_the_regression_that_the_readout_scores_as_one_map_of_the_features():
    """Two kinds of features, in units that differ: centre, components and scale are folded into the weights."""
    rng = np.random.default_rng(3)
    labels = rng.choice([0, 2, 3], size=240)  # nobody has shown class 1
    x = rng.normal(size=(240, 6)) * [1, 50, 0.02, 3, 1, 1] + 7
    x[:, 0] += 2 * labels
    split = split_images(240, 0)
    found, scored = classifier(x, labels, split, 5, 4), readout(x, labels, split, 4)
    probabilities = found.probabilities(x[split.test])
    assert found.accuracy == scored.accuracy > 0.6 and probabilities.shape == (len(split.test), 5)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert not probabilities[:, [1, 4]].any()
    shown = standardised(x, split.fit, 4)
    fitted = LogisticRegression(C=scored.strength, max_iter=200).fit(shown[split.fit], labels[split.fit])
    np.testing.assert_allclose(probabilities[:, [0, 2, 3]], fitted.predict_proba(shown[split.test]), atol=1e-6)
    two = (labels > 0).astype(int)  # one logit for both
    pair = LogisticRegression(C=readout(x, two, split, 4).strength, max_iter=200).fit(shown[split.fit], two[split.fit])
    np.testing.assert_allclose(classifier(x, two, split, 2, 4).probabilities(x), pair.predict_proba(shown), atol=1e-6)
