"""One palette: a family keeps its colour on every page, safe for colour-blind eyes, in light and dark."""

import numpy as np

FAMILIES = {"convolution": "#0072B2", "attention": "#D55E00", "hybrid": "#009E73", "mlp": "#CC79A7"}
VERDICTS = {
    "supported": "#009E73",
    "partly": "#E69F00",
    "not_supported": "#D55E00",
    "inconclusive": "#8C8C8C",
    "untested": "#D4D4D4",
}
MARKS = {"supported": "✓", "partly": "◐", "not_supported": "✗", "inconclusive": "?", "untested": "–"}
# The arms of one family: the full model keeps the family's colour, each other arm has its own, and its own dash.
ARMS = {
    "on": "#D55E00",
    "off": "#7F7F7F",
    "activation": "#E69F00",
    "linear": "#CC79A7",
    "off_deeper": "#56B4E9",
    "off_wider": "#009E73",
}
DASHES = {
    "on": [1, 0],
    "off": [6, 3],
    "activation": [2, 2],
    "linear": [8, 2, 2, 2],
    "off_deeper": [4, 4],
    "off_wider": [10, 3],
}
# One shape for each network of a family, so that eleven can be told apart in four colours.
SHAPES = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross")
# What a layer is for; none of a family's or a verdict's colours, which mean something else.
ROLES = {
    "stem": "#7F7F7F",
    "mixer": "#56B4E9",
    "channel": "#C9A36A",
    "norm": "#F0E442",
    "downsample": "#9D7CC8",
    "head": "#BBBBBB",
}
RUN_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
INK = "#808080"  # of words within a chart
# What each colour becomes where it is that of words, on light and on dark ground: a ratio of 4.5 at least (WCAG, AA).
OF_WORDS = {
    INK: ("#5C5B5A", "#B9B7B4"),
    "#808495": ("#5C6070", "#A5A9B8"),  # Streamlit's own, of axes and legends in its light theme
    "#0072B2": ("#0072B2", "#2F93CC"),
    "#D55E00": ("#B95200", "#E06A10"),
    "#009E73": ("#008561", "#009E73"),
    "#CC79A7": ("#A16084", "#CC79A7"),
    "#E69F00": ("#946600", "#E69F00"),
    "#56B4E9": ("#3A7A9E", "#56B4E9"),
    "#7F7F7F": ("#6B6B6B", "#9A9A9A"),
}

# Anchor colours of viridis (van der Walt and Smith, public domain), equally spaced.
_VIRIDIS = np.array(
    [
        [68, 1, 84],
        [71, 44, 122],
        [59, 81, 139],
        [44, 113, 142],
        [33, 144, 141],
        [39, 173, 129],
        [92, 200, 99],
        [170, 220, 50],
        [253, 231, 37],
    ],
    float,
)


def colours(values: np.ndarray) -> np.ndarray:
    """Values from 0 to 1, any shape, to RGB: (…, 3) uint8. Darker is smaller."""
    position = np.clip(np.nan_to_num(values), 0, 1) * (len(_VIRIDIS) - 1)
    channels = [np.interp(position, np.arange(len(_VIRIDIS)), _VIRIDIS[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=-1).astype(np.uint8)
