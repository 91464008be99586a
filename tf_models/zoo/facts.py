"""What the published configurations are made of, by closed formulas: the figures of the experiment ``inventory``."""

from collections import Counter
from collections.abc import Callable, Iterable

from tf_models.zoo.counts import Layer, area
from tf_models.zoo.plan import block_layers, parameters, plan
from tf_models.zoo.published import PUBLISHED
from tf_models.zoo.spec import ATTENTION, ModelSpec

# Width and hidden width of the FFN in language models, as published; the lab builds none of them.
LANGUAGE_MODELS = {
    "transformer_base": (512, 2048),  # Vaswani 2017, section 3.3
    "bert_base": (768, 3072),  # Devlin 2019, section 3: L = 12, H = 768, feed-forward size 4H
}
# Activations per linear map, without these maps. No classifier has an activation after it: it is counted in VGG16
# alone, whose other dense layers have one; ViT's cut into patches is not counted.
NOT_COUNTED: dict[str, tuple[str, ...]] = {
    "vgg16": (),
    "resnet50": ("head.logits",),
    "mobilenet_v2": ("head.logits",),
    "convnext_tiny": ("head.logits",),
    "vit_b16": ("head.logits", "stem.patch"),
}
PAIRED = ("vgg16", "resnet50", "mobilenet_v2", "convnext_tiny", "vit_b16", "swin_tiny", "mobilevit_s", "mixer_b16")


def inventory_facts() -> dict[str, tuple[float, str]]:
    """Every figure with its unit; nothing is built, nothing is read from a file."""
    vgg, resnet, vit = PUBLISHED["vgg16"], PUBLISHED["resnet50"], PUBLISHED["vit_b16"]
    convnext, mobilevit = PUBLISHED["convnext_tiny"], PUBLISHED["mobilevit_s"]
    mixer, v1, v2 = PUBLISHED["mixer_b16"], PUBLISHED["mobilenet_v1"], PUBLISHED["mobilenet_v2"]
    vit_ratio = ffn_ratio(vit)
    language = {name: hidden / width for name, (width, hidden) in LANGUAGE_MODELS.items()}
    found: dict[str, tuple[float, str]] = {}
    for name, spec in {"vit": vit, "swin": PUBLISHED["swin_tiny"], "vgg": vgg, "resnet": resnet}.items():
        found[f"grids.{name}"] = area(last_grid(spec)) / area(spec.grid), "ratio"
        found[f"widths.{name}"] = spec.blocks[-1].width / spec.blocks[0].width, "ratio"
    found |= {
        "attention.convnext": (sum(block.mixer in ATTENTION for block in convnext.blocks), "count"),
        "attention.mixer": (sum(block.mixer in ATTENTION for block in mixer.blocks), "count"),
        "sequence.convnext": (ffn_ratio(convnext), "ratio"),
        "depthwise.convnext": (the_only({b.kernel for b in convnext.blocks if b.mixer == "depthwise"}), "count"),
    }
    found |= {f"pairs.{name}": (share(PUBLISHED[name], is_pair), "share") for name in PAIRED}
    for name in ("mobilenet_v2", "mobilevit_s"):
        found[f"pairs_around_a_mixer.{name}"] = around_a_mixer(PUBLISHED[name]), "share"
    found |= {
        "attention_share.mobilevit_s": (share(mobilevit, lambda x: x.unfolded and x.role == "mixer"), "share"),
        "ffn_share.mobilevit_s": (share(mobilevit, lambda x: x.unfolded and x.role == "channel"), "share"),
        "ffn_ratio.mobilevit_s": (ffn_ratio(mobilevit), "ratio"),
    }
    for name, left_out in NOT_COUNTED.items():
        layers = [layer for layer in plan(PUBLISHED[name]) if layer.path not in left_out]
        found[f"activations.{name}"] = sum(x.activations for x in layers) / sum(x.linear for x in layers), "ratio"
    found |= {
        "bottleneck.hidden": (the_only({hidden_over_in(b) for b in block_layers(resnet) if keeps(b)}), "ratio"),
        "bottleneck.pointwise_share": (share_of(resnet, "channel"), "share"),
        "head.vgg16": (share_of(vgg, "head"), "share"),
        "head.vgg16.positions": (area(last_grid(vgg)), "count"),
        "mobilenet_v1.hidden": (the_only({hidden_over_in(b) for b in block_layers(v1)}), "ratio"),
        "mobilenet_v2.hidden": (usual(hidden_over_in(b) for b in block_layers(v2)), "ratio"),
        "mobilenet_v2.linear_output": (linear_output(v2), "count"),
        "ffn_ratio.vit_b16": (vit_ratio, "ratio"),
        **{f"ffn_ratio.{name}": (ratio, "ratio") for name, ratio in language.items()},
        "ffn_ratio.vit_over_nlp": (vit_ratio / max(language.values()), "ratio"),
        "ffn_layers.vit_b16": (the_only({x.linear for x in plan(vit) if x.role == "channel"}), "count"),
        "mixer.token_share": (share_of(mixer, "mixer"), "share"),
        "mixer.channel_share": (share_of(mixer, "channel"), "share"),
        "patch.vit_b16": (vit.stem.width / (vit.patch**2 * vit.input_shape[2]), "ratio"),
    }
    return found


