"""Claims C26 to C50: what the text says about the FFN, why a Transformer needs one, and why a CNN should not.

A part that decides states what the text says, so that a measurement against it refutes the part.
"""

from dataclasses import replace

from tf_models.study.claims.base import METAFORMER, NO_WORDS, NOTHING, Claim, Evidence, Part, Words

MELAS = ("Melas-Kyriazi 2021", "https://arxiv.org/abs/2105.02723")
PIRES = ("Pires et al. 2023", "https://arxiv.org/abs/2309.01826")
MIXER = ("Tolstikhin et al. 2021, MLP-Mixer", "https://arxiv.org/abs/2105.01601")

TOKEN_MLP_IS_FFN = Part(
    "is_ffn",
    Words("The token MLP is an FFN: it treats all positions alike", "token MLP 就是 FFN：对所有位置一视同仁"),
    "identities",
    "permutation.token_mlp",
    "equals",
    0.0,
)

FFN_CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="C26",
        sections=("2.1", "table2.row3.transformer"),
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
                    "先打乱 token 再经过 FFN，与先经过 FFN 再打乱，结果相同",
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
    Claim(
        id="C27",
        sections=("table2.row1", "3.1", "table3.row1.cnn"),
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
                    "A VGG with an activation after every convolution is better than one with a single activation "
                    "per stage",
                    "每个卷积都接激活函数的 VGG，好于每个阶段只有一个激活函数的 VGG",
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
                    "Activations per linear map: VGG16 15 of 16, ConvNeXt-T 18 of 58, ViT-B/16 12 of 72 (and 12 "
                    "softmax); per convolution: ResNet-50 49 of 53, MobileNetV2 35 of 52",
                    "激活函数与线性映射的个数：VGG16 为 15/16，ConvNeXt-T 为 18/58，ViT-B/16 为 12/72（另有 12 个 "
                    "softmax）；与卷积的个数：ResNet-50 为 49/53，MobileNetV2 为 35/52",
                ),
                "",
                "",
                0,
                read="computed",
            ),
            Evidence(
                Words(
                    "ConvNeXt became better with fewer activations: from 80.6 to 81.3 % top-1 on ImageNet",
                    "ConvNeXt 减少激活函数后反而更好：ImageNet top-1 从 80.6 % 升到 81.3 %",
                ),
                "Liu et al. 2022, ConvNeXt",
                "https://arxiv.org/abs/2201.03545",
                -1,
                read="secondary",
            ),
        ),
    ),
    Claim(
        id="C28",
        sections=("table2.row2", "3.1", "table3.row2.cnn"),
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
                Words("A depthwise convolution can change the number of channels", "深度卷积可以改变通道数"),
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
    Claim(
        id="C29",
        sections=("table2.row3.cnn",),
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
                    "The FFN shares its weights in another way than a convolution: it is no pair of 1×1 convolutions",
                    "FFN 共享权重的方式与卷积不同：它不等于两个 1×1 卷积",
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
                    "After attention, a token tells more about another patch",
                    "经过注意力后，一个 token 更能反映另一个图像块的内容",
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
                    "After the FFN, a token tells more about another patch",
                    "经过 FFN 后，一个 token 更能反映另一个图像块的内容",
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
                "",
                "",
                0,
                read="computed",
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
                    "With an activation between them, no single 1×1 convolution does",
                    "中间有激活函数时，任何单个 1×1 卷积都无法代替",
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
            "It is no FFN: its first layer reads all 7×7 positions, with weights of its own for each, and it has "
            "no skip connection. Nor is it small: it holds 89.4 % of the parameters.",
            "它不是 FFN：第一层读取全部 7×7 个位置，每个位置各有一套权重，也没有残差连接。它也不小，占全部参数的 "
            "89.4 %。",
        ),
        published=(
            Evidence(
                Words(
                    "123,642,856 of VGG16’s 138,357,544 parameters, 89.4 %, are in the dense head",
                    "VGG16 的 138,357,544 个参数中有 123,642,856 个（89.4 %）在全连接分类头里",
                ),
                "",
                "",
                0,
                read="computed",
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
                "",
                "",
                0,
                read="computed",
            ),
        ),
        seeds=0,
    ),
    Claim(
        id="C36",
        sections=("2.4", "2.6", "3.2", "table3.row1.transformer"),
        systems=("Transformer",),
        statement=Words(
            "Attention, softmax(QKᵀ)V, is in essence a linear weighted sum; the softmax adds only a weak nonlinearity.",
            "注意力 softmax(QKᵀ)V 本质上是线性加权求和，只有 softmax 带来微弱的非线性。",
        ),
        question=Words(
            "How much of attention’s output can a linear map explain, and how much of the FFN’s?",
            "线性映射能解释注意力输出的多少？FFN 的呢？",
        ),
        parts=(
            Part(
                "weak",
                Words(
                    "What the best linear map fails to explain is at most a quarter as much for attention as for "
                    "the FFN",
                    "最佳线性映射未能解释的部分，注意力不超过 FFN 的四分之一",
                ),
                "linearity",
                "attention_over_ffn",
                "below",
                0.25,
            ),
            Part(
                "linear",
                Words(
                    "The best linear map explains all of attention’s output but 1 %",
                    "最佳线性映射能解释注意力输出的 99 % 以上",
                ),
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
            "A best linear map that leaves more than 1 % of attention’s output unexplained, or more than a quarter "
            "of what it leaves of the FFN’s.",
            "最佳线性映射未能解释的部分，在注意力中超过 1 %，或超过 FFN 相应部分的四分之一。",
        ),
        right=Words(
            "With frozen weights, the output is linear in the values V, and no activation acts on a token by itself.",
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
                "Hu et al. 2025",
                "https://arxiv.org/abs/2504.15956",
                -1,
                read="secondary",
            ),
            Evidence(
                Words(
                    "Attention heads can be built that work as the neurons of an MLP",
                    "可以构造出像 MLP 神经元那样工作的注意力头",
                ),
                "Huben and Morris 2023",
                "https://arxiv.org/abs/2309.08593",
                -1,
                read="secondary",
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
            "At equal parameters, does an FFN add anything to a network of dense convolutions, which have no ReLU of "
            "their own here? Does it add more to attention? And what does it add where a bare activation stands "
            "behind each convolution?",
            "参数量相同时，FFN 对普通卷积（此处不自带 ReLU）组成的网络有用吗？对注意力的用处更大吗？每个卷积后已有激活"
            "函数时，FFN 还有用吗？",
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
                    "The FFN is worth nothing to dense convolution without ReLU: a deeper network of equal parameters "
                    "without FFN is as good",
                    "FFN 对不带 ReLU 的普通卷积没有增益：没有 FFN 而参数量相同的更深网络同样好",
                ),
                "factorial",
                "gain.convolution.deeper",
                "no_difference",
            ),
            Part(
                "wider",
                Words(
                    "The FFN is worth nothing to dense convolution without ReLU: a wider network of equal parameters "
                    "without FFN is as good",
                    "FFN 对不带 ReLU 的普通卷积没有增益：没有 FFN 而参数量相同的更宽网络同样好",
                ),
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
                "",
                "",
                -1,
                read="computed",
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
    Claim(
        id="C38",
        sections=("2.5", "3.4"),
        systems=("MLP-Mixer",),
        statement=Words(
            "MLP-Mixer drops attention and uses nothing but an FFN (an MLP) to exchange information between positions.",
            "MLP-Mixer 去掉自注意力，只用 FFN（MLP）在位置之间交换信息。",
        ),
        question=Words(
            "Which of the Mixer’s two MLPs passes information between positions? And is it an FFN?",
            "Mixer 的两种 MLP 中，是哪一种在位置之间传递信息？它算 FFN 吗？",
        ),
        parts=(
            Part(
                "exchange",
                Words("With both MLPs, every token reaches every other", "两种 MLP 都在时，任意两个 token 相互影响"),
                "receptive-field",
                "support.mixer",
                "above",
                0.99,
            ),
            Part(
                "exchange_gone",
                Words(
                    "Without the token MLP, tokens no longer reach each other",
                    "去掉 token MLP 后，token 之间不再相互影响",
                ),
                "receptive-field",
                "support.mixer_without_token_mlp",
                "below",
                0.1,
            ),
            Part(
                "token_mlp",
                Words("Without the token MLP, the Mixer loses accuracy", "去掉 token MLP 后，Mixer 的准确率下降"),
                "ablations",
                "mixer.token_mlp",
                "difference",
            ),
            TOKEN_MLP_IS_FFN,
            Part(
                "channel_mlp",
                Words("Without the channel MLP, the Mixer loses accuracy too", "去掉通道 MLP 后，Mixer 的准确率也下降"),
                "ablations",
                "mixer.channel_mlp",
                "difference",
                decides=False,
            ),
            Part(
                "channel_share",
                Words(
                    "More than nine tenths of Mixer-B/16’s parameters are in the channel MLPs",
                    "Mixer-B/16 九成以上的参数在通道 MLP 里",
                ),
                "inventory",
                "mixer.channel_share",
                "above",
                0.9,
                decides=False,
            ),
        ),
        primary="token_mlp",
        refuted_by=Words(
            "A Mixer that does as well without its token MLP, or a token MLP that depends on the order of the "
            "positions, which no FFN does.",
            "去掉 token MLP 后 Mixer 同样好；或者 token MLP 依赖位置的顺序，而 FFN 不会这样。",
        ),
        right=Words(
            "There is no attention, and an MLP does exchange information between positions.",
            "确实没有注意力，也确实由 MLP 在位置之间交换信息。",
        ),
        wrong=Words(
            "This MLP is no FFN: it works across positions, with weights of its own for each. The FFN of the Mixer "
            "is its channel MLP, which sees one position and holds almost all parameters.",
            "这个 MLP 不是 FFN：它跨位置工作，每个位置有各自的权重。Mixer 里的 FFN 是通道 MLP，它只看一个位置，却占"
            "了几乎全部参数。",
        ),
        published=(
            Evidence(
                Words(
                    "In Mixer-B/16, token MLPs hold 3.0 % of the parameters and channel MLPs 94.6 %",
                    "Mixer-B/16 中，token MLP 占参数的 3.0 %，通道 MLP 占 94.6 %",
                ),
                "",
                "",
                0,
                read="computed",
            ),
            Evidence(
                Words(
                    "Mixer-B/16 reaches 76.44 % top-1 on ImageNet without attention",
                    "Mixer-B/16 不用注意力，ImageNet top-1 达到 76.44 %",
                ),
                *MIXER,
                1,
            ),
        ),
    ),
    Claim(
        id="C39",
        sections=("2.6",),
        systems=("ViT", "CNN"),
        statement=Words(
            "Cutting the image into patches and flattening them destroys the spatial structure.",
            "把图像切成图像块再展平，会丢失空间结构。",
        ),
        question=Words(
            "Can the pixels be recovered from the tokens? And does a ViT notice that the pixels inside every patch "
            "were shuffled?",
            "能从 token 还原出像素吗？把每个图像块内部的像素打乱，ViT 会察觉吗？",
        ),
        parts=(
            Part(
                "information",
                Words(
                    "Even from a token with as many numbers as its patch, the pixels cannot be recovered",
                    "即使 token 与图像块的数值个数相同，也无法还原像素",
                ),
                "identities",
                "patch_reconstruction",
                "above",
                1e-4,
            ),
            Part(
                "vit_inside",
                Words(
                    "A ViT loses nothing when the pixels inside every patch are shuffled alike",
                    "所有图像块内部按同一方式打乱像素，ViT 没有损失",
                ),
                "permutation",
                "vit.inside",
                "no_difference",
            ),
            Part(
                "cnn_inside",
                Words("A CNN loses accuracy from the same shuffle", "同样的打乱使 CNN 的准确率下降"),
                "permutation",
                "cnn.inside",
                "difference",
            ),
            Part(
                "strided",
                Words(
                    "Flattening and a dense layer equal a convolution whose stride is its kernel",
                    "展平再接全连接层，等于步长与核大小相同的卷积",
                ),
                "identities",
                "patch_is_strided_convolution",
                "equals",
                0.0,
                decides=False,
            ),
            Part(
                "narrow",
                Words(
                    "A token with fewer numbers than its patch does lose information",
                    "token 的数值个数比图像块少时，确实会丢失信息",
                ),
                "identities",
                "patch_reconstruction.narrow",
                "above",
                1e-4,
                decides=False,
            ),
            Part(
                "vit_b16",
                Words(
                    "A token of ViT-B/16 has as many numbers as its patch: 768",
                    "ViT-B/16 的 token 与图像块的数值个数相同：768",
                ),
                "inventory",
                "patch.vit_b16",
                "equals",
                1.0,
                decides=False,
            ),
        ),
        primary="cnn_inside",
        refuted_by=Words(
            "Pixels that a linear map recovers from the tokens, or a ViT that suffers from the shuffle as a CNN does.",
            "线性映射就能从 token 还原像素；或者打乱之后，ViT 和 CNN 一样受损。",
        ),
        right=Words(
            "What is lost is the prior: after flattening, nothing tells the network which pixels are neighbours.",
            "丢失的是先验：展平之后，网络不再知道哪些像素相邻。",
        ),
        wrong=Words(
            "The information is not lost. Flattening and a dense layer are a convolution with stride, and a token "
            "wide enough keeps every pixel.",
            "信息并没有丢失。展平再接全连接层就是一个带步长的卷积，只要 token 足够宽，每个像素都还在。",
        ),
        published=(
            Evidence(
                Words(
                    "ViT-B/16 turns 16 · 16 · 3 = 768 values of a patch into 768 values of a token, so the map can "
                    "be inverted",
                    "ViT-B/16 把图像块的 16·16·3 = 768 个数值变成 token 的 768 个数值，因此这个映射可以是可逆的",
                ),
                "",
                "",
                -1,
                read="computed",
            ),
        ),
    ),
    Claim(
        id="C40",
        sections=("2.6",),
        systems=("ViT", "CNN"),
        statement=Words(
            "Since flattened patches lose local structure, a ViT needs a deeper FFN than a CNN does, to make up "
            "for it.",
            "图像块展平后丢失了局部结构，因此 ViT 需要比 CNN 更深的 FFN 来补偿。",
        ),
        question=Words(
            "How much of the gap between ViT and CNN does a bigger or deeper FFN close? And how much does a "
            "convolutional stem, some layers of convolution between the pixels and the first tokens?",
            "更大或更深的 FFN 能缩小多少 ViT 与 CNN 的差距？换成卷积 stem（从像素到最初的 token 用几层卷积）呢？",
        ),
        parts=(
            Part(
                "deeper",
                Words(
                    "An FFN of three layers instead of two closes at least half of the gap between ViT and CNN",
                    "FFN 从两层加到三层，至少弥补 ViT 与 CNN 差距的一半",
                ),
                "ffn-shape",
                "deeper_closes_half",
                "above",
                0.0,
                denominator="gap",
            ),
            Part(
                "deeper_over_stem",
                Words("The deeper FFN brings more than a convolutional stem", "加深 FFN 的收益超过换成卷积 stem"),
                "ffn-shape",
                "deeper_over_stem",
                "above",
                0.0,
            ),
            Part(
                "wider",
                Words(
                    "An FFN eight times as wide as its tokens instead of four closes at least half of the gap "
                    "between ViT and CNN",
                    "FFN 的隐层从四倍宽加到八倍宽，至少弥补 ViT 与 CNN 差距的一半",
                ),
                "ffn-shape",
                "wider_closes_half",
                "above",
                0.0,
                denominator="gap",
            ),
            Part(
                "wider_over_stem",
                Words("The wider FFN brings more than a convolutional stem", "加宽 FFN 的收益超过换成卷积 stem"),
                "ffn-shape",
                "wider_over_stem",
                "above",
                0.0,
            ),
            Part(
                "stem",
                Words(
                    "A convolutional stem closes at least half of the gap between ViT and CNN",
                    "卷积 stem 至少弥补 ViT 与 CNN 差距的一半",
                ),
                "ffn-shape",
                "stem_closes_half",
                "above",
                0.0,
                denominator="gap",
                decides=False,
            ),
            Part(
                "depth",
                Words("A ViT’s FFN has more than two layers", "ViT 的 FFN 不止两层"),
                "inventory",
                "ffn_layers.vit_b16",
                "above",
                2.5,
                decides=False,
            ),
        ),
        primary="deeper",
        refuted_by=Words(
            "Deeper and bigger FFNs that leave more than half of the gap, or a convolutional stem that brings more.",
            "加深、加大 FFN 后差距仍剩一半以上；或者卷积 stem 的收益更大。",
        ),
        right=NO_WORDS,
        wrong=Words(
            "A ViT’s FFN is not deeper: it has two layers, as everywhere. And what the cut into patches costs can "
            "be repaired where it arises, in the stem.",
            "ViT 的 FFN 并不更深：和别处一样是两层。切块带来的损失可以就地解决，也就是换掉 stem。",
        ),
        published=(
            Evidence(
                Words(
                    "A convolutional stem brings a ViT 1 to 2 points of top-1 on ImageNet and steadier training",
                    "卷积 stem 使 ViT 的 ImageNet top-1 提高 1 到 2 个百分点，训练也更稳定",
                ),
                "Xiao et al. 2021",
                "https://arxiv.org/abs/2106.14881",
                -1,
                read="abstract",
            ),
            Evidence(
                Words(
                    "Language models with three layers in the FFN and fewer blocks beat those with two",
                    "语言模型中，FFN 三层而块数更少的模型胜过 FFN 两层的模型",
                ),
                "Gerber 2025",
                "https://arxiv.org/abs/2505.06633",
                0,
                read="abstract",
            ),
        ),
    ),
    Claim(
        id="C41",
        sections=("2.6", "3.2", "table3.row3.transformer"),
        systems=("ViT",),
        statement=Words(
            "The FFN imitates the local perception of a CNN.",
            "FFN 可以模拟 CNN 的局部感知。",
        ),
        question=Words(
            "Can an FFN see an edge that lies between two patches?",
            "边缘落在两个图像块之间时，FFN 看得到吗？",
        ),
        parts=(
            Part(
                "reaches",
                Words(
                    "The FFN’s output for one token reacts to its neighbours",
                    "FFN 对一个 token 的输出会受相邻 token 影响",
                ),
                "receptive-field",
                "support.ffn",
                "above",
                NOTHING,
                decides=False,
            ),
            Part(
                "across",
                Words(
                    "An FFN without any mixing tells an edge across the border of two patches",
                    "没有任何混合时，FFN 能判断跨越两个图像块的边缘",
                ),
                "probing",
                "edge.across",
                "above",
                0.05,
            ),
            Part(
                "inside",
                Words(
                    "An FFN without any mixing tells an edge inside one patch",
                    "没有任何混合时，FFN 能判断图像块内部的边缘",
                ),
                "probing",
                "edge.inside",
                "above",
                0.05,
                decides=False,
            ),
            Part(
                "across_depthwise",
                Words(
                    "With a depthwise convolution in its middle, an FFN tells an edge across the border",
                    "中间加入深度卷积后，FFN 能判断跨越图像块的边缘",
                ),
                "probing",
                "edge.across_depthwise",
                "above",
                0.05,
                decides=False,
            ),
            Part(
                "depthwise_reaches",
                Words(
                    "With a depthwise convolution in its middle, the FFN reacts to neighbours",
                    "中间加入深度卷积后，FFN 的输出会受相邻 token 影响",
                ),
                "receptive-field",
                "depthwise_in_ffn.support",
                "above",
                NOTHING,
                decides=False,
            ),
        ),
        primary="across",
        refuted_by=Words(
            "An FFN that, without any mixing, cannot tell an edge across the border of two patches.",
            "没有任何混合时，FFN 无法判断跨越两个图像块的边缘。",
        ),
        right=Words(
            "Inside one patch an FFN can learn local patterns, for all pixels of the patch are in its token.",
            "在一个图像块内部，FFN 可以学到局部模式，因为块内的像素都在这个 token 里。",
        ),
        wrong=Words(
            "Between patches it cannot, since it sees one token. Where this is wanted, a convolution is put into "
            "the FFN.",
            "跨图像块则不行，因为它只看得到一个 token。需要这种能力时，人们会在 FFN 里加卷积。",
        ),
        published=(
            Evidence(
                Words(
                    "A depthwise convolution inside the FFN, for the locality that is missing, brings DeiT-T 2.6 "
                    "and Swin-T 1.0 points",
                    "为补上缺少的局部性，在 FFN 里加入深度卷积：DeiT-T 提高 2.6 个百分点，Swin-T 提高 1.0 个",
                ),
                "Li et al. 2021, LocalViT",
                "https://arxiv.org/abs/2104.05707",
                -1,
                read="secondary",
            ),
        ),
        seeds=0,
    ),
    Claim(
        id="C42",
        sections=("2.6", "3.2"),
        systems=("ViT", "Transformer"),
        statement=Words(
            "A ViT’s FFN is larger than that of language models, four times the width, to cope with the complexity "
            "of images.",
            "ViT 的 FFN 比 NLP 中的更大（隐层扩大到 4 倍），以应对图像数据的复杂性。",
        ),
        question=Words(
            "How wide is the FFN in language models? And do images need four times rather than twice?",
            "语言模型的 FFN 有多宽？图像真的需要 4 倍而不是 2 倍吗？",
        ),
        parts=(
            Part(
                "larger",
                Words(
                    "ViT-B/16’s FFN is wider, for its width, than that of BERT and of the first Transformer",
                    "相对各自的宽度，ViT-B/16 的 FFN 比 BERT 和最初的 Transformer 更宽",
                ),
                "inventory",
                "ffn_ratio.vit_over_nlp",
                "above",
                1.01,
            ),
            Part(
                "four_over_two",
                Words(
                    "On images, an FFN of ratio 4 is better than one of ratio 2", "在图像上，FFN 比例为 4 好于比例为 2"
                ),
                "ffn-shape",
                "ratio.4_over_2",
                "difference",
            ),
            Part(
                "vit",
                Words("ViT-B/16’s FFN is four times as wide as its tokens", "ViT-B/16 的 FFN 是 token 的四倍宽"),
                "inventory",
                "ffn_ratio.vit_b16",
                "equals",
                4.0,
                decides=False,
            ),
            Part(
                "transformer",
                Words(
                    "The first Transformer’s FFN is four times as wide as its tokens: 512 → 2048",
                    "最初的 Transformer 的 FFN 是 token 的四倍宽：512→2048",
                ),
                "inventory",
                "ffn_ratio.transformer_base",
                "equals",
                4.0,
                decides=False,
            ),
            Part(
                "bert",
                Words(
                    "BERT-base’s FFN is four times as wide as its tokens: 768 → 3072",
                    "BERT-base 的 FFN 是 token 的四倍宽：768→3072",
                ),
                "inventory",
                "ffn_ratio.bert_base",
                "equals",
                4.0,
                decides=False,
            ),
        ),
        primary="four_over_two",
        refuted_by=Words(
            "Language models with the same factor of four, and images on which a factor of two does as well.",
            "语言模型用的也是 4 倍；在图像上 2 倍也同样好。",
        ),
        right=Words(
            "A ViT’s FFN is four times as wide as its tokens.",
            "ViT 的 FFN 确实是 token 的四倍宽。",
        ),
        wrong=Words(
            "It is no larger: the FFN of the first Transformer, made for translation, was four times as wide too, and "
            "so is BERT’s. ViT took the factor over.",
            "它并不更大：最初用于翻译的 Transformer 就是四倍，BERT 也是。ViT 只是沿用了这个倍数。",
        ),
        published=(
            Evidence(
                Words(
                    "RoBERTa-base, a language model, and ViT-B/16 have the same FFN: 768 → 3072 → 768",
                    "语言模型 RoBERTa-base 与 ViT-B/16 的 FFN 相同：768→3072→768",
                ),
                "",
                "",
                -1,
                read="computed",
            ),
        ),
    ),
    Claim(
        id="C43",
        sections=("2.6", "3.4", "table3.row3.transformer"),
        systems=("Swin", "ConvNeXt"),
        statement=Words(
            "Vision Transformers such as Swin and ConvNeXt use local attention or convolution to imitate the "
            "strengths of CNNs more efficiently.",
            "Swin、ConvNeXt 等视觉 Transformer 采用局部注意力或卷积，以便更高效地模仿 CNN 的优点。",
        ),
        question=Words(
            "How much cheaper is attention within windows? And does it cost accuracy?",
            "窗口注意力省下多少计算？准确率会下降吗？",
        ),
        parts=(
            Part(
                "cheaper",
                Words(
                    "With 1,024 tokens, the scores and sums of attention within windows take less than a fifth of "
                    "the multiply-adds",
                    "有 1,024 个 token 时，窗口注意力的打分与加权和所需的乘加次数不到全局注意力的五分之一",
                ),
                "cost",
                "window_saving.1024",
                "above",
                5.0,
            ),
            Part(
                "as_good",
                Words(
                    "At equal parameters, window attention loses less than δ of accuracy against global attention",
                    "参数量相同时，与全局注意力相比，窗口注意力损失的准确率小于 δ",
                ),
                "factorial",
                "window_over_global",
                "not_worse",
            ),
            Part(
                "swin_t",
                Words(
                    "On the grids of Swin-T, the scores and sums of attention within windows take less than a fifth "
                    "of the multiply-adds",
                    "在 Swin-T 的网格上，窗口注意力的打分与加权和所需的乘加次数不到全局注意力的五分之一",
                ),
                "cost",
                "window_saving.swin_t",
                "above",
                5.0,
                decides=False,
            ),
            Part(
                "convnext",
                Words("ConvNeXt contains attention", "ConvNeXt 含有注意力"),
                "inventory",
                "attention.convnext",
                "above",
                0.5,
                decides=False,
            ),
        ),
        primary="as_good",
        refuted_by=Words(
            "Windows that save little, or that cost more accuracy than δ.",
            "窗口省不了多少计算，或准确率的损失超过 δ。",
        ),
        right=Words(
            "Swin’s windows bring in locality and save most of the multiply-adds of attention’s scores and sums.",
            "Swin 的窗口引入了局部性，并省去注意力打分与加权和的大部分乘加次数。",
        ),
        wrong=Words(
            "ConvNeXt is no Transformer with local attention: it is a CNN and has no attention at all.",
            "ConvNeXt 不是带局部注意力的 Transformer：它是 CNN，完全没有注意力。",
        ),
        published=(
            Evidence(
                Words(
                    "On Swin-T’s grids, the attention products take 0.14 billion multiply-adds within windows and "
                    "would take 4.43 globally",
                    "在 Swin-T 的网格上，窗口注意力的乘积需要 1.4 亿次乘加，全局注意力则需要 44.3 亿次",
                ),
                "",
                "",
                1,
                read="computed",
            ),
        ),
    ),
    Claim(
        id="C44",
        sections=("3.1", "3.2", "table3.row2.transformer"),
        systems=("Transformer",),
        statement=Words(
            "Attention only mixes features; it changes neither their dimension nor how they are represented. So an "
            "FFN has to adjust the dimension.",
            "自注意力只混合特征，既不改变维度，也不改变特征的表示方式，所以必须用 FFN 来调整维度。",
        ),
        question=Words(
            "If every token attends to itself alone, does attention give back its input? And does the FFN change "
            "the dimension?",
            "如果每个 token 只关注自己，注意力会原样返回输入吗？FFN 真的改变维度吗？",
        ),
        parts=(
            Part(
                "no_transform",
                Words(
                    "Where every token attends to itself alone, attention gives back its input",
                    "每个 token 只关注自己时，注意力原样返回输入",
                ),
                "identities",
                "attention_at_identity",
                "equals",
                0.0,
            ),
            Part(
                "dimension_kept",
                Words(
                    "Tokens leave attention as wide as they came in: ViT-B/16 has one width from first block to last",
                    "token 经过注意力后宽度不变：ViT-B/16 从第一块到最后一块宽度相同",
                ),
                "inventory",
                "widths.vit",
                "equals",
                1.0,
            ),
            Part(
                "ffn_adjusts",
                Words(
                    "The FFN adjusts the dimension: the last block of ViT-B/16 is wider than the first",
                    "FFN 调整了维度：ViT-B/16 最后一块比第一块宽",
                ),
                "inventory",
                "widths.vit",
                "above",
                1.01,
                decides=False,
            ),
            Part(
                "linear_layer",
                Words(
                    "Where every token attends to itself alone, attention is the linear layer W_V·W_O",
                    "每个 token 只关注自己时，注意力就是线性层 W_V·W_O",
                ),
                "identities",
                "attention_at_identity.linear",
                "equals",
                0.0,
                decides=False,
            ),
            Part(
                "projections_beside_ffn",
                Words(
                    "With the FFN, attention is better with its projections W_V and W_O than without (W_V = W_O = I)",
                    "有 FFN 时，保留投影 W_V、W_O 的注意力好于去掉它们（W_V = W_O = I）",
                ),
                "ablations",
                "vit.projections",
                "difference",
                decides=False,
            ),
            Part(
                "projections_alone",
                Words(
                    "Without the FFN, attention is better with its projections W_V and W_O than without",
                    "没有 FFN 时，保留投影 W_V、W_O 的注意力好于去掉它们",
                ),
                "ablations",
                "vit.projections_without_ffn",
                "difference",
                decides=False,
            ),
        ),
        primary="no_transform",
        refuted_by=Words(
            "Attention that changes a token without any mixing, or that makes tokens wider or narrower.",
            "注意力不做任何混合也会改变 token；或者会改变 token 的宽度。",
        ),
        right=Words(
            "Attention’s output is as wide as its input, and attention has no activation that works on a token by "
            "itself.",
            "注意力的输出与输入一样宽，也没有逐 token 的激活函数。",
        ),
        wrong=Words(
            "Attention does transform: it multiplies every token by W_V and W_O. And the FFN does not change the "
            "dimension either: it goes from d to 4d and back to d.",
            "注意力也在变换特征：每个 token 都要乘以 W_V 和 W_O。FFN 也不改变维度：从 d 到 4d 再回到 d。",
        ),
        published=(
            Evidence(
                Words(
                    "Attention’s value and output matrices can be left out, together with skips and norms: 15 % "
                    "fewer parameters, 15 % more throughput",
                    "注意力的 V 矩阵和输出矩阵可以连同残差连接、归一化一起去掉：参数少 15 %，吞吐量高 15 %",
                ),
                "He and Hofmann 2024",
                "https://arxiv.org/abs/2311.01906",
                0,
                read="abstract",
            ),
        ),
    ),
    Claim(
        id="C45",
        sections=("3.1", "table3.row3.transformer"),
        systems=("Swin",),
        statement=Words(
            "Even a Transformer with local window attention, such as Swin, still needs the FFN.",
            "即使像 Swin 那样采用局部窗口注意力，Transformer 仍然需要 FFN。",
        ),
        question=Words(
            "What is the FFN worth beside window attention, at equal parameters?",
            "参数量相同时，FFN 给窗口注意力带来多少增益？",
        ),
        parts=(
            Part(
                "deeper",
                Words(
                    "At equal parameters, window attention with the FFN is better than a deeper network without it",
                    "参数量相同时，带 FFN 的窗口注意力好于不带 FFN 的更深网络",
                ),
                "factorial",
                "gain.window.deeper",
                "difference",
            ),
            Part(
                "wider",
                Words(
                    "At equal parameters, window attention with the FFN is better than a wider network without it",
                    "参数量相同时，带 FFN 的窗口注意力好于不带 FFN 的更宽网络",
                ),
                "factorial",
                "gain.window.wider",
                "difference",
            ),
            Part(
                "equal_depth",
                Words("At equal depth, window attention is better with the FFN", "深度相同时，窗口注意力带 FFN 更好"),
                "factorial",
                "gain.window",
                "difference",
                decides=False,
            ),
        ),
        primary="deeper",
        refuted_by=Words(
            "A network of window attention without FFN that is as good at equal parameters.",
            "参数量相同时，没有 FFN 的窗口注意力网络同样好。",
        ),
        right=Words(
            "Windows only limit where attention looks. They give a single token no nonlinearity of its own.",
            "窗口只限制注意力看向哪里，并不给单个 token 增加非线性。",
        ),
        wrong=NO_WORDS,
        published=(
            Evidence(
                Words(
                    "A local mixer of another kind, the pooling of PoolFormer-S12: 77.2 % top-1 with the channel "
                    "MLP, 5.7 % without",
                    "另一种局部混合，PoolFormer-S12 的池化：有通道 MLP 时 top-1 为 77.2 %，没有则为 5.7 %",
                ),
                *METAFORMER,
                1,
            ),
        ),
    ),
    Claim(
        id="C46",
        sections=("3.2", "conclusion"),
        systems=("Transformer",),
        statement=Words(
            "Without the FFN, a Transformer amounts to a linear model of several layers and can express very little.",
            "没有 FFN，Transformer 就相当于多层线性模型，表达能力极弱。",
        ),
        question=Words(
            "Does a Transformer without FFN do better than an exactly linear network? And how near does it come to "
            "the full one?",
            "没有 FFN 的 Transformer 比完全线性的网络好吗？离完整的 Transformer 还差多少？",
        ),
        parts=(
            Part(
                "equals_linear",
                Words(
                    "Attention without FFN is no better than an exactly linear network",
                    "没有 FFN 的注意力不比完全线性的网络好",
                ),
                "factorial",
                "attention_only_over_linear",
                "no_difference",
            ),
            Part(
                "product",
                Words(
                    "Attention without FFN fails where every linear model fails: at the sign of a product of two "
                    "tokens",
                    "线性模型做不出的任务，即判断两个 token 之积的符号，没有 FFN 的注意力也做不出",
                ),
                "linearity",
                "product.attention",
                "below",
                0.95,
            ),
            Part(
                "weak",
                Words(
                    "Attention without FFN gets less than half of the way from the linear network to the full "
                    "Transformer",
                    "没有 FFN 的注意力弥补的差距，不到线性网络与完整 Transformer 之差的一半",
                ),
                "factorial",
                "attention_only_closes_half",
                "below",
                0.0,
                denominator="full_over_linear",
            ),
            Part(
                "weak_deeper",
                Words(
                    "Attention without FFN gets less than half of the way even when it is deeper, with equal "
                    "parameters",
                    "没有 FFN 的注意力即使加深到参数量相同，弥补的差距仍不到一半",
                ),
                "factorial",
                "attention_only_closes_half.deeper",
                "below",
                0.0,
                denominator="full_over_linear",
            ),
            Part(
                "weak_wider",
                Words(
                    "Attention without FFN gets less than half of the way even when it is wider, with equal parameters",
                    "没有 FFN 的注意力即使加宽到参数量相同，弥补的差距仍不到一半",
                ),
                "factorial",
                "attention_only_closes_half.wider",
                "below",
                0.0,
                denominator="full_over_linear",
            ),
            Part(
                "collapse",
                Words(
                    "In a deep network it is the skip connection, more than the FFN, that keeps the tokens from "
                    "becoming alike",
                    "在深层网络里，防止各 token 趋同的主要是残差连接，而不是 FFN",
                ),
                "rank-collapse",
                "skip_over_mlp",
                "above",
                0.0,
                decides=False,
            ),
        ),
        primary="equals_linear",
        refuted_by=Words(
            "A Transformer without FFN that beats the linear network and solves the product task, or that comes "
            "more than half of the way to the full one.",
            "没有 FFN 的 Transformer 胜过线性网络并能完成乘积任务；或者弥补了与完整 Transformer 差距的一半以上。",
        ),
        right=Words(
            "On ImageNet, a tiny ViT of attention alone was much weaker.",
            "在 ImageNet 上，只有注意力的 tiny ViT 确实弱得多。",
        ),
        wrong=Words(
            "It is not linear: attention’s weights depend on the input, layer after layer. And what keeps a deep "
            "stack from collapsing is mostly the skip connection.",
            "它并不是线性的：每一层的注意力权重都取决于输入。防止深层网络退化的，主要是残差连接。",
        ),
        published=(
            Evidence(
                Words(
                    "A tiny ViT of attention alone, with attention over features in place of the FFN: 28.2 % "
                    "top-1, stopped after 100 epochs; DeiT-tiny has 72.2 %",
                    "纯注意力的 tiny ViT（FFN 换成对特征的注意力）：训练 100 轮后中止，top-1 为 28.2 %；DeiT-tiny "
                    "为 72.2 %",
                ),
                *MELAS,
                1,
            ),
            Evidence(
                Words(
                    "In translation, a Transformer without any FFN lost 2.1 BLEU: 33.5 instead of 35.6",
                    "在翻译任务中，完全没有 FFN 的 Transformer 损失 2.1 BLEU：从 35.6 降到 33.5",
                ),
                *PIRES,
                -1,
            ),
            Evidence(
                Words(
                    "Stacked attention alone makes all tokens alike; an MLP only slows this, skip connections "
                    "prevent it",
                    "只堆叠注意力会使所有 token 趋同；MLP 只能减缓，残差连接才能防止",
                ),
                "Dong et al. 2021",
                "https://arxiv.org/abs/2103.03404",
                0,
                read="secondary",
            ),
        ),
    ),
    Claim(
        id="C47",
        sections=("3.2", "table2.row1.transformer", "table3.row1.transformer"),
        systems=("Transformer",),
        statement=Words(
            "The FFN widens each token, applies a nonlinearity and narrows it again, and so lets the model express "
            "more.",
            "FFN 对每个 token 做升维、非线性、降维，增强了模型的表达能力。",
        ),
        question=Words(
            "Is it the nonlinearity that helps, or only the parameters?",
            "起作用的是非线性，还是只是多出来的参数？",
        ),
        parts=(
            Part(
                "nonlinearity",
                Words(
                    "The FFN is better than the same two dense layers without the activation",
                    "FFN 好于去掉激活函数的同样两个全连接层",
                ),
                "factorial",
                "nonlinearity.attention",
                "difference",
            ),
            Part(
                "gain",
                Words("The FFN is better than none", "有 FFN 好于没有"),
                "factorial",
                "gain.attention",
                "difference",
                decides=False,
            ),
        ),
        primary="nonlinearity",
        refuted_by=Words(
            "Two dense layers without an activation that do as well as the FFN.",
            "去掉激活函数后，两个全连接层与 FFN 同样好。",
        ),
        right=Words(
            "It describes what the FFN computes, token by token.",
            "这正是 FFN 对每个 token 所做的计算。",
        ),
        wrong=NO_WORDS,
        published=(
            Evidence(
                Words(
                    "In translation, BLEU falls by 0.9 without the encoder’s FFNs, by 0.4 without the decoder’s "
                    "and by 2.1 without either",
                    "在翻译任务中，去掉编码器的 FFN，BLEU 降 0.9；去掉解码器的降 0.4；都去掉降 2.1",
                ),
                *PIRES,
                1,
            ),
        ),
    ),
    Claim(
        id="C48",
        sections=("3.2", "table1.row4.transformer"),
        systems=("Transformer", "CNN"),
        statement=Words(
            "Attention has no built-in preference for neighbours, as convolution has, and may therefore learn "
            "inefficiently.",
            "自注意力没有卷积那样的局部归纳偏置，学习效率可能因此较低。",
        ),
        question=Words(
            "With few training images, how far is a ViT behind a CNN? And does a start as a convolution help?",
            "训练图像很少时，ViT 落后 CNN 多少？让注意力从卷积的形式起步有帮助吗？",
        ),
        parts=(
            Part(
                "gap",
                Words(
                    "With few images (1,000; 300 of digits), the CNN is ahead of the ViT by more than 3 points",
                    "图像很少（1,000 幅；digits 为 300 幅）时，CNN 领先 ViT 3 个百分点以上",
                ),
                "data-curve",
                "gap.small",
                "difference",
                0.03,
            ),
            Part(
                "prior",
                Words(
                    "Attention that starts as a convolution closes at least half of this gap",
                    "注意力从卷积的形式起步，至少弥补这一差距的一半",
                ),
                "data-curve",
                "prior_closes_half.small",
                "above",
                0.0,
                denominator="gap.small",
            ),
            Part(
                "prior_helps",
                Words(
                    "Attention that starts as a convolution is better than attention that does not",
                    "从卷积的形式起步的注意力，好于不这样起步的",
                ),
                "data-curve",
                "prior_gap.small",
                "difference",
                decides=False,
            ),
        ),
        primary="gap",
        refuted_by=Words(
            "A ViT that keeps up with the CNN on few images, or a gap that a convolutional start hardly narrows.",
            "图像很少时 ViT 也不落后于 CNN；或者从卷积的形式起步几乎不缩小差距。",
        ),
        right=Words(
            "Attention has to learn from data what a convolution has by construction.",
            "卷积天生具备的，注意力必须从数据中学。",
        ),
        wrong=Words(
            "The text concludes that the FFN can supply locality. An FFN sees one token and cannot.",
            "原文由此推出 FFN 可以补上局部性。但 FFN 只看得到一个 token，做不到这一点。",
        ),
        published=(
            Evidence(
                Words(
                    "ConViT-S, whose attention starts as a convolution, against DeiT-S: 47.8 and 34.8 % with 5 % "
                    "of ImageNet, 81.4 and 79.9 % with all of it",
                    "ConViT-S（注意力从卷积的形式起步）与 DeiT-S 相比：用 5 % 的 ImageNet 时为 47.8 % 和 34.8 %，用"
                    "全部时为 81.4 % 和 79.9 %",
                ),
                "d’Ascoli et al. 2021, ConViT, table 2",
                "https://arxiv.org/abs/2103.10697",
                1,
            ),
        ),
    ),
    Claim(
        id="C49",
        sections=("3.3", "conclusion"),
        systems=("Transformer", "CNN"),
        statement=Words(
            "Attention alone is weaker than a CNN; only with the FFN does a Transformer draw level.",
            "自注意力单独不如 CNN，必须加上 FFN 才能与 CNN 打平。",
        ),
        question=Words(
            "Where does the full ViT stand beside a CNN of equal parameters? And attention without the FFN, at the "
            "ViT’s depth, and with the missing parameters put elsewhere?",
            "与参数量相同的 CNN 相比，完整的 ViT 如何？没有 FFN 的注意力（深度与 ViT 相同，或者把省下的参数用在别处）又"
            "如何？",
        ),
        parts=(
            Part(
                "below",
                Words(
                    "The CNN is better than attention without FFN, at the ViT’s depth and with fewer parameters",
                    "CNN 好于没有 FFN 的注意力（深度与 ViT 相同，参数更少）",
                ),
                "factorial",
                "cnn_over_attention_only",
                "difference",
            ),
            Part(
                "level",
                Words(
                    "The full ViT is level with the CNN, at equal parameters", "参数量相同时，完整的 ViT 与 CNN 持平"
                ),
                "factorial",
                "vit_over_cnn",
                "no_difference",
            ),
            Part(
                "below_deeper",
                Words(
                    "The CNN is better than attention without FFN, deeper, at equal parameters",
                    "参数量相同时，CNN 好于没有 FFN 而更深的注意力网络",
                ),
                "factorial",
                "cnn_over_attention_only.deeper",
                "difference",
            ),
            Part(
                "below_wider",
                Words(
                    "The CNN is better than attention without FFN, wider, at equal parameters",
                    "参数量相同时，CNN 好于没有 FFN 而更宽的注意力网络",
                ),
                "factorial",
                "cnn_over_attention_only.wider",
                "difference",
            ),
        ),
        primary="below",
        refuted_by=Words(
            "Attention without FFN that keeps up with the CNN, or a full ViT that is clearly behind it or ahead.",
            "没有 FFN 的注意力也不落后于 CNN；或者完整的 ViT 明显落后或领先。",
        ),
        right=NO_WORDS,
        wrong=Words(
            "Whether the two draw level depends on the data and the recipe, and not on the FFN alone.",
            "能否打平取决于数据和训练方案，而不只是 FFN。",
        ),
        published=(
            Evidence(
                Words(
                    "On CIFAR-10 in one repository: ViT with patch 4 80 % after 200 epochs and 88 % after 500, "
                    "ResNet-18 93 %",
                    "同一个代码库中的 CIFAR-10 结果：图像块边长为 4 的 ViT 训练 200 轮得 80 %、500 轮得 88 %，"
                    "ResNet-18 得 93 %",
                ),
                "kentaroy47, vision-transformers-cifar10",
                "https://github.com/kentaroy47/vision-transformers-cifar10",
                -1,
                read="repository",
            ),
            Evidence(
                Words(
                    "On CIFAR-10 in another repository, after 200 epochs: ViT-Lite-7/4 91.38 %; CCT-7/3×1, with a "
                    "convolutional stem, 94.78 %",
                    "另一个代码库中的 CIFAR-10 结果，训练 200 轮：ViT-Lite-7/4 为 91.38 %；带卷积 stem 的 "
                    "CCT-7/3×1 为 94.78 %",
                ),
                "Hassani et al., Compact Transformers",
                "https://github.com/SHI-Labs/Compact-Transformers",
                0,
                read="repository",
            ),
        ),
    ),
    Claim(
        id="C50",
        sections=("3.4",),
        systems=("Transformer", "MLP-Mixer"),
        statement=Words(
            "In some architectures the FFN can even replace attention.",
            "在某些架构中，FFN 甚至可以替代自注意力。",
        ),
        question=Words(
            "Is a network as good when an MLP over tokens takes attention’s place? And when the FFN alone is left?",
            "用 token MLP 代替注意力，网络同样好吗？只剩 FFN 呢？",
        ),
        parts=(
            Part(
                "ffn_alone",
                Words(
                    "With the FFN alone and no mixing of tokens, the network loses less than δ against attention",
                    "只留 FFN、不混合 token 时，网络比用注意力损失的准确率小于 δ",
                ),
                "factorial",
                "ffn_only",
                "not_worse",
            ),
            Part(
                "token_mlp",
                Words(
                    "With a token MLP in attention’s place, the network loses less than δ, or gains",
                    "用 token MLP 代替注意力时，网络损失的准确率小于 δ，或更好",
                ),
                "factorial",
                "token_mlp_over_attention",
                "not_worse",
            ),
            replace(TOKEN_MLP_IS_FFN, decides=False),
        ),
        primary="ffn_alone",
        refuted_by=Words(
            "Networks that lose more than δ without attention, also where an MLP over tokens takes its place.",
            "没有注意力时准确率的损失超过 δ，用 token MLP 代替也一样。",
        ),
        right=Words(
            "Networks without attention can be good: an MLP over tokens can take its place.",
            "没有注意力的网络也可以很好：token MLP 可以取而代之。",
        ),
        wrong=Words(
            "In MLP-Mixer, what takes the place of attention is the token MLP, and that is no FFN. An FFN, which sees "
            "one token, cannot exchange anything: where it does as well alone, the exchange was worth little there. "
            "That the FFN matters more and more, as the text adds, is a trend across architectures and nothing that "
            "an experiment here can show.",
            "在 MLP-Mixer 里，取代注意力的是 token MLP，它不是 FFN。FFN 只看得到一个 token，无法交换信息：如果只用 FFN "
            "也同样好，说明在那里交换信息本来就没什么用。至于“越来越重要”，这是架构发展的趋势，本站的实验无法证明。",
        ),
        published=(
            Evidence(
                Words(
                    "With dense layers over the tokens in place of attention, a base model reaches 74.9 % top-1; "
                    "DeiT-B has 79.9 %",
                    "用跨 token 的全连接层代替注意力，base 模型的 top-1 为 74.9 %；DeiT-B 为 79.9 %",
                ),
                *MELAS,
                0,
            ),
            Evidence(
                Words(
                    "Mixer-B/16 reaches 76.44 % top-1 on ImageNet without attention",
                    "Mixer-B/16 不用注意力，ImageNet top-1 达到 76.44 %",
                ),
                *MIXER,
                1,
            ),
            Evidence(
                Words(
                    "In translation the FFN is the redundant part: one wide FFN, shared by the encoder’s layers, and "
                    "none in the decoder give 36.5 BLEU instead of 35.6",
                    "在翻译任务中，FFN 反而是冗余的部分：编码器各层共用一个更宽的 FFN、解码器不用 FFN，BLEU 从 "
                    "35.6 升到 36.5",
                ),
                *PIRES,
                -1,
            ),
            Evidence(
                Words(
                    "Networks of attention with learned vectors, and no FFN, do well in language modelling: 1.01 "
                    "bits per character on enwik8 with 39 M parameters",
                    "注意力加可学习向量、不用 FFN 的网络在语言建模上表现良好：enwik8 上每字符 1.01 比特，参数 39 M",
                ),
                "Sukhbaatar et al. 2019",
                "https://arxiv.org/abs/1907.01470",
                -1,
                read="secondary",
            ),
        ),
    ),
)
