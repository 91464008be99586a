"""The experiment ``rank-collapse``: how fast attention alone makes all tokens one."""

from dataclasses import replace

import keras
import numpy as np

from tf_models.probes.rank import residual_share
from tf_models.training.build import build
from tf_models.training.initialize import start
from tf_models.untrained.random_weights import HEADS, IMAGE, SEEDS, over_seeds
from tf_models.zoo import ModelSpec
from tf_models.zoo.families import TRANSFORMER, stack

RANK_DEPTH, RANK_WIDTH, RANK_INPUTS = 24, 64, 8
RANK_FLOOR = 1e-14  # an r below it is rounding in float64
SHOWN = 3  # channels of the tokens that are kept to be seen, as red, green and blue
RANK_ARMS = {"san": ("off", False), "skip": ("off", True), "mlp": ("on", False), "both": ("on", True)}


def rank_collapse() -> dict:
    """r(X) after every one of 24 layers of attention, with and without skip connections and FFN, untrained, no norms.

    64 independent normal tokens of width 64, 4 heads; the lab's starting weights (Glorot-uniform kernels, zero biases);
    float64. Skip connection and FFN are compared after the last layer at which no r is below `RANK_FLOOR`. Some
    channels of the first input of the first seed are kept to be seen.
    """
    kept: dict[str, list[list[float]]] = {arm: [] for arm in RANK_ARMS}
    seen: dict[str, list[list[list[int]]]] = {}
    usual = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")
    try:
        for arm in RANK_ARMS:
            network = build(rank_spec(arm))  # new, for its own precision
            names = [f"stage1.block{depth}.out" for depth in range(1, RANK_DEPTH + 1)]
            reader = keras.Model(network.taps["stem"], [network.taps[name] for name in names])
            for seed in SEEDS:
                start(network, seed)
                x = np.random.default_rng([seed, 1]).normal(size=(RANK_INPUTS, 8, 8, RANK_WIDTH))
                outs = [np.asarray(out).reshape(RANK_INPUTS, 64, RANK_WIDTH) for out in (x, *reader(x))]
                kept[arm].append([float(residual_share(out).mean()) for out in outs])
                seen.setdefault(arm, [in_percent(out[0, :, :SHOWN].T) for out in outs])
    finally:
        keras.config.set_dtype_policy(usual)
    left = {arm: [layers[-1] / layers[0] for layers in rows] for arm, rows in kept.items()}
    measures = {f"r.{arm}": over_seeds(values, "ratio") for arm, values in left.items()}
    above = np.array(list(kept.values())).min(axis=(0, 1)) > RANK_FLOOR  # (layers + 1,)
    compared = RANK_DEPTH if above.all() else int(above.argmin()) - 1
    decades = [np.log10(skip[compared] / mlp[compared]) for skip, mlp in zip(kept["skip"], kept["mlp"], strict=True)]
    measures["skip_over_mlp"] = over_seeds(decades, "ratio")
    rounded = {arm: [[float(f"{r:.5g}") for r in layers] for layers in rows] for arm, rows in kept.items()}
    series = {"layers": list(range(RANK_DEPTH + 1)), "arms": rounded, "tokens": 64, "width": RANK_WIDTH, "heads": HEADS}
    series |= {"inputs": RANK_INPUTS, "floor": RANK_FLOOR, "compared": compared, "channels": seen}
    return {"measures": measures, "series": series}


def in_percent(values: np.ndarray) -> list[list[int]]:
    """In percent of the largest magnitude among them: whole numbers from −100 to 100."""
    return np.rint(100 * values / np.abs(values).max()).astype(int).tolist()


def rank_spec(arm: str) -> ModelSpec:
    """Attention blocks without norms on an 8×8 grid of patches."""
    channel, skip = RANK_ARMS[arm]
    block = replace(TRANSFORMER, width=RANK_WIDTH, channel=channel, norm="none", heads=HEADS, skip=skip)
    return stack(block, RANK_DEPTH, input_shape=IMAGE, patch=4)
