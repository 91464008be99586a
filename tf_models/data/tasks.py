"""Generated tasks: the rule that gives the label is known, and with it how nonlinear it is in every token.

Every image has 8×8 pixels, 16 tokens of 2×2 (``brackets``: 8×12, 24), and all classes are equally frequent. A pixel
with a sign is dark or bright, between 0.3 and 1 away from mid-grey; noise is uniform.
"""

import numpy as np

from tf_models.data.raw import Raw, array_hash, numbered

TOKENS, PIXELS = 16, 4
IMAGES = 3000
SEQUENCES = 10_000
ROWS = [slice(first, first + 4) for first in range(0, TOKENS, 4)]  # the tokens of every row
LOUD = 0.3  # how far a pixel with a sign is away from mid-grey at least
BRACKETS = 24  # in a sequence
PAIRS, KEYS, VALUES = 15, 16, 4  # of ``recall``


def products_of_pixels(_name: str) -> Raw:
    """The control task: 3,000 images of 8×8 pixels whose label needs a nonlinear function of each 2×2 patch alone.

    In every patch the two upper pixels a and b, taken from mid-grey, have a product whose sign is the label; the two
    lower ones are noise. Each pixel by itself is independent of the label, so every linear model, and every model that
    is linear in each token, stays at chance; averaging a·b over the tokens solves it.
    """
    rng = np.random.default_rng(20)
    y = np.arange(3000) % 2
    sign = rng.choice([-1, 1], (3000, 4, 4))
    a = sign * rng.uniform(0.3, 1, sign.shape)
    b = sign * (2 * y - 1)[:, None, None] * rng.uniform(0.3, 1, sign.shape)
    x = rng.uniform(-1, 1, (3000, 8, 8, 1))
    x[:, ::2, ::2, 0], x[:, ::2, 1::2, 0] = a, b
    x = np.round(127.5 * (x + 1)).astype(np.uint8)
    return Raw("generated", ("unequal", "equal"), x, y, None, None, array_hash(x, y))


def product(order: int, _name: str) -> Raw:
    """In four tokens, the second row, the label is the sign of the product of the first `order` pixels; the others are
    noise.

    Linear for 1, exclusive or for 2, parity for 4: from 2 on, any `order` − 1 of these pixels say nothing. One such
    token alone is harder to find, not harder to compute: networks that can solve it then differ in when they do.
    """
    rng = np.random.default_rng([30, order])
    y, tokens = np.arange(IMAGES) % 2, rng.uniform(-1, 1, (IMAGES, TOKENS, PIXELS))
    tokens[:, ROWS[1], :order] = _signed(rng, np.repeat(y[:, None], 4, axis=1), order)
    return _task(tokens, y, ("negative", "positive"))


def product_apart(_name: str) -> Raw:
    """In four pairs of tokens, those of the first row and the ones below them in the last, the label is the sign of the
    product of a pixel of each; all other pixels are noise.
    """
    rng = np.random.default_rng([30, 0])
    y, tokens = np.arange(IMAGES) % 2, rng.uniform(-1, 1, (IMAGES, TOKENS, PIXELS))
    signed = _signed(rng, np.repeat(y[:, None], 4, axis=1), 2)
    tokens[:, ROWS[0], 0], tokens[:, ROWS[3], 0] = signed[..., 0], signed[..., 1]
    return _task(tokens, y, ("negative", "positive"))


def _signed(rng: np.random.Generator, y: np.ndarray, count: int) -> np.ndarray:
    """`count` numbers for each label, (…, count), whose product is positive where the label is 1."""
    signs = rng.choice([-1, 1], (*y.shape, count))
    signs[..., -1] = signs[..., :-1].prod(axis=-1) * (2 * y - 1)
    return signs * rng.uniform(LOUD, 1, signs.shape)


