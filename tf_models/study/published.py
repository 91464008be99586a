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
