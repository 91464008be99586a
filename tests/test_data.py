"""Data sets: splits, hashes, and files that are refused."""

import ast
import dataclasses
import inspect
import io
import os
import struct
import tracemalloc
import zipfile
from collections.abc import Callable

import keras
import numpy as np
import pytest
from pictures import encoded, picture
from sklearn.linear_model import LogisticRegression
from visits import open_page, text_of

from tf_models.__main__ import main
from tf_models.data import (
    GENERATED,
    STUDIED,
    archives,
    class_names,
    content_hash,
    files,
    load,
    names,
    peek,
    registry,
)
from tf_models.data.registry import BUILT_IN, DatasetInfo, Usual, load_raw
from tf_models.errors import LabError

# Splits


def rows(images: np.ndarray) -> list[bytes]:
    return [image.tobytes() for image in images]


@pytest.mark.parametrize("seed", [0, 1, 17])
def test_the_three_parts_are_disjoint_and_complete(small_images, seed):
    arrays = small_images("distinct")
    split = load("distinct", seed)
    train, validation, test = (set(rows(part)) for part in (split.x_train, split.x_validation, split.x_test))
    assert len(train) == 180 and len(validation) == 20 and len(test) == 40
    assert not train & validation and not train & test and not validation & test
    assert train | validation == set(rows(arrays["x_train"])) and test == set(rows(arrays["x_test"]))
    label = dict(zip(rows(arrays["x_train"]), arrays["y_train"], strict=True))
    assert [label[row] for row in rows(split.x_train)] == split.y_train.tolist()
    assert [label[row] for row in rows(split.x_validation)] == split.y_validation.tolist()


def test_a_seed_draws_its_own_validation_set_and_keeps_a_test_set_that_comes_with_the_data(small_images):
    arrays = small_images("seeds")
    splits = [load("seeds", seed) for seed in range(4)]
    assert len({frozenset(rows(split.x_validation)) for split in splits}) == 4
    assert all(split.fixed_test and np.array_equal(split.x_test, arrays["x_test"]) for split in splits)
    np.testing.assert_array_equal(load("seeds", 2).x_train, splits[2].x_train)


def test_digits_draw_a_test_set_of_their_own_for_every_seed():
    raw = load_raw("digits")
    assert raw.x.dtype == np.uint8 and raw.x.shape == (1797, 8, 8, 1) and (raw.x.min(), raw.x.max()) == (0, 255)
    tests = []
    for seed in range(3):
        split = load("digits", seed)
        parts = [split.x_train, split.x_validation, split.x_test]
        assert [len(part) for part in parts] == [1258, 180, 359]
        # Some scans may be alike, so they are compared as collections: together the parts are the whole.
        assert sorted(row for part in parts for row in rows(part)) == sorted(rows(raw.x))
        tests.append(tuple(sorted(rows(split.x_test))))
    assert len(set(tests)) == 3


@pytest.mark.parametrize("seed", range(3))
def test_every_part_holds_every_class_in_proportion(seed):
    split = load("digits", seed)
    share = np.bincount(load_raw("digits").y) / 1797
    for labels in (split.y_train, split.y_validation, split.y_test):
        np.testing.assert_allclose(np.bincount(labels), share * len(labels), atol=2)


@pytest.mark.parametrize("size", [10, 55, 300, 1000])
def test_a_training_size_is_balanced_over_the_classes(size):
    counts = np.bincount(load("digits", 3, size).y_train, minlength=10)
    assert counts.sum() == size and counts.max() - counts.min() <= 1


def test_a_smaller_training_size_is_part_of_a_larger_and_leaves_the_other_parts_alone(small_images):
    small_images("nested")
    whole = load("nested", 5)
    larger = whole
    for size in (150, 90, 31, 3):
        smaller = load("nested", 5, size)
        assert set(rows(smaller.x_train)) < set(rows(larger.x_train))
        np.testing.assert_array_equal(smaller.x_validation, whole.x_validation)
        np.testing.assert_array_equal(smaller.x_test, whole.x_test)
        larger = smaller


@pytest.mark.parametrize("size", [0, 9, 1259, -5])
def test_a_training_size_that_cannot_be_had_is_refused(size):
    with pytest.raises(LabError, match=f"Training size {size}: digits has 1258 .* each of its 10 classes"):
        load("digits", 0, size)


# The control task


