"""The experiments that need no training: recomputed where it is cheap, held against the published figures, and broken
on purpose.
"""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from tf_models.__main__ import main
from tf_models.layers.attention import Attention
from tf_models.layers.channels import FeedForward
from tf_models.probes.identity import relative_error
from tf_models.probes.receptive_field import off_diagonal
from tf_models.runs import shipped
from tf_models.study.exact import COMPUTED, exact_measures, exact_provenance, exact_series, write_exact
from tf_models.untrained import cost, equivariance, identities, random_weights, rank_collapse, receptive_field
from tf_models.zoo import fields
from tf_models.zoo.cost_cases import CASES, GRIDS, SLOPES, WIDTH, case_macs, cost_facts
from tf_models.zoo.facts import inventory_facts, the_only

# What is published or follows from the block definitions by hand.
KNOWN = {
    "grids.vit": 1,
    "grids.swin": 1 / 64,
    "widths.vit": 1,
    "widths.vgg": 512 / 64,
    "widths.resnet": 2048 / 256,
    "widths.swin": 768 / 96,
    "grids.vgg": (7 / 224) ** 2,
    "grids.resnet": (7 / 56) ** 2,
    "attention.convnext": 0,
    "attention.mixer": 0,
    "sequence.convnext": 4,
    "depthwise.convnext": 7,
    "pairs.convnext_tiny": 0.906,
    "pairs.vit_b16": 0.655,
    "pairs.swin_tiny": 0.611,
    "pairs.mixer_b16": 0.946,
    "pairs.mobilevit_s": 0.260,
    "pairs.vgg16": 0,
    "pairs.resnet50": 0,
    "pairs.mobilenet_v2": 0,
    "attention_share.mobilevit_s": 0.261,
    "ffn_share.mobilevit_s": 0.260,
    "ffn_ratio.mobilevit_s": 2,
    "activations.vgg16": 15 / 16,
    "activations.resnet50": 49 / 53,
    "activations.mobilenet_v2": 35 / 52,
    "activations.convnext_tiny": 18 / 58,
    "activations.vit_b16": 12 / 72,
    "bottleneck.hidden": 64 / 256,
    "bottleneck.pointwise_share": 0.475,
    "head.vgg16": 123_642_856 / 138_357_544,
    "head.vgg16.positions": 49,
    "mobilenet_v1.hidden": 1,
    "mobilenet_v2.hidden": 6,
    "mobilenet_v2.linear_output": 1,
    "ffn_ratio.vit_b16": 4,
    "ffn_ratio.transformer_base": 4,
    "ffn_ratio.bert_base": 4,
    "ffn_ratio.vit_over_nlp": 1,
    "ffn_layers.vit_b16": 2,
    "mixer.token_share": 0.030,
    "mixer.channel_share": 0.946,
    "patch.vit_b16": 1,
}
KNOWN_COST = {
    "slope.macs.attention_core": 2,
    "slope.macs.masked": 2,
    "slope.macs.banded": 1,
    "slope.macs.window": 1,
    "slope.macs.convolution": 1,
    "crossover.vit_b16": 3072,
    "quadratic_share.vit_b16": 0.041,
    "window_saving.swin_t": 4.43 / 0.14,
    "window_saving.1024": 1024**2 / (25 * 49**2),
}
NAMES = {
    "identities": set(identities.IDENTITIES),
    "receptive-field": {*receptive_field.SUPPORTS, "erf.slope", "erf.monotone"},
    "equivariance": set(equivariance.ERRORS),
    "rank-collapse": {"r.san", "r.skip", "r.mlp", "r.both", "skip_over_mlp"},
    "cost": {
        *KNOWN_COST,
        "crossover.time",
        *(f"slope.{what}.{case}" for what in ("time", "memory") for case in SLOPES),
    },
}


@pytest.fixture(scope="module")
def equal():
    return identities.identities()["measures"]


@pytest.fixture(scope="module")
def supports():
    found = [receptive_field.supports(seed) for seed in random_weights.SEEDS]
    return {name: worst(values[name] for values in found) for name, (_, worst) in receptive_field.SUPPORTS.items()}


@pytest.fixture(scope="module")
def moving():
    return equivariance.equivariance()["measures"]


# Closed formulas


def test_the_inventory_has_the_published_figures():
    found = inventory_facts()
    assert {name for name in found if not name.startswith("pairs_around")} == set(KNOWN)
    for name, value in KNOWN.items():
        measure = exact_measures()["inventory"][name]
        assert measure.value == found[name][0] == pytest.approx(value, abs=6e-4), name
        assert measure.source == "formula" and measure.low == measure.high == measure.value


