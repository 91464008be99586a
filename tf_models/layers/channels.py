"""Channel mixers: what each position does alone."""

import keras


class FeedForward(keras.layers.Layer):
    """Dense → activation → Dense on every position alone (Vaswani 2017, section 3.3).

    Args:
        hidden: width between the dense layers.
        activation: a Keras activation; ``linear`` leaves the linear layers.
        layers: number of dense layers, with the activation between them; after it where there is one alone.

    Input shape: (..., C). Output shape: (..., C).
    """

    def __init__(self, hidden: int, activation: str, layers: int = 2, name: str | None = None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.hidden, self.layers = hidden, layers
        self.activation = keras.activations.get(activation)

    def build(self, input_shape):
        channels, width = input_shape[-1], input_shape[-1]
        if self.layers > 1:
            self.expand = self._dense("expand", width, self.hidden)
            width = self.hidden
        if self.layers > 2:
            self.middle = self._dense("middle", width, self.hidden)
        self.contract = self._dense("contract", width, channels)

    def _dense(self, name: str, before: int, after: int) -> keras.layers.Dense:
        dense = keras.layers.Dense(after, name=name, dtype=self.dtype_policy)
        dense.build((None, before))
        return dense

    def call(self, x):
        if self.layers == 1:
            return self.activation(self.contract(x))
        x = self.activation(self.expand(x))
        x = self.activation(self.middle(x)) if self.layers > 2 else x
        return self.contract(x)

    def compute_output_shape(self, input_shape):
        return input_shape