def test_a_linear_model_stays_at_chance_on_token_product_and_the_products_solve_it():
    split = load("token_product", 0)
    train, test = (x.reshape(len(x), -1) / 127.5 - 1 for x in (split.x_train, split.x_test))
    linear = LogisticRegression(max_iter=1000).fit(train, split.y_train)
    assert abs(linear.score(test, split.y_test) - 0.5) < 0.07
    products = [x.reshape(-1, 8, 8)[:, ::2, ::2] * x.reshape(-1, 8, 8)[:, ::2, 1::2] for x in (train, test)]
    train, test = (product.reshape(len(product), -1) for product in products)
    assert LogisticRegression(max_iter=1000).fit(train, split.y_train).score(test, split.y_test) > 0.99
    assert np.bincount(load_raw("token_product").y).tolist() == [1500, 1500]


# Hashes and peeks


@pytest.mark.parametrize("compressed", [False, True], ids=["stored", "compressed"])
def test_the_hash_is_of_the_content_however_it_is_compressed(small_images, data_dir, compressed):
    small_images("plain")
    small_images("packed", compressed=compressed)
    assert content_hash("plain") == content_hash("packed") == load("packed").hash == load("plain").hash
    assert len(content_hash("plain")) == 16


@pytest.mark.parametrize("key", ["x_train", "y_train", "x_test", "y_test"])
def test_the_hash_changes_with_every_array(small_images, key):
    arrays = small_images("before")
    changed = arrays[key].copy()
    changed[0], changed[1] = changed[1], changed[0].copy()
    small_images("after", **{key: changed})
    assert content_hash("before") != content_hash("after")


@pytest.mark.parametrize("name", [name for name, row in BUILT_IN.items() if row.embedded])
def test_the_embedded_data_never_change(name):
    """The shipped records carry the hash of the row: other bytes would be another data set."""
    assert BUILT_IN[name].hash == load_raw(name).hash == content_hash(name)
    assert content_hash("mnist") is None  # only a download could tell


@pytest.mark.parametrize("name", ["mine", *(name for name, row in BUILT_IN.items() if row.embedded)])
def test_a_row_tells_what_loading_tells(small_images, name):
    small_images("mine")
    row, split = peek(name), load(name)
    assert (row.source, row.input_shape, row.class_names) == (split.source, split.input_shape, split.class_names)
    assert (row.train_images, row.fixed_test) == (len(split.x_train), split.fixed_test)


# Rows


