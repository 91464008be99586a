"""Claims C26 to C50: what the text says about the FFN, why a Transformer needs one, and why a CNN should not.

A part states what the text says, so that a measurement against it refutes the part. Where a table of the text has
columns that state things of their own, a comment names the column that a claim stands for.
"""

from tf_models.study.claims.base import Claim, Evidence, Part, Words

NOTHING = 1e-5  # a response or an error below this is none
NOT_WORSE = -0.015  # δ on photographs, the deciding tier: an interval above it means as good or better
COMPUTED = "computed from the published block definitions"
MELAS = ("Melas-Kyriazi 2021", "https://arxiv.org/abs/2105.02723")
METAFORMER = ("Yu et al. 2022, MetaFormer, table 5", "https://arxiv.org/abs/2111.11418")
PIRES = ("Pires et al. 2023", "https://arxiv.org/abs/2309.01826")
MIXER = ("Tolstikhin et al. 2021, MLP-Mixer", "https://arxiv.org/abs/2105.01601")
NO_WORDS = Words("", "")

FFN_CLAIMS: tuple[Claim, ...] = (
    # Table 2, row 3, the Transformer’s column: the FFN takes every token alone.
    Claim(
        id="C26",
        sections=("2.1", "table2.row3"),
        systems=("Transformer",),
        statement=Words(
            "The FFN handles every token on its own, whatever its position, and so complements attention, which "
            "passes information between tokens.",
            "FFN 对每个 token 单独处理，与位置无关；它与负责在 token 之间传递信息的注意力互补。",
        ),
        question=Words(
            "When another token changes, does the FFN’s output for this token change? Does attention’s?",
            "改变别的 token 时，FFN 对这个 token 的输出会变吗？注意力的输出呢？",
        ),
        parts=(
            Part(
                "alone",
                Words(
                    "The FFN’s output for one token does not react to any other token",
                    "FFN 对一个 token 的输出不受其他 token 影响",
                ),
                "receptive-field",
                "support.ffn",
                "equals",
                0.0,
            ),
            Part(
                "order",
                Words(
                    "Shuffling the tokens before the FFN or after it gives the same result",
                    "先打乱 token 再过 FFN，与先过 FFN 再打乱，结果相同",
                ),
                "identities",
                "permutation.ffn",
                "equals",
                0.0,
            ),
            Part(
                "exchange",
                Words(
                    "Attention’s output for one token does react to other tokens",
                    "注意力对一个 token 的输出会受其他 token 影响",
                ),
                "receptive-field",
                "support.attention",
                "above",
                NOTHING,
            ),
        ),
        primary="alone",
        refuted_by=Words(
            "An FFN output that reacts to another token, or that depends on the order of the tokens.",
            "FFN 的输出受到其他 token 的影响，或随 token 的顺序而变。",
        ),
        right=Words(
            "The division of labour: attention mixes the tokens, and the FFN works on each of them alone.",
            "分工说得对：注意力混合各个 token，FFN 逐个处理。",
        ),
        wrong=Words(
            "“Invariance” is the wrong word. Shuffle the tokens, and the outputs are shuffled with them: that is "
            "equivariance.",
            "“不变性”一词用错了：打乱 token，输出也跟着同样打乱，这叫等变性。",
        ),
        seeds=0,
    ),
    # Tables 2 and 3, row 1, both columns.
    Claim(
        id="C27",
        sections=("table2.row1", "3.1", "table3.row1"),
        systems=("CNN", "VGG", "ResNet", "MobileNet", "ConvNeXt", "ViT"),
        statement=Words(
            "A CNN gets its nonlinearity from the ReLU after every convolution, a Transformer from the activation "
            "inside its FFN.",
            "CNN 的非线性来自每个卷积之后的 ReLU，Transformer 的非线性来自 FFN 内部的激活函数。",
        ),
        question=Words(
            "In the networks that the text names, how many linear maps have an activation behind them? And are "
            "more activations better?",
            "在原文提到的网络里，有多少线性映射后面接了激活函数？激活函数越多越好吗？",
        ),
        parts=(
            Part(
                "vgg16",
                Words(
                    "VGG16: an activation after 15 of 16 linear maps, all but the last, which gives the class scores",
                    "VGG16：16 个线性映射中有 15 个接激活函数，只有输出类别得分的最后一个不接",
                ),
                "inventory",
                "activations.vgg16",
                "equals",
                15 / 16,
            ),
            Part(
                "resnet50",
                Words("ResNet-50: an activation after every convolution", "ResNet-50：每个卷积之后都有激活函数"),
                "inventory",
                "activations.resnet50",
                "equals",
                1.0,
            ),
            Part(
                "mobilenet_v2",
                Words("MobileNetV2: an activation after every convolution", "MobileNetV2：每个卷积之后都有激活函数"),
                "inventory",
                "activations.mobilenet_v2",
                "equals",
                1.0,
            ),
            Part(
                "convnext",
                Words("ConvNeXt-T: an activation after every convolution", "ConvNeXt-T：每个卷积之后都有激活函数"),
                "inventory",
                "activations.convnext_tiny",
                "equals",
                1.0,
            ),
            Part(
                "vit",
                Words(
                    "ViT-B/16: one activation for about six linear maps, the one inside the FFN",
                    "ViT-B/16：大约每六个线性映射才有一个激活函数，就是 FFN 里的那个",
                ),
                "inventory",
                "activations.vit_b16",
                "between",
                (0.1, 0.2),
            ),
            Part(
                "every_over_second",
                Words(
                    "A VGG with an activation after every convolution is better than one with an activation after "
                    "every second",
                    "每个卷积都接激活函数的 VGG，好于每隔一个卷积才接的 VGG",
                ),
                "ablations",
                "vgg.every_over_second",
                "difference",
            ),
            Part(
                "every_over_last",
                Words(
                    "It is better than one with a single activation per stage", "也好于每个阶段只有一个激活函数的 VGG"
                ),
                "ablations",
                "vgg.every_over_last",
                "difference",
            ),
        ),
        primary="every_over_second",
        refuted_by=Words(
            "CNNs whose convolutions have no activation behind them, and a VGG that does as well with half of its "
            "activations.",
            "有的 CNN 在卷积之后并不接激活函数；VGG 的激活函数减掉一半，准确率不降。",
        ),
        right=Words(
            "This describes VGG. And in a ViT the FFN does hold the only activation that works on single tokens.",
            "这符合 VGG。在 ViT 里，逐 token 的激活函数也确实只在 FFN 中。",
        ),
        wrong=Words(
            "Later CNNs leave activations out on purpose: MobileNetV2 after each contraction, ConvNeXt after two "
            "of the three layers of a block. And softmax is a nonlinearity too.",
            "后来的 CNN 有意省去一些激活函数：MobileNetV2 在降维之后不用，ConvNeXt 每个块的三层中有两层不用。另外，"
            "softmax 也是一种非线性。",
        ),
        published=(
            Evidence(
                Words(
                    "Activations per linear map: VGG16 15 of 16, ResNet-50 49 of 53, MobileNetV2 35 of 52, "
                    "ConvNeXt-T 18 of 58, ViT-B/16 12 of 72 (and 12 softmax)",
                    "激活函数与线性映射的个数：VGG16 为 15/16，ResNet-50 为 49/53，MobileNetV2 为 35/52，"
                    "ConvNeXt-T 为 18/58，ViT-B/16 为 12/72（另有 12 个 softmax）",
                ),
                COMPUTED,
                "",
                0,
            ),
            Evidence(
                Words(
                    "ConvNeXt became better with fewer activations: from 80.6 to 81.3 % top-1 on ImageNet",
                    "ConvNeXt 减少激活函数后反而更好：ImageNet top-1 从 80.6 % 升到 81.3 %",
                ),
                "Liu et al. 2022, ConvNeXt (secondary source)",
                "",
                -1,
            ),
        ),
    ),
    # Tables 2 and 3, row 2, both columns.
    Claim(
        id="C28",
        sections=("table2.row2", "3.1", "table3.row2"),
        systems=("CNN", "Transformer"),
        statement=Words(
            "CNNs map features to another space by changing the number of channels, say from 64 to 128. "
            "Transformers have the FFN for that.",
            "CNN 靠改变通道数（例如 64→128）把特征映射到另一空间，Transformer 则靠 FFN。",
        ),
        question=Words(
            "Can every convolution change the number of channels? And does attention leave the features as they are?",
            "每种卷积都能改变通道数吗？注意力真的不改变特征吗？",
        ),
        parts=(
            Part(
                "dense",
                Words("A dense convolution can change the number of channels", "普通卷积可以改变通道数"),
                "identities",
                "dense_conv_changes_width",
                "equals",
                1.0,
            ),
            Part(
                "depthwise",
                Words("So can a depthwise convolution", "深度卷积也可以"),
                "identities",
                "depthwise_changes_width",
                "equals",
                1.0,
            ),
            Part(
                "only_ffn",
                Words(
                    "Only the FFN changes features: where every token attends to itself alone, attention gives "
                    "back its input",
                    "只有 FFN 改变特征：如果每个 token 只关注自己，注意力会原样返回输入",
                ),
                "identities",
                "attention_at_identity",
                "equals",
                0.0,
            ),
        ),
        primary="dense",
        refuted_by=Words(
            "A kind of convolution that cannot change the number of channels, or an attention layer that changes "
            "tokens without mixing them.",
            "某种卷积无法改变通道数；或者注意力不混合 token 也会改变它们。",
        ),
        right=Words(
            "A dense convolution can lead from 64 channels to 128, and the FFN leads to a space four times as wide "
            "and back.",
            "普通卷积可以把 64 个通道变成 128 个，FFN 则映射到四倍宽的空间再映射回来。",
        ),
        wrong=Words(
            "A depthwise convolution never changes the number of channels; the 1×1 convolutions beside it do. And "
            "attention maps features too: it multiplies every token by two learned matrices, W_V and W_O.",
            "深度卷积从不改变通道数，改变通道数的是与它搭配的 1×1 卷积。注意力也在映射特征：每个 token 都要乘以两个"
            "学到的矩阵 W_V 和 W_O。",
        ),
        seeds=0,
    ),
    # Table 2, row 3, the CNN’s column: a shared kernel slides over all positions.
    Claim(
        id="C29",
        sections=("table2.row3",),
        systems=("CNN",),
        statement=Words(
            "A kernel that slides over the image and shares its weights handles every position independently, as "
            "the FFN handles every token.",
            "卷积核共享参数、滑过整张图像，相当于独立处理每个位置，就像 FFN 独立处理每个 token。",
        ),
        question=Words(
            "Does a convolution’s output at one position depend on the neighbouring positions?",
            "卷积在一个位置的输出，是否取决于相邻位置？",
        ),
        parts=(
            Part(
                "kernel",
                Words(
                    "The output of a 3×3 convolution at one position does not react to the neighbours",
                    "3×3 卷积在一个位置的输出不受相邻位置影响",
                ),
                "receptive-field",
                "support.convolution3",
                "equals",
                0.0,
            ),
            Part(
                "pointwise",
                Words(
                    "The output of a 1×1 convolution at one position does not react to the neighbours",
                    "1×1 卷积在一个位置的输出不受相邻位置影响",
                ),
                "receptive-field",
                "support.pointwise",
                "equals",
                0.0,
                decides=False,
            ),
            Part(
                "ffn",
                Words(
                    "The FFN’s output for one token does not react to any other token",
                    "FFN 对一个 token 的输出不受其他 token 影响",
                ),
                "receptive-field",
                "support.ffn",
                "equals",
                0.0,
                decides=False,
            ),
        ),
        primary="kernel",
        refuted_by=Words(
            "A 3×3 convolution whose output at one position moves when a neighbour changes.",
            "相邻位置一变，3×3 卷积在这个位置的输出也跟着变。",
        ),
        right=Words(
            "Both use the same weights at every position.",
            "两者在所有位置都使用相同的权重。",
        ),
        wrong=Words(
            "Sharing weights does not mean working alone: a 3×3 kernel reads nine positions at once. Only a 1×1 "
            "convolution works like the FFN.",
            "权重共享不等于独立处理：3×3 卷积核一次读取九个位置。只有 1×1 卷积才像 FFN 那样逐点工作。",
        ),
        seeds=0,
    ),
    Claim(
        id="C30",
        sections=("2.2", "2.4", "2.6"),
        systems=("CNN", "ViT"),
        statement=Words(
            "Convolution shares its weights in a way that suits continuous grids such as images. The FFN, a dense "
            "layer at each position, suits discrete sequences and unordered sets.",
            "卷积的共享方式适合图像这样的连续网格数据；FFN 是对每个位置单独作用的全连接层，更适合离散序列或无序集合。",
        ),
        question=Words(
            "What does each network lose when pixels or patches are shuffled and it is trained again? And does the "
            "FFN share weights in another way than a convolution?",
            "打乱像素或图像块后重新训练，两种网络各损失多少？FFN 共享权重的方式和卷积不同吗？",
        ),
        parts=(
            Part(
                "grid",
                Words("A CNN loses accuracy when all pixels are shuffled", "打乱全部像素后，CNN 的准确率下降"),
                "permutation",
                "cnn.pixels",
                "difference",
            ),
            Part(
                "patches",
                Words(
                    "A ViT with learned positions loses nothing when the patches are shuffled",
                    "打乱图像块后，使用可学习位置编码的 ViT 没有损失",
                ),
                "permutation",
                "vit.patches",
                "no_difference",
            ),
            Part(
                "set",
                Words(
                    "An FFN and a mean over its tokens give the same output in any order",
                    "FFN 之后再对 token 取平均，输出与顺序无关",
                ),
                "identities",
                "permutation.ffn_pooled",
                "equals",
                0.0,
            ),
            Part(
                "sharing",
                Words(
                    "The FFN’s way of sharing, made for discrete sequences, is another than a convolution’s: no "
                    "pair of 1×1 convolutions equals the FFN",
                    "FFN 的共享方式专为离散序列而设，与卷积不同：两个 1×1 卷积不能等同于 FFN",
                ),
                "identities",
                "ffn_is_pointwise_pair",
                "above",
                NOTHING,
            ),
            Part(
                "discrete",
                Words(
                    "To a ViT, patches are discrete symbols: it loses nothing when all pixels are shuffled",
                    "对 ViT 来说图像块只是离散符号：打乱全部像素也没有损失",
                ),
                "permutation",
                "vit.pixels",
                "no_difference",
                decides=False,
            ),
        ),
        primary="grid",
        refuted_by=Words(
            "A CNN that does not mind shuffled pixels, a ViT that does mind shuffled patches, or an FFN that "
            "equals a pair of 1×1 convolutions.",
            "CNN 不怕打乱像素，ViT 却怕打乱图像块；或者 FFN 与两个 1×1 卷积完全相同。",
        ),
        right=Words(
            "A convolution is made for a grid, since its kernel joins neighbours. An FFN knows no neighbours, so "
            "it fits a set.",
            "卷积是为网格设计的，因为卷积核连接相邻位置。FFN 不区分谁与谁相邻，所以适合集合。",
        ),
        wrong=Words(
            "The FFN shares its weights over all positions exactly as a 1×1 convolution does. And patches are not "
            "discrete: they are continuous vectors on the same grid.",
            "FFN 在所有位置共享权重，与 1×1 卷积完全一样。图像块也不是离散的：它们是同一网格上的连续向量。",
        ),
    ),
    Claim(
        id="C31",
        sections=("2.2",),
        systems=("CNN", "Transformer"),
        statement=Words(
            "A convolution computes within a window and passes information on step by step. The FFN processes "
            "global information directly, since attention has modelled it already.",
            "卷积在局部窗口内计算，逐步传递信息；FFN 则直接处理全局信息，因为自注意力已经完成了全局建模。",
        ),
        question=Words(
            "How much of the image does the FFN itself see?",
            "FFN 自己能看到图像的多大范围？",
        ),
        parts=(
            Part(
                "direct",
                Words(
                    "The FFN’s output for one token reacts to other tokens",
                    "FFN 对一个 token 的输出会受其他 token 影响",
                ),
                "receptive-field",
                "support.ffn",
                "above",
                NOTHING,
            ),
            Part(
                "stepwise",
                Words("Every further convolution widens what a CNN sees", "每多一层卷积，CNN 看到的范围就扩大一些"),
                "receptive-field",
                "erf.monotone",
                "equals",
                1.0,
                decides=False,
            ),
            Part(
                "attention_reaches",
                Words(
                    "After one block with attention, every token has reached every other",
                    "经过一个带注意力的块，任意两个 token 都已相互影响",
                ),
                "receptive-field",
                "support.vit_block1",
                "above",
                0.99,
                decides=False,
            ),
            Part(
                "attention_brings",
                Words(
                    "Attention makes another patch easier to read from a token",
                    "注意力使一个 token 更能反映另一个图像块的内容",
                ),
                "probing",
                "other_patch.attention",
                "above",
                0.05,
                decides=False,
            ),
            Part(
                "ffn_brings",
                Words(
                    "The FFN makes another patch easier to read from a token",
                    "FFN 使一个 token 更能反映另一个图像块的内容",
                ),
                "probing",
                "other_patch.ffn",
                "above",
                0.05,
                decides=False,
            ),
        ),
        primary="direct",
        refuted_by=Words(
            "An FFN whose output for one token never reacts to another.",
            "FFN 对一个 token 的输出完全不受其他 token 影响。",
        ),
        right=Words(
            "Convolutions do widen the view step by step, and the token that the FFN receives may already carry "
            "information from the whole image.",
            "卷积确实逐步扩大视野；FFN 拿到的 token 也可能已经带有整张图像的信息。",
        ),
        wrong=Words(
            "It is attention that collects information. The FFN sees a single token and can only work on what is "
            "already in it.",
            "收集信息的是注意力。FFN 只看得到一个 token，只能加工其中已有的内容。",
        ),
        seeds=0,
    ),
    Claim(
        id="C32",
        sections=("2.3",),
        systems=("ResNet",),
        statement=Words(
            "ResNet’s bottleneck raises and lowers the width with 1×1 convolutions, much as the FFN does.",
            "ResNet 的瓶颈块用 1×1 卷积升维、降维，作用类似 FFN。",
        ),
        question=Words(
            "Does the bottleneck follow the FFN’s order, first wide and then narrow? And does the order matter?",
            "瓶颈块是否像 FFN 那样先升维再降维？先后顺序重要吗？",
        ),
        parts=(
            Part(
                "order",
                Words("Inside, the bottleneck is wider than outside, as the FFN is", "瓶颈块内部比外部宽，和 FFN 一样"),
                "inventory",
                "bottleneck.hidden",
                "above",
                1.0,
            ),
            Part(
                "worth",
                Words(
                    "At equal parameters, narrow inside is as good as wide inside",
                    "参数量相同时，先降后升与先升后降一样好",
                ),
                "ablations",
                "resnet.bottleneck",
                "no_difference",
            ),
            Part(
                "same_map",
                Words(
                    "A 1×1 convolution computes what the FFN’s dense layer computes",
                    "1×1 卷积与 FFN 的全连接层计算的是同一件事",
                ),
                "identities",
                "dense_is_pointwise",
                "equals",
                0.0,
                decides=False,
            ),
            Part(
                "share",
                Words(
                    "The 1×1 convolutions hold more than two fifths of ResNet-50’s parameters",
                    "ResNet-50 有五分之二以上的参数在 1×1 卷积里",
                ),
                "inventory",
                "bottleneck.pointwise_share",
                "above",
                0.4,
                decides=False,
            ),
        ),
        primary="worth",
        refuted_by=Words(
            "A bottleneck that is narrower inside than outside, and a clear difference in accuracy between the two "
            "orders.",
            "瓶颈块内部比外部窄；两种顺序的准确率有明显差别。",
        ),
        right=Words(
            "A 1×1 convolution is the FFN’s dense layer, and almost half of ResNet-50’s parameters sit in such layers.",
            "1×1 卷积就是 FFN 里的全连接层，ResNet-50 将近一半的参数都在这种层里。",
        ),
        wrong=Words(
            "The order is the opposite: 256 → 64 → 64 → 256 narrows first. And the 3×3 convolution in the middle "
            "makes the block read its neighbours.",
            "顺序正好相反：256→64→64→256 是先降维。中间的 3×3 卷积还使整个块读取相邻位置。",
        ),
        published=(
            Evidence(
                Words(
                    "In ResNet-50, 1×1 convolutions hold 47.5 % of the parameters; the widths of a bottleneck are "
                    "256, 64, 64, 256",
                    "ResNet-50 有 47.5 % 的参数在 1×1 卷积里；瓶颈块的宽度依次为 256、64、64、256",
                ),
                COMPUTED,
                "",
                0,
            ),
        ),
    ),
    Claim(
        id="C33",
        sections=("2.3",),
        systems=("CNN",),
        statement=Words(
            "A 1×1 convolution only combines channels linearly; it takes an activation to make it nonlinear.",
            "1×1 卷积只是通道的线性组合，要有激活函数配合才有非线性。",
        ),
        question=Words(
            "Can one 1×1 convolution replace two in a row? And with an activation between them?",
            "两个相连的 1×1 卷积能用一个代替吗？中间加上激活函数呢？",
        ),
        parts=(
            Part(
                "collapse",
                Words(
                    "Without an activation between them, one 1×1 convolution replaces two exactly",
                    "中间没有激活函数时，一个 1×1 卷积可以完全代替两个",
                ),
                "identities",
                "pointwise_collapse",
                "equals",
                0.0,
            ),
            Part(
                "activation",
                Words(
                    "With an activation between them, even the best single 1×1 convolution misses",
                    "中间有激活函数时，再好的单个 1×1 卷积也无法代替",
                ),
                "identities",
                "pointwise_with_activation",
                "above",
                0.01,
            ),
        ),
        primary="collapse",
        refuted_by=Words(
            "Two 1×1 convolutions in a row that no single one can replace, or a pair with an activation that a "
            "single one can.",
            "两个相连的 1×1 卷积无法用一个代替；或者中间有激活函数却仍能用一个代替。",
        ),
        right=Words(
            "All of it. The activation in the middle is what makes two dense layers an FFN.",
            "完全正确。正是中间的激活函数，才使两个全连接层成为 FFN。",
        ),
        wrong=NO_WORDS,
        seeds=0,
    ),
    Claim(
        id="C34",
        sections=("2.3",),
        systems=("VGG",),
        statement=Words(
            "The dense layers at the end of a CNN such as VGG are a special FFN, usually there to classify rather "
            "than to transform features.",
            "CNN 末尾的全连接层（如 VGG）可以看作一种特殊的 FFN，但通常只用于分类，而不是变换特征。",
        ),
        question=Words(
            "Does VGG’s head work on each position alone? And does the network need it?",
            "VGG 的分类头是逐个位置工作的吗？网络离得开它吗？",
        ),
        parts=(
            Part(
                "position_wise",
                Words(
                    "A unit in the head’s first layer reads one position, as in an FFN",
                    "分类头第一层的一个单元只读取一个位置，和 FFN 一样",
                ),
                "inventory",
                "head.vgg16.positions",
                "equals",
                1.0,
            ),
            Part(
                "dispensable",
                Words(
                    "VGG does as well with a mean over the positions and a single dense layer",
                    "换成对各位置取平均再接一个全连接层，VGG 同样好",
                ),
                "ablations",
                "vgg.head",
                "no_difference",
            ),
            Part(
                "share",
                Words("The head holds more than half of VGG16’s parameters", "VGG16 一半以上的参数在分类头里"),
                "inventory",
                "head.vgg16",
                "above",
                0.5,
                decides=False,
            ),
        ),
        primary="dispensable",
        refuted_by=Words(
            "A head that joins several positions, or a VGG that loses accuracy without its dense head.",
            "分类头把多个位置合在一起；或者去掉全连接分类头后，VGG 的准确率下降。",
        ),
        right=Words(
            "The head does classify, and dense layers with ReLUs are its parts.",
            "分类头确实用于分类，也确实由全连接层和 ReLU 组成。",
        ),
        wrong=Words(
            "It is no FFN: its first layer reads all 7×7 positions, with weights of its own for each, and nothing "
            "is added back to the input. Nor is it small: it holds 89.4 % of the parameters.",
            "它不是 FFN：第一层读取全部 7×7 个位置，每个位置各有一套权重，也没有残差连接。它也不小，占全部参数的 "
            "89.4 %。",
        ),
        published=(
            Evidence(
                Words(
                    "123,642,856 of VGG16’s 138,357,544 parameters, 89.4 %, are in the dense head",
                    "VGG16 的 138,357,544 个参数中有 123,642,856 个（89.4 %）在全连接分类头里",
                ),
                COMPUTED,
                "",
                0,
            ),
        ),
    ),
    Claim(
        id="C35",
        sections=("2.3",),
        systems=("MobileNet",),
        statement=Words(
            "MobileNet’s depthwise and pointwise convolutions together resemble the FFN’s way of widening and then "
            "narrowing.",
            "MobileNet 的深度卷积加逐点卷积，合起来类似 FFN 的先升维再降维。",
        ),
        question=Words(
            "How wide is a block of MobileNet V1 and of V2 in its middle, compared with its input?",
            "MobileNet V1 和 V2 的块，中间的宽度是输入的几倍？",
        ),
        parts=(
            Part(
                "v1",
                Words(
                    "MobileNet V1: the block is wider in its middle than at its input", "MobileNet V1：块的中间比输入宽"
                ),
                "inventory",
                "mobilenet_v1.hidden",
                "above",
                1.01,
            ),
            Part(
                "v2",
                Words(
                    "MobileNetV2: the block is wider in its middle than at its input", "MobileNetV2：块的中间比输入宽"
                ),
                "inventory",
                "mobilenet_v2.hidden",
                "above",
                1.01,
            ),
            Part(
                "v2_linear",
                Words(
                    "MobileNetV2: no activation follows the narrowing, as in an FFN",
                    "MobileNetV2：降维之后没有激活函数，和 FFN 一样",
                ),
                "inventory",
                "mobilenet_v2.linear_output",
                "equals",
                1.0,
                decides=False,
            ),
        ),
        primary="v1",
        refuted_by=Words(
            "A block whose middle is no wider than its input.",
            "块的中间并不比输入宽。",
        ),
        right=Words(
            "It fits MobileNetV2: six times as wide in the middle, then narrow again, without an activation at the "
            "end.",
            "这符合 MobileNetV2：中间宽六倍，再降回来，末尾没有激活函数。",
        ),
        wrong=Words(
            "It does not fit MobileNet V1: from C channels to C and then to C′, with nothing wide between.",
            "这不符合 MobileNet V1：它的通道数是 C→C→C′，中间没有升维。",
        ),
        published=(
            Evidence(
                Words(
                    "Channels of a block: MobileNet V1 C → C → C′; MobileNetV2 mostly C → 6C → 6C → C′ with a "
                    "linear output",
                    "块的通道数：MobileNet V1 为 C→C→C′；MobileNetV2 多为 C→6C→6C→C′，输出为线性",
                ),
                COMPUTED,
                "",
                0,
            ),
        ),
        seeds=0,
    ),
    # Table 3, row 1, the Transformer’s column: attention alone brings next to no nonlinearity.
    Claim(
        id="C36",
        sections=("2.4", "2.6", "3.2", "table3.row1"),
        systems=("Transformer",),
        statement=Words(
            "Attention, softmax(QKᵀ)V, is in essence a linear weighted sum; the softmax adds only a weak nonlinearity.",
            "注意力 softmax(QKᵀ)V 本质上是线性加权求和，只有 softmax 带来微弱的非线性。",
        ),
        question=Words(
            "How far is attention from the best linear map of its input, compared with the FFN?",
            "与 FFN 相比，注意力离对输入的最佳线性近似有多远？",
        ),
        parts=(
            Part(
                "weak",
                Words(
                    "A linear map misses of attention at most a quarter of what it misses of the FFN",
                    "线性映射对注意力的拟合误差，不超过对 FFN 的四分之一",
                ),
                "linearity",
                "attention_over_ffn",
                "below",
                0.25,
            ),
            Part(
                "linear",
                Words("A linear map explains attention’s output to within 1 %", "线性映射能解释注意力输出的 99 % 以上"),
                "linearity",
                "nonlinearity.attention",
                "below",
                0.01,
            ),
            Part(
                "fixed",
                Words(
                    "Attention mixes positions with the same weights for every input, as a linear map does",
                    "注意力对任何输入都用同样的权重混合各位置，和线性映射一样",
                ),
                "identities",
                "mixing_varies.attention",
                "equals",
                0.0,
                decides=False,
            ),
        ),
        primary="weak",
        refuted_by=Words(
            "Attention that the best linear map fails to follow by more than 1 %, or by more than a quarter of "
            "what it fails at the FFN.",
            "最佳线性映射对注意力的误差超过 1 %，或超过它对 FFN 误差的四分之一。",
        ),
        right=Words(
            "With frozen weights, the output is linear in the values V, and nothing acts on a token by itself.",
            "权重固定时，输出对 V 是线性的，也没有逐 token 的激活函数。",
        ),
        wrong=Words(
            "The weights are not frozen: they are computed from the input itself. This is the real nonlinearity, "
            "and it stays without the softmax: attention is then cubic in its input.",
            "权重并不固定，而是由输入本身算出的。这才是真正的非线性，去掉 softmax 也还在：此时输出是输入的三次函数。",
        ),
        published=(
            Evidence(
                Words(
                    "In theory, two layers of softmax attention alone are universal approximators",
                    "理论上，仅两层 softmax 注意力就是通用逼近器",
                ),
                "Hu 2025 (secondary source)",
                "",
                -1,
            ),
            Evidence(
                Words(
                    "Attention heads can be built that work as the neurons of an MLP",
                    "可以构造出像 MLP 神经元那样工作的注意力头",
                ),
                "Huben and Morris (secondary source)",
                "",
                -1,
            ),
        ),
    ),
    Claim(
        id="C37",
        sections=("2.4", "2.6", "3.1", "3.3", "conclusion"),
        systems=("CNN", "Transformer"),
        statement=Words(
            "A convolution with its ReLU already does what an FFN does. So a CNN needs no FFN, and a Transformer does.",
            "卷积加 ReLU 已经包含 FFN 的功能，所以 CNN 不需要 FFN，而 Transformer 需要。",
        ),
        question=Words(
            "At equal parameters, does an FFN add anything to a network of dense convolutions? And does it add "
            "more to attention?",
            "参数量相同时，FFN 对普通卷积组成的网络有用吗？对注意力的用处更大吗？",
        ),
        parts=(
            Part(
                "interaction",
                Words(
                    "The FFN is worth more to attention than to dense convolution",
                    "FFN 对注意力的增益大于对普通卷积的增益",
                ),
                "factorial",
                "interaction",
                "difference",
            ),
            Part(
                "deeper",
                Words(
                    "To dense convolution it is worth nothing: without it, a deeper network of equal parameters is "
                    "as good",
                    "对普通卷积没有增益：去掉 FFN、参数量相同的更深网络同样好",
                ),
                "factorial",
                "gain.convolution.deeper",
                "no_difference",
            ),
            Part(
                "wider",
                Words("Nor against a wider network of equal parameters", "与参数量相同的更宽网络相比也没有增益"),
                "factorial",
                "gain.convolution.wider",
                "no_difference",
            ),
            Part(
                "equal_depth",
                Words("The FFN adds nothing to dense convolution at equal depth", "深度相同时，FFN 对普通卷积没有增益"),
                "factorial",
                "gain.convolution",
                "no_difference",
                decides=False,
            ),
            Part(
                "over_activation",
                Words(
                    "Where each convolution has a bare activation behind it, the FFN adds nothing more",
                    "每个卷积后已有激活函数时，换成 FFN 也没有更多增益",
                ),
                "factorial",
                "over_activation.convolution",
                "no_difference",
                decides=False,
            ),
            Part(
                "attention_over_activation",
                Words(
                    "Where each attention layer has a bare activation behind it, the FFN still adds something",
                    "每层注意力后已有激活函数时，换成 FFN 仍有增益",
                ),
                "factorial",
                "over_activation.attention",
                "difference",
                decides=False,
            ),
            Part(
                "interaction_deeper",
                Words(
                    "The FFN is worth more to attention, each against a deeper network of equal parameters",
                    "各与参数量相同的更深网络相比，FFN 对注意力的增益更大",
                ),
                "factorial",
                "interaction.deeper",
                "difference",
                decides=False,
            ),
            Part(
                "interaction_wider",
                Words(
                    "The FFN is worth more to attention, each against a wider network of equal parameters",
                    "各与参数量相同的更宽网络相比，FFN 对注意力的增益更大",
                ),
                "factorial",
                "interaction.wider",
                "difference",
                decides=False,
            ),
        ),
        primary="interaction",
        refuted_by=Words(
            "An FFN that also helps a network of dense convolutions, or that helps attention no more than convolution.",
            "FFN 对普通卷积网络也有增益；或者对注意力的增益并不比对卷积大。",
        ),
        right=Words(
            "A dense convolution followed by a ReLU mixes positions, changes features and is nonlinear, all in one "
            "layer.",
            "普通卷积后接 ReLU，在一层里就完成了位置混合、特征变换和非线性。",
        ),
        wrong=Words(
            "A convolution is linear; the ReLU is a layer of its own, which attention could have as well. And CNNs "
            "with depthwise convolutions do need their channel layers: most of ConvNeXt’s parameters are there.",
            "卷积本身是线性的；ReLU 是单独的一层，注意力后面同样可以接。使用深度卷积的 CNN 也离不开通道层："
            "ConvNeXt 的大部分参数就在那里。",
        ),
        published=(
            Evidence(
                Words(
                    "90.6 % of ConvNeXt-T’s parameters sit in pairs of dense layers with an activation between, "
                    "which work on each position alone; in ViT-B/16 it is 65.5 %",
                    "ConvNeXt-T 有 90.6 % 的参数在逐点的“全连接→激活→全连接”结构里；ViT-B/16 为 65.5 %",
                ),
                COMPUTED,
                "",
                -1,
            ),
            Evidence(
                Words(
                    "PoolFormer-S12 mixes tokens by pooling, without attention, and still needs its channel MLP: "
                    "77.2 % top-1 with it, 5.7 % without",
                    "PoolFormer-S12 用池化而非注意力来混合 token，却同样离不开通道 MLP：有它 top-1 为 77.2 %，没有"
                    "则为 5.7 %",
                ),
                *METAFORMER,
                0,
            ),
        ),
    ),
)