def last_grid(spec: ModelSpec) -> tuple[int, int]:
    """Rows and columns of the grid that the head sees."""
    return next(layer.grid_in for layer in plan(spec) if layer.part == "head")


def the_only(values: set):
    """What all have in common; a ValueError where they differ, since one number would then hide it."""
    if len(values) != 1:
        raise ValueError(f"not one value: {sorted(values)}")
    return next(iter(values))


def usual(values: Iterable[float]) -> float:
    """The most frequent value: all but the first block of MobileNetV2, which does not expand."""
    return Counter(values).most_common(1)[0][0]


def share(spec: ModelSpec, chosen: Callable[[Layer], object]) -> float:
    """Share of the parameters in the chosen layers."""
    return sum(layer.parameters for layer in plan(spec) if chosen(layer)) / parameters(spec)


def share_of(spec: ModelSpec, role: str) -> float:
    """Share of the parameters in this role."""
    return share(spec, lambda layer: layer.role == role)


def is_pair(layer: Layer) -> bool:
    """Expand, activate, contract on every position alone, with nothing between but the activation."""
    return layer.role == "channel" and layer.linear == 2 and layer.activations == 1


def around_a_mixer(spec: ModelSpec) -> float:
    """Share of the parameters in 1×1 convolutions that widen before a token mixer and narrow after it (MobileNetV2):
    expand, mix, contract, so not position-wise.
    """

    def around(layer: Layer) -> bool:
        block = layer.block
        ends = layer.path.endswith((".expand", ".contract"))
        return ends and block is not None and block.kind == "inverted" and block.ffn_ratio > 1

    return share(spec, around)


def ffn_ratio(spec: ModelSpec) -> float:
    """Hidden width over width of the FFNs, which all have the same."""
    return the_only({layer.hidden / layer.channels for layer in plan(spec) if layer.op == "ffn"})


def hidden_over_in(layers: tuple[Layer, ...]) -> float:
    """Channels that a block's token mixer works on, over those that come in."""
    return next(layer.channels_in for layer in layers if layer.path.endswith(".mixer")) / layers[0].channels_in


def keeps(layers: tuple[Layer, ...]) -> bool:
    """Whether as many channels leave the block as come in."""
    return layers[0].channels_in == layers[-1].channels


def linear_output(spec: ModelSpec) -> int:
    """1 where the contractions of inverted residuals have no activation after them."""
    ends = {layer.path for layer in plan(spec) if layer.path.endswith((".contract", ".contract_norm"))}
    return int(bool(ends) and not any(layer.activations and ends & {*layer.inputs} for layer in plan(spec)))
