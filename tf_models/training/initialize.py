"""Starting weights that depend on the seed and on the variable's name alone.

Two arms that differ in one switch therefore start equal wherever they share a layer, a reused model starts exactly as
a new one, and TensorFlow and JAX start from the same numbers.
"""

import zlib

import keras
import numpy as np

from tf_models.training.build import Network


def start(model: Network, seed: int) -> None:
    """Give every variable of `model` its starting value for `seed`: weights, statistics and random-generator states."""
    generators = 0
    for variable in model.variables:
        path = variable.path
        if path.endswith("seed_generator_state"):  # its path counts the generators of the process, not of the model
            path, generators = f"{generators}/seed_generator_state", generators + 1
        rectified = path.rpartition("/")[0] in model.into_relu
        variable.assign(initial_value(path, variable.shape, variable.dtype, seed, rectified))


def reset_optimizer(optimizer: keras.optimizers.Optimizer) -> None:
    """Moments and step counter to zero. The learning rate is a schedule here, so it is not among the variables."""
    for variable in optimizer.variables:
        variable.assign(np.zeros(variable.shape, variable.dtype))


def initial_value(path: str, shape: tuple[int, ...], dtype: str, seed: int, rectified: bool = False) -> np.ndarray:
    """Glorot-uniform kernels, He-uniform ones where a ReLU follows (`rectified`), zero biases, unit scales,
    N(0, 0.02²) tables, a zero class token, layer scales of 0.1.

    ConvNeXt's layer scale starts at 1e-6, which stalls trainings as short as the lab's.

    `path` is the variable's, such as ``stage1.block2.mixer/query/kernel``.
    """
    # crc32 is a stable hash: Python's own changes from process to process.
    rng = np.random.default_rng([seed, zlib.crc32(path.encode())])
    match path.rsplit("/", 1)[-1]:
        case "kernel":
            depthwise = len(shape) == 4 and shape[3] == 1 and path.split("/")[0].endswith(".mixer")
            space = int(np.prod(shape[:-2]))
            fan_in, fan_out = (space, space) if depthwise else (space * shape[-2], space * shape[-1])
            limit = np.sqrt(6 / (fan_in if rectified else fan_in + fan_out))
            value = rng.uniform(-limit, limit, shape)
        case "local_kernel":  # (H, W, 9, C): nine weights for every channel and position
            limit = np.sqrt(6 / 18)
            value = rng.uniform(-limit, limit, shape)
        case "layer_scale":
            value = np.full(shape, 0.1)
        case "table":
            value = rng.normal(0, 0.02, shape)
        case "gamma" | "moving_variance":
            value = np.ones(shape)
        case "bias" | "beta" | "moving_mean" | "token":
            value = np.zeros(shape)
        case "seed_generator_state":
            value = rng.integers(0, 2**31, shape)
        case other:
            raise ValueError(f"no starting value is defined for a variable named {other} ({path})")
    return value.astype(dtype)
