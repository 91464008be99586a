"""Claims C01 to C25: what the text says about how alike the two architectures are, and what an FFN is.

A part states what the text says, so that a measurement against it refutes the part.
"""

from tf_models.study.claims.base import METAFORMER, NO_WORDS, NOTHING, Claim, Evidence, Part, Words

RAGHU = ("Raghu et al. 2021", "https://arxiv.org/abs/2108.08810")
PARK_KIM = ("Park and Kim 2022", "https://arxiv.org/abs/2202.06709")
CONVIT = ("d’Ascoli et al. 2021, ConViT", "https://arxiv.org/abs/2103.10697")
SWIN = ("Liu et al. 2021, Swin", "https://arxiv.org/abs/2103.14030")
VIT = ("Dosovitskiy et al. 2021, ViT, table 8", "https://arxiv.org/abs/2010.11929")
LRA = ("Tay et al. 2021, Long Range Arena", "https://arxiv.org/abs/2011.04006")
CORDONNIER = ("Cordonnier et al. 2020", "https://arxiv.org/abs/1911.03584")

SIMILARITY_CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="C01",
        sections=("1.1", "table3.row3.cnn"),
        systems=("CNN",),
        statement=Words(
            "A unit of a CNN looks at a small window. Every further layer lets it see a little more.",
            "CNN 的一个单元只看一个小窗口；每多叠一层，看到的范围就大一点。",
        ),
        question=Words(
            "Which pixels can change a unit’s output, and how fast does that region grow with depth?",
            "哪些像素能改变一个单元的输出？这个区域随深度增长得多快？",
        ),
        parts=(
            Part(
                "outside",
                Words(
                    "Pixels outside the theoretical field change nothing",
                    "理论感受野之外的像素毫无影响",
                ),
                "receptive-field",
                "support.cnn_outside",
                "equals",
                0.0,
            ),
            Part(
                "grows",
                Words(
                    "The effective field is larger at every further layer, in every seed",
                    "每加深一层，有效感受野都变大，每个种子都如此",
                ),
                "receptive-field",
                "erf.monotone",
                "equals",
                1.0,
            ),
            Part(
                "linear",
                Words(
                    "The effective field grows at least in proportion to depth (log–log slope above 1)",
                    "有效感受野至少与深度成正比（双对数斜率大于 1）",
                ),
                "receptive-field",
                "erf.slope",
                "above",
                1.0,
                decides=False,
            ),
        ),
        primary="outside",
        refuted_by=Words(
            "A response to a pixel outside the field, or a layer that does not widen it.",
            "感受野之外的像素引起响应，或某一层没有让它变大。",
        ),
        right=Words(
            "The window is a hard limit, and stacking layers widens it.",
            "窗口是硬性边界，堆叠层数确实会扩大它。",
        ),
        wrong=Words(
            "The sketch hides how slowly. The field on paper grows with depth; the part that really counts is its "
            "centre.",
            "没有说出有多慢：纸面上的感受野随深度增长，真正起作用的只是中心部分。",
        ),
        published=(
            Evidence(
                Words(
                    "The effective field looks like a Gaussian and fills only a fraction of the theoretical one.",
                    "有效感受野近似高斯分布，只占理论感受野的一小部分。",
                ),
                "Luo et al. 2016",
                "https://arxiv.org/abs/1701.04128",
                0,
                read="secondary",
            ),
        ),
    ),
    Claim(
        id="C02",
        sections=("1.1",),
        systems=("ViT",),
        statement=Words(
            "A single attention layer can connect any two positions of the image.",
            "一层注意力就能让图像中任意两个位置发生联系。",
        ),
        question=Words(
            "For how many pairs of patches does the first block of a ViT pass information?",
            "在 ViT 的第一个块里，有多少对图像块之间传递了信息？",
        ),
        parts=(
            Part(
                "pairs",
                Words(
                    "After the first block, more than 99 % of all pairs of tokens react to each other",
                    "第一个块之后，99 % 以上的 token 对相互影响",
                ),
                "receptive-field",
                "support.vit_block1",
                "above",
                0.99,
            ),
        ),
        primary="pairs",
        refuted_by=Words(
            "A pair of tokens that cannot reach each other within one layer.",
            "存在一层之内无法相互影响的 token 对。",
        ),
        right=Words(
            "It is so by construction: every token reads every other.",
            "结构本身如此：每个 token 都读取其他所有 token。",
        ),
        wrong=Words(
            "“Can” is not “does”: how much a trained head really uses distant tokens is another question.",
            "“能够”不等于“实际如此”：训练好的头用了多少远处的 token，是另一个问题。",
        ),
        seeds=0,
    ),
    Claim(
        id="C03",
        sections=("1.1",),
        systems=("Swin",),
        statement=Words(
            "Swin’s attention inside windows works like the sliding window of a convolution.",
            "Swin 在窗口内做注意力，就像卷积的滑动窗口一样。",
        ),
        question=Words(
            "Which neighbours does a token of Swin reach: few, the same on all sides, and the same everywhere?",
            "Swin 的一个 token 能触及哪些邻居：是否只有附近的、各方向对称、处处相同？",
        ),
        parts=(
            Part(
                "local",
                Words("A token reaches less than half of all tokens", "一个 token 触及的不到全部 token 的一半"),
                "receptive-field",
                "window.local",
                "below",
                0.5,
            ),
            Part(
                "symmetric",
                Words(
                    "It reaches equally far on all sides, as under a sliding kernel",
                    "它向各个方向触及得一样远，与滑动的卷积核相同",
                ),
                "receptive-field",
                "window.asymmetry",
                "equals",
                0.0,
            ),
            Part(
                "shift",
                Words(
                    "Shifting the image by one token shifts the features by one token",
                    "图像平移一个 token，特征也恰好平移一个 token",
                ),
                "shift",
                "swin.one_token",
                "below",
                NOTHING,
            ),
            Part(
                "shift_matters",
                Words(
                    "Trained without the shift of every second block, Swin is worse",
                    "训练时去掉每隔一块的窗口移位，Swin 的准确率下降",
                ),
                "ablations",
                "swin.shift",
                "difference",
                decides=False,
            ),
        ),
        primary="symmetric",
        refuted_by=Words(
            "A token at a window’s corner that reaches only to one side.",
            "窗口角上的 token 只能触及一侧。",
        ),
        right=Words("Both are local.", "两者都是局部的。"),
        wrong=Words(
            "Swin’s windows tile the grid, they do not slide. A token at a border is cut off from its next neighbour "
            "until the windows shift; and the weights depend on the input.",
            "Swin 的窗口是铺砌的，并不滑动：边界上的 token 要等窗口移位后才能看到紧邻的邻居；而且权重随输入而变。",
        ),
        published=(
            Evidence(
                Words(
                    "Without shifted windows Swin-T loses 1.1 points on ImageNet.",
                    "去掉窗口移位，Swin-T 在 ImageNet 上低 1.1 个百分点。",
                ),
                f"{SWIN[0]}, ablation",
                SWIN[1],
                0,
            ),
        ),
    ),
    Claim(
        id="C04",
        sections=("1.1",),
        systems=("Longformer",),
        statement=Words(
            "Sparse attention computes only chosen pairs and so costs less.",
            "稀疏注意力只计算选定的位置对，因此代价更低。",
        ),
        question=Words(
            "How do multiply-adds and seconds grow with the number of tokens, and does accuracy pay for it?",
            "乘加次数和耗时随 token 数怎样增长？准确率是否因此受损？",
        ),
        parts=(
            Part(
                "macs",
                Words(
                    "Banded attention’s multiply-adds grow in proportion to n (slope 0.95 to 1.05)",
                    "带状注意力的乘加次数与 n 成正比（斜率 0.95 到 1.05）",
                ),
                "cost",
                "slope.macs.banded",
                "between",
                (0.95, 1.05),
            ),
            Part(
                "time",
                Words("Its measured time does nearly so (slope below 1.3)", "实测时间也接近如此（斜率低于 1.3）"),
                "cost",
                "slope.time.banded",
                "below",
                1.3,
            ),
            Part(
                "full",
                Words(
                    "The measured time of full attention’s core, QKᵀ and the weighted sum, grows almost with n² "
                    "(slope above 1.8)",
                    "全局注意力的核心（QKᵀ 与加权求和）的实测时间几乎按 n² 增长（斜率高于 1.8）",
                ),
                "cost",
                "slope.time.attention_core",
                "above",
                1.8,
            ),
            Part(
                "accuracy",
                Words(
                    "A sliding window loses less than δ of accuracy against global attention",
                    "与全局注意力相比，滑动窗口损失的准确率小于 δ",
                ),
                "factorial",
                "sliding_over_global",
                "not_worse",
            ),
            Part(
                "masked",
                Words(
                    "Masking the unwanted pairs of a dense matrix saves work as well (slope below 1.8)",
                    "在稠密矩阵上遮住不要的位置对，同样省计算（斜率低于 1.8）",
                ),
                "cost",
                "slope.macs.masked",
                "below",
                1.8,
                decides=False,
            ),
        ),
        primary="accuracy",
        refuted_by=Words(
            "A banded layer whose cost still grows like n², or an accuracy that falls by δ or more.",
            "带状层的代价仍按 n² 增长，或准确率下降达到 δ。",
        ),
        right=Words(
            "A kernel that visits only the band costs O(n·w) for a window of w tokens.",
            "只访问带内元素的实现，窗口为 w 时代价是 O(n·w)。",
        ),
        wrong=Words(
            "Sparsity alone saves nothing: a dense matrix with a mask costs as much as before. And a band along the "
            "rows of an image is no two-dimensional neighbourhood.",
            "稀疏本身并不省钱：稠密矩阵加掩码的代价与原来相同。而且沿图像行方向的带，不是二维邻域。",
        ),
        published=(
            Evidence(
                Words(
                    "On the Long Range Arena Longformer averages 53.46 against 54.39 for full attention.",
                    "在 Long Range Arena 上，Longformer 平均 53.46，全注意力为 54.39。",
                ),
                *LRA,
                0,
            ),
            Evidence(
                Words(
                    "At 4,096 tokens and a window of 512 the core of Longformer’s attention needs 38.7 GMAC, dense "
                    "309.2.",
                    "4096 个 token、窗口 512 时，Longformer 的注意力核心需要 38.7 GMAC，稠密则为 309.2。",
                ),
                "",
                "https://arxiv.org/abs/2004.05150",
                1,
                read="computed",
            ),
        ),
    ),
    Claim(
        id="C05",
        sections=("1.1",),
        systems=("ViT", "Transformer"),
        statement=Words(
            "Positional encodings quietly lead a Transformer to attend to neighbours.",
            "位置编码会不知不觉地引导 Transformer 去关注邻近位置。",
        ),
        question=Words(
            "Do the heads of the first layer look nearer with positions than without, or with shuffled ones?",
            "与没有位置编码或打乱位置编码相比，第一层的头是否看得更近？",
        ),
        parts=(
            Part(
                "learned",
                Words(
                    "After training with learned positions, heads look nearer by at least 0.05 of the average distance",
                    "用可学习的位置编码训练后，头看得更近：距离之比至少低 0.05",
                ),
                "heads",
                "nearer.learned.trained",
                "above",
                0.05,
            ),
            Part(
                "sincos",
                Words("So they do with two-dimensional sines", "用二维正弦编码训练后也如此"),
                "heads",
                "nearer.sincos.trained",
                "above",
                0.05,
            ),
            Part(
                "start_learned",
                Words("Learned positions do so before any training", "可学习的位置编码在训练前就如此"),
                "heads",
                "nearer.learned.start",
                "above",
                0.05,
            ),
            Part(
                "start_sincos",
                Words("Two-dimensional sines do so before any training", "二维正弦编码在训练前就如此"),
                "heads",
                "nearer.sincos.start",
                "above",
                0.05,
            ),
        ),
        primary="learned",
        refuted_by=Words(
            "Heads that look as far with true positions as without any or with shuffled ones.",
            "用真实位置编码时，头看的距离与没有或打乱时一样远。",
        ),
        right=Words(
            "Positions make a preference for neighbours possible.",
            "位置编码使偏好邻近成为可能。",
        ),
        wrong=Words(
            "They only say where a token is. Whether near tokens matter more has to be learned.",
            "它们只说明 token 在哪里；近处是否更重要，要靠学习得到。",
        ),
        published=(
            Evidence(
                Words(
                    "ViT, 5-shot on ImageNet: 61.4 % without positions, 64.2 % with one-dimensional, 64.0 % with "
                    "two-dimensional and with relative ones.",
                    "ViT 在 ImageNet 上的 5-shot 准确率：无位置编码 61.4 %，一维 64.2 %，二维和相对编码均为 64.0 %。",
                ),
                *VIT,
                0,
            ),
        ),
    ),
    Claim(
        id="C06",
        sections=("1.1",),
        systems=("CNN", "ViT"),
        statement=Words(
            "Both begin with local information and then combine it step by step into a global view.",
            "两者都先处理局部信息，再一步步组合成全局的认识。",
        ),
        question=Words(
            "How far does each layer look, in a CNN and in a ViT?",
            "在 CNN 和 ViT 中，每一层各看多远？",
        ),
        parts=(
            Part(
                "cnn",
                Words("The CNN sees further with every layer, in every seed", "CNN 每层都看得更远，每个种子都如此"),
                "receptive-field",
                "erf.monotone",
                "equals",
                1.0,
            ),
            Part(
                "vit_low",
                Words(
                    "The first layer of a trained ViT looks less than half as far as uniform attention would",
                    "训练好的 ViT 第一层看的距离不到均匀注意力的一半",
                ),
                "heads",
                "ratio.first",
                "below",
                0.5,
            ),
            Part(
                "vit_rise",
                Words("From layer to layer it looks further, in every seed", "逐层看得更远，每个种子都如此"),
                "heads",
                "ratio.rises",
                "equals",
                1.0,
            ),
        ),
        primary="vit_low",
        refuted_by=Words(
            "A ViT whose first layer already looks far.",
            "ViT 的第一层就已经看得很远。",
        ),
        right=Words("It describes a CNN well.", "用来描述 CNN 是恰当的。"),
        wrong=Words(
            "Nothing forces a ViT to start locally. In its lowest layers, local and global heads stand side by side.",
            "没有什么强迫 ViT 从局部开始：在最低的几层里，局部的头和全局的头并存。",
        ),
        published=(
            Evidence(
                Words(
                    "Low layers of ViT hold local and global heads; large ones trained on ImageNet alone do not become "
                    "local.",
                    "ViT 低层既有局部的头也有全局的头；只用 ImageNet 训练的大模型不会变得局部。",
                ),
                *RAGHU,
                -1,
            ),
            Evidence(
                Words(
                    "In DeiT-S the low layers become local early in training and stay so.",
                    "DeiT-S 的低层在训练早期就变得局部，并一直保持。",
                ),
                *CONVIT,
                1,
            ),
        ),
    ),
    Claim(
        id="C07",
        sections=("1.2",),
        systems=("VGG", "ResNet"),
        statement=Words(
            "A CNN lowers the resolution step by step and adds channels as it does.",
            "CNN 逐步降低分辨率，同时增加通道数。",
        ),
        question=Words(
            "How do grid and width change from the first stage to the last?",
            "从第一阶段到最后阶段，网格和宽度怎样变化？",
        ),
        parts=(
            Part(
                "vgg_grid",
                Words("VGG16’s last grid has fewer positions than its first", "VGG16 的最后一个网格比第一个位置少"),
                "inventory",
                "grids.vgg",
                "below",
                1.0,
            ),
            Part(
                "vgg_width",
                Words("VGG16 ends with more channels", "VGG16 末端的通道更多"),
                "inventory",
                "widths.vgg",
                "above",
                1.0,
            ),
            Part(
                "resnet_grid",
                Words("ResNet-50’s last grid has fewer positions", "ResNet-50 的最后一个网格位置更少"),
                "inventory",
                "grids.resnet",
                "below",
                1.0,
            ),
            Part(
                "resnet_width",
                Words("ResNet-50 ends with more channels", "ResNet-50 末端的通道更多"),
                "inventory",
                "widths.resnet",
                "above",
                1.0,
            ),
        ),
        primary="vgg_grid",
        refuted_by=Words(
            "A stage table in which the grid does not shrink, or the width does not grow, from first to last.",
            "阶段表中从第一阶段到最后阶段网格没有缩小，或宽度没有增加。",
        ),
        right=Words(
            "It describes ResNet exactly, and VGG16 but for its last step: there the grid halves and the width stays "
            "at 512.",
            "ResNet 完全如此；VGG16 除最后一步外也是如此：最后一步网格减半，宽度仍为 512。",
        ),
        wrong=Words(
            "A CNN need not be built so: ConvMixer keeps one grid and one width from start to end.",
            "CNN 并非必须如此：ConvMixer 从头到尾只有一个网格、一个宽度。",
        ),
        seeds=0,
    ),
    Claim(
        id="C08",
        sections=("1.2",),
        systems=("CNN",),
        statement=Words(
            "Low layers of a CNN find edges and texture, high layers find objects.",
            "CNN 的低层提取边缘和纹理，高层提取物体。",
        ),
        question=Words(
            "Can the class be read out better from deeper layers, and do the first kernels learn orientations?",
            "越深的层越容易读出类别吗？第一层卷积核学到方向了吗？",
        ),
        parts=(
            Part(
                "rises",
                Words(
                    "A linear probe reads the class better from every further layer, in every seed",
                    "线性探针在更深的每一层都能更好地读出类别，每个种子都如此",
                ),
                "probing",
                "cnn.rises",
                "equals",
                1.0,
            ),
            Part(
                "oriented",
                Words(
                    "Trained first-layer kernels prefer one orientation more than random ones do",
                    "训练后的第一层卷积核比随机初始化时更偏向某个方向",
                ),
                "probing",
                "cnn.orientation",
                "above",
                0.0,
            ),
        ),
        primary="rises",
        refuted_by=Words(
            "A layer from which the class is read no better than from the one before.",
            "某一层读出类别并不比前一层更好。",
        ),
        right=NO_WORDS,
        wrong=Words(
            "“Objects” is a reading of pictures of features. What can be measured is how well a class is read out.",
            "“物体”是看特征图得到的解读；能测量的只是类别读出得多好。",
        ),
    ),
    Claim(
        id="C09",
        sections=("1.2", "why_alike"),
        systems=("ViT", "Swin"),
        statement=Words(
            "Transformers lower the resolution in stages too: ViT merges patches, Swin merges windows. Both took this "
            "from CNNs.",
            "Transformer 也分阶段降低分辨率：ViT 合并图像块，Swin 合并窗口。两者都借自 CNN。",
        ),
        question=Words(
            "How many positions has the last block’s grid, against the first block’s?",
            "最后一个块的网格有多少个位置？与第一个块相比如何？",
        ),
        parts=(
            Part(
                "vit",
                Words(
                    "ViT-B/16’s last grid has fewer positions than its first", "ViT-B/16 的最后一个网格比第一个位置少"
                ),
                "inventory",
                "grids.vit",
                "below",
                1.0,
            ),
            Part(
                "swin",
                Words("Swin-T’s last grid has fewer positions than its first", "Swin-T 的最后一个网格比第一个位置少"),
                "inventory",
                "grids.swin",
                "below",
                1.0,
            ),
        ),
        primary="vit",
        refuted_by=Words(
            "A network whose first and last block have grids of equal size.",
            "首块和末块的网格一样大的网络。",
        ),
        right=Words(
            "Swin has stages like a CNN: it merges 2×2 patches between them.",
            "Swin 像 CNN 一样分阶段：阶段之间把 2×2 个图像块合并。",
        ),
        wrong=Words(
            "ViT merges nothing: 196 patch tokens of width 768 from the first block to the last. And what Swin merges "
            "are patches; its windows are never merged.",
            "ViT 什么也不合并：从首块到末块都是 196 个图像块 token，宽度 768。Swin 合并的是图像块，窗口从不合并。",
        ),
        seeds=0,
    ),
    Claim(
        id="C10",
        sections=("1.2",),
        systems=("CNN", "ViT", "Swin"),
        statement=Words(
            "Both reach higher meaning through a hierarchy of stages.",
            "两者都借助分层结构得到更高层的语义。",
        ),
        question=Words(
            "At equal parameters, does a pyramid end with features that tell the class better than one grid does?",
            "参数量相同时，金字塔结构末端的特征是否比单一网格更能说明类别？",
        ),
        parts=(
            Part(
                "pyramid",
                Words(
                    "A probe on the last layer reads the class better from a pyramid than from one grid",
                    "末层探针从金字塔结构读出类别，好于从单一网格读出",
                ),
                "probing",
                "pyramid_over_isotropic",
                "above",
            ),
        ),
        primary="pyramid",
        refuted_by=Words(
            "Final probes that are equal within δ with and without stages.",
            "有无分阶段，末层探针的差异都在 δ 以内。",
        ),
        right=NO_WORDS,
        wrong=Words(
            "Depth may be enough: a ViT gets there on one grid.",
            "有深度也许就够了：ViT 在单一网格上也能做到。",
        ),
        published=(
            Evidence(
                Words(
                    "The layers of a ViT are far more alike than those of a ResNet, and it classifies well all the "
                    "same.",
                    "ViT 各层之间远比 ResNet 各层相似，而分类同样好。",
                ),
                *RAGHU,
                0,
            ),
        ),
    ),
    Claim(
        id="C11",
        sections=("1.3",),
        systems=("CNN",),
        statement=Words(
            "One kernel for all positions is what makes a CNN equivariant to translation.",
            "所有位置共用一个卷积核，是 CNN 具有平移等变性的关键。",
        ),
        question=Words(
            "If the image moves, do the features move with it: with shared weights, and without?",
            "图像移动时，特征是否跟着移动？共享权重时如何，不共享时又如何？",
        ),
        parts=(
            Part(
                "shared",
                Words(
                    "With one kernel, stride 1 and circular borders the features move exactly with the image",
                    "共用一个卷积核、步长 1、循环边界时，特征恰好随图像移动",
                ),
                "shift",
                "shared.circular",
                "below",
                NOTHING,
            ),
            Part(
                "unshared",
                Words(
                    "With weights of each position’s own they do not (error above 0.1)",
                    "各位置各用自己的权重时则不然（误差大于 0.1）",
                ),
                "shift",
                "unshared.circular",
                "above",
                0.1,
            ),
            Part(
                "padded",
                Words("Zero padding keeps the features exact too", "补零时仍然精确"),
                "shift",
                "shared.zero",
                "below",
                NOTHING,
                decides=False,
            ),
            Part(
                "strided",
                Words("A stride of 2 keeps them exact too", "步长为 2 时仍然精确"),
                "shift",
                "shared.strided",
                "below",
                NOTHING,
                decides=False,
            ),
        ),
        primary="shared",
        refuted_by=Words(
            "Features that move with the image although no weight is shared.",
            "没有共享权重，特征却仍随图像移动。",
        ),
        right=Words("Sharing is what does it.", "起作用的确实是权重共享。"),
        wrong=Words(
            "Sharing is not enough: borders and strides break the equality.",
            "仅靠共享还不够：边界和步长会破坏这一性质。",
        ),
        seeds=0,
    ),
    Claim(
        id="C12",
        sections=("1.3",),
        systems=("Transformer", "ViT"),
        statement=Words(
            "Self-attention on its own knows nothing about positions.",
            "自注意力本身不知道位置。",
        ),
        question=Words(
            "If the tokens are shuffled, is the output just the same one, shuffled?",
            "打乱 token 后，输出是否只是原来的输出被同样打乱？",
        ),
        parts=(
            Part(
                "bare",
                Words(
                    "Without positions, shuffling before or after attention gives the same result",
                    "没有位置编码时，先打乱再做注意力与先做注意力再打乱，结果相同",
                ),
                "identities",
                "permutation.attention",
                "below",
                NOTHING,
            ),
            Part(
                "positions",
                Words(
                    "With sin-cos positions it does not (difference above 5 %)",
                    "加上正弦位置编码后则不同（差异大于 5 %）",
                ),
                "identities",
                "permutation.with_positions",
                "above",
                0.05,
            ),
            Part(
                "learned_positions",
                Words(
                    "With learned positions, as they are at the start of training, it does not (difference above 5 %)",
                    "加上可学习的位置编码，在训练开始时也不同（差异大于 5 %）",
                ),
                "identities",
                "permutation.with_positions.at_start",
                "above",
                0.05,
                decides=False,
            ),
        ),
        primary="bare",
        refuted_by=Words(
            "Attention without positions whose output depends on the order of the tokens.",
            "没有位置编码的注意力，其输出却依赖 token 的顺序。",
        ),
        right=Words(
            "Exactly right: attention is equivariant to every permutation. How much positions change depends on their "
            "size: those of the first Transformer, sin and cos, decide here; learned ones start close to zero.",
            "完全正确：注意力对任何置换都等变。位置编码改变多少取决于它的大小：这里以最初的 Transformer 所用的 "
            "sin、cos 编码为准；可学习的位置编码起初接近零。",
        ),
        wrong=NO_WORDS,
        seeds=0,
    ),
    Claim(
        id="C13",
        sections=("1.3",),
        systems=("Transformer", "ViT"),
        statement=Words(
            "Attention heads can learn different patterns, like the several kernels of a convolution.",
            "不同的注意力头可以学到不同的模式，好比卷积的多个卷积核。",
        ),
        question=Words(
            "Can heads act as a convolution, do trained heads differ, and are four better than one?",
            "多个头能充当卷积吗？训练后的头彼此不同吗？四个头比一个好吗？",
        ),
        parts=(
            Part(
                "convolution",
                Words(
                    "Nine heads, set by hand, compute any 3×3 convolution (error below 0.0001)",
                    "手工设定的九个头可以算出任意 3×3 卷积（误差小于 0.0001）",
                ),
                "identities",
                "heads_as_convolution",
                "below",
                1e-4,
            ),
            Part(
                "differ",
                Words("Trained heads differ more than untrained ones", "训练后的头比训练前差别更大"),
                "heads",
                "js.trained_over_start",
                "above",
                0.0,
            ),
            Part(
                "four",
                Words(
                    "Four heads classify better than one of the same width by more than δ",
                    "宽度相同时，四个头比一个头的准确率高出 δ 以上",
                ),
                "heads",
                "four_over_one",
                "difference",
            ),
        ),
        primary="four",
        refuted_by=Words(
            "Heads that stay alike after training, or one head that does as well as four.",
            "训练后各头仍然相似，或一个头与四个头一样好。",
        ),
        right=Words("Heads together can express a convolution.", "多个头合起来可以表达卷积。"),
        wrong=Words(
            "A head is not a filter. In that construction a head is one offset of one kernel: nine heads for a 3×3.",
            "一个头不是一个滤波器：在该构造中，一个头对应卷积核的一个偏移，3×3 需要九个头。",
        ),
        published=(
            Evidence(
                Words(
                    "Attention with K² heads can express any K×K convolution; trained on CIFAR-10 it reaches 93.8 %.",
                    "有 K² 个头的注意力可以表达任意 K×K 卷积；在 CIFAR-10 上训练达到 93.8 %。",
                ),
                *CORDONNIER,
                0,
            ),
        ),
    ),
    Claim(
        id="C14",
        sections=("1.3",),
        systems=("Transformer", "ViT"),
        statement=Words(
            "Query, key and value matrices serve all positions, as a kernel does.",
            "查询、键、值矩阵供所有位置共用，与卷积核一样。",
        ),
        question=Words(
            "Is such a projection a 1×1 convolution, and does its size depend on the image?",
            "这样的投影就是 1×1 卷积吗？它的大小与图像有关吗？",
        ),
        parts=(
            Part(
                "pointwise",
                Words(
                    "A dense layer on every token equals a 1×1 convolution with the same weights",
                    "作用于每个 token 的全连接层等于同权重的 1×1 卷积",
                ),
                "identities",
                "dense_is_pointwise",
                "below",
                NOTHING,
            ),
            Part(
                "size",
                Words(
                    "The number of projection weights is the same for a larger image",
                    "图像变大，投影的权重数量不变",
                ),
                "identities",
                "projections_independent_of_n",
                "equals",
                0.0,
            ),
        ),
        primary="pointwise",
        refuted_by=Words(
            "A projection whose weights differ from position to position.",
            "投影的权重随位置而不同。",
        ),
        right=Words(
            "Exactly right. They are 1×1 convolutions; only tables of learned positions grow with the image.",
            "完全正确：它们就是 1×1 卷积；只有可学习的位置编码表会随图像增大。",
        ),
        wrong=NO_WORDS,
        seeds=0,
    ),
    Claim(
        id="C15",
        sections=("1.3",),
        systems=("CNN", "ViT"),
        statement=Words(
            "A CNN shares weights rigidly. A Transformer shares them globally: more flexible, but perhaps less "
            "efficient to compute.",
            "CNN 的权重共享是死板的；Transformer 的共享是全局的，更灵活，但计算上可能不划算。",
        ),
        question=Words(
            "Does the matrix that mixes positions depend on the input, and how much accuracy does a multiply-add buy?",
            "混合各位置的矩阵是否随输入而变？一次乘加能换来多少准确率？",
        ),
        parts=(
            Part(
                "rigid",
                Words(
                    "A convolution mixes positions in the same way for every input",
                    "无论输入是什么，卷积都以同样的方式混合位置",
                ),
                "identities",
                "mixing_varies.convolution",
                "equals",
                0.0,
            ),
            Part(
                "flexible",
                Words("Attention mixes them differently for each input", "注意力对每个输入的混合方式不同"),
                "identities",
                "mixing_varies.attention",
                "above",
                NOTHING,
            ),
            Part(
                "efficient",
                Words(
                    "The CNN reaches more accuracy per multiply-add than the ViT",
                    "CNN 每次乘加得到的准确率高于 ViT",
                ),
                "parameter-efficiency",
                "per_mac",
                "above",
                0.0,
            ),
            Part(
                "quarter",
                Words(
                    "A CNN of a quarter of the size is better than the ViT, with fewer multiply-adds",
                    "只有四分之一大小、乘加次数更少的 CNN 好于 ViT",
                ),
                "parameter-efficiency",
                "quarter_cnn_over_vit",
                "difference",
                decides=False,
            ),
            Part(
                "token_mlp",
                Words(
                    "A token MLP mixes them in the same way for every input, up to its activation",
                    "token MLP 在激活函数之前，对每个输入的混合方式都相同",
                ),
                "identities",
                "mixing_varies.token_mlp",
                "equals",
                0.0,
                decides=False,
            ),
        ),
        primary="efficient",
        refuted_by=Words(
            "Attention weights that do not depend on the input, or a ViT with at least as much accuracy for each "
            "multiply-add.",
            "注意力权重不随输入变化，或者 ViT 每次乘加换得的准确率不低于 CNN。",
        ),
        right=Words(
            "What mixes the positions depends on the input in attention only.", "只有注意力的位置混合随输入而变。"
        ),
        wrong=Words(
            "The parameters are shared just as rigidly in both. It is the mixing matrix that is flexible.",
            "两者的参数共享同样死板；灵活的是混合矩阵。",
        ),
    ),
    Claim(
        id="C16",
        sections=("table1.row1", "1.4"),
        systems=("CNN", "Transformer"),
        statement=Words(
            "A CNN relates positions locally and by a fixed pattern, a Transformer globally and by weights that depend "
            "on the input.",
            "CNN 以固定模式建立局部关系，Transformer 以随输入变化的权重建立全局关系。",
        ),
        question=Words(
            "What is each of the two worth: weights that depend on the input, and reach over the whole image?",
            "两样各值多少：随输入变化的权重，以及覆盖整幅图像的范围？",
        ),
        parts=(
            Part(
                "dynamic",
                Words(
                    "Weights that depend on the input raise accuracy by more than δ",
                    "随输入变化的权重使准确率提高 δ 以上",
                ),
                "factorial",
                "dynamic",
                "difference",
            ),
            Part(
                "global",
                Words(
                    "Reaching the whole image raises it by more than δ",
                    "覆盖整幅图像使准确率提高 δ 以上",
                ),
                "factorial",
                "global",
                "difference",
            ),
            Part(
                "dynamic_local",
                Words(
                    "Locally: window attention is better than depthwise convolution", "在局部：窗口注意力好于深度卷积"
                ),
                "factorial",
                "dynamic.local",
                "difference",
                decides=False,
            ),
            Part(
                "dynamic_global",
                Words(
                    "Globally: attention is better than a fixed mixing of all tokens",
                    "在全局：注意力好于对所有 token 的固定混合",
                ),
                "factorial",
                "dynamic.global",
                "difference",
                decides=False,
            ),
            Part(
                "global_static",
                Words(
                    "By fixed patterns: a mixing of all tokens is better than depthwise convolution",
                    "固定模式：对所有 token 的混合好于深度卷积",
                ),
                "factorial",
                "global.static",
                "difference",
                decides=False,
            ),
            Part(
                "global_dynamic",
                Words(
                    "By weights that depend on the input: attention over all tokens is better than within windows",
                    "随输入变化的权重：全局注意力好于窗口注意力",
                ),
                "factorial",
                "global.dynamic",
                "difference",
                decides=False,
            ),
        ),
        primary="dynamic",
        refuted_by=Words(
            "Four mixers, static or dynamic, local or global, of which the dynamic or the global ones are not better "
            "by more than δ.",
            "静态或动态、局部或全局的四种混合器中，动态的或全局的并不比另一类好 δ 以上。",
        ),
        right=Words("By construction the two differ in just these ways.", "从结构上看，两者正是在这两点上不同。"),
        wrong=Words(
            "The row joins two switches that can be set apart: Swin is local and dynamic, a fixed mixing of all tokens "
            "global and static. What one of them brings depends on the other. And a difference in design need not be a "
            "gain in accuracy.",
            "这一行把两个可以分开的开关合在一起：Swin 局部而动态，对所有 token 的固定混合则全局而静态。一个开关的"
            "作用取决于另一个；设计上不同，准确率也未必提高。",
        ),
        published=(
            Evidence(
                Words(
                    "Attention’s gains come from weights that depend on the data, and not from long range.",
                    "注意力的好处来自随数据变化的权重，而不是长程联系。",
                ),
                *PARK_KIM,
                0,
                read="repository",
            ),
        ),
    ),
    Claim(
        id="C17",
        sections=("table1.row2", "1.4"),
        systems=("CNN", "ViT", "Swin"),
        statement=Words(
            "Translation equivariance is built into CNNs. Transformers have to imitate it with positional encodings or "
            "local attention.",
            "平移等变性是 CNN 自带的；Transformer 只能靠位置编码或局部注意力来模仿。",
        ),
        question=Words(
            "If the image moves by one pixel, do a pooled CNN’s features move along? Do positions help a ViT or hurt "
            "it?",
            "图像移动一个像素，带池化的 CNN 的特征会跟着移动吗？位置编码对 ViT 是有利还是有害？",
        ),
        parts=(
            Part(
                "cnn",
                Words(
                    "Features of a CNN with pooling move exactly with a shift of one pixel (error below 0.001)",
                    "带池化的 CNN 的特征恰好随一个像素的平移而移动（误差小于 0.001）",
                ),
                "shift",
                "pooled.one_pixel",
                "below",
                1e-3,
            ),
            Part(
                "positions",
                Words(
                    "Learned positions make a ViT’s answers more consistent under shifts than none",
                    "与没有位置编码相比，可学习的位置编码使 ViT 在平移下的预测更一致",
                ),
                "shift",
                "learned_over_none",
                "above",
                0.0,
            ),
        ),
        primary="cnn",
        refuted_by=Words(
            "A pooled CNN whose features change when the image moves by a pixel, or positions that lower consistency.",
            "图像移动一个像素，带池化的 CNN 特征就变了；或位置编码降低了一致性。",
        ),
        right=Words(
            "A convolution with stride 1 is equivariant away from the borders.",
            "步长为 1 的卷积在远离边界处是等变的。",
        ),
        wrong=Words(
            "Strides, pooling and padding break it in real CNNs. Attention without positions is already equivariant to "
            "every permutation of patches; absolute positions break that. And equivariance is not invariance.",
            "实际的 CNN 中，步长、池化和补零都会破坏等变性。没有位置编码的注意力本来就对图像块的任何置换等变，"
            "绝对位置编码反而破坏它。另外，等变性不是不变性。",
        ),
        published=(
            Evidence(
                Words(
                    "Two shifted crops of an image get the same class from ResNet-50 in 89.2 % of cases, with blurred "
                    "pooling in 91.3 %.",
                    "同一图像的两个错位裁剪，ResNet-50 给出相同类别的占 89.2 %，改用模糊池化为 91.3 %。",
                ),
                "Zhang 2019",
                "https://github.com/adobe/antialiased-cnns",
                -1,
                read="repository",
            ),
            Evidence(
                Words(
                    "A realistic shift of one pixel changes what recent models see for about 40 % of images.",
                    "一个像素的真实平移，就会使近期模型对约 40 % 的图像的表示明显改变。",
                ),
                "Shifman and Weiss 2024",
                "https://arxiv.org/abs/2404.07153",
                -1,
                read="abstract",
            ),
            Evidence(
                Words(
                    "Zero padding tells a CNN where things are.",
                    "补零让 CNN 得知物体的绝对位置。",
                ),
                "Islam et al. 2020",
                "https://arxiv.org/abs/2001.08248",
                -1,
                read="abstract",
            ),
        ),
    ),
    Claim(
        id="C18",
        sections=("table1.row3", "1.4"),
        systems=("CNN", "Transformer"),
        statement=Words(
            "For n positions a convolution costs O(n), global attention O(n²).",
            "n 个位置时，卷积的代价是 O(n)，全局注意力是 O(n²)。",
        ),
        question=Words(
            "With which power of n do multiply-adds and seconds grow, and when does the n² part weigh most?",
            "乘加次数和耗时按 n 的几次方增长？n² 的部分何时占主导？",
        ),
        parts=(
            Part(
                "attention",
                Words(
                    "The core of attention grows with n² (slope of multiply-adds 1.8 to 2.2)",
                    "注意力核心按 n² 增长（乘加次数的斜率 1.8 到 2.2）",
                ),
                "cost",
                "slope.macs.attention_core",
                "between",
                (1.8, 2.2),
            ),
            Part(
                "convolution",
                Words(
                    "Convolution grows with n (slope of multiply-adds 0.9 to 1.1)",
                    "卷积按 n 增长（乘加次数的斜率 0.9 到 1.1）",
                ),
                "cost",
                "slope.macs.convolution",
                "between",
                (0.9, 1.1),
            ),
            Part(
                "attention_time",
                Words("The measured time of attention’s core grows with n² too", "注意力核心的实测时间也按 n² 增长"),
                "cost",
                "slope.time.attention_core",
                "between",
                (1.8, 2.2),
                decides=False,
            ),
            Part(
                "convolution_time",
                Words("The convolution’s measured time grows with n too", "卷积的实测时间也按 n 增长"),
                "cost",
                "slope.time.convolution",
                "between",
                (0.9, 1.1),
                decides=False,
            ),
            Part(
                "most",
                Words(
                    "In ViT-B/16 at 224 pixels the n² part is most of all multiply-adds",
                    "在 224 像素的 ViT-B/16 中，n² 的部分占乘加次数的一半以上",
                ),
                "cost",
                "quadratic_share.vit_b16",
                "above",
                0.5,
                decides=False,
            ),
            Part(
                "crossover",
                Words(
                    "By the clock, in a layer of width 192, attention’s core overtakes the FFN below 196 tokens, the "
                    "number of a tiny ViT",
                    "按实测时间，在宽度 192 的一层里，注意力核心在不到 196 个 token（tiny ViT 的数目）时就超过 FFN",
                ),
                "cost",
                "crossover.time",
                "below",
                196.0,
                decides=False,
            ),
        ),
        primary="attention",
        refuted_by=Words(
            "A slope of attention’s core outside 1.8 to 2.2, or of a convolution outside 0.9 to 1.1.",
            "注意力核心的斜率不在 1.8 到 2.2 之间，或卷积的斜率不在 0.9 到 1.1 之间。",
        ),
        right=Words("As a law for large n it is right.", "作为 n 很大时的规律是对的。"),
        wrong=Words(
            "At usual sizes the n² part is small: in multiply-adds, the FFN costs more up to n = 4·width, 3,072 tokens "
            "in ViT-B. And a convolution needs many layers to see the whole image.",
            "在常用尺寸下 n² 的部分很小：按乘加次数计，n 不超过 4 倍宽度（ViT-B 为 3,072 个 token）时，FFN 更贵。"
            "而卷积要很多层才能看到整幅图像。",
        ),
        published=(
            Evidence(
                Words(
                    "ViT-B/16 at 224 pixels: 4.1 % of all multiply-adds are quadratic in n, 63.5 % are the FFN’s.",
                    "224 像素的 ViT-B/16：乘加次数中 4.1 % 与 n² 成正比，63.5 % 属于 FFN。",
                ),
                "",
                "https://arxiv.org/abs/2010.11929",
                0,
                read="computed",
            ),
        ),
        seeds=0,
    ),
    Claim(
        id="C19",
        sections=("table1.row4", "1.4"),
        systems=("CNN", "ViT"),
        statement=Words(
            "A CNN makes good use of its parameters. A Transformer may not, and needs more data.",
            "CNN 的参数利用率高；Transformer 可能较低，需要更多数据。",
        ),
        question=Words(
            "At equal parameters, is the CNN better, and does its lead grow as the training set shrinks?",
            "参数量相同时 CNN 更好吗？训练数据越少，它的领先越大吗？",
        ),
        parts=(
            Part(
                "parameters",
                Words(
                    "At equal parameters, with all training images, the CNN leads by more than δ",
                    "参数量相同、使用全部训练图像时，CNN 领先 δ 以上",
                ),
                "parameter-efficiency",
                "cnn_over_vit",
                "difference",
            ),
            Part(
                "data",
                Words(
                    "Its lead shrinks with every doubling of the training images",
                    "训练图像每翻一倍，领先就缩小",
                ),
                "data-curve",
                "gap_slope",
                "below",
                0.0,
            ),
            Part(
                "data_from_small",
                Words(
                    "From 1,000 images on (300 of digits), its lead shrinks with every doubling",
                    "从 1,000 幅图像（digits 为 300 幅）起，图像每翻一倍，领先就缩小",
                ),
                "data-curve",
                "gap_slope.from_small",
                "below",
                0.0,
                decides=False,
            ),
            Part(
                "half",
                Words("It leads by more than δ at half the size too", "规模减半时也领先 δ 以上"),
                "parameter-efficiency",
                "cnn_over_vit.half",
                "difference",
                decides=False,
            ),
            Part(
                "quarter",
                Words("It leads by more than δ at a quarter of the size too", "规模为四分之一时也领先 δ 以上"),
                "parameter-efficiency",
                "cnn_over_vit.quarter",
                "difference",
                decides=False,
            ),
        ),
        primary="parameters",
        refuted_by=Words(
            "A ViT that keeps up at equal parameters, or a lead that does not depend on the amount of data.",
            "参数量相同时 ViT 不落后，或领先幅度与数据量无关。",
        ),
        right=Words(
            "On little data a CNN does more with the same number of weights.",
            "数据少时，同样多的权重，CNN 做得更好。",
        ),
        wrong=Words(
            "It mixes two things. How many parameters a network has is one question, how many images it needs another: "
            "ResNet-50, DeiT-S and Swin-T are of like size, 22 to 28 million.",
            "混淆了两件事：参数有多少是一回事，需要多少图像是另一回事。ResNet-50、DeiT-S 和 Swin-T 的规模相近，2200 "
            "万到 2800 万。",
        ),
        published=(
            Evidence(
                Words(
                    "ConViT-S starts as a convolution, DeiT-S does not: 47.8 against 34.8 % with 5 % of ImageNet, 81.4 "
                    "against 79.9 % with all of it.",
                    "ConViT-S 以卷积为起点，DeiT-S 不是：用 5 % 的 ImageNet 时 47.8 % 对 34.8 %，用全部时 81.4 % 对 "
                    "79.9 %。",
                ),
                f"{CONVIT[0]}, table 2",
                CONVIT[1],
                1,
            ),
        ),
    ),
    Claim(
        id="C20",
        sections=("why_alike", "summary", "2.5", "2.6", "3.4"),
        systems=("ConvNeXt",),
        statement=Words(
            "Vision Transformers take in convolution, ConvNeXt for one. It replaces the usual block by a depthwise "
            "convolution and FFN-like 1×1 layers.",
            "视觉 Transformer 引入卷积，ConvNeXt 就是一例：它用深度卷积加类似 FFN 的 1×1 层取代原来的结构。",
        ),
        question=Words(
            "Is there any attention in ConvNeXt, and what is its block made of?",
            "ConvNeXt 里有注意力吗？它的块由什么组成？",
        ),
        parts=(
            Part(
                "attention",
                Words("ConvNeXt-T contains attention", "ConvNeXt-T 含有注意力"),
                "inventory",
                "attention.convnext",
                "above",
                0.0,
            ),
            Part(
                "depthwise",
                Words("Its block has a depthwise 7×7 convolution", "它的块含有 7×7 深度卷积"),
                "inventory",
                "depthwise.convnext",
                "equals",
                7.0,
            ),
            Part(
                "pair",
                Words(
                    "Its two 1×1 layers widen four times and narrow again, as an FFN does",
                    "它的两个 1×1 层先升维四倍再降回，与 FFN 相同",
                ),
                "inventory",
                "sequence.convnext",
                "equals",
                4.0,
            ),
        ),
        primary="attention",
        refuted_by=Words(
            "Not one attention operation in the network.",
            "整个网络没有一次注意力运算。",
        ),
        right=Words("The description of its block.", "对其结构块的描述。"),
        wrong=Words(
            "The direction is reversed: ConvNeXt is a pure CNN that copies choices of Transformers. Transformers that "
            "take in convolution are CCT, CvT, CoAtNet and MobileViT.",
            "方向说反了：ConvNeXt 是借鉴 Transformer 设计的纯 CNN。真正引入卷积的 Transformer 是 CCT、CvT、CoAtNet "
            "和 MobileViT。",
        ),
        published=(
            Evidence(
                Words(
                    "A Transformer that really takes in convolution: with a convolutional stem CCT-7/3×1 reaches "
                    "94.78 % on CIFAR-10, ViT-Lite-7/4 of like size 91.38 %.",
                    "真正引入卷积的 Transformer：用卷积 stem 的 CCT-7/3×1 在 CIFAR-10 上达到 94.78 %，规模相近的 "
                    "ViT-Lite-7/4 为 91.38 %。",
                ),
                "Hassani et al. 2021, CCT",
                "https://github.com/SHI-Labs/Compact-Transformers",
                0,
                read="repository",
            ),
        ),
        seeds=0,
    ),
    Claim(
        id="C21",
        sections=("why_alike",),
        systems=("CNN", "ViT"),
        statement=Words(
            "CNNs have locality and invariance fixed in. ViTs learn like preferences from data and may end with "
            "similar "
            "features.",
            "CNN 的局部性和不变性是写死的；ViT 从数据中学到类似的偏好，最终特征可能相近。",
        ),
        question=Words(
            "How alike are the features of a trained CNN and a trained ViT, between chance and two CNNs?",
            "以随机水平为 0、两个 CNN 之间为 1，训练好的 CNN 与 ViT 的特征有多相似？",
        ),
        parts=(
            Part(
                "converge",
                Words(
                    "They are nearly as alike as two networks of one kind (CKA index above 0.8)",
                    "相似程度接近同类的两个网络（CKA 指数大于 0.8）",
                ),
                "similarity",
                "cka_index",
                "above",
                0.8,
            ),
            Part(
                "related",
                Words(
                    "They are clearly more alike than untrained ones (index above 0.4)",
                    "明显比未训练时相似（指数大于 0.4）",
                ),
                "similarity",
                "cka_index",
                "above",
                0.4,
            ),
        ),
        primary="converge",
        refuted_by=Words(
            "Trained networks whose features are hardly more alike than untrained ones’.",
            "训练后的特征并不比未训练时更相似。",
        ),
        right=Words("A ViT can learn to look locally.", "ViT 可以学会局部地看。"),
        wrong=Words(
            "Equal accuracy does not mean equal features. And what is fixed in a CNN is equivariance, not invariance.",
            "准确率相同不代表特征相同。CNN 写死的是等变性，不是不变性。",
        ),
        published=(
            Evidence(
                Words(
                    "ViT and ResNet differ strikingly; low ResNet layers resemble most those heads of ViT that look "
                    "nearby.",
                    "ViT 与 ResNet 差别显著；ResNet 的低层与 ViT 中看近处的头最相似。",
                ),
                *RAGHU,
                -1,
            ),
        ),
    ),
    Claim(
        id="C22",
        sections=("why_alike", "2.5"),
        systems=("MobileViT",),
        statement=Words(
            "MobileViT puts Transformer blocks into a CNN, mixes convolution with attention and keeps the FFN.",
            "MobileViT 在 CNN 中放入 Transformer 块，混合卷积与注意力，并保留 FFN。",
        ),
        question=Words(
            "How much of it is attention and how much FFN, and does it need the FFN?",
            "其中注意力和 FFN 各占多少？它需要这个 FFN 吗？",
        ),
        parts=(
            Part(
                "attention",
                Words("MobileViT-S holds parameters in attention", "MobileViT-S 有一部分参数属于注意力"),
                "inventory",
                "attention_share.mobilevit_s",
                "above",
                0.0,
            ),
            Part(
                "ffn",
                Words("MobileViT-S holds parameters in FFNs", "MobileViT-S 有一部分参数属于 FFN"),
                "inventory",
                "ffn_share.mobilevit_s",
                "above",
                0.0,
            ),
            Part(
                "drop",
                Words(
                    "Without its FFN a small MobileViT loses more than δ of accuracy",
                    "去掉 FFN，小型 MobileViT 的准确率下降 δ 以上",
                ),
                "ablations",
                "mobilevit.ffn",
                "difference",
            ),
            Part(
                "ratio",
                Words("Its FFN widens four times, as ViT’s does", "它的 FFN 升维四倍，与 ViT 相同"),
                "inventory",
                "ffn_ratio.mobilevit_s",
                "equals",
                4.0,
                decides=False,
            ),
        ),
        primary="drop",
        refuted_by=Words(
            "A MobileViT without FFN, or one that does as well without it.",
            "没有 FFN 的 MobileViT，或去掉 FFN 也一样好。",
        ),
        right=Words("All three parts are there.", "三种成分确实都有。"),
        wrong=Words(
            "That the FFN is there does not show that it is needed. It widens by half as much as a ViT’s: twice, not "
            "four times.",
            "有 FFN 不等于需要 FFN；它的升维倍数只有 ViT 的一半。",
        ),
        published=(
            Evidence(
                Words(
                    "Of MobileViT-S’s 5,578,632 parameters 26.1 % are attention’s and 26.0 % the FFN’s, which widens "
                    "twice.",
                    "MobileViT-S 共 5,578,632 个参数，注意力占 26.1 %，FFN 占 26.0 %，升维两倍。",
                ),
                "",
                "https://arxiv.org/abs/2110.02178",
                1,
                read="computed",
            ),
        ),
    ),
    Claim(
        id="C23",
        sections=("summary", "why_alike"),
        systems=("MobileViT", "ConvNeXt", "CNN", "ViT"),
        statement=Words(
            "A global view and a preference for the local complete each other; networks that join both prove it.",
            "全局建模与局部先验互为补充，融合两者的网络就是证明。",
        ),
        question=Words(
            "At equal parameters, does a network of convolution and attention beat both pure ones, and in which order?",
            "参数量相同时，卷积与注意力混合的网络能否胜过两种纯网络？先后顺序如何？",
        ),
        parts=(
            Part(
                "hybrid",
                Words(
                    "The best mixture beats the best pure network by more than δ",
                    "最好的混合网络比最好的纯网络高出 δ 以上",
                ),
                "hybrids",
                "best_hybrid_over_best_pure",
                "difference",
            ),
            Part(
                "order",
                Words(
                    "Convolution first, attention later is the better order",
                    "先卷积后注意力是更好的顺序",
                ),
                "hybrids",
                "order",
                "above",
                0.0,
            ),
            Part(
                "stem",
                Words(
                    "A convolutional stem alone already helps pure attention by more than δ",
                    "仅加一个卷积 stem，就能让纯注意力网络提高 δ 以上",
                ),
                "hybrids",
                "stem_over_pure_attention",
                "difference",
                decides=False,
            ),
        ),
        primary="hybrid",
        refuted_by=Words(
            "A pure network that no mixture of equal size beats.",
            "没有任何同等规模的混合网络能胜过某个纯网络。",
        ),
        right=Words("Published mixtures do gain.", "已发表的混合网络确有提升。"),
        wrong=Words("ConvNeXt is no mixture: it has no attention.", "ConvNeXt 不是混合网络：它没有注意力。"),
        published=(
            Evidence(
                Words(
                    "A convolutional stem gives ViT 1 to 2 points on ImageNet and steadier training.",
                    "卷积 stem 使 ViT 在 ImageNet 上提高 1 到 2 个百分点，训练也更稳定。",
                ),
                "Xiao et al. 2021",
                "https://arxiv.org/abs/2106.14881",
                1,
                read="abstract",
            ),
            Evidence(
                Words(
                    "Attention in the last two stages takes PoolFormer-S12 from 77.2 % (11.9 M parameters) to 81.0 % "
                    "(16.5 M).",
                    "把最后两个阶段换成注意力，PoolFormer-S12 从 77.2 %（1190 万参数）升到 81.0 %（1650 万参数）。",
                ),
                *METAFORMER,
                1,
            ),
            Evidence(
                Words(
                    "Attention keeps low frequencies and convolution high ones.",
                    "注意力是低通的，卷积是高通的。",
                ),
                *PARK_KIM,
                1,
                read="repository",
            ),
        ),
    ),
    Claim(
        id="C24",
        sections=("2.1", "2.6", "3.0"),
        systems=("CNN", "ConvNeXt", "MobileNet", "VGG", "ResNet"),
        statement=Words(
            "A CNN contains no FFN. The FFN belongs to Transformers alone.",
            "CNN 里没有 FFN；FFN 是 Transformer 所独有的。",
        ),
        question=Words(
            "Is an FFN anything other than two 1×1 convolutions, and which CNN of the text holds such a pair?",
            "FFN 与两个 1×1 卷积有区别吗？原文提到的哪个 CNN 含有这样的一对？",
        ),
        parts=(
            Part(
                "convnext",
                Words(
                    "No parameter of ConvNeXt-T is in a pair of 1×1 layers that widens, activates and narrows",
                    "ConvNeXt-T 没有任何参数属于“升维、激活、降维”的 1×1 层对",
                ),
                "inventory",
                "pairs.convnext_tiny",
                "equals",
                0.0,
            ),
            Part(
                "other",
                Words(
                    "With the same weights, an FFN computes something other than 1×1 convolution, activation, 1×1 "
                    "convolution",
                    "权重相同时，FFN 的结果与“1×1 卷积、激活、1×1 卷积”不同",
                ),
                "identities",
                "ffn_is_pointwise_pair",
                "above",
                NOTHING,
            ),
            Part(
                "vgg",
                Words("VGG16 has no such pair", "VGG16 没有这样的层对"),
                "inventory",
                "pairs.vgg16",
                "equals",
                0.0,
                decides=False,
            ),
            Part(
                "resnet",
                Words("ResNet-50 has no such pair", "ResNet-50 没有这样的层对"),
                "inventory",
                "pairs.resnet50",
                "equals",
                0.0,
                decides=False,
            ),
            Part(
                "mobilenet",
                Words("MobileNetV2 has no such pair", "MobileNetV2 没有这样的层对"),
                "inventory",
                "pairs.mobilenet_v2",
                "equals",
                0.0,
                decides=False,
            ),
        ),
        primary="convnext",
        refuted_by=Words(
            "One CNN that the text names and that holds such a pair.",
            "原文提到的 CNN 中，只要有一个含有这样的层对。",
        ),
        right=Words("It is true of networks like VGG.", "对 VGG 一类的网络成立。"),
        wrong=Words(
            "An FFN is a 1×1 convolution, an activation and a 1×1 convolution. ConvNeXt consists mostly of them, more "
            "so than a ViT.",
            "FFN 就是 1×1 卷积、激活、1×1 卷积。ConvNeXt 大部分由它们组成，比例比 ViT 还高。",
        ),
        published=(
            Evidence(
                Words(
                    "Share of all parameters in such pairs: ConvNeXt-T 90.6 %, ViT-B/16 65.5 %, Swin-T 61.1 %.",
                    "这类层对占全部参数的比例：ConvNeXt-T 90.6 %，ViT-B/16 65.5 %，Swin-T 61.1 %。",
                ),
                "",
                "https://arxiv.org/abs/2201.03545",
                -1,
                read="computed",
            ),
        ),
        seeds=0,
    ),
    Claim(
        id="C25",
        sections=("2.1", "conclusion"),
        systems=("Transformer",),
        statement=Words(
            "An FFN is ReLU(xW₁ + b₁)W₂ + b₂, an enhanced MLP.",
            "FFN 就是 ReLU(xW₁ + b₁)W₂ + b₂，一个加强版的 MLP。",
        ),
        question=Words(
            "Does the layer compute exactly what the formula says?",
            "这一层算出的与公式完全一致吗？",
        ),
        parts=(
            Part(
                "formula",
                Words(
                    "The layer’s output equals the formula’s, computed apart",
                    "该层的输出与单独按公式算出的结果相等",
                ),
                "identities",
                "ffn_formula",
                "below",
                NOTHING,
            ),
        ),
        primary="formula",
        refuted_by=Words(
            "An output that differs from the formula by more than rounding.",
            "输出与公式之差超过舍入误差。",
        ),
        right=Words("The formula is right.", "公式是对的。"),
        wrong=Words(
            "Nothing about it is enhanced: it is a plain MLP of two layers. ViT uses GELU instead of ReLU; the norm "
            "and the residual stand outside.",
            "没有什么“加强”：它就是普通的两层 MLP。ViT 用 GELU 代替 ReLU；归一化和残差在它外面。",
        ),
        seeds=0,
    ),
)