def test_one_number_for_what_differs_is_refused():
    with pytest.raises(ValueError, match="not one value"):
        the_only({0.25, 0.5})


def test_the_counted_cost_has_the_published_figures():
    found = cost_facts()
    assert set(found) == set(KNOWN_COST)
    for name, value in KNOWN_COST.items():
        assert found[name][0] == pytest.approx(value, rel=0.01), name


def test_the_layers_that_are_timed_are_those_that_are_counted():
    """Masked attention works out all pairs, keeps those of the band, and gives what the band gives."""
    x = np.random.default_rng(0).normal(size=(2, 1, 64, WIDTH)).astype("float32")
    masked, banded, full = (
        random_weights.output(cost.layer_of(case, (1, 64)), x) for case in ("masked", "banded", "attention_core")
    )
    np.testing.assert_allclose(masked, banded, atol=1e-5)
    assert np.abs(masked - full).max() > 0.1
    assert case_macs("masked", 1024) == case_macs("attention_core", 1024) == 2 * 1024**2 * WIDTH
    assert case_macs("banded", 1024) < case_macs("masked", 1024) / 40
    for case in CASES:
        layer = cost.layer_of(case, (8, 8) if case != "masked" else (1, 64))
        attention = case in ("attention_core", "masked", "banded", "window")
        assert bool(layer.trainable_variables) != attention
        assert case_macs(case, 64) == GRIDS[64][0] * GRIDS[64][1] * case_macs(case, 256) / 256 or case in (
            "attention_core",
            "masked",
        )


# Recomputed


def test_zero_is_zero_and_the_rest_is_not(equal, supports):
    """Relative errors below 1e-5 in float32 where the two must be the same; far from it where they must not."""
    for name, (unit, worst) in identities.IDENTITIES.items():
        value = equal[name].value
        if unit == "error" and worst is max:
            assert value < 1e-5, name
        elif unit == "error":
            assert value > 0.01, name
    assert equal["mixing_varies.attention"].value > 0.01
    assert not supports["support.cnn_outside"] and not supports["support.ffn"] and not supports["support.pointwise"]
    assert min(supports[n] for n in ("support.attention", "support.convolution3", "depthwise_in_ffn.support")) > 0.1
    assert supports["support.mixer_without_token_mlp"] == pytest.approx(1 / 64)
    assert supports["window.local"] == pytest.approx(16 / 256)
    assert supports["window.asymmetry"] == pytest.approx(1.5 * math.sqrt(2) / 4)


def test_what_moves_with_its_input_does_so_exactly_and_the_rest_is_far_off(moving):
    for name, worst in equivariance.ERRORS.items():
        assert moving[name].value < 1e-6 if worst is max else moving[name].value > 0.05, name
    assert moving["unshared.circular"].value > 0.5 and moving["shared.strided"].value > 0.5
    assert moving["mixer.one_token"].value > 3 * moving["swin.one_token"].value  # a window keeps most of its tokens


def test_what_is_shipped_is_what_comes_out(equal, moving, supports):
    for experiment, found in (("identities", equal), ("equivariance", moving)):
        shipped_measures = exact_measures()[experiment]
        for name, measure in found.items():
            assert shipped_measures[name].value == pytest.approx(measure.value, rel=1e-3, abs=1e-6), name
            assert shipped_measures[name].unit == measure.unit
    shipped_supports = exact_measures()["receptive-field"]
    for name, value in supports.items():
        assert shipped_supports[name].value == pytest.approx(value, rel=1e-3, abs=1e-6), name


def test_the_shipped_radii_come_out_again():
    assert receptive_field.effective_radii(3) == pytest.approx(exact_series()["receptive-field"]["radius"][3], rel=1e-3)


def test_the_shipped_ranks_come_out_again(monkeypatch):
    """The first layers of one seed, which no later layer changes."""
    monkeypatch.setattr(rank_collapse, "RANK_DEPTH", 3)
    monkeypatch.setattr(rank_collapse, "SEEDS", (0, 1))
    series = rank_collapse.rank_collapse()["series"]
    again = series["arms"]
    for arm, rows in exact_series()["rank-collapse"]["arms"].items():
        for row, other in zip(again[arm], rows, strict=False):
            assert row[:3] == pytest.approx(other[:3], rel=1e-3), arm
            assert row[3] == pytest.approx(other[3], rel=0.1, abs=1e-9), arm
    for arm, layers in exact_series()["rank-collapse"]["channels"].items():
        np.testing.assert_allclose(series["channels"][arm][:3], layers[:3], atol=1)
    assert keras.config.dtype_policy().name == "float32"