def decisions_by_name(source: str) -> set[str]:
    """Names of data sets in comparisons, keys, cases and collections: there a name decides, unlike in a call."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Compare() | ast.Tuple() | ast.List() | ast.Set() | ast.MatchValue():
                deciding = [node]
            case ast.Dict():
                deciding = [key for key in node.keys if key]
            case ast.Subscript():
                deciding = [node.slice]
            case _:
                continue
        inside = {part.value for top in deciding for part in ast.walk(top) if isinstance(part, ast.Constant)}
        found |= inside & set(BUILT_IN)
    return found


@pytest.mark.parametrize(
    "planted",
    [
        'small = 300 if dataset == "digits" else 1000',
        'epochs = 15 if dataset in ("digits", "token_product") else 5',
        'SMALL = {"digits": 300}',
        'PLANS = {("ffn-gap", "cifar10-jpeg"): 10}',
        'match dataset:\n    case "digits":\n        pass',
        'DATASETS = ("digits",)',
        'row = SETTINGS["cifar10"]',
    ],
)
def test_a_decision_by_name_is_found(planted):
    """The planted fault, in every form it had."""
    assert decisions_by_name(planted) and not decisions_by_name('def run(dataset: str = "digits"): load("digits")')


def made_for(folder: str) -> frozenset[str]:
    """The data sets that a file of this folder may name: experiments, and claims about them, the generated ones."""
    return GENERATED if folder in ("experiments", "claims") else frozenset()


def test_nothing_outside_the_registry_decides_by_a_data_sets_name(request):
    root = request.config.rootpath
    sources = [path for folder in ("tf_models", "pages") for path in (root / folder).rglob("*.py")]
    found = {
        path.relative_to(root).as_posix(): names
        for path in sources
        if path.name != "registry.py"
        and (names := decisions_by_name(path.read_text(encoding="utf-8")) - made_for(path.parent.name))
    }
    assert len(sources) > 50 and found == {}


def test_every_row_has_an_effect_that_matters_for_every_size_and_a_row_without_is_no_row():
    for name, row in BUILT_IN.items():
        assert row.name == name and 2 <= row.classes == len(set(row.class_names))
        assert all(0 < row.delta(images) < 0.05 for images in (1, 10_000, row.train_images))
    fields = {field.name: getattr(BUILT_IN["digits"], field.name) for field in dataclasses.fields(DatasetInfo)}
    with pytest.raises(TypeError, match="deltas"):
        DatasetInfo(**{name: value for name, value in fields.items() if name != "deltas"})


def test_the_studied_data_sets_train_as_the_shipped_results_did():
    shipped = {"digits": (5, Usual(None, 15, None, 300)), "cifar10-jpeg": (3, Usual(10_000, 5, 2500, 1000))}
    assert {name: (peek(name).seeds, peek(name).usual) for name in STUDIED if name in shipped} == shipped
    scales = {"digits": 1258, "token_product": 2100, "cifar10-jpeg": 10_000, "cifar10": 48_000}
    assert [peek(name).delta(images) for name, images in scales.items()] == [0.02, 0.02, 0.015, 0.01]


def test_an_upload_is_judged_by_what_it_holds_not_by_its_name(small_images, data_dir):
    """8×8 images need 2 points, and where every seed draws its own test set, five seeds are declared."""
    tiny = dict(x_train=np.zeros((200, 8, 8), np.uint8), x_test=np.zeros((40, 8, 8), np.uint8))
    small_images("tiny", **tiny)
    small_images("larger")
    write_zip(data_dir / "pets.zip", {"dog": 20, "cat": 30})
    assert [peek(name).delta(200) for name in ("tiny", "larger", "pets")] == [0.02, 0.015, 0.015]
    assert [peek(name).seeds for name in ("tiny", "larger", "pets")] == [3, 3, 5]


def test_the_classes_of_a_file_have_their_names_where_the_row_knows_as_many(small_images):
    labels = dict(y_train=np.arange(200) % 10, y_test=np.arange(40) % 10)
    small_images("fashion_mnist", **labels)
    small_images("cifar10")  # three classes: not those of CIFAR-10
    assert peek("fashion_mnist").class_names == load("fashion_mnist").class_names == registry.CLOTHES
    assert peek("cifar10").class_names == load("cifar10").class_names == ("0", "1", "2")


def test_the_outputs_of_a_network_have_the_names_of_the_classes(data_dir):
    write_zip(data_dir / "pets.zip", {"dog": 10, "cat": 10})
    assert class_names("pets", 2) == ("cat", "dog") and class_names("cifar10-jpeg", 10) == registry.OBJECTS
    assert class_names("pets", 3) == class_names("gone", 3) == ("0", "1", "2")  # trained on what was there before


def test_grey_images_need_no_channel_axis_and_labels_may_stand_in_a_column(small_images):
    grey = {"x_train": np.zeros((200, 9, 12), np.uint8), "x_test": np.zeros((40, 9, 12), np.uint8)}
    small_images("grey", **grey, y_train=(np.arange(200) % 3)[:, None].astype(np.uint8))
    split = load("grey")
    assert peek("grey").input_shape == split.input_shape == (9, 12, 1) and peek("grey").classes == 3
    assert split.y_train.shape == (180,) and split.y_train.dtype == np.int64


# LAB_DATA_DIR


def test_a_file_in_the_data_folder_is_a_data_set_and_goes_before_a_download(small_images, monkeypatch):
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: pytest.fail("it was downloaded"))
    small_images("pets")
    arrays = small_images("mnist")
    split = load("mnist")
    assert split.source == peek("mnist").source == "local file" and peek("mnist").input_shape == (12, 10, 3)
    np.testing.assert_array_equal(split.x_test, arrays["x_test"])
    assert names().count("mnist") == 1 and "pets" in names()


def test_what_is_embedded_cannot_be_replaced(small_images):
    before = content_hash("digits")
    small_images("digits")
    assert load("digits").source == "embedded" and content_hash("digits") == before
    assert peek("digits").input_shape == (8, 8, 1)


def test_a_file_that_is_replaced_is_read_again_also_where_the_new_one_is_as_old(small_images, data_dir):
    small_images("replaced")
    path, first = data_dir / "replaced.npz", load("replaced")
    age = path.stat().st_mtime_ns
    small_images("replaced", y_train=np.arange(200) % 4, y_test=np.arange(40) % 4)
    os.utime(path, ns=(age, age))  # as `cp -p` and archives leave it
    assert peek("replaced").classes == len(load("replaced").class_names) == 4
    assert load("replaced").hash == content_hash("replaced") != first.hash


def test_an_unknown_data_set_is_named_with_what_there_is_and_no_name_leaves_the_folder(small_images, data_dir):
    small_images("inside")
    for name in ("pets", "../data/inside", str(data_dir / "inside"), "inside.npz", ""):
        for function in (load, peek):
            with pytest.raises(LabError, match=f"Unknown data set “{name}”: choose one of digits.*, inside, or put"):
                function(name)


def test_a_folder_that_is_not_packed_is_named_with_what_would_be_read(data_dir, capsys, fresh_server):
    """It was passed over, and whoever asked for it read of a .npz alone."""
    (data_dir / "pets" / "cat").mkdir(parents=True)
    with pytest.raises(LabError, match="holds a folder “pets”.*pack it as pets.zip.*or put pets.npz"):
        peek("pets")
    assert main(["datasets"]) == 0 and "pack it as pets.zip" in capsys.readouterr().out
    assert "pack it as pets.zip" in text_of(open_page("train"))


def test_without_files_there_are_the_rows_and_what_is_generated_is_not_to_choose(data_dir):
    assert names() == tuple(name for name, row in BUILT_IN.items() if row.read is not None)
    assert set(names()) - set(names(generated=False)) == GENERATED


# Files that are refused

OBJECTS = np.array([{"a": 1}] * 200, dtype=object)
BROKEN = {
    "objects": ({"y_train": OBJECTS}, "without Python objects"),
    "object images": ({"x_train": np.full((200, 12, 10, 3), None, dtype=object)}, "without Python objects"),
    "words for pixels": ({"x_train": np.full((200, 12, 10, 3), "a")}, "x_train has shape .* of <U1"),
    "pixels past all": ({"x_train": np.full((200, 12, 10, 3), 1e6)}, "x_train holds float64 from 0 to 1e.06"),
    "no number": ({"x_train": np.full((200, 12, 10, 3), np.nan)}, "x_train holds float64 from nan"),
    "five channels": ({"x_train": np.zeros((200, 12, 10, 5), np.uint8)}, "x_train has shape .200, 12, 10, 5"),
    "flat": ({"x_train": np.zeros((200, 120), np.uint8)}, "x_train has shape .200, 120"),
    "no images": ({"x_train": np.zeros((0, 12, 10, 3), np.uint8), "y_train": np.zeros(0, int)}, "of one size"),
    "other size": ({"x_test": np.zeros((40, 10, 12, 3), np.uint8)}, "must hold images of one size"),
    "too few labels": ({"y_train": np.arange(199) % 3}, "y_train has shape .199,.*200 whole numbers"),
    "fractions": ({"y_train": (np.arange(200) % 3) / 2}, "y_train has shape .* of float64"),
    "two labels an image": ({"y_test": np.ones((40, 3), int)}, "y_test has shape .40, 3"),
    "one class": ({"y_train": np.zeros(200, int)}, "1 classes; the lab takes 2 to 1000"),
    "test label out of range": ({"y_test": np.arange(40) % 4}, "y_test has the label 3; y_train has 0"),
    "test label negative": ({"y_test": np.arange(40) % 3 - 1}, "y_test has the label -1"),
    "no test images": ({"x_test": None}, "of the part test, images or labels are missing; .*y_test"),
    "no labels": ({"y_train": None}, "it holds x_test, x_train, y_test; .* x_train, y_train"),
}


def answers_or_refuses_in_words(name: str) -> None:
    for question in (peek, content_hash):
        try:
            question(name)
        except LabError as error:
            assert error.code.startswith("file_") and f"{name}.npz" in str(error)


@pytest.mark.parametrize("name", BROKEN)
def test_a_bad_npz_is_refused_with_its_name_and_the_rule(small_images, name):
    changes, rule = BROKEN[name]
    small_images(name, **changes)
    with pytest.raises(LabError, match=rule) as caught:
        load(name)
    assert caught.value.code.startswith("file_")
    assert f"{name}.npz" in str(caught.value) and "\n" not in str(caught.value)
    answers_or_refuses_in_words(name)


def packed(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def with_flag(whole: bytes, at: int) -> bytes:
    return whole[:at] + bytes([whole[at] | 1]) + whole[at + 1 :]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "text": lambda _: b"x_train,y_train\n1,2\n",
    "truncated": lambda whole: whole[: len(whole) // 2],
    "bits": lambda whole: whole[:1500] + b"\x55" * 2000 + whole[3500:],  # inside the packed images
    "wrong member": lambda _: packed({f"{key}.npy": b"not an array" for key in files.ARRAYS}),
    "encrypted": lambda whole: with_flag(whole, whole.index(b"PK\x01\x02") + 8),  # of the first entry
}


@pytest.mark.parametrize("compressed", [False, True], ids=["stored", "compressed"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_npz_is_refused_with_its_name(small_images, data_dir, damage, compressed):
    small_images("damaged", compressed=compressed)
    path = data_dir / "damaged.npz"
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    with pytest.raises(LabError, match=r"Data file damaged\.npz") as caught:
        load("damaged")
    assert caught.value.code.startswith("file_")
    answers_or_refuses_in_words("damaged")


def test_an_npz_in_a_later_array_format_is_read_or_refused_in_words(data_dir, small_images):
    """Version 2 of the array format is what NumPy writes for long headers."""
    arrays = small_images("later")
    members = {}
    for key, array in arrays.items():
        np.lib.format.write_array(file := io.BytesIO(), array, version=(2, 0))
        members[f"{key}.npy"] = file.getvalue()
    (data_dir / "later.npz").write_bytes(packed(members))
    assert peek("later").input_shape == (12, 10, 3)
    np.testing.assert_array_equal(load("later").x_test, arrays["x_test"])


def array_file(key: str, header: str, data: bytes = b"", version: bytes = b"\1\0") -> dict[str, bytes]:
    length = struct.pack("<H" if version == b"\1\0" else "<I", len(header) + 1)
    return {f"{key}.npy": b"\x93NUMPY" + version + length + header.encode() + b"\n" + data}


HEADERS = {
    "a petabyte": ("'|u1', 'fortran_order': False, 'shape': (1000000, 1000, 1000, 1)", "more than follows"),
    "more than there is": ("'|u1', 'fortran_order': False, 'shape': (201, 12, 10, 3)", "more than follows"),
    "negative": ("'|u1', 'fortran_order': False, 'shape': (-200, 12, -10, 3)", "impossible size"),
    "past all integers": (f"'|u1', 'fortran_order': False, 'shape': ({9 * 10**300}, 1)", "impossible size"),
    "no bytes": ("'<U0', 'fortran_order': False, 'shape': (2000000000, 2000000000)", "impossible size"),
    "objects": ("'|O', 'fortran_order': False, 'shape': (200, 12, 10, 3)", "Python objects"),
    "objects inside": ("[('a', '|O')], 'fortran_order': False, 'shape': (200,)", "Python objects"),
    "brackets": (f"{'(' * 300}, 'fortran_order': False, 'shape': (200,)", r"\.npz file of plain numbers"),
    "endless": (f"'|u1', 'fortran_order': False, 'shape': (200,){' ' * 20_000}", r"\.npz file of plain numbers"),
}


@pytest.mark.parametrize("version", [b"\1\0", b"\2\0", b"\3\0"], ids=["1", "2", "3"])
@pytest.mark.parametrize("name", HEADERS)
def test_a_header_that_promises_too_much_is_refused_before_anything_is_read(data_dir, small_images, name, version):
    """NumPy would make room for what the header promises, then look for the data."""
    small_images("odd")
    description, reason = HEADERS[name]
    with zipfile.ZipFile(data_dir / "odd.npz") as archive:
        members = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    members |= array_file("x_train", f"{{'descr': {description}, }}", bytes(1000), version)
    (data_dir / "odd.npz").write_bytes(packed(members))
    tracemalloc.start()
    try:
        for function in (peek, content_hash, load):
            with pytest.raises(LabError, match=rf"Data file odd\.npz.*{reason}"):
                function("odd")
        assert tracemalloc.get_traced_memory()[1] < 10e6  # bytes
    finally:
        tracemalloc.stop()


def test_a_file_that_unpacks_to_more_than_the_limit_is_refused_with_both(data_dir, small_images, monkeypatch):
    """The directory of the archive says so: nothing is unpacked."""
    small_images("large", compressed=True)
    write_zip(data_dir / "photos.zip", {"cat": 10, "dog": 10})
    for name, kind in (("large", "npz"), ("photos", "zip")):
        monkeypatch.setitem(archives.UNPACKED, f".{kind}", 0)
        for function in (peek, load):
            with pytest.raises(LabError, match=rf"{name}\.{kind}: unpacked it takes .* GB; .* up to 0 GB") as caught:
                function(name)
        assert caught.value.code == "file_huge"
    assert archives.UNPACKED.keys() == {".npz", ".zip"}


def test_an_archive_of_too_many_members_is_refused_with_their_number(data_dir, monkeypatch):
    write_zip(data_dir / "crowd.zip", {"cat": 10, "dog": 10})
    monkeypatch.setattr(archives, "MOST_MEMBERS", 19)
    with pytest.raises(LabError, match=r"crowd\.zip: it holds 20 files; .* up to 19"):
        load("crowd")


def test_a_member_without_its_suffix_is_no_array(data_dir, small_images):
    """NumPy would take ``x_train`` before ``x_train.npy``: another member than the one that was checked."""
    arrays = small_images("double")
    with zipfile.ZipFile(data_dir / "double.npz", "a") as archive:
        archive.writestr("x_train", b"text")
    np.testing.assert_array_equal(load("double").x_test, arrays["x_test"])


def test_an_array_by_columns_is_read_and_is_not_the_same_content(small_images):
    arrays = small_images("rows")
    small_images("columns", x_train=np.asfortranarray(arrays["x_train"]))
    assert content_hash("rows") == load("rows").hash != content_hash("columns") == load("columns").hash
    np.testing.assert_array_equal(load("rows").x_train, load("columns").x_train)


def test_a_file_that_is_gone_is_a_sentence(data_dir):
    (data_dir / "gone.npz").symlink_to(data_dir / "nowhere.npz")
    for function in (peek, load, content_hash):
        with pytest.raises(LabError, match=r"Data file gone\.npz.*No such file"):
            function("gone")


# Downloads


def test_a_download_that_fails_says_what_to_do(monkeypatch):
    def offline():
        raise Exception("URL fetch failure on https://example.org/mnist.npz: None -- [Errno -3] name resolution")

    monkeypatch.setattr(keras.datasets.mnist, "load_data", offline)
    with pytest.raises(LabError, match="URL fetch failure.*put mnist.npz .* LAB_DATA_DIR") as caught:
        load("mnist")
    assert caught.value.code == "dataset_offline"


def test_what_must_be_downloaded_first_says_so_in_the_list(monkeypatch, tmp_path, small_images, fresh_server):
    """Offline it failed seconds after the press of the button."""
    downloads = {name: row.kept for name, row in BUILT_IN.items() if row.source == "download"}
    for name, kept in downloads.items():
        assert f'"{kept}"' in inspect.getsource(getattr(keras.datasets, name).load_data), "as Keras names it"
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    (tmp_path / "keras" / "datasets" / downloads["cifar10"]).mkdir(parents=True)
    small_images("fashion_mnist")
    options = open_page("train").selectbox(key="choice_data").options
    assert {"MNIST digits (download)", "CIFAR-100 photos (download)"} <= {*options}
    assert {"Fashion-MNIST clothes", "CIFAR-10 photos", "Handwritten digits"} <= {*options}


def test_a_download_is_checked_and_marked(monkeypatch):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (300, 28, 28), dtype=np.uint8)
    y = (np.arange(300) % 10).astype(np.uint8)
    monkeypatch.setattr(keras.datasets.fashion_mnist, "load_data", lambda: ((x, y), (x[:50], y[:50])))
    registry._load_raw.cache_clear()
    try:
        split = load("fashion_mnist")
    finally:
        registry._load_raw.cache_clear()  # this was not the real one
    assert split.source == "download" and split.input_shape == (28, 28, 1) and split.class_names[9] == "ankle boot"


# Folders of images


def write_zip(path, folders: dict[str, int], prefix: str = "", more: dict[str, bytes] | None = None) -> None:
    members = {}
    for number, (folder, count) in enumerate(folders.items()):
        for i in range(count):
            kind, suffix = (("PNG", "png"), ("JPEG", "jpg"), ("WEBP", "webp"))[i % 3]
            members[f"{prefix}{folder}/{i}.{suffix}"] = encoded(picture(100 * number + i), kind)
    path.write_bytes(packed(members | (more or {})))


@pytest.mark.parametrize("prefix", ["", "photos/"])
def test_a_zip_of_class_folders_is_a_data_set(data_dir, prefix):
    more = {"__MACOSX/cat/._1.jpg": b"junk", f"{prefix}cat/notes.txt": b"text", "readme.txt": b"text"}
    write_zip(data_dir / "pets.zip", {"dog": 20, "cat": 30}, prefix, more)
    split = load("pets", 1)
    assert split.class_names == ("cat", "dog") and split.source == "local file" and not split.fixed_test
    parts = [split.y_train, split.y_validation, split.y_test]
    assert sum(np.bincount(part, minlength=2) for part in parts).tolist() == [30, 20]
    assert split.input_shape == (32, 32, 3)
    found = peek("pets")
    assert (found.input_shape, found.class_names, found.train_images) == ((32, 32, 3), ("cat", "dog"), 35)
    assert (found.fixed_test, found.seeds, found.delta(35)) == (False, 5, 0.015)
    assert content_hash("pets") == split.hash


BAD_ZIPS = {
    "one folder": dict(folders={"cat": 20}),
    "too few": dict(folders={"cat": 20, "dog": 9}),
    "nothing": dict(folders={}),
    "broken images": dict(folders={"cat": 20, "dog": 9}, more={"dog/bad.png": b"no image"}),
}


@pytest.mark.parametrize("name", BAD_ZIPS)
def test_a_bad_zip_is_refused_in_words(data_dir, name):
    write_zip(data_dir / f"{name}.zip", **BAD_ZIPS[name])
    for function in (load, peek):
        with pytest.raises(LabError, match=rf"{name}\.zip: .*with 10 or more") as caught:
            function(name)
        assert ("dog (9)" in str(caught.value)) == ("dog" in BAD_ZIPS[name]["folders"])
        assert ("could not be read, such as dog/bad.png" in str(caught.value)) == ("more" in BAD_ZIPS[name])


@pytest.mark.parametrize("damage", ["text", "truncated", "encrypted", "bits"])
def test_a_damaged_zip_is_refused_with_its_name(data_dir, damage):
    whole = packed({f"{name}/{i}.png": encoded(picture(i), "PNG") for name in ("cat", "dog") for i in range(12)})
    (data_dir / "broken.zip").write_bytes(DAMAGES[damage](whole))
    if damage == "bits":
        assert peek("broken").counts == (11, 12)
        assert [(row.reason, row.names) for row in peek("broken").left_out] == [("unreadable", ("cat/0.png",))]
        return
    with pytest.raises(LabError, match=r"broken\.zip"):
        load("broken")


def test_a_zip_with_back_slashes_has_its_folders(data_dir):
    """As tools of Windows write it; the planted names that lead outside are no classes."""
    members = {f"{label}\\{i}.png": encoded(picture(i), "PNG") for label in ("cat", "dog") for i in range(12)}
    (data_dir / "windows.zip").write_bytes(packed(members | {"..\\1.png": b"", "a/../1.png": b"", "/1.png": b""}))
    assert peek("windows").class_names == ("cat", "dog") and load("windows").input_shape == (32, 32, 3)


def test_an_encrypted_zip_is_refused_with_the_member(data_dir):
    write_zip(data_dir / "secret.zip", {"cat": 10, "dog": 10})
    content = (data_dir / "secret.zip").read_bytes()
    (data_dir / "secret.zip").write_bytes(with_flag(content, content.index(b"PK\x01\x02") + 8))
    with pytest.raises(LabError, match=r"secret\.zip: cat/0\.png is encrypted"):
        load("secret")


def test_a_zip_cannot_unfold_into_more_than_an_image_needs(data_dir):
    """A member of a few kB may promise gigabytes: it is not unpacked, and the others are used."""
    write_zip(data_dir / "bomb.zip", {"cat": 10, "dog": 10})
    with (
        zipfile.ZipFile(data_dir / "bomb.zip", "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open("cat/bomb.png", "w", force_zip64=True) as member,
    ):
        for _ in range(300):
            member.write(bytes(1 << 20))
    tracemalloc.start()
    try:
        assert peek("bomb").counts == (10, 10)
        assert tracemalloc.get_traced_memory()[1] < 50e6  # bytes
    finally:
        tracemalloc.stop()
    (left,) = peek("bomb").left_out
    assert (left.reason, left.count, left.names) == ("large", 1, ("cat/bomb.png",))
