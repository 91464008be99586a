"""Published measurements that stand beside the lab's own; each was read at its source."""

from dataclasses import dataclass

from tf_models.study.bibliography import Cited


@dataclass(frozen=True)
class Ablation(Cited):
    """One ablation of the channel MLP: accuracy (percent) or BLEU with it and without it.

    Its caveat is the word ``published.SOURCE`` of the catalogue.
    """

    system: str
    data: str
    metric: str  # top-1 or BLEU
    with_ffn: float
    without_ffn: float


FFN_ABLATIONS = (
    Ablation("melas", "DeiT-tiny", "ImageNet-1k", "top-1", 72.2, 28.2),
    Ablation("metaformer", "PoolFormer-S12", "ImageNet-1k", "top-1", 77.2, 5.7, at="table 5"),
    Ablation("pires", "Transformer Big", "WMT22 En→De", "BLEU", 35.6, 33.5),
)


@dataclass(frozen=True)
class Accuracy(Cited):
    """Top-1 accuracy (percent) of a published configuration on ImageNet-1k, as its source reports it."""

    name: str  # a key of zoo.PUBLISHED
    top1: float


_FIRST = "first release"

# Their recipes differ by a decade of augmentation and schedules: these points are no controlled comparison. MobileNet
# V1 and MobileViT-S are missing because no figure of theirs was read at its source.
IMAGENET_ACCURACIES = (
    Accuracy("torchvision", "vgg16", 71.59, at=_FIRST),
    Accuracy("torchvision", "resnet50", 76.13, at=_FIRST),
    Accuracy("torchvision", "mobilenet_v2", 71.88, at=_FIRST),
    Accuracy("torchvision", "convnext_tiny", 82.52, at=_FIRST),
    Accuracy("torchvision", "vit_b16", 81.07, at=_FIRST),
    Accuracy("torchvision", "swin_tiny", 81.47, at=_FIRST),
    Accuracy("melas", "deit_tiny", 72.2),
    Accuracy("convit", "deit_small", 79.9, at="table 2"),
    Accuracy("mixer", "mixer_b16", 76.44),
)
