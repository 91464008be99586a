"""What attention costs: pairs kept and executed, counted MACs, and every tensor that a training step makes."""

import math
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import tensorflow as tf

from tf_models.layers.mixers import token_mixer
from tf_models.training.build import build
from tf_models.zoo import CLASSROOM, PUBLISHED, configure, macs
from tf_models.zoo.counts import executed_pairs, kept_pairs, window_of
from tf_models.zoo.families import TRANSFORMER, isotropic, stack
from tf_models.zoo.plan import plan
from tf_models.zoo.reach import reached
from tf_models.zoo.spec import MIXERS, REACHING_EXTRA_TOKENS, Block, Head, ModelSpec, Stage

pytestmark = pytest.mark.usefixtures("forget_models")
WIDTH, HEADS = 16, 2
SIDES = (16, 32, 64)  # 256, 1,024 and 4,096 tokens
# What costs as much as it keeps: a mixer, changes of its block, whether its windows shift, and the global tokens.
SPARSE = {
    "window": ("window", {}, False, 0),
    "shifted window": ("window", {"relative": True}, True, 0),
    "raster": ("sliding", {"sliding": "raster"}, False, 0),
    "raster, global token": ("sliding", {"sliding": "raster", "relative": True}, False, 1),
    "grid": ("sliding", {"sliding": "grid"}, False, 0),
    "grid, global token": ("sliding", {"sliding": "grid", "relative": True}, False, 1),
}
LINEAR = SPARSE | {"linear_attention": ("linear_attention", {}, False, 0)}
FULL = ("attention", {"relative": True}, False, 0)


def block(mixer: str, **changes) -> Block:
    return replace(TRANSFORMER, width=WIDTH, mixer=mixer, channel="off", norm="none", heads=HEADS, **changes)


def slope(values) -> float:
    """Exponent of growth with the number of tokens, between the smallest and the largest grid."""
    return math.log(values[-1] / values[0]) / math.log(SIDES[-1] ** 2 / SIDES[0] ** 2)


# Pairs


