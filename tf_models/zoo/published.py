"""Published configurations, at their published size: nothing is downloaded, the weights are random.

Where publications differ, the row says which one it follows. Longformer is missing on purpose: its published model is
a language model with a vocabulary; its attention is `layers.mixers.SlidingAttention`.
"""

from dataclasses import replace

from tf_models.zoo.spec import Block, Head, ModelSpec, Stage, Stem, isotropic, pyramid


def _imagenet(spec: ModelSpec, side: int = 224) -> ModelSpec:
    return replace(spec, input_shape=(side, side, 3), classes=1000)


def _vision_transformer(name: str, width: int, heads: int) -> ModelSpec:
    """ViT-B/16 (Dosovitskiy 2021, table 1) and DeiT (Touvron 2021, table 1): 12 blocks, class token."""
    return _imagenet(isotropic(name, mixer="attention", depth=12, width=width, heads=heads, patch=16, class_token=True))


def _resnet50() -> ModelSpec:
    """ResNet-50 (He 2016, table 1) as version 1.5: no bias before a norm, the stride on the 3×3 convolution."""
    row = Block(
        kind="bottleneck",
        width=256,
        mixer="convolution",
        channel="activation",
        activation="relu",
        norm="batch",
        ffn_ratio=0.25,
    )
    stages = tuple(
        Stage(blocks=(replace(row, width=width),) * depth, stride=stride)
        for width, depth, stride in ((256, 3, 1), (512, 4, 2), (1024, 6, 2), (2048, 3, 2))
    )
    stem = Stem(kind="convolution", width=64, patch=2, norm="batch", kernel=7, pool=True)
    spec = ModelSpec(
        name="resnet50", family="convolution", stem=stem, stages=stages, padding="symmetric", batch_epsilon=1e-5
    )
    return _imagenet(spec)


def _mobilenet_v1() -> ModelSpec:
    """MobileNet (Howard 2017, table 1), padded as TensorFlow pads."""
    row = Block(
        kind="separable", width=64, mixer="depthwise", channel="on", activation="relu6", norm="batch", skip=False
    )
    stages = tuple(
        Stage(blocks=(replace(row, width=width),) * depth, stride=stride)
        for width, depth, stride in ((64, 1, 1), (128, 2, 2), (256, 2, 2), (512, 6, 2), (1024, 2, 2))
    )
    stem = Stem(kind="convolution", width=32, patch=2, norm="batch", activation="relu6")
    return _imagenet(ModelSpec(name="mobilenet_v1", family="convolution", stem=stem, stages=stages))


def _mobilenet_v2() -> ModelSpec:
    """MobileNetV2 (Sandler 2018, table 2), padded as TensorFlow pads."""
    row = Block(kind="inverted", width=16, mixer="depthwise", channel="on", activation="relu6", norm="batch")
    rows = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
    stages = tuple(
        Stage(blocks=(replace(row, width=width, ffn_ratio=ratio),) * depth, stride=stride)
        for ratio, width, depth, stride in rows
    )
    stem = Stem(kind="convolution", width=32, patch=2, norm="batch", activation="relu6")
    head = Head(norm="batch", convolution=1280, activation="relu6")
    return _imagenet(ModelSpec(name="mobilenet_v2", family="convolution", stem=stem, stages=stages, head=head))


def _convnext_tiny() -> ModelSpec:
    """ConvNeXt-T (Liu 2022, section 3)."""
    row = Block(
        kind="one_residual",
        width=96,
        mixer="depthwise",
        channel="on",
        activation="gelu",
        norm="layer",
        kernel=7,
        layer_scale=True,
    )
    stages = tuple(
        Stage(blocks=(replace(row, width=width),) * depth, downsample="none" if width == 96 else "convolution")
        for width, depth in ((96, 3), (192, 3), (384, 9), (768, 3))
    )
    stem = Stem(kind="patch", width=96, patch=4, norm="layer")
    return _imagenet(
        ModelSpec(
            name="convnext_tiny",
            family="convolution",
            stem=stem,
            stages=stages,
            head=Head(norm="layer", norm_after_pool=True),
        )
    )


def _swin_tiny() -> ModelSpec:
    """Swin-T (Liu 2021, section 3.3)."""
    row = Block(
        kind="two_residuals",
        width=96,
        mixer="window",
        channel="on",
        activation="gelu",
        norm="layer",
        window=7,
        shift=True,
        relative=True,
    )
    stages = tuple(
        Stage(
            blocks=(replace(row, width=width, heads=width // 32),) * depth,
            downsample="none" if width == 96 else "merge",
        )
        for width, depth in ((96, 2), (192, 2), (384, 6), (768, 2))
    )
    stem = Stem(kind="patch", width=96, patch=4, norm="layer")
    return _imagenet(
        ModelSpec(
            name="swin_tiny", family="attention", stem=stem, stages=stages, head=Head(norm="layer"), layer_epsilon=1e-5
        )
    )


def _mobilevit_s() -> ModelSpec:
    """MobileViT-S (Mehta 2022, section 3 and table 4), padded as PyTorch pads."""
    inverted = Block(
        kind="inverted", width=32, mixer="depthwise", channel="on", activation="silu", norm="batch", ffn_ratio=4
    )
    mixed = Block(
        kind="mobilevit", width=96, mixer="attention", channel="on", activation="silu", norm="batch", ffn_ratio=2
    )
    rows = tuple(
        Stage(blocks=(replace(inverted, width=c), replace(mixed, width=c, inner_width=d, inner_depth=n)), stride=2)
        for c, d, n in ((96, 144, 2), (128, 192, 4), (160, 240, 3))
    )
    return _imagenet(
        ModelSpec(
            name="mobilevit_s",
            family="hybrid",
            stem=Stem(kind="convolution", width=16, patch=2, norm="batch", activation="silu"),
            stages=(Stage(blocks=(inverted,)), Stage(blocks=(replace(inverted, width=64),) * 3, stride=2), *rows),
            head=Head(norm="batch", convolution=640, activation="silu"),
            padding="symmetric",
            layer_epsilon=1e-5,
            batch_epsilon=1e-5,
        ),
        side=256,
    )


def _mixer_b16() -> ModelSpec:
    """MLP-Mixer B/16 (Tolstikhin 2021, table 1)."""
    return _imagenet(
        isotropic("mixer_b16", mixer="token_mlp", depth=12, width=768, patch=16, position="none", family="mlp")
    )


PUBLISHED: dict[str, ModelSpec] = {
    # VGG16 (Simonyan 2015, table 1, configuration D)
    "vgg16": _imagenet(
        pyramid(
            "vgg16",
            widths=(64, 128, 256, 512, 512),
            depths=(2, 2, 3, 3, 3),
            head=Head(pool="flatten", hidden=(4096, 4096)),
        )
    ),
    "resnet50": _resnet50(),
    "mobilenet_v1": _mobilenet_v1(),
    "mobilenet_v2": _mobilenet_v2(),
    "convnext_tiny": _convnext_tiny(),
    "vit_b16": _vision_transformer("vit_b16", width=768, heads=12),
    "deit_tiny": _vision_transformer("deit_tiny", width=192, heads=3),
    "deit_small": _vision_transformer("deit_small", width=384, heads=6),
    "swin_tiny": _swin_tiny(),
    "mobilevit_s": _mobilevit_s(),
    "mixer_b16": _mixer_b16(),
}
