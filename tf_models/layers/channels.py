"""Channel mixers: what each position does alone."""

import keras


class FeedForward(keras.layers.Layer):
    """Dense → activation → Dense on every position alone (Vaswani 2017, section 3.3).

    Args:
        hidden: width between the two dense layers.
        activation: a Keras activation; ``linear`` leaves the linear pair.

    Input shape: (..., C). Output shape: (..., C).
    """

    def __init__(self, hidden: int, activation: str, name: str | None = None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.hidden = hidden
        self.activation = keras.activations.get(activation)

    def build(self, input_shape):
        self.expand = keras.layers.Dense(self.hidden, name="expand", dtype=self.dtype_policy)
        self.contract = keras.layers.Dense(input_shape[-1], name="contract", dtype=self.dtype_policy)
        self.expand.build(input_shape)
        self.contract.build((*input_shape[:-1], self.hidden))

    def call(self, x):
        return self.contract(self.activation(self.expand(x)))

    def compute_output_shape(self, input_shape):
        return input_shape
