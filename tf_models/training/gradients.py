"""Reverse-mode gradients: Keras has no portable one, so that this file alone switches on the backend."""

from collections.abc import Callable

import keras
import numpy as np

Function = Callable  # (B, ...) → (B, ...), of Keras tensors


def vjp(function: Function, x: np.ndarray, cotangent: np.ndarray) -> np.ndarray:
    """The gradient of ⟨cotangent, function(x)⟩ with respect to x, of the shape of x; zeros where it does not depend."""
    match keras.backend.backend():
        case "tensorflow":
            import tensorflow as tf

            at = tf.convert_to_tensor(x)
            with tf.GradientTape() as tape:
                tape.watch(at)
                y = function(at)
            return np.asarray(tape.gradient(y, at, cotangent, unconnected_gradients=tf.UnconnectedGradients.ZERO))
        case "jax":
            import jax

            return np.asarray(jax.vjp(function, jax.numpy.asarray(x))[1](jax.numpy.asarray(cotangent))[0])
        case _:
            import torch

            at = torch.as_tensor(x).requires_grad_(True)
            torch.sum(function(at) * torch.as_tensor(cotangent)).backward()
            return np.zeros_like(x) if at.grad is None else at.grad.numpy()


def token_jacobian(function: Function, grid: np.ndarray, seed: int = 0) -> np.ndarray:
    """The size of the response of every output position to every input position at `grid`, (n_out, n_in).

    Each entry is the norm, over the input's channels, of the gradient of one random mixture of the output's channels:
    0 only where the whole block of the Jacobian is 0. All output positions are one batch, so that `function` must treat
    the images of a batch alone.

    Args:
        function: (B, H, W, C) → (B, H', W', C').
        grid: (H, W, C).
    """
    shape = np.asarray(function(grid[None])).shape[1:]
    count = shape[0] * shape[1]
    mixture = np.random.default_rng(seed).normal(size=shape[2]).astype(grid.dtype)
    cotangent = np.zeros((count, count, shape[2]), grid.dtype)
    cotangent[np.arange(count), np.arange(count)] = mixture
    gradient = vjp(function, np.repeat(grid[None], count, 0), cotangent.reshape(count, *shape))
    return np.linalg.norm(gradient, axis=-1).reshape(count, -1)


def training_step(layer: keras.layers.Layer, x: np.ndarray) -> Callable[[], None]:
    """A compiled function that runs a built layer forward and backward: the gradient of the sum of its squared outputs
    with respect to x and to its trainable weights. It returns when all is computed; the first call compiles.
    """

    def loss(out):
        out = out[0] if isinstance(out, (tuple, list)) else out  # attention's weights come second
        return keras.ops.sum(out * out)

    match keras.backend.backend():
        case "tensorflow":
            import tensorflow as tf

            at = tf.constant(x)

            @tf.function(autograph=False)
            def step(x):
                with tf.GradientTape() as tape:
                    tape.watch(x)
                    total = loss(layer(x))
                return tape.gradient(total, [x, *(variable.value for variable in layer.trainable_variables)])

            return lambda: [gradient.numpy() for gradient in step(at)] and None
        case "jax":
            import jax

            fixed = [variable.value for variable in layer.non_trainable_variables]
            weights = [variable.value for variable in layer.trainable_variables]
            step = jax.jit(jax.grad(lambda w, x: loss(layer.stateless_call(w, fixed, x)[0]), argnums=(0, 1)))
            at = jax.numpy.asarray(x)
            return lambda: jax.block_until_ready(step(weights, at)) and None
        case _:
            import torch

            at = torch.as_tensor(x).requires_grad_(True)

            def run() -> None:
                at.grad = None
                loss(layer(at)).backward()

            return run