def lookup_table(levels: int) -> np.ndarray:
    """The value of every symbol, (levels⁴,), −1 or 1: drawn once, as many of each as there can be."""
    symbols = levels**PIXELS
    return np.random.default_rng([31, levels]).permutation(np.where(np.arange(symbols) < symbols // 2, -1, 1))


def lookup(levels: int, _name: str) -> Raw:
    """Every token is one of levels⁴ symbols, a grey level for each pixel; the label is what most of their values are.

    No image has as many of one value as of the other.
    """
    rng = np.random.default_rng([32, levels])
    y = np.arange(IMAGES) % 2
    table, half = lookup_table(levels), TOKENS // 2
    most = rng.binomial(TOKENS, 0.5, 4 * IMAGES)
    most = most[most > half][:IMAGES]  # how many tokens have the value of the label
    in_most = rng.random((IMAGES, TOKENS)).argsort(axis=1) < most[:, None]
    positive = in_most == (y == 1)[:, None]
    high, low = (rng.choice(np.flatnonzero(table == value), positive.shape) for value in (1, -1))
    return _task(_digits(np.where(positive, high, low), levels), y, ("negative", "positive"))


def brackets(_name: str) -> Raw:
    """Sequences of 24 brackets, bright tokens that open and dark ones that close: is every one closed after it opened?

    A wrong one is a right one in which two brackets were exchanged, so that counts say nothing.
    """
    rng = np.random.default_rng(33)
    y = np.arange(SEQUENCES) % 2
    words: dict[bytes, np.ndarray] = {}  # each once
    while len(words) < SEQUENCES:
        word = _nested(rng) if y[len(words)] else _exchanged(_nested(rng), rng)
        words.setdefault(word.tobytes(), word)
    shown = np.repeat(np.array(list(words.values()), float)[..., None], PIXELS, axis=2)
    return _task(shown, y, ("invalid", "valid"))


def is_nested(word: np.ndarray) -> bool:
    """Whether no bracket closes (−1) before one has opened (1) for it, and all are closed at the end."""
    opened = np.cumsum(word)
    return bool(opened.min() >= 0 and opened[-1] == 0)


def _nested(rng: np.random.Generator) -> np.ndarray:
    """A nesting of 12 pairs, all equally likely: of the rotations of a random sequence with one closing bracket too
    many, exactly one is nested up to its last step (cycle lemma, Dvoretzky and Motzkin 1947).
    """
    half = BRACKETS // 2
    steps = rng.permutation([1] * half + [-1] * (half + 1))
    return np.roll(steps, -1 - int(np.cumsum(steps).argmin()))[:-1]


def _exchanged(word: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """With two places exchanged, so that it is no longer nested."""
    while True:
        a, b = rng.choice(BRACKETS, 2, replace=False)
        changed = word.copy()
        changed[[a, b]] = word[[b, a]]
        if not is_nested(changed):
            return changed


def recall(_name: str) -> Raw:
    """Associative recall: fifteen tokens hold a key and a value each, the last one a key alone; the label is its value.

    A key is four bits in red, a value the bright pixel in green; blue stays dark.
    """
    rng = np.random.default_rng(34)
    y = np.arange(SEQUENCES) % VALUES
    images, asked = np.arange(SEQUENCES), rng.integers(0, PAIRS, SEQUENCES)
    keys = rng.random((SEQUENCES, KEYS)).argsort(axis=1)[:, :PAIRS]
    values = rng.integers(0, VALUES, (SEQUENCES, PAIRS))
    values[images, asked] = y
    tokens = np.full((SEQUENCES, TOKENS, PIXELS, 3), -1.0)
    tokens[:, :-1, :, 0], tokens[:, :-1, :, 1] = _digits(keys, 2), 2 * np.eye(VALUES)[values] - 1
    tokens[:, -1, :, 0] = _digits(keys[images, asked], 2)
    return _task(tokens, y, numbered(VALUES))


def _digits(symbols: np.ndarray, levels: int) -> np.ndarray:
    """Symbols as pixels, (…, 4) from −1 to 1: the digits in base `levels`, the lowest first."""
    return 2.0 * (symbols[..., None] // levels ** np.arange(PIXELS) % levels) / (levels - 1) - 1


def _task(tokens: np.ndarray, y: np.ndarray, class_names: tuple[str, ...]) -> Raw:
    """Images of four rows of these tokens, (N, tokens, 4) or (N, tokens, 4, 3), from −1 (dark) to 1 (bright)."""
    columns = tokens.shape[1] // 4
    patches = tokens.reshape(len(y), 4, columns, 2, 2, -1).transpose(0, 1, 3, 2, 4, 5)
    x = np.round(127.5 * (patches.reshape(len(y), 8, 2 * columns, -1) + 1)).astype(np.uint8)
    return Raw("generated", class_names, x, y.astype(np.int64), None, None, array_hash(x, y))
