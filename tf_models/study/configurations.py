"""What the published configurations are made of: the measures of the experiment ``inventory``, by closed formulas."""

from collections import Counter
from functools import cache

from tf_models.statistics.effects import Measure
from tf_models.zoo import PUBLISHED, inventory, parameters
from tf_models.zoo.inventory import Item
from tf_models.zoo.spec import ModelSpec, Place, hidden_width

# Width and hidden width of the FFN in language models, as published; the lab builds none of them.
LANGUAGE_MODELS = {
    "transformer_base": (512, 2048),  # Vaswani 2017, section 3.3
    "bert_base": (768, 3072),  # Devlin 2019, section 3: L = 12, H = 768, feed-forward size 4H
}
ATTENTIVE = ("attention", "linear_attention", "window", "sliding", "static")
# Activations per linear map, without these maps. No classifier has an activation behind it: it is counted in VGG16
# alone, whose other dense layers have one; ViT's cut into patches is not counted.
NOT_COUNTED: dict[str, tuple[str, ...]] = {
    "vgg16": (),
    "resnet50": ("head.logits",),
    "mobilenet_v2": ("head.logits",),
    "convnext_tiny": ("head.logits",),
    "vit_b16": ("head.logits", "stem.patch"),
}
PAIRED = ("vgg16", "resnet50", "mobilenet_v2", "convnext_tiny", "vit_b16", "swin_tiny", "mobilevit_s", "mixer_b16")


def formula(value: float, unit: str) -> Measure:
    """A number that a closed formula gives."""
    return Measure(float(value), float(value), float(value), unit, source="formula")


@cache  # a page asks at every click
def inventory_measures() -> dict[str, Measure]:
    """Every measure of ``inventory``; nothing is built, nothing is read from a file."""
    vgg, resnet, vit = PUBLISHED["vgg16"], PUBLISHED["resnet50"], PUBLISHED["vit_b16"]
    convnext, mobilevit = PUBLISHED["convnext_tiny"], PUBLISHED["mobilevit_s"]
    mixer, v1, v2 = PUBLISHED["mixer_b16"], PUBLISHED["mobilenet_v1"], PUBLISHED["mobilenet_v2"]
    vit_ratio = ffn_ratio(vit)
    language = {name: hidden / width for name, (width, hidden) in LANGUAGE_MODELS.items()}
    found: dict[str, tuple[float, str]] = {}
    for name, spec in {"vit": vit, "swin": PUBLISHED["swin_tiny"], "vgg": vgg, "resnet": resnet}.items():
        found[f"grids.{name}"] = area(spec.last_grid) / area(spec.grid), "ratio"
        found[f"widths.{name}"] = spec.blocks[-1].width / spec.blocks[0].width, "ratio"
    found |= {
        "attention.convnext": (sum(block.mixer in ATTENTIVE for block in convnext.blocks), "count"),
        "sequence.convnext": (ffn_ratio(convnext), "ratio"),
        "depthwise.convnext": (the_only({b.kernel for b in convnext.blocks if b.mixer == "depthwise"}), "count"),
    }
    found |= {f"pairs.{name}": (share(PUBLISHED[name], is_pair), "share") for name in PAIRED}
    for name in ("mobilenet_v2", "mobilevit_s"):
        found[f"pairs_around_a_mixer.{name}"] = around_a_mixer(PUBLISHED[name]), "share"
    found |= {
        "attention_share.mobilevit_s": (share(mobilevit, lambda i: ".inner" in i.path and i.role == "mixer"), "share"),
        "ffn_share.mobilevit_s": (share(mobilevit, lambda i: ".inner" in i.path and i.role == "channel"), "share"),
        "ffn_ratio.mobilevit_s": (ffn_ratio(mobilevit), "ratio"),
    }
    for name, left_out in NOT_COUNTED.items():
        items = [item for item in inventory(PUBLISHED[name]) if item.path not in left_out]
        found[f"activations.{name}"] = sum(i.activations for i in items) / sum(i.linear for i in items), "ratio"
    found |= {
        "bottleneck.hidden": (the_only({hidden_over_in(p) for p in resnet.places if keeps(p)}), "ratio"),
        "bottleneck.pointwise_share": (share(resnet, lambda item: item.role == "channel"), "share"),
        "head.vgg16": (share(vgg, lambda item: item.role == "head"), "share"),
        "head.vgg16.positions": (area(vgg.last_grid), "count"),
        "mobilenet_v1.hidden": (the_only({p.mixing_width / p.channels_in for p in v1.places}), "ratio"),
        "mobilenet_v2.hidden": (usual(hidden_over_in(p) for p in v2.places), "ratio"),
        "mobilenet_v2.linear_output": (linear_output(v2), "count"),
        "ffn_ratio.vit_b16": (vit_ratio, "ratio"),
        **{f"ffn_ratio.{name}": (ratio, "ratio") for name, ratio in language.items()},
        "ffn_ratio.vit_over_nlp": (vit_ratio / max(language.values()), "ratio"),
        "ffn_layers.vit_b16": (the_only({i.linear for i in inventory(vit) if i.role == "channel"}), "count"),
        "mixer.token_share": (share(mixer, lambda item: item.role == "mixer"), "share"),
        "mixer.channel_share": (share(mixer, lambda item: item.role == "channel"), "share"),
        "patch.vit_b16": (vit.stem.width / (vit.patch**2 * vit.input_shape[2]), "ratio"),
    }
    return {name: formula(*value) for name, value in found.items()}


def area(grid: tuple[int, int]) -> int:
    return grid[0] * grid[1]


def the_only(values: set):
    """What all have in common; a ValueError where they differ, since one number would then hide it."""
    if len(values) != 1:
        raise ValueError(f"not one value: {sorted(values)}")
    return next(iter(values))


def usual(values) -> float:
    """The most frequent value: all but the first block of MobileNetV2, which does not expand."""
    return Counter(values).most_common(1)[0][0]


def share(spec: ModelSpec, chosen) -> float:
    """Share of the parameters in the chosen items."""
    return sum(item.parameters for item in inventory(spec) if chosen(item)) / parameters(spec)


def is_pair(item: Item) -> bool:
    """Expand, activate, contract on every position alone, with nothing between but the activation."""
    return item.role == "channel" and item.linear == 2 and item.activations == 1


def around_a_mixer(spec: ModelSpec) -> float:
    """Share of the parameters in 1×1 convolutions that widen before a token mixer and narrow behind it (MobileNetV2):
    expand, mix, contract, so not position-wise.
    """
    paths = {place.path for place in spec.places if place.block.kind == "inverted" and place.block.ffn_ratio > 1}
    ends = ("expand", "contract")
    return share(spec, lambda i: i.path.rsplit(".", 1)[0] in paths and i.path.rsplit(".", 1)[-1] in ends)


def ffn_ratio(spec: ModelSpec) -> float:
    """Hidden width over width of the FFNs, which all have the same."""
    kinds = ("one_residual", "two_residuals", "mobilevit")
    return the_only({block.ffn_ratio for block in spec.blocks if block.kind in kinds})


def hidden_over_in(place: Place) -> float:
    return hidden_width(place.block, place.channels_in) / place.channels_in


def keeps(place: Place) -> bool:
    """Whether as many channels leave the block as come in."""
    return place.channels_in == place.block.width


def linear_output(spec: ModelSpec) -> int:
    """1 where no contraction of an inverted residual has an activation behind it."""
    behind = [item.activations for item in inventory(spec) if item.path.endswith(".contract")]
    return int(bool(behind) and not any(behind))