# Broken on purpose


def test_eight_heads_are_no_3x3_convolution():
    assert identities.heads_against_convolution(0, 9) < 1e-5
    assert identities.heads_against_convolution(0, 8) > 0.1


def test_a_leak_between_positions_is_found(monkeypatch):
    """An FFN that adds a thousandth of the neighbour; attention that knows where a token stands."""
    whole = FeedForward.call
    monkeypatch.setattr(FeedForward, "call", lambda self, x: whole(self, x) + 0.001 * keras.ops.roll(x, 1, axis=2))
    assert identities.permutations(0)["permutation.ffn"] > 1e-5
    assert receptive_field.supports(0)["support.ffn"] > 1e-5
    attend = Attention.call
    ramp = np.linspace(0, 0.01, random_weights.COLUMNS, dtype="float32")[None, None, :, None]
    monkeypatch.setattr(Attention, "call", lambda self, grid, extra=None: attend(self, grid + ramp, extra))
    assert identities.permutations(0)["permutation.attention"] > 1e-5


def test_nothing_but_the_sharing_tells_the_two_stacks_apart(monkeypatch):
    """One kernel at all positions makes the unshared stack the other; another one at a single position is found."""
    images = random_weights.tokens(0, 4, *equivariance.GRID)

    def one_kernel(layer, seed):
        return np.broadcast_to(layer.kernel.value, (*equivariance.GRID, *layer.kernel.shape)).copy()

    monkeypatch.setattr(equivariance, "kernels", one_kernel)
    assert relative_error(equivariance.unshared_stack(0)(images), equivariance.stack(0)(images)) < 1e-5
    assert equivariance.convolutions(0, (1, 0))["unshared.circular"] < 1e-6

    def one_other(layer, seed):
        everywhere = one_kernel(layer, seed)
        everywhere[3, 5] *= -1
        return everywhere

    monkeypatch.setattr(equivariance, "kernels", one_other)
    assert equivariance.convolutions(0, (1, 0))["unshared.circular"] > 1e-3


def test_zeros_in_the_place_of_a_circle_are_found(monkeypatch):
    around = equivariance.bordered
    monkeypatch.setattr(equivariance, "bordered", lambda x, border: around(x, "constant"))
    found = equivariance.convolutions(0, (0, 1))
    assert min(found["shared.circular"], found["shared.strided.two"]) > 0.01
    assert found["shared.circular.pooled"] > 1e-4


def test_a_shift_the_other_way_is_found(monkeypatch):
    shift = equivariance.circular
    monkeypatch.setattr(equivariance, "circular", lambda x, step: shift(x, (-step[0], -step[1])))
    found = equivariance.convolutions(0, (0, 1)) | equivariance.token_mixers(0, (1, 0))
    assert min(found[n] for n in ("shared.circular", "shared.strided.two", "attention.one_token")) > 0.3
    assert found["swin.one_window"] > 0.3


def test_a_border_that_is_one_position_too_narrow_is_found(monkeypatch):
    error = equivariance.equivariance_error

    def narrower(*arguments, border=0, **others):
        return error(*arguments, border=max(border - 1, 0), **others)

    monkeypatch.setattr(equivariance, "equivariance_error", narrower)
    assert equivariance.convolutions(0, (1, 0))["shared.zero.interior"] > 1e-4
    assert equivariance.token_mixers(0, (0, 1))["swin.one_window"] > 1e-4


def test_attention_that_knows_where_a_token_stands_does_not_move(monkeypatch):
    attend = Attention.call

    def placed(self, grid, extra=None):
        return attend(self, grid + np.linspace(0, 0.1, grid.shape[2], dtype="float32")[None, None, :, None], extra)

    monkeypatch.setattr(Attention, "call", placed)
    assert equivariance.token_mixers(0, (0, 1))["attention.one_token"] > 1e-5


def test_a_wrong_formula_is_found(monkeypatch):
    found = identities.dense_layers(0)
    assert found["ffn_formula"] < 1e-5
    monkeypatch.setattr(FeedForward, "call", lambda self, x: self.contract(keras.ops.tanh(self.expand(x))))
    broken = identities.dense_layers(0)
    assert min(broken[n] for n in ("ffn_formula", "ffn_formula.gelu", "pointwise_collapse")) > 0.01
    assert broken["ffn_is_pointwise_pair"] > 0.01


