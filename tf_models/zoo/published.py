"""Published configurations, at their published size."""

from dataclasses import replace

from tf_models.zoo.spec import ModelSpec, isotropic


def _vision_transformer(name: str, width: int, heads: int) -> ModelSpec:
    """ViT-B/16 (Dosovitskiy 2021, table 1) and DeiT (Touvron 2021, table 1): 12 blocks, class token."""
    spec = isotropic(name, "attention", depth=12, width=width, heads=heads, patch=16, class_token=True)
    return replace(spec, input_shape=(224, 224, 3), classes=1000)


PUBLISHED: dict[str, ModelSpec] = {
    "vit_b16": _vision_transformer("vit_b16", width=768, heads=12),
    "deit_tiny": _vision_transformer("deit_tiny", width=192, heads=3),
    "deit_small": _vision_transformer("deit_small", width=384, heads=6),
}
