"""Published configurations, at their published size: nothing is downloaded, the weights are random.

Where publications differ, the row says which one it follows. Longformer is missing on purpose: its published model is
a language model with a vocabulary; its attention is `layers.sparse_attention.SlidingAttention`.
"""

from dataclasses import replace
from functools import partial

from tf_models.zoo import families
from tf_models.zoo.families import isotropic, mobilevit_stages, pyramid, stages
from tf_models.zoo.spec import Head, ModelSpec, Stem

# ViT-B/16 (Dosovitskiy 2021, table 1) and DeiT (Touvron 2021, table 1)
_vit = partial(isotropic, mixer="attention", depth=12, patch=16, class_token=True)

_CONFIGURATIONS = (
    # VGG16 (Simonyan 2015, table 1, configuration D)
    pyramid(
        "vgg16",
        widths=(64, 128, 256, 512, 512),
        depths=(2, 2, 3, 3, 3),
        head=Head(pool="flatten", hidden=(4096, 4096)),
    ),
    # ResNet-50 (He 2016, table 1) as version 1.5: no bias before a norm, the stride on the 3×3 convolution.
    ModelSpec(
        name="resnet50",
        family="convolution",
        stem=Stem(kind="convolution", width=64, patch=2, norm="batch", kernel=7, pool=True),
        stages=stages(families.BOTTLENECK, widths=(256, 512, 1024, 2048), depths=(3, 4, 6, 3), strides=(1, 2, 2, 2)),
        padding="symmetric",
        batch_epsilon=1e-5,
    ),
    # MobileNet (Howard 2017, table 1), padded as TensorFlow pads
    ModelSpec(
        name="mobilenet_v1",
        family="convolution",
        stem=Stem(kind="convolution", width=32, patch=2, norm="batch", activation="relu6"),
        stages=stages(
            families.SEPARABLE, widths=(64, 128, 256, 512, 1024), depths=(1, 2, 2, 6, 2), strides=(1, 2, 2, 2, 2)
        ),
    ),
    # MobileNetV2 (Sandler 2018, table 2), padded as TensorFlow pads
    ModelSpec(
        name="mobilenet_v2",
        family="convolution",
        stem=Stem(kind="convolution", width=32, patch=2, norm="batch", activation="relu6"),
        stages=stages(
            families.INVERTED,
            ffn_ratio=(1, 6, 6, 6, 6, 6, 6),
            widths=(16, 24, 32, 64, 96, 160, 320),
            depths=(1, 2, 3, 4, 3, 3, 1),
            strides=(1, 2, 2, 2, 1, 2, 1),
        ),
        head=Head(norm="batch", convolution=1280, activation="relu6"),
    ),
    # ConvNeXt-T (Liu 2022, section 3)
    ModelSpec(
        name="convnext_tiny",
        family="convolution",
        stem=Stem(kind="patch", width=96, patch=4, norm="layer"),
        stages=stages(families.CONVNEXT, widths=(96, 192, 384, 768), depths=(3, 3, 9, 3), downsample="convolution"),
        head=Head(norm="layer", norm_after_pool=True),
    ),
    _vit("vit_b16", width=768, heads=12),
    _vit("deit_tiny", width=192, heads=3),
    _vit("deit_small", width=384, heads=6),
    # Swin-T (Liu 2021, section 3.3)
    ModelSpec(
        name="swin_tiny",
        family="attention",
        stem=Stem(kind="patch", width=96, patch=4, norm="layer"),
        stages=stages(
            replace(families.SWIN, window=7),
            widths=(96, 192, 384, 768),
            heads=(3, 6, 12, 24),
            depths=(2, 2, 6, 2),
            downsample="merge",
        ),
        head=Head(norm="layer"),
        layer_epsilon=1e-5,
    ),
    # MobileViT-S (Mehta 2022, section 3 and table 4), padded as PyTorch pads
    ModelSpec(
        name="mobilevit_s",
        family="hybrid",
        stem=Stem(kind="convolution", width=16, patch=2, norm="batch", activation="silu"),
        stages=(
            *stages(families.MOBILEVIT_INVERTED, widths=(32, 64), depths=(1, 3), strides=(1, 2)),
            *mobilevit_stages(widths=(96, 128, 160), inner_widths=(144, 192, 240), depths=(2, 4, 3)),
        ),
        head=Head(norm="batch", convolution=640, activation="silu"),
        input_shape=(256, 256, 3),
        padding="symmetric",
        layer_epsilon=1e-5,
        batch_epsilon=1e-5,
    ),
    # MLP-Mixer B/16 (Tolstikhin 2021, table 1)
    isotropic("mixer_b16", mixer="token_mlp", depth=12, width=768, patch=16, position="none", family="mlp"),
)


def _imagenet(spec: ModelSpec) -> ModelSpec:
    """For 1,000 classes, and for 224×224 pixels where the row names no other size."""
    usual = spec.input_shape == (32, 32, 3)
    return replace(spec, input_shape=(224, 224, 3) if usual else spec.input_shape, classes=1000)


PUBLISHED: dict[str, ModelSpec] = {spec.name: _imagenet(spec) for spec in _CONFIGURATIONS}
