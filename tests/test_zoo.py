"""Models as rows: golden parameter counts, patches, and images that are refused."""

import math
from dataclasses import replace

import pytest

from tf_models.errors import LabError
from tf_models.training.build import build
from tf_models.zoo import CLASSROOM, PUBLISHED, configure, macs, parameters, with_switches
from tf_models.zoo.families import isotropic
from tf_models.zoo.plan import plan

# Parameters and GMACs at 224×224, MobileViT's at 256×256, from the papers' own repositories (torchvision, DeiT, timm).
PUBLISHED_COUNTS = {
    "vgg16": (138_357_544, 15.470),
    "resnet50": (25_557_032, 4.089),
    "mobilenet_v1": (4_231_976, 0.569),
    "mobilenet_v2": (3_504_872, 0.301),
    "convnext_tiny": (28_589_128, 4.456),
    "vit_b16": (86_567_656, 17.564),
    "deit_tiny": (5_717_416, 1.254),
    "deit_small": (22_050_664, 4.599),
    "swin_tiny": (28_288_354, 4.491),
    "mobilevit_s": (5_578_632, 2.00),
    "mixer_b16": (59_880_472, 12.602),
}
SIZES = [(8, 8, 1), (28, 28, 1), (32, 32, 3), (64, 64, 3), (48, 40, 3)]

# Where parameters sit, in percent: the words of an item's path that are meant.
SHARES = [
    ("vit_b16", ".channel", 65.5),
    ("swin_tiny", ".channel", 61.1),
    ("convnext_tiny", ".channel", 90.6),
    ("mixer_b16", ".mixer", 3.0),
    ("mixer_b16", ".channel", 94.6),
    ("vgg16", "head.", 89.4),
]
# Activations and linear maps, without the parts in the third column: attention's softmax is no activation here. The
# classifier has none behind it in every network; the text counts it in VGG16 alone, and leaves ViT's patches out.
ACTIVATIONS = [
    ("vgg16", (15, 16), ()),
    ("resnet50", (49, 53), ("head.logits",)),
    ("mobilenet_v2", (35, 52), ("head.logits",)),
    ("convnext_tiny", (18, 58), ("head.logits",)),
    ("vit_b16", (12, 72), ("head.logits", "stem.patch")),
]


def test_every_published_configuration_has_a_golden_count():
    assert set(PUBLISHED) == set(PUBLISHED_COUNTS)


@pytest.mark.parametrize("name", PUBLISHED_COUNTS)
def test_published_configurations_have_their_published_size(name):
    count, giga = PUBLISHED_COUNTS[name]
    assert parameters(PUBLISHED[name]) == count
    assert macs(PUBLISHED[name]) / 1e9 == pytest.approx(giga, rel=1e-2)


@pytest.mark.parametrize(
    "name", ["resnet50", "mobilenet_v1", "mobilenet_v2", "convnext_tiny", "deit_tiny", "swin_tiny", "mobilevit_s"]
)
def test_a_built_published_network_has_its_published_size(name):
    """VGG16, ViT-B and Mixer-B are the same code at a size that takes 240 to 550 MB."""
    model = build(PUBLISHED[name])
    found = sum(variable.value.shape.num_elements() for variable in model.trainable_variables)
    assert found == PUBLISHED_COUNTS[name][0]
    assert model.output_shape == (None, 1000)


@pytest.mark.parametrize("width", [5, 6, 7])
def test_a_stem_of_fewer_than_four_channels_is_counted_as_it_is_built(width):
    """It has four: the count once said three, also in run records."""
    spec = configure("resnet", {"ffn_ratio": 4, "width": width}, (32, 32, 3), 10)
    found = sum(variable.value.shape.num_elements() for variable in build(spec).trainable_variables)
    assert parameters(spec) == found == {6: 189_858}.get(width, found)


@pytest.mark.parametrize(("name", "part", "percent"), SHARES)
def test_parameters_sit_where_the_text_says(name, part, percent):
    inside = sum(item.parameters for item in plan(PUBLISHED[name]) if part in item.path and "_norm" not in item.path)
    assert 100 * inside / parameters(PUBLISHED[name]) == pytest.approx(percent, abs=0.06)


def test_the_pointwise_convolutions_of_resnet50_hold_under_half_of_its_parameters():
    items = [item for item in plan(PUBLISHED["resnet50"]) if item.role == "channel"]
    assert len(items) == 2 * 16 + 4  # reduce and expand of every block, and the shortcuts
    assert 100 * sum(item.parameters for item in items) / 25_557_032 == pytest.approx(47.5, abs=0.06)


