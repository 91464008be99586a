"""The classroom variants: the text's architectures at a size that trains in seconds on two cores."""

from tf_models.zoo.spec import ModelSpec, isotropic, pyramid

CLASSROOM: dict[str, ModelSpec] = {
    "cnn": pyramid("cnn", widths=(32, 64, 96), depth=2),
    "vit": isotropic("vit", mixer="attention", depth=4, width=64),
}