def test_weights_in_another_order_than_the_pixels_are_noticed(monkeypatch):
    assert identities.patches(0)["patch_order"] < 1e-5
    weights = identities.kernel
    monkeypatch.setattr(identities, "kernel", lambda dense: (np.roll(weights(dense)[0], 1, axis=0), weights(dense)[1]))
    assert identities.patches(0)["patch_order"] > 0.1


def test_a_field_that_is_too_small_is_noticed(monkeypatch):
    field = fields.receptive_field

    def narrower(spec, tap):
        (top, bottom), (left, right) = field(spec, tap)
        return (top + 1, bottom), (left + 1, right)

    monkeypatch.setattr(fields, "receptive_field", narrower)
    assert receptive_field.outside_the_field(0)["support.cnn_outside"] > 1e-4


# The file


def test_every_measure_is_shipped_and_can_be_traced():
    measures = exact_measures()
    assert set(measures) == {"inventory", *COMPUTED}
    for name in COMPUTED:
        assert set(measures[name]) == NAMES[name], name
        where = exact_provenance()[name]
        assert (
            where["git"] and where["device"] and where["backend"] and where["finished"] and where["versions"]["keras"]
        )
        for measure in measures[name].values():
            assert measure.low <= measure.value <= measure.high and math.isfinite(measure.high - measure.low)
            assert measure.source in ("exact", "formula")
    assert measures["rank-collapse"]["skip_over_mlp"].seeds == 5
    series = exact_series()
    collapse = series["rank-collapse"]
    assert len(collapse["layers"]) == 25
    lowest = [
        min(r for rows in collapse["arms"].values() for row in rows for r in row[: layer + 1]) for layer in (3, 4)
    ]
    assert collapse["compared"] == 3 and lowest[0] > collapse["floor"] > lowest[1]  # nothing is compared under it
    assert {len(row) for row in series["cost"]["seconds"]["attention_core"]} == {len(GRIDS)}


def test_without_the_file_only_closed_formulas_are_left(tmp_path, monkeypatch):
    for folder in (tmp_path, tmp_path / "gone"):
        monkeypatch.setattr(shipped, "RESULTS", folder)
        measures = exact_measures()
        assert measures.pop("inventory") and measures == {name: {} for name in COMPUTED}
        assert set(map(str, exact_series().values())) == {"{}"}


def test_experiments_are_written_one_by_one(tmp_path, monkeypatch):
    everything = json.loads((shipped.RESULTS / "exact.json").read_text())
    monkeypatch.setattr(shipped, "RESULTS", tmp_path / "results")
    write_exact({"cost": everything["cost"]})
    write_exact({"identities": everything["identities"]})
    written = json.loads((tmp_path / "results" / "exact.json").read_text())
    assert list(written) == ["identities", "cost"]
    assert written == {name: everything[name] for name in written}
    assert exact_measures()["rank-collapse"] == {} and exact_measures()["cost"]


# The command line


def test_the_command_line_prints_measures(capsys):
    assert main(["exact", "--only", "inventory"]) == 0
    assert "pairs.vit_b16" in capsys.readouterr().out
    assert main(["exact", "--only", "inventory", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["inventory"]["measures"]["patch.vit_b16"]["value"] == 1


def test_jax_finds_the_same():
    """Gradients, supports, and a compiled step under the other backend, in a process of its own."""
    code = """
import json, keras, numpy as np
from tf_models.layers.attention import Attention
from tf_models.layers.channels import FeedForward
from tf_models.untrained import random_weights
from tf_models.training.gradients import token_jacobian, training_step
assert keras.backend.backend() == BACKEND
grid = random_weights.tokens(0, 1, 2, 3)[0]
attention = random_weights.drawn(Attention(4, name="mixer"), (None, 2, 3, 16), 0)
ffn = random_weights.drawn(FeedForward(32, "gelu", name="channel"), (None, 2, 3, 16), 0)
training_step(attention, grid[None])()
jacobians = [token_jacobian(lambda x: attention(x)[0], grid), token_jacobian(ffn, grid)]
print(json.dumps(np.stack(jacobians).tolist()))
"""
    root, found = Path(identities.__file__).parents[2], {}
    for backend in ("jax", "tensorflow"):
        environment = os.environ | {"KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu"}
        command = [sys.executable, "-c", code.replace("BACKEND", repr(backend))]
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        found[backend] = np.array(json.loads(done.stdout.splitlines()[-1]))
    np.testing.assert_allclose(found["jax"], found["tensorflow"], rtol=1e-4)
    assert off_diagonal(found["jax"][0]) > 0 == off_diagonal(found["jax"][1])
