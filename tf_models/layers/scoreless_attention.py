"""Attention without the scores of every pair: a product that factors, or a learned table.

Names of shapes: n = H·W positions, h heads, E extra tokens (a class token), d = C/h.
"""

from keras import ops

from tf_models.layers.attention import Projected, sequence

# AdamW moves an entry of a table by at most the sum of the learning rates, about 0.4 in a short training: without a
# scale, the softmax of a table that starts near zero stays the uniform average.
TABLE_SCALE = 30.0


class LinearAttention(Projected):
    """softmax(QKᵀ)V with φ(Q)φ(K)ᵀV in its place, φ(x) = elu(x) + 1: the cost grows with n (Katharopoulos 2020).

    Input shape: grid (B, H, W, C), optionally extra tokens (B, E, C).
    Output shape: grid (B, H, W, C), no weights, since none are formed; where they came in, the extra tokens (B, E, C).
    """

    def build(self, grid_shape, extra_shape=None):
        super().build(grid_shape)

    def call(self, grid, extra=None):
        x = sequence(grid, extra)
        query = ops.elu(self.split(self.query_projection(x))) + 1  # (B, h, n, d)
        key = ops.elu(self.split(self.key_projection(x))) + 1
        value = self.split(self.value_projection(x))
        product = ops.matmul(ops.transpose(key, (0, 1, 3, 2)), value)  # (B, h, d, d)
        total = ops.expand_dims(ops.sum(key, axis=2), -1)  # (B, h, d, 1)
        x = ops.matmul(query, product) / ops.matmul(query, total)
        x = self.output_projection(self.join(x))
        if extra is None:
            return ops.reshape(x, (-1, *grid.shape[1:]))
        count = extra.shape[1]
        return ops.reshape(x[:, count:], (-1, *grid.shape[1:])), x[:, :count]


class StaticMixing(Projected):
    """Attention whose weights are learned and the same for every image (Tay 2021, "Synthesizer", random variant).

    Input shape: (B, H, W, C). Output shape: (B, H, W, C); the weights (h, n, n) are the softmax of a variable times
    `TABLE_SCALE`.
    """

    parts = ("value", "output")

    def build(self, grid_shape):
        super().build(grid_shape)
        n = grid_shape[1] * grid_shape[2]
        self.table = self.add_weight(shape=(self.heads, n, n), name="table")

    def call(self, grid):
        value = self.split(self.value_projection(sequence(grid)))  # (B, h, n, d)
        weights = ops.cast(ops.softmax(TABLE_SCALE * self.table, axis=-1), value.dtype)
        x = self.output_projection(self.join(ops.matmul(weights, value)))
        return ops.reshape(x, (-1, *grid.shape[1:]))
