"""Spectra and variances of maps: analytic truths, and the wrong ways that they would show."""

import cmath
import math

import numpy as np
import pytest

from tf_models.probes.spectrum import (
    FLOOR,
    delta_log_amplitude,
    frequencies,
    high_frequency_share,
    position_variance,
    variance_ratio,
)

SIDES = (2, 3, 4, 5, 7, 8, 16)
EVERY = (
    delta_log_amplitude,
    high_frequency_share,
    position_variance,
    lambda x: position_variance(x, normalised=True),
    lambda x: variance_ratio(x, np.abs(x)),
    lambda x: variance_ratio(x, np.abs(x), normalised=True),
)


def noise(images: int, side: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(images, side, side, channels))


def smooth(x: np.ndarray, axis: int) -> np.ndarray:
    """[1 2 1] / 4 along one axis, edges joined."""
    return (np.roll(x, 1, axis) + 2 * x + np.roll(x, -1, axis)) / 4


def mixed(x: np.ndarray) -> np.ndarray:
    """Uniform mixing: every position gets the mean."""
    return np.broadcast_to(x.mean((1, 2), keepdims=True), x.shape)


def point(side: int) -> np.ndarray:
    x = np.zeros((1, side, side, 1))
    x[0, side // 2, 0] = 1
    return x


def wave(side: int, row: int, column: int) -> np.ndarray:
    """A cosine with `row` periods down and `column` periods across. (1, side, side, 1)"""
    at = np.arange(side)
    return np.cos(2 * np.pi * (row * at[:, None] + column * at) / side + 0.3)[None, :, :, None]


def gain(after: np.ndarray, before: np.ndarray) -> np.ndarray:
    return delta_log_amplitude(after) - delta_log_amplitude(before)


# Δ log amplitude


def test_frequencies_run_from_0_to_the_last_below_or_at_pi():
    np.testing.assert_allclose(frequencies(2), [0, math.pi])
    np.testing.assert_allclose(frequencies(3), [0, 2 * math.pi / 3])
    np.testing.assert_allclose(frequencies(8), [0, math.pi / 4, math.pi / 2, 3 * math.pi / 4, math.pi])
    with pytest.raises(ValueError, match="side of 1 positions"):
        frequencies(1)
    for side in SIDES:
        assert frequencies(side).shape == delta_log_amplitude(noise(1, side)).shape
        last = side if side % 2 == 0 else side - 1
        assert frequencies(side)[-1] == pytest.approx(math.pi * last / side)


@pytest.mark.parametrize("side", SIDES)
def test_what_does_nothing_changes_nothing_and_a_point_is_flat(side):
    x = noise(2, side)
    assert delta_log_amplitude(x)[0] == 0
    assert gain(x.copy(), x) == pytest.approx(0)
    assert delta_log_amplitude(point(side)) == pytest.approx(0, abs=1e-12)
    assert gain(-3 * np.roll(x, 1, axis=2), x) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("side", [4, 5, 8, 16])
def test_the_binomial_filter_has_its_response(side):
    """H(ω) = ½ (1 + cos ω): ½ at π/2, 0 at π. Along both axes, its square on the half diagonal."""
    x = noise(3, side)
    response = (1 + np.cos(frequencies(side))) / 2
    seen = response > 1e-9  # not π
    one, both = gain(smooth(x, 1), x), gain(smooth(smooth(x, 1), 2), x)
    assert one[seen] == pytest.approx(np.log(response[seen]), abs=1e-4)
    assert both[seen] == pytest.approx(2 * np.log(response[seen]), abs=1e-3)  # 1e-3 is not far from the floor
    if side % 2 == 0:
        assert one[-1] < -12 and response[-1] == pytest.approx(0)
    if side % 4 == 0:
        assert one[side // 4] == pytest.approx(math.log(0.5), abs=1e-4)


def test_a_filter_that_sharpens_has_a_positive_response():
    """2x minus the binomial filter: H(ω) = 2 − ½ (1 + cos ω), so that signs are not mixed up."""
    x = noise(3, 8)
    response = 2 - (1 + np.cos(frequencies(8))) / 2
    assert gain(2 * x - smooth(x, 1), x) == pytest.approx(np.log(response), abs=1e-4)
    assert np.all(np.diff(response) > 0)


@pytest.mark.parametrize("side", [7, 8])
def test_by_the_sums_of_the_definition(side):
    x = noise(2, side, 2)
    size = math.sqrt(np.mean(np.abs(np.fft.fft2(x, axes=(1, 2))) ** 2))
    logs = []
    for k in range(side // 2 + 1):
        total = 0.0
        for image in range(2):
            for channel in range(2):
                amplitude = sum(
                    x[image, r, c, channel] * cmath.exp(-2j * math.pi * k * (r + c) / side)
                    for r in range(side)
                    for c in range(side)
                )
                total += math.log(abs(amplitude) + 1e-6 * size)
        logs.append(total / 4)
    assert delta_log_amplitude(x) == pytest.approx(np.array(logs) - logs[0])


def test_white_noise_is_flat_but_for_amplitudes_that_are_real():
    """E log|z| is −γ/2 for a complex normal z of variance 1 and −(γ + log 2)/2 for a real one."""
    found = delta_log_amplitude(noise(400, 8, 16))
    assert found[1:-1] == pytest.approx(math.log(2) / 2, abs=0.05)
    assert found[-1] == pytest.approx(0, abs=0.05)
    assert delta_log_amplitude(noise(400, 9, 16))[1:] == pytest.approx(math.log(2) / 2, abs=0.05)
    coloured = delta_log_amplitude(np.cumsum(noise(400, 8, 16), axis=1))
    assert coloured[1] - coloured[3] > 0.5


def test_uniform_mixing_leaves_only_dc():
    x = noise(3, 8) + 1
    assert np.all(delta_log_amplitude(mixed(x))[1:] < -12)
    assert np.all(delta_log_amplitude(mixed(x).astype("float32"))[1:] < -12)  # whose rounding is no signal
    half = gain((x + mixed(x)) / 2, x)  # every frequency but DC is halved
    assert half[1:] == pytest.approx(math.log(0.5), abs=1e-4)


def test_the_log_of_a_mean_is_another_figure():
    """One channel that is flat, one that is filtered and loud: half of log H, and almost all of it."""
    x = np.concatenate([point(8), 100 * smooth(point(8), 1)], axis=3)
    amplitude = np.abs(np.fft.fft2(x, axes=(1, 2)))[:, range(5), range(5)]
    log_of_mean = np.log(amplitude.mean((0, 2)))
    fault = (log_of_mean - log_of_mean[0])[2]
    assert delta_log_amplitude(x)[2] == pytest.approx(math.log(0.5) / 2, abs=1e-3)
    assert fault == pytest.approx(math.log((1 + 50) / 101)) and fault < 1.9 * math.log(0.5) / 2


def test_a_spectrum_that_is_not_shifted_runs_backwards():
    """The planted fault: the second half of a diagonal that begins with DC goes from π down."""
    x = smooth(smooth(noise(20, 16), 1), 2)
    log = np.log(np.abs(np.fft.fft2(x, axes=(1, 2))) + 1e-6).mean((0, 3))
    shifted, fault = np.diag(np.fft.fftshift(log))[8:], np.diag(log)[8:]
    right = delta_log_amplitude(x)
    assert right[:8] == pytest.approx(shifted - shifted[0], abs=1e-3)
    assert right[7] < -5 and (fault - fault[0])[7] > 5


def test_the_other_diagonal_and_the_axes_are_other_figures():
    """Waves along one axis, and across the diagonal, have no part at (ω, ω)."""
    for row, column in ((0, 2), (2, 0), (2, -2)):
        assert delta_log_amplitude(1 + wave(8, row, column))[2] < -10
    assert delta_log_amplitude(1 + wave(8, 2, 2))[2] == pytest.approx(math.log(0.5), abs=1e-4)


def test_the_scale_of_a_network_does_not_matter():
    """An amplitude to which 1e-6 itself is added would be that 1e-6 in a small network."""
    x = smooth(noise(2, 8), 1)
    found = delta_log_amplitude(x)
    for scale in (1e-7, 1e7):
        assert delta_log_amplitude(scale * x) == pytest.approx(found)
    amplitude = np.abs(np.fft.fft2(1e-7 * x, axes=(1, 2)))[:, range(5), range(5)]
    absolute = np.log(amplitude + 1e-6).mean((0, 2))
    assert np.abs(absolute - absolute[0] - found).max() > 0.3


def test_a_map_of_zeros_counts_as_flat():
    x = noise(2, 8, 3)
    dead = np.concatenate([x, np.zeros((2, 8, 8, 1))], axis=3)
    assert delta_log_amplitude(dead) == pytest.approx(0.75 * delta_log_amplitude(x), abs=1e-3)


# Share of energy


@pytest.mark.parametrize("side", SIDES)
def test_a_point_has_the_share_of_the_frequencies_above(side):
    above = [k for k in range(side) if min(k, side - k) * 4 > side]
    expected = (side**2 - (side - len(above)) ** 2) / (side**2 - 1)
    assert high_frequency_share(point(side)) == pytest.approx(expected)
    if side == 16:
        assert expected == 175 / 255
        assert high_frequency_share(noise(40, 16, 8)) == pytest.approx(expected, abs=0.01)


def test_a_wave_lies_above_or_not():
    for row, column in ((1, 0), (0, 2), (2, 2), (1, -2)):
        assert high_frequency_share(wave(8, row, column)) == pytest.approx(0, abs=1e-12)
    for row, column in ((3, 0), (0, 4), (1, 3), (-3, 2), (4, 4)):
        assert high_frequency_share(wave(8, row, column)) == pytest.approx(1)
    half = wave(8, 1, 0) + wave(8, 0, 3)
    assert high_frequency_share(half) == pytest.approx(0.5)
    assert high_frequency_share(wave(8, 1, 0) + 2 * wave(8, 0, 3)) == pytest.approx(0.8)  # energy, not amplitude
    wide = np.cos(2 * np.pi * 3 * np.arange(12) / 12)[None, None, :, None] * np.ones((1, 4, 1, 1))
    assert high_frequency_share(wide) == pytest.approx(0, abs=1e-12)  # 3 of 12 is π/2, which would be above on 8


def test_the_share_by_loops():
    x = noise(2, 5, 2) + 1
    shares = []
    for channel in range(2):
        high = low = 0.0
        for image in range(2):
            for a in range(5):
                for b in range(5):
                    amplitude = sum(
                        x[image, r, c, channel] * cmath.exp(-2j * math.pi * (a * r + b * c) / 5)
                        for r in range(5)
                        for c in range(5)
                    )
                    omega = max(2 * math.pi * min(k, 5 - k) / 5 for k in (a, b))
                    if omega > math.pi / 2:
                        high += abs(amplitude) ** 2
                    elif a or b:
                        low += abs(amplitude) ** 2
        shares.append(high / (high + low))
    assert high_frequency_share(x) == pytest.approx(np.mean(shares))


def test_the_share_does_not_know_dc_nor_scale():
    x = smooth(noise(4, 8), 1)
    found = high_frequency_share(x)
    assert high_frequency_share(x + np.array([5.0, -40, 300])) == pytest.approx(found)
    assert high_frequency_share(x * np.array([1e-5, 1, 1e5])) == pytest.approx(found)
    energy = np.abs(np.fft.fft2(x + 5, axes=(1, 2))) ** 2
    high = np.abs(np.fft.fftfreq(8)) > 0.25
    with_dc = energy[:, high[:, None] | high].sum() / energy.sum()  # the planted fault
    assert found > 0.2 > 0.05 > with_dc
    loud = x * np.array([1e-5, 1, 1e5])  # the fault: all channels in one sum
    assert abs(high_frequency_share(x[..., 2:]) - found) > 1e-3
    energy = np.abs(np.fft.fft2(loud, axes=(1, 2))) ** 2
    energy[:, 0, 0] = 0
    in_one_sum = energy[:, high[:, None] | high].sum() / energy.sum()
    assert in_one_sum == pytest.approx(high_frequency_share(x[..., 2:]))


def test_smoothing_lowers_the_share_and_channels_that_do_not_vary_have_none():
    x = noise(4, 16)
    shares = [high_frequency_share(y) for y in (2 * x - smooth(x, 1), x, smooth(x, 1), smooth(smooth(x, 1), 2))]
    assert np.all(np.diff(shares) < -0.05)
    dead = np.concatenate([x, np.zeros((4, 16, 16, 2)), np.full((4, 16, 16, 1), 0.1)], axis=3)
    assert high_frequency_share(dead) == pytest.approx(high_frequency_share(x))
    with pytest.raises(ValueError, match="none of 3 channels varies over positions"):
        high_frequency_share(mixed(x).astype("float32") * np.float32(1 + 1e-7))


# Variance


def test_variances_by_loops():
    x, y = noise(3, 4, 2) + noise(3, 1, 2, seed=1), noise(3, 2, 3)

    def by_loops(maps):
        images, _, _, channels = maps.shape
        return sum(float(np.var(maps[i, :, :, c])) for i in range(images) for c in range(channels)) / images / channels

    assert position_variance(x) == pytest.approx(by_loops(x))
    assert variance_ratio(x, y) == pytest.approx(by_loops(y) / by_loops(x))
    standard = np.stack([(x[..., c] - x[..., c].mean()) / x[..., c].std() for c in range(2)], axis=3)
    assert position_variance(x, normalised=True) == pytest.approx(by_loops(standard))
    fault = by_loops((x - x.mean((1, 2), keepdims=True)) / x.std((1, 2), keepdims=True))  # map by map: always 1
    assert fault == pytest.approx(1) and position_variance(x, normalised=True) < 0.8


def test_a_layer_that_scales_has_its_square_and_none_when_normalised():
    x = noise(4, 6) + noise(4, 1, seed=1)
    assert variance_ratio(x, x) == pytest.approx(1) and variance_ratio(x, x, normalised=True) == pytest.approx(1)
    assert variance_ratio(x, -3 * x + 8) == pytest.approx(9)
    assert variance_ratio(x, -3 * x + 8, normalised=True) == pytest.approx(1)
    each = np.array([1.0, 10, 0.1])  # an own scale for each channel, as a normalisation layer has
    assert variance_ratio(x, each * x) > 10
    assert variance_ratio(x, each * x, normalised=True) == pytest.approx(1)


def test_smoothing_has_the_mean_square_of_its_response():
    """Parseval: of a single point, whose spectrum is flat, without DC."""
    for side in (4, 7, 16):
        response = np.square((1 + np.cos(2 * np.pi * np.arange(side) / side)) / 2)
        expected = (side * response.sum() - 1) / (side**2 - 1)
        assert variance_ratio(point(side), smooth(point(side), 1)) == pytest.approx(expected)
    x = noise(60, 16)
    assert variance_ratio(x, smooth(x, 1)) == pytest.approx(3 / 8, abs=0.01)  # (1 + 4 + 1) / 16
    assert variance_ratio(x, 2 * x - smooth(x, 1)) > 1.5
    ratio = math.sqrt(position_variance(smooth(x, 1)) / position_variance(x))  # the fault: standard deviations
    assert ratio > 0.6


def test_uniform_mixing_leaves_no_variance_over_positions():
    """The planted fault: a variance over images too would see the means of the images."""
    x = noise(5, 6) + 3 * noise(5, 1, seed=1)
    after = mixed(x)
    for normalised in (False, True):
        assert variance_ratio(x, after, normalised) == pytest.approx(0, abs=1e-12)
    over_all = after.var((0, 1, 2)).mean() / x.var((0, 1, 2)).mean()
    assert over_all > 0.5
    half = (x + after) / 2
    assert variance_ratio(x, half) == pytest.approx(0.25)
    assert 0.25 < variance_ratio(x, half, normalised=True) < 1


def test_the_normalised_variance_is_the_part_within_images():
    """Means of the images of variance 3 beside a variance over positions of 1: a quarter."""
    means = np.repeat([-1.0, 1.0], 10)[:, None, None, None] * math.sqrt(3)
    x = np.tile(wave(8, 1, 0) * math.sqrt(2), (20, 1, 1, 1))
    assert position_variance(x) == pytest.approx(1)
    assert position_variance(x + means, normalised=True) == pytest.approx(0.25)
    assert position_variance(x, normalised=True) == pytest.approx(1)


def test_a_channel_that_is_constant_counts_as_it_should():
    x = noise(4, 6)
    dead = np.concatenate([x, np.full((4, 6, 6, 3), 0.1)], axis=3)
    assert position_variance(dead) == pytest.approx(position_variance(x) / 2)
    assert position_variance(dead, normalised=True) == pytest.approx(position_variance(x, normalised=True))
    assert variance_ratio(np.concatenate([x, np.full((4, 6, 6, 1), 1e9)], axis=3), x) == pytest.approx(4 / 3)


def test_energy_is_variance():
    """Parseval ties the two probes: energy without DC over (positions)² is the variance over positions."""
    for side in SIDES:
        x = noise(2, side, 1) + 2
        energy = np.square(np.abs(np.fft.fft2(x, axes=(1, 2))))
        energy[:, 0, 0] = 0
        assert energy.sum() / 2 / side**4 == pytest.approx(position_variance(x))


# Every figure


@pytest.mark.parametrize("figure", EVERY)
@pytest.mark.parametrize("side", SIDES)
def test_any_side_will_do_and_nothing_is_written_to(figure, side):
    x = noise(3, side) + 1
    before = x.copy()
    found = figure(x)
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(figure(x), found)
    order = np.random.default_rng(0).permutation(3)
    np.testing.assert_allclose(figure(x[order][..., order]), found, atol=1e-12)
    np.testing.assert_allclose(figure(x.astype("float32")), found, rtol=1e-3, atol=1e-4)
    turned = x[:, ::-1].transpose(0, 2, 1, 3)[:, ::-1]  # mirrored at the other diagonal
    np.testing.assert_allclose(figure(turned), found, atol=1e-9)


@pytest.mark.parametrize("figure", EVERY)
def test_what_are_no_maps_is_refused(figure):
    x = noise(2, 4)
    broken = x.copy()
    broken[1, 2, 3, 0] = np.inf
    with pytest.raises(ValueError, match="of 96 values of .*, 1 are NaN or infinite"):
        figure(broken)
    with pytest.raises(ValueError, match=r"shape \(2, 16, 3\) of maps has not 4 axes"):
        figure(x.reshape(2, 16, 3))
    with pytest.raises(ValueError, match="of maps holds nothing"):
        figure(x[:0])
    for single in (x[:, :1], x[:, :, :1]):
        with pytest.raises(ValueError, match="side of fewer than 2"):
            figure(single)


def test_what_has_no_answer_is_refused():
    x = noise(2, 4)
    with pytest.raises(ValueError, match="4×3 positions are not square"):
        delta_log_amplitude(x[:, :, :3])
    with pytest.raises(ValueError, match="zeros have no amplitude"):
        delta_log_amplitude(0 * x)
    with pytest.raises(ValueError, match="none of 3 channels varies"):
        position_variance(0 * x + 0.1, normalised=True)
    with pytest.raises(ValueError, match="two are needed"):
        position_variance(x[:1], normalised=True)
    with pytest.raises(ValueError, match="2 images before and of 1 after"):
        variance_ratio(x, x[:1])
    for still in (0 * x, mixed(x), 1 + FLOOR / 10 * x):
        with pytest.raises(ValueError, match="2 images before do not vary over positions"):
            variance_ratio(still, x)
    assert high_frequency_share(x[:, :, :3]) > 0 and position_variance(x[:, :, :3]) > 0
