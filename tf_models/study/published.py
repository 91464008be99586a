"""Published measurements that stand beside the lab's own; each was read at its source."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """One ablation of the channel MLP: accuracy (percent) or BLEU with it and without it."""

    system: str
    data: str
    metric: str  # top-1 or BLEU
    with_ffn: float
    without_ffn: float
    source: str
    link: str
    note: str  # key of a caveat in the pages' catalogue


FFN_ABLATIONS = (
    Published(
        "DeiT-tiny",
        "ImageNet-1k",
        "top-1",
        72.2,
        28.2,
        "Melas-Kyriazi 2021",
        "https://arxiv.org/abs/2105.02723",
        "published.melas",
    ),
    Published(
        "PoolFormer-S12",
        "ImageNet-1k",
        "top-1",
        77.2,
        5.7,
        "Yu et al. 2022, MetaFormer, table 5",
        "https://arxiv.org/abs/2111.11418",
        "published.metaformer",
    ),
    Published(
        "Transformer Big",
        "WMT22 En→De",
        "BLEU",
        35.6,
        33.5,
        "Pires et al. 2023",
        "https://arxiv.org/abs/2309.01826",
        "published.pires",
    ),
)


@dataclass(frozen=True)
class PublishedAccuracy:
    """Top-1 accuracy (percent) of a published configuration on ImageNet-1k, as its source reports it."""

    name: str  # a key of zoo.PUBLISHED
    top1: float
    source: str
    link: str


_TORCHVISION = ("torchvision, weights of its first release", "https://docs.pytorch.org/vision/stable/models.html")

# Their recipes differ by a decade of augmentation and schedules: these points are no controlled comparison. MobileNet
# V1 and MobileViT-S are missing because no figure of theirs was read at its source.
IMAGENET_ACCURACIES = (
    PublishedAccuracy("vgg16", 71.59, *_TORCHVISION),
    PublishedAccuracy("resnet50", 76.13, *_TORCHVISION),
    PublishedAccuracy("mobilenet_v2", 71.88, *_TORCHVISION),
    PublishedAccuracy("convnext_tiny", 82.52, *_TORCHVISION),
    PublishedAccuracy("vit_b16", 81.07, *_TORCHVISION),
    PublishedAccuracy("swin_tiny", 81.47, *_TORCHVISION),
    PublishedAccuracy("deit_tiny", 72.2, "Melas-Kyriazi 2021", "https://arxiv.org/abs/2105.02723"),
    PublishedAccuracy("deit_small", 79.9, "d’Ascoli et al. 2021, ConViT, table 2", "https://arxiv.org/abs/2103.10697"),
    PublishedAccuracy("mixer_b16", 76.44, "Tolstikhin et al. 2021, MLP-Mixer", "https://arxiv.org/abs/2105.01601"),
)
