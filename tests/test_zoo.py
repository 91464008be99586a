"""Models as rows: golden parameter counts, switches, and what is refused."""

from dataclasses import replace

import pytest

from tf_models.errors import LabError
from tf_models.study.runs import RunSpec
from tf_models.zoo import (
    CLASSROOM,
    PUBLISHED,
    SWITCHES,
    configure,
    defaults,
    inventory,
    macs,
    parameters,
    parse_switches,
    with_switches,
)
from tf_models.zoo.spec import CHANNEL_MIXERS, MIXERS, NORMS, POSITIONS, isotropic
from tf_models.zoo.switches import CHOICES, RANGES, REFUSED_BY_PLAIN

# Parameters and GMACs at 224×224 from the papers' own repositories (torchvision, DeiT).
PUBLISHED_COUNTS = {
    "vit_b16": (86_567_656, 17.564),
    "deit_tiny": (5_717_416, 1.254),
    "deit_small": (22_050_664, 4.599),
}
SIZES = [(8, 8, 1), (28, 28, 1), (32, 32, 3), (64, 64, 3)]

# Every switch, the values that differ from the default of `vit`, and how the model must show it.
EFFECTS = {
    "ffn": {
        "off": lambda s: not any(item.role == "channel" for item in inventory(s)),
        "activation": lambda s: s.blocks[0].channel == "activation",
        "linear": lambda s: s.blocks[0].channel == "linear",
    },
    "mixer": {
        mixer: lambda s, m=mixer: all(b.mixer == m for b in s.blocks) for mixer in MIXERS if mixer != "attention"
    },
    "position": {kind: lambda s, k=kind: s.stem.position == k for kind in POSITIONS if kind != "learned"},
    "skip": {"off": lambda s: not any(b.skip for b in s.blocks)},
    "norm": {
        "batch": lambda s: s.head_norm == "batch" and all(b.norm == "batch" for b in s.blocks),
        "none": lambda s: not any(item.role == "norm" for item in inventory(s)),
    },
    "ffn_ratio": {1.5: lambda s: s.blocks[0].ffn_ratio == 1.5},
    "heads": {8: lambda s: all(b.heads == 8 for b in s.blocks)},
    "depth": {3: lambda s: s.blocks == vit().blocks[:3]},
    "width": {16: lambda s: s.stem.width == 16 and all(b.width == 16 for b in s.blocks)},
    "patch": {8: lambda s: s.patch == 8 and s.grid == (4, 4)},
}


def vit(**switches):
    return configure("vit", switches, (32, 32, 3), 10)


def test_every_published_configuration_has_a_golden_count():
    assert set(PUBLISHED) == set(PUBLISHED_COUNTS)


@pytest.mark.parametrize("name", PUBLISHED_COUNTS)
def test_published_configurations_have_their_published_size(name):
    count, giga = PUBLISHED_COUNTS[name]
    assert parameters(PUBLISHED[name]) == count
    assert macs(PUBLISHED[name]) / 1e9 == pytest.approx(giga, rel=1e-3)


def test_small_golden_models_have_their_known_size():
    digits = isotropic("digits", "attention", depth=4, width=48, heads=4, patch=2, class_token=True)
    digits = replace(digits, input_shape=(8, 8, 1))
    assert parameters(digits) == 114_778
    assert macs(digits) / 1e6 == pytest.approx(2.0, abs=0.05)
    mnist = isotropic("f", "attention", depth=4, width=64, heads=4, patch=4, class_token=True)
    mnist = replace(mnist, input_shape=(28, 28, 1))
    assert parameters(mnist) == 205_066
    assert macs(mnist) / 1e6 == pytest.approx(11.2, abs=0.05)
    # The known counts without an FFN are of an FFN without hidden units, whose norm and last bias stay in each block;
    # here the whole sub-block goes.
    for known, depth, width in ((72_970, 4, 64), (208_650, 12, 64), (199_162, 4, 108)):
        spec = with_switches(mnist, {"ffn": "off", "depth": depth, "width": width})
        assert parameters(spec) == known - depth * (2 * width + width)