@pytest.mark.parametrize(("name", "counts", "without"), ACTIVATIONS, ids=lambda value: str(value))
def test_activations_per_linear_map(name, counts, without):
    items = [item for item in plan(PUBLISHED[name]) if item.path not in without]
    assert (sum(item.activations for item in items), sum(item.linear for item in items)) == counts


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_plan_is_a_graph_in_order_whose_weights_have_a_role(name):
    layers = plan(PUBLISHED[name])
    seen = set()
    for layer in layers:
        assert layer.path not in seen and seen >= {*layer.inputs}
        seen.add(layer.path)
        assert layer.role in ("stem", "mixer", "channel", "norm", "downsample", "head") or not layer.parameters
    assert layers[0].inputs == () and layers[-1].taps == ("logits",)


def test_small_golden_models_have_their_known_size():
    digits = isotropic("digits", mixer="attention", depth=4, width=48, heads=4, patch=2, class_token=True)
    digits = replace(digits, input_shape=(8, 8, 1))
    assert parameters(digits) == 114_778
    assert macs(digits) / 1e6 == pytest.approx(2.0, abs=0.05)
    mnist = isotropic("f", mixer="attention", depth=4, width=64, heads=4, patch=4, class_token=True)
    mnist = replace(mnist, input_shape=(28, 28, 1))
    assert parameters(mnist) == 205_066
    assert macs(mnist) / 1e6 == pytest.approx(11.2, abs=0.05)
    # The known counts without an FFN are of an FFN without hidden units, whose norm and last bias stay in each block;
    # here the whole sub-block goes.
    for known, depth, width in ((72_970, 4, 64), (208_650, 12, 64), (199_162, 4, 108)):
        spec = with_switches(mnist, {"ffn": "off", "depth": depth, "width": width})
        assert parameters(spec) == known - depth * (2 * width + width)


def test_the_classroom_has_variants_of_like_size():
    counts = [parameters(configure(variant, {}, (32, 32, 3), 10)) for variant in CLASSROOM]
    assert min(counts) >= 50_000 and max(counts) <= 300_000
    assert max(counts) / min(counts) <= 1.5


@pytest.mark.parametrize("shape", SIZES, ids=str)
@pytest.mark.parametrize("variant", CLASSROOM)
def test_every_variant_takes_the_images_of_the_lab(variant, shape):
    spec = configure(variant, {}, shape, 10)
    assert 140_000 <= parameters(spec) <= 420_000
    assert all(min(layer.grid) >= 1 for layer in plan(spec))
    assert {item.path for item in plan(spec)} >= {"head.logits"}


@pytest.mark.parametrize(
    ("variant", "shape", "code"),
    [
        *((variant, (7, 8, 1), "image_shape") for variant in CLASSROOM),
        ("convnext", (10, 250, 3), "image_too_small"),
    ],
)
def test_an_image_that_cannot_work_is_refused_with_the_reason(variant, shape, code):
    with pytest.raises(LabError) as caught:
        configure(variant, {}, shape, 10)
    assert caught.value.code == code
    assert f"{shape[0]}×{shape[1]}" in str(caught.value)


def test_removing_the_ffn_removes_about_two_thirds_of_a_transformer():
    without = parameters(configure("vit", {"ffn": "off"}, (32, 32, 3), 10))
    assert 0.6 < 1 - without / parameters(configure("vit", {}, (32, 32, 3), 10)) < 0.7


@pytest.mark.parametrize(
    ("height", "width", "patch"),
    [(8, 8, 2), (9, 9, 3), (28, 28, 4), (32, 32, 4), (48, 40, 4), (64, 64, 8), (12, 18, 2)],
)
def test_the_automatic_patch_is_the_smallest_that_leaves_4_to_144_tokens(height, width, patch):
    spec = configure("vit", {}, (height, width, 3), 10)
    assert spec.patch == patch
    assert spec.grid == (height // patch, width // patch)
    assert 4 <= spec.grid[0] * spec.grid[1] <= 144


@pytest.mark.parametrize("stem", ["patch", "convolution"])
@pytest.mark.parametrize("shape", [(8, 9), (11, 13), (31, 31), (17, 23), (97, 97), (224, 224), (227, 227), (256, 256)])
def test_an_image_that_no_patch_covers_loses_a_few_pixels_at_its_edges(shape, stem):
    """224 × 224, which these networks were made for, was refused."""
    for variant in ("vit", "longformer", "mixer", "swin", "convnext"):
        switches = {"stem": stem} if variant in ("vit", "longformer", "mixer") else {}
        spec = configure(variant, switches, (*shape, 3), 10)
        rows, columns = spec.grid
        assert 4 <= rows * columns <= 256, (variant, spec.patch)
        covered = rows * columns * spec.patch**2 / math.prod(shape)
        assert covered >= (0.8 if min(shape) < 30 else 0.93), (variant, spec.patch, covered)


@pytest.mark.parametrize("size", range(8, 257))
def test_every_square_image_is_cut(size):
    spec = configure("vit", {}, (size, size, 1), 2)
    assert size % spec.patch < spec.patch and spec.grid == (size // spec.patch,) * 2
    configure("cnn", {}, (size, size, 1), 2)


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
