"""The generated tasks: the label follows from the rule alone, and a linear model finds it only where it is linear."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tf_models.data import GENERATED, load, tasks
from tf_models.data.registry import BUILT_IN, load_raw
from tf_models.zoo import configure

# Row and column of the pixels whose product is the label, wherever that stands.
INSIDE = {1: [(2, 0)], 2: [(2, 0), (2, 1)], 4: [(2, 0), (2, 1), (3, 0), (3, 1)]}
PRODUCTS = {
    f"product_{order}": [[(row, column + shift) for row, column in pixels] for shift in (0, 2, 4, 6)]
    for order, pixels in INSIDE.items()
}
PRODUCTS["product_apart"] = [[(0, column), (6, column)] for column in (0, 2, 4, 6)]
LOOKUPS = {"lookup_16": 2, "lookup_81": 3, "lookup_256": 4}


def signed(x: np.ndarray) -> np.ndarray:
    """Pixels from −1 to 1, (N, 8, 8), those of the first channel."""
    return x[..., 0] / 127.5 - 1


def tokens(x: np.ndarray) -> np.ndarray:
    """(N, tokens, 4): patches of 2×2 pixels, row by row."""
    columns = x.shape[2] // 2
    return signed(x).reshape(-1, 4, 2, columns, 2).transpose(0, 1, 3, 2, 4).reshape(-1, 4 * columns, 4)


def symbols(x: np.ndarray, levels: int) -> np.ndarray:
    """(N, 16): the digits of a token in base `levels`, the lowest first."""
    return (np.round((tokens(x) + 1) / 2 * (levels - 1)).astype(int) * levels ** np.arange(4)).sum(axis=2)


def linear(name: str) -> float:
    """Test accuracy of logistic regression on the pixels."""
    split = load(name)
    train, test = (x.reshape(len(x), -1) / 127.5 - 1 for x in (split.x_train, split.x_test))
    return LogisticRegression(max_iter=300).fit(train, split.y_train).score(test, split.y_test)


@pytest.mark.parametrize("name", sorted(GENERATED))
def test_classes_are_balanced_and_every_patch_of_a_vit_is_a_token(name):
    raw, row = load_raw(name), BUILT_IN[name]
    assert np.ptp(np.bincount(raw.y, minlength=row.classes)) == 0
    assert configure("vit", {}, row.input_shape, row.classes).grid == (4, row.input_shape[1] // 2)
    assert len({image.tobytes() for image in raw.x}) == len(raw.x)  # no image of the test set was trained on


@pytest.mark.parametrize("name", PRODUCTS)
def test_the_sign_of_the_product_is_the_label_and_no_fewer_pixels_say_anything(name):
    raw = load_raw(name)
    for pixels in PRODUCTS[name]:
        chosen = np.stack([signed(raw.x)[:, row, column] for row, column in pixels])
        assert np.abs(chosen).min() > 0.29
        np.testing.assert_array_equal(chosen.prod(axis=0) > 0, raw.y == 1)
        for left_out in range(len(chosen) if len(chosen) > 1 else 0):
            others = np.delete(chosen, left_out, axis=0).prod(axis=0) > 0
            assert abs(np.mean(others == raw.y) - 0.5) < 0.04
    between = signed(raw.x)[:, 4:6].reshape(len(raw.x), -1)
    assert (np.abs(np.corrcoef(between.T, raw.y)[-1, :-1]) < 0.1).all()  # the other tokens are noise


@pytest.mark.parametrize(("name", "solved"), [("product_1", True), *((name, False) for name in list(PRODUCTS)[1:])])
def test_a_linear_model_solves_the_product_of_one_pixel_alone(name, solved):
    accuracy = linear(name)
    assert accuracy > 0.97 if solved else abs(accuracy - 0.5) < 0.07


@pytest.mark.parametrize(("name", "levels"), LOOKUPS.items())
def test_most_of_the_values_in_the_table_are_the_label(name, levels):
    raw, table = load_raw(name), tasks.lookup_table(levels)
    found = symbols(raw.x, levels)
    assert set(np.unique(found)) == set(range(levels**4)) and abs(table.sum()) <= 1
    total = table[found].sum(axis=1)
    np.testing.assert_array_equal(total > 0, raw.y == 1)
    assert not (total == 0).any() and linear(name) < 0.95
    other = np.random.default_rng(0).permutation(table)  # the planted fault: another table
    assert np.mean((other[found].sum(axis=1) > 0) == raw.y) < 0.8


def test_brackets_are_valid_where_repeated_removal_of_pairs_leaves_nothing():
    raw = load_raw("brackets")
    shown = tokens(raw.x)
    assert set(np.unique(shown)) == {-1, 1} and (shown == shown[..., :1]).all()
    words = shown[..., 0].astype(int)
    assert (words.sum(axis=1) == 0).all()  # counts say nothing
    for word, label in zip(words[:2000], raw.y, strict=False):
        text, before = "".join("(" if symbol > 0 else ")" for symbol in word), ""
        while text != before:
            before, text = text, text.replace("()", "")
        assert (text == "") == bool(label) == tasks.is_nested(word)
    assert not tasks.is_nested(np.array([1, -1, -1, 1])) and not tasks.is_nested(np.array([1]))
    assert linear("brackets") < 0.9


def test_the_value_beside_the_key_that_is_asked_for_is_the_label():
    raw = load_raw("recall")
    red, green, blue = (raw.x[..., channel : channel + 1] for channel in range(3))
    found, shown = symbols(red, 2), tokens(green)
    keys, asked = found[:, :-1], found[:, -1]
    assert (np.sort(keys)[:, 1:] > np.sort(keys)[:, :-1]).all() and not blue.any() and (shown[:, -1] == -1).all()
    assert ((shown[:, :-1] == 1).sum(axis=2) == 1).all() and ((shown[:, :-1] == -1).sum(axis=2) == 3).all()
    place = (keys == asked[:, None]).argmax(axis=1)
    np.testing.assert_array_equal(shown.argmax(axis=2)[np.arange(len(place)), place], raw.y)
    assert linear("recall") < 0.45  # the most frequent value is right more often than a quarter of the time