@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_cnn_and_vit_are_within_ten_percent_of_each_other(shape):
    cnn, transformer = (parameters(configure(variant, {}, shape, 10)) for variant in ("cnn", "vit"))
    assert 0.9 <= cnn / transformer <= 1.1


def test_removing_the_ffn_removes_about_two_thirds_of_a_transformer():
    assert 0.6 < 1 - parameters(vit(ffn="off")) / parameters(vit()) < 0.7


@pytest.mark.parametrize(
    ("height", "width", "patch"),
    [(8, 8, 2), (9, 9, 3), (28, 28, 4), (32, 32, 4), (48, 40, 4), (64, 64, 8), (12, 18, 2)],
)
def test_the_automatic_patch_is_the_smallest_that_leaves_4_to_144_tokens(height, width, patch):
    spec = configure("vit", {}, (height, width, 3), 10)
    assert spec.patch == patch
    assert spec.grid == (height // patch, width // patch)
    assert 4 <= spec.grid[0] * spec.grid[1] <= 144


@pytest.mark.parametrize(("height", "width"), [(31, 31), (8, 9), (11, 13)])
def test_an_image_without_a_patch_is_refused_with_its_size(height, width):
    with pytest.raises(LabError, match=f"{height}×{width} cannot be cut into patches"):
        configure("vit", {}, (height, width, 1), 10)


@pytest.mark.parametrize("size", range(8, 65))
def test_every_square_image_is_cut_or_refused_in_words(size):
    try:
        spec = configure("vit", {}, (size, size, 1), 2)
    except LabError as error:
        assert error.code == "no_patch_fits"
        assert not any(size % patch == 0 and 4 <= (size // patch) ** 2 <= 144 for patch in range(2, 17))
    else:
        assert size % spec.patch == 0
    configure("cnn", {}, (size, size, 1), 2)  # a CNN takes every size


def test_the_table_of_effects_names_every_switch_and_value():
    assert set(EFFECTS) == set(SWITCHES)
    assert set(EFFECTS["ffn"]) | {"on"} == set(CHANNEL_MIXERS)
    assert set(EFFECTS["norm"]) | {"layer"} == set(NORMS)


@pytest.mark.parametrize(("switch", "value"), [(s, v) for s, values in EFFECTS.items() for v in values])
def test_every_value_of_every_switch_changes_the_transformer(switch, value):
    spec = vit(**{switch: value})
    assert EFFECTS[switch][value](spec)
    assert not EFFECTS[switch][value](vit())
    assert spec.fingerprint != vit().fingerprint


@pytest.mark.parametrize("switch", SWITCHES)
def test_every_switch_changes_the_cnn_or_is_refused_with_the_reason(switch):
    value = next(iter(EFFECTS[switch]))
    if switch in REFUSED_BY_PLAIN:
        with pytest.raises(LabError) as caught:
            configure("cnn", {switch: value}, (32, 32, 3), 10)
        assert f"cnn cannot honour {switch}={value}: " in str(caught.value)
    else:
        assert configure("cnn", {switch: value}, (32, 32, 3), 10) != configure("cnn", {}, (32, 32, 3), 10)


def test_a_cnn_keeps_its_pyramid_when_its_width_changes():
    spec = configure("cnn", {"width": 16, "depth": 1}, (32, 32, 3), 10)
    assert [block.width for block in spec.blocks] == [16, 32, 48]


@pytest.mark.parametrize(
    ("variant", "setting", "value", "rule"),
    [
        ("vit", "ffn=maybe", "maybe", "one of on, off, activation, linear"),
        ("vit", "ffn=", "ffn=", "one of on, off"),
        ("vit", "depth=0", "0", "a whole number from 1 to 24"),
        ("vit", "depth=25", "25", "a whole number from 1 to 24"),
        ("vit", "width=63", "63", "multiple of 4 heads"),
        ("vit", "width=wide", "wide", "a whole number from 4 to 768"),
        ("vit", "ffn_ratio=abc", "abc", "a number from 0.25 to 16"),
        ("vit", "ffn_ratio=nan", "nan", "a number from 0.25 to 16"),
        ("vit", "ffn_ratio=inf", "inf", "a number from 0.25 to 16"),
        ("vit", "heads=1.5", "1.5", "a whole number from 1 to 32"),
        ("vit", "patch=7", "patch 7", "height 32 is not a multiple"),
        ("vit", "patch=0", "0", "a whole number from 1 to 32"),
        ("vit", "colour=blue", "colour", "it has ffn, mixer"),
        ("vit", "norm=group", "group", "one of layer, batch, none"),
        ("cnn", "ffn=off", "ffn=off", "no FFN sub-block"),
        ("mlp", "depth=2", "mlp", "one of cnn, vit"),
    ],
)
def test_a_bad_setting_is_refused_with_its_value_and_the_rule(variant, setting, value, rule):
    with pytest.raises(LabError) as caught:
        configure(variant, parse_switches([setting]), (32, 32, 3), 10)
    assert value in str(caught.value)
    assert rule in str(caught.value)


@pytest.mark.parametrize("value", [1.5, float("inf"), float("nan"), None, [4], "4.0"])
@pytest.mark.parametrize("switch", RANGES)
def test_values_of_the_wrong_type_are_refused_in_words(switch, value):
    if RANGES[switch][0] is float and value in (1.5, "4.0"):
        return  # a ratio need not be whole
    with pytest.raises(LabError, match="must be a"):
        vit(**{switch: value})


def test_a_switch_that_would_change_nothing_is_refused():
    with pytest.raises(LabError, match="heads=2: only attention has heads, and the mixer is pool"):
        vit(mixer="pool", heads=2)
    for channel in ("off", "activation"):
        with pytest.raises(LabError, match=f"ffn_ratio=2.*with ffn={channel} there is no hidden layer"):
            vit(ffn=channel, ffn_ratio=2)


def test_sincos_positions_need_a_width_that_is_a_multiple_of_four():
    with pytest.raises(LabError, match="Width 66: .*multiple of 4"):
        vit(position="sincos", width=66, heads=1)


@pytest.mark.parametrize(
    ("shape", "classes", "words"),
    [
        ((7, 8, 1), 10, "7×8×1.*8 to 256"),
        ((8, 257, 1), 10, "8×257×1"),
        ((32, 32, 2), 10, "1 or 3 channels"),
        ((32, 32, 3), 1, "1 classes.*2 to 1000"),
        ((32, 32, 3), 1001, "1001 classes"),
    ],
)
def test_images_and_classes_outside_the_limits_are_refused(shape, classes, words):
    for variant in CLASSROOM:
        with pytest.raises(LabError, match=words):
            configure(variant, {}, shape, classes)


@pytest.mark.parametrize("variant", CLASSROOM)
def test_the_settings_of_a_variant_round_trip(variant):
    usual = defaults(variant)
    assert configure(variant, usual, (32, 32, 3), 10) == configure(variant, {}, (32, 32, 3), 10)
    assert parse_switches(f"{key}={value}" for key, value in usual.items()) == usual


@pytest.mark.parametrize("variant", CLASSROOM)
def test_a_run_leaves_out_switches_at_their_default(variant):
    assert RunSpec(variant, defaults(variant)).switches == {}
    assert RunSpec(variant, defaults(variant)) == RunSpec(variant)


def test_a_run_keeps_what_differs_from_the_default():
    spec = RunSpec("vit", {"width": 32, "depth": 4, "ffn": "off"})
    assert spec.switches == {"ffn": "off", "width": 32}
    assert spec.name == "vit ffn=off width=32"


def test_the_same_setting_written_in_another_type_is_the_same_run():
    one, other = RunSpec("vit", {"depth": 2}), RunSpec("vit", {"depth": 2.0})
    assert one.fingerprint("x") == other.fingerprint("x")


def test_choices_and_ranges_share_no_switch():
    assert not set(CHOICES) & set(RANGES)
    assert set(REFUSED_BY_PLAIN) <= set(SWITCHES)