def brute_force_pairs(row: Block, grid, shifted: bool) -> int:
    """Pairs that may attend to each other, one by one."""
    rows, columns = grid
    positions = list(product(range(rows), range(columns)))
    reach = window_of(row, grid)

    def near(one, other) -> bool:
        if row.mixer == "attention":
            return True
        if row.mixer == "window":  # the same window, whose borders a shift moves by half a window
            moved = [side - side // 2 if shifted and n > side else 0 for n, side in zip(grid, reach, strict=True)]
            places = ([(p + m) // side for p, m, side in zip(at, moved, reach, strict=True)] for at in (one, other))
            return len({tuple(place) for place in places}) == 1
        if row.sliding == "raster":
            return abs((one[0] - other[0]) * columns + one[1] - other[1]) <= reach[0]
        return max(abs(one[0] - other[0]), abs(one[1] - other[1])) <= reach[0]

    return sum(near(one, other) for one in positions for other in positions)


SMALL_CASES = [
    (block("attention"), (3, 5), False),
    *((block("window", window=w), grid, s) for w in (0, 2, 3) for grid in ((6, 6), (5, 7), (4, 3)) for s in (0, 1)),
    *(
        (block("sliding", window=w, sliding=s), grid, False)
        for w in (0, 1, 3)
        for grid in ((6, 6), (5, 7), (4, 3))
        for s in ("raster", "grid")
    ),
]


def name_of(value) -> str:
    return f"{value.mixer}-{value.window}-{value.sliding}" if isinstance(value, Block) else str(value)


@pytest.mark.parametrize(("row", "grid", "shifted"), SMALL_CASES, ids=name_of)
def test_kept_pairs_are_those_that_may_attend_to_each_other(row, grid, shifted):
    """The formula, a count pair by pair, and what the layer itself does with random scores agree."""
    shifted = bool(shifted)
    kept = kept_pairs(row, grid, shifted)
    assert kept == brute_force_pairs(row, grid, shifted)
    layer = token_mixer(row, grid, shifted, "mixer")
    _, weights = layer(np.random.default_rng(0).normal(size=(1, *grid, WIDTH)).astype("float32"))
    dense = weights if row.mixer == "attention" else layer.dense_weights(np.asarray(weights), grid)
    assert np.count_nonzero(np.asarray(dense) > 1e-12) == HEADS * kept
    np.testing.assert_allclose(np.asarray(dense).sum(-1), 1, rtol=1e-5)
    drawn = [reached(row, grid, at, shifted).ravel() for at in product(*map(range, grid))]
    np.testing.assert_array_equal(np.asarray(dense)[0, 0] > 1e-12, drawn)  # what *Locality* shows
    assert math.prod(weights.shape) == HEADS * executed_pairs(row, grid)


GRIDS = [(16, 16), (16, 40), (17, 19), (25, 31), (32, 32), (33, 63), (64, 64)]


@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_sparse_attention_executes_at_most_twice_the_pairs_that_it_keeps(grid):
    for shifted in (False, True):
        assert executed_pairs(block("window"), grid) <= 2 * kept_pairs(block("window"), grid, shifted)
    for sliding, reach in product(("raster", "grid"), (0, 1, 2, 3, 5, 8)):
        row = block("sliding", sliding=sliding, window=reach)
        assert kept_pairs(row, grid) <= executed_pairs(row, grid) <= 2 * kept_pairs(row, grid)


def test_masking_saves_nothing_and_a_window_as_large_as_the_grid_is_dense():
    """Full attention with everything outside the window masked would keep few pairs and execute n²."""
    for side in SIDES:
        dense, grid = side**4, (side, side)
        assert executed_pairs(block("attention"), grid) == dense
        assert executed_pairs(block("window", window=side), grid) == dense
        assert executed_pairs(block("sliding", window=side - 1, sliding="grid"), grid) >= dense
        for mixer, changes, shifted, _ in SPARSE.values():
            kept = kept_pairs(block(mixer, **changes), grid, shifted)
            assert dense > 2 * kept, "the planted fault: a mask in place of sparse attention"


# Counted MACs


def one_block(mixer: str, side: int, extra: int = 0, **changes) -> ModelSpec:
    """A network of one block on a grid of `side` × `side` positions."""
    spec = stack(block(mixer, **changes), input_shape=(side, side, 1), patch=1, classes=2)
    if not extra:
        return spec
    return replace(spec, stem=replace(spec.stem, class_token=True), head=Head(pool="token"))


def mixer_macs(case, side: int) -> int:
    mixer, changes, _, extra = case
    return next(x.macs for x in plan(one_block(mixer, side, extra, **changes)) if x.path == "stage1.block1.mixer")


def score_macs(case, side: int) -> int:
    """Without the four dense layers, and the three of a global token."""
    return mixer_macs(case, side) - side**2 * 4 * WIDTH**2


@pytest.mark.parametrize("name", LINEAR)
def test_counted_macs_of_sparse_attention_grow_with_the_number_of_tokens(name):
    for counted in (mixer_macs, score_macs):
        assert slope([counted(LINEAR[name], side) for side in SIDES]) == pytest.approx(1, abs=0.05)


def test_counted_macs_of_the_scores_of_full_attention_grow_with_its_square():
    assert slope([score_macs(FULL, side) for side in SIDES]) == pytest.approx(2, abs=1e-9)
    assert slope([mixer_macs(FULL, side) for side in SIDES]) > 1.7


def test_at_4096_tokens_sparse_attention_needs_a_small_part_of_the_macs():
    full = score_macs(FULL, 64)
    for case in LINEAR.values():
        assert score_macs(case, 64) < full / 20


# Graphs: what TensorFlow would really compute


def operations(graph):
    """Every operation of a graph and of the functions that it calls."""
    seen, waiting = set(), [graph]
    while waiting:
        graph = waiting.pop()
        for operation in graph.get_operations():
            yield operation
            for attribute in operation.node_def.attr.values():
                called = [attribute.func.name, *(function.name for function in attribute.list.func)]
                for name in set(filter(None, called)) - seen:
                    seen.add(name)
                    waiting.append(graph._get_function(name).graph)


def sizes(graph) -> list[int]:
    """Elements of every tensor, constants included."""
    shapes = [
        (op, output.shape)
        for op in operations(graph)
        for output in op.outputs
        if op.type != "BroadcastGradientArgs"  # lists of axes
    ]
    unknown = [op.name for op, shape in shapes if not shape.is_fully_defined()]
    assert not unknown, f"tensors of unknown size could hide anything: {unknown}"
    return [math.prod(shape) for _, shape in shapes]


def training_graph(case, side: int):
    """The graph of one layer, its gradients with respect to its inputs and its weights included."""
    mixer, changes, shifted, extra = case
    layer = token_mixer(block(mixer, **changes), (side, side), shifted, "mixer")
    inputs = [tf.TensorSpec((1, side, side, WIDTH))] + [tf.TensorSpec((1, extra, WIDTH))] * bool(extra)

    @tf.function(autograph=False)
    def step(*inputs):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            out = layer(*inputs)
            out = out if isinstance(out, (tuple, list)) else (out,)
            loss = sum(tf.reduce_sum(part * part) for part in (out[0], *out[2:]))
        return tape.gradient(loss, [*inputs, *(variable.value for variable in layer.trainable_variables)])

    layer.build(*(tuple(spec.shape) for spec in inputs))
    return step.get_concrete_function(*inputs).graph


@pytest.mark.parametrize("name", LINEAR)
def test_no_tensor_has_n_by_n_elements_and_memory_grows_with_the_number_of_tokens(name):
    tensors = [sizes(training_graph(LINEAR[name], side)) for side in SIDES]
    assert len(tensors[-1]) > 50
    assert max(tensors[-1]) < SIDES[-1] ** 4 / 20
    for measure in (max, sum):
        assert slope([measure(found) for found in tensors]) == pytest.approx(1, abs=0.08)


def test_full_attention_is_caught_with_its_n_by_n_tensors():
    """The planted fault of the test above."""
    tensors = [sizes(training_graph(("attention", {}, False, 0), side)) for side in SIDES]
    assert max(tensors[-1]) >= SIDES[-1] ** 4
    for measure in (max, sum):
        assert slope([measure(found) for found in tensors]) > 1.7


def test_a_constant_mask_and_a_function_inside_the_graph_are_seen():
    mask = np.random.default_rng(0).random((256, 256)) < 0.5

    @tf.function
    def inside(x):
        return tf.reduce_sum(tf.where(mask, x, 0.0))

    @tf.function
    def outside(x):
        return inside(x) + 1

    graph = outside.get_concrete_function(tf.TensorSpec(())).graph
    assert max(math.prod(output.shape) for op in graph.get_operations() for output in op.outputs) == 1
    assert max(sizes(graph)) == 256**2


def executed_macs(graph) -> int:
    """Multiply-adds of every matrix product and convolution."""
    total = 0
    for operation in operations(graph):
        shapes = [tuple(tensor.shape) for tensor in operation.inputs]
        match operation.type:
            case "MatMul":
                inner = shapes[0][0 if operation.get_attr("transpose_a") else 1]
                total += math.prod(operation.outputs[0].shape) * inner
            case "BatchMatMulV2":
                inner = shapes[0][-2 if operation.get_attr("adj_x") else -1]
                total += math.prod(operation.outputs[0].shape) * inner
            case "Conv2D":
                total += math.prod(operation.outputs[0].shape) * math.prod(shapes[1][:3])
            case "DepthwiseConv2dNative":
                total += math.prod(operation.outputs[0].shape) * math.prod(shapes[1][:2])
            case other:
                assert not any(part in other for part in ("MatMul", "Conv", "Einsum")), other
    return total


def forward_graph(spec: ModelSpec):
    model = build(spec)
    return (
        tf.function(model, autograph=False).get_concrete_function(tf.TensorSpec((1, *spec.input_shape), "uint8")).graph
    )


@pytest.mark.parametrize("extra", [0, 1])
@pytest.mark.parametrize("mixer", MIXERS)
def test_every_mixer_executes_the_macs_that_are_counted(mixer, extra):
    """The nine products of `unshared` are elementwise, so that no operation of the graph shows them."""
    if extra and mixer not in REACHING_EXTRA_TOKENS:
        return
    for side in (8, 10):
        spec = one_block(mixer, side, extra)
        hidden = side**2 * 9 * WIDTH if mixer == "unshared" else 0
        assert executed_macs(forward_graph(spec)) + hidden == macs(spec)


@pytest.mark.parametrize("switches", [{}, {"sliding": "grid"}, {"mixer": "attention"}, {"depth": 1}], ids=str)
def test_a_global_token_that_nothing_reads_costs_its_keys_and_values_alone(switches):
    spec = configure("longformer", {"width": 16, "depth": 2, **switches}, (16, 16, 1), 3)
    assert executed_macs(forward_graph(spec)) == macs(spec)


@pytest.mark.parametrize("blur", [{}, {"downsample": "blur"}], ids=str)
@pytest.mark.parametrize("variant", CLASSROOM)
def test_every_classroom_variant_executes_the_macs_that_are_counted(variant, blur):
    if blur and variant in ("vit", "longformer", "mixer", "swin"):
        return  # nothing to blur
    spec = configure(variant, {"depth": 1, **blur}, (20, 24, 3), 3)
    assert executed_macs(forward_graph(spec)) == macs(spec)


@pytest.mark.parametrize("mixer", ["pool", "static", "linear_attention", "window", "sliding"])
@pytest.mark.parametrize("variant", ["resnet", "mobilevit"])
def test_an_exchanged_mixer_executes_the_macs_that_are_counted(variant, mixer):
    spec = configure(variant, {"depth": 1, "mixer": mixer}, (20, 24, 1), 3)
    spec = replace(spec, stages=spec.stages[:2])
    assert executed_macs(forward_graph(spec)) == macs(spec)


def test_published_configurations_execute_the_macs_that_are_counted():
    assert executed_macs(forward_graph(PUBLISHED["mobilevit_s"])) == macs(PUBLISHED["mobilevit_s"])


def test_behind_a_class_token_the_last_ffn_of_the_grid_is_counted_but_not_executed():
    """As in the published numbers; Keras leaves out what the logits do not need."""
    spec = replace(PUBLISHED["deit_tiny"], stages=(Stage(blocks=PUBLISHED["deit_tiny"].blocks[:2]),))
    assert executed_macs(forward_graph(spec)) + 14**2 * 8 * 192**2 == macs(spec)


def test_a_class_token_without_a_reader_is_counted_as_executed():
    spec = isotropic("mean", mixer="attention", depth=2, width=16, patch=4, class_token=True)
    spec = replace(spec, head=Head(norm="layer"), input_shape=(16, 16, 1))
    assert executed_macs(forward_graph(spec)) == macs(spec)
