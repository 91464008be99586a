"""Data as people bring them: every case that is kept beside the repository, and a variation of each kind made here."""

import shutil
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from pictures import encoded, picture
from PIL import Image

from tf_models.__main__ import main
from tf_models.data import content_hash, files, load, names, peek, read_image
from tf_models.data.archives import code_page
from tf_models.errors import LabError
from tf_models.runs.known import known_stamp

CASES = next((folder / "shared/cases" for folder in ROOT.parents if (folder / "shared/cases").is_dir()), ROOT / "none")
here = pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not beside the repository")
SHAPES = ("circle", "square")
# Case → its classes, how many images of each, and what was left out.
ZIPS = {
    "02-zip-nested-folders/loose_cover": (SHAPES, (15, 15), {"loose": 1}),
    "02-zip-nested-folders/mixed_depth": (SHAPES, (27, 15), {}),
    "02-zip-nested-folders/subfolders": (SHAPES, (24, 24), {}),
    "02-zip-nested-folders/train_valid_test": (SHAPES, (40, 40), {}),
    "03-zip-formats-dropped/iphone": (SHAPES, (15, 15), {"unreadable": 15, "few": 1}),
    "03-zip-formats-dropped/mixed_formats": (SHAPES, (15, 15), {}),
    **{f"04-zip-hidden-folders/{n}": (SHAPES, (15, 15), {}) for n in ("ipynb_few", "ipynb_many", "synology", "trash")},
    "06-zip-backslashes/dotnet": (SHAPES, (15, 15), {}),
    "07-class-names/fruit": (("apple", "banana", "cherry pie"), (40, 40, 40), {}),
    "07-class-names/水果": (("苹果", "香 蕉"), (20, 20), {}),
    "09-zip-bad-files/one_empty": (SHAPES, (20, 20), {"unreadable": 1}),
    "09-zip-bad-files/petimages": (SHAPES, (22, 20), {"unreadable": 4}),
    "09-zip-bad-files/png_named_jpg": (SHAPES, (21, 20), {}),
    "09-zip-bad-files/trailing_bytes": (SHAPES, (21, 20), {}),
    "10-exif/phone_gps_bytes": (SHAPES, (16, 15), {}),
    "10-exif/phone_gps_srational": (SHAPES, (16, 15), {}),
    "21-phone-48-megapixels/one_big": (SHAPES, (16, 15), {}),
}


@here
@pytest.mark.parametrize("case", ZIPS)
def test_an_archive_as_people_zip_it_has_its_classes(case, monkeypatch):
    folder, name = case.split("/")
    monkeypatch.setenv("LAB_DATA_DIR", str(CASES / folder))
    known, (classes, counts, left) = peek(name), ZIPS[case]
    assert (known.class_names, known.counts) == (classes, counts)
    assert {row.reason: row.count for row in known.left_out} == left
    split = load(name)
    assert split.class_names == classes and split.fixed_test == (name == "train_valid_test")
    assert not split.fixed_test or len(split.x_test) == 20


@here
@pytest.mark.parametrize("folder", ["17-npz-keys", "18-npz-labels", "19-npz-pixels"])
def test_arrays_as_people_save_them_are_the_same_data(folder, monkeypatch):
    monkeypatch.setenv("LAB_DATA_DIR", str(CASES / folder))
    refused = {"python_objects": "Python objects", "flat": r"shape \(120, 3072\)"}
    own = [name for name in names(generated=False) if (CASES / folder / f"{name}.npz").exists()]
    assert len(own) >= 5
    for name in own:
        if name in refused:
            with pytest.raises(LabError, match=refused[name]):
                peek(name)
            continue
        known = peek(name)
        assert sum(known.counts) == 120 and len(set(known.counts)) == 1, name
        assert 100 < load(name).x_train.mean() < 250 or folder != "19-npz-pixels", name
    if folder == "18-npz-labels":
        assert peek("strings").class_names == ("cat", "dog", "owl") and peek("from_one").class_names == ("1", "2", "3")


@here
def test_every_picture_of_the_cases_is_upright_and_in_its_colours():
    for path in (CASES / "10-exif").glob("*.jpg"):
        pixels = read_image(path.read_bytes(), path.name)
        turned = path.name not in ("empty.jpg", "orientation_9.jpg", "orientation_text.jpg")
        assert pixels.shape[:2] == ((48, 64) if turned else (64, 48)), path.name
    for path in (CASES / "30-colour-modes").glob("*.*"):
        if path.suffix not in (".md", ".py"):
            pixels = read_image(path.read_bytes(), path.name).astype(int)
            assert pixels[2, 2].min() > 240 and pixels[36, 48, 1] < 100, path.name


@here
def test_a_folder_with_broken_links_and_side_files_offers_the_rest(tmp_path, monkeypatch, capsys):
    for path in (CASES / "24-data-folder").iterdir():
        if path.name != "gone.npz":
            shutil.copy(path, tmp_path)
    (tmp_path / "gone.npz").symlink_to(tmp_path / "nowhere")
    (tmp_path / "sub.zip").mkdir()
    monkeypatch.setenv("LAB_DATA_DIR", str(tmp_path))
    assert set(names(generated=False)) >= {"PETS2", "Pets3", "pets", "gone"}
    assert not {"._pets", "sub"} & set(names())
    assert peek("PETS2").class_names == SHAPES and peek("Pets3").classes == 2
    assert known_stamp(None)  # the pages ask for it: a link to nowhere took them all down
    assert main(["datasets"]) == 0 and "gone.npz" in capsys.readouterr().out


# A variation of each kind


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def photos(*folders: str, count: int = 12, kind: str = "JPEG", suffix: str = "JPG") -> dict[str, bytes]:
    return {f"{f}/{i}.{suffix}": encoded(picture(i), kind) for f in folders for i in range(count)}


def test_parts_that_are_ready_made_stay_as_they_are(data_dir):
    """The images of a test folder are the test set, those of another part are nowhere in it."""
    members = photos("set/Training/cat", "set/Training/dog", "set/Validation/cat", "set/Validation/dog")
    members |= photos("set/Testing/cat", "set/Testing/dog/indoors", "set/Testing/owl", count=11)
    zipped(data_dir / "ready.zip", members)
    known, split = peek("ready"), load("ready", 3)
    assert known.class_names == ("cat", "dog") and known.counts == (24, 24)
    assert split.fixed_test and len(split.x_test) == 22
    assert {row.reason: row.names for row in known.left_out} == {"unknown": ("owl",)}
    zipped(data_dir / "two.zip", photos("train/a", "train/b") | photos("val/a", "val/b", count=10))
    assert load("two").fixed_test and len(load("two").x_test) == 20  # a test set under another name


@pytest.mark.parametrize(
    "parts",
    [
        *({"train": "TRAIN", "test": "Test"}, {"train": "seg_train/seg_train", "test": "seg_test/seg_test"}),
        *({"train": "train-data", "test": "test-data"}, {"train": "all/my train set", "test": "all/my test set"}),
    ],
    ids=lambda parts: parts["train"],
)
def test_parts_under_names_of_their_own_stay_as_they_are(parts, data_dir):
    members = photos(f"{parts['train']}/Cat", f"{parts['train']}/dog", f"{parts['test']}/cat", f"{parts['test']}/Dog ")
    unlabelled = {"seg_pred/seg_pred/1.jpg": encoded(picture(0), "JPEG")} if "seg_train" in parts["train"] else {}
    zipped(data_dir / "parts.zip", members | unlabelled)
    known, split = peek("parts"), load("parts")
    assert (known.class_names, known.counts) == (("Cat", "dog"), (12, 12)) and split.fixed_test
    assert sorted(split.y_test) == [0] * 12 + [1] * 12
    assert {row.reason: row.names for row in known.left_out} == ({"loose": tuple(unlabelled)} if unlabelled else {})


def test_parts_within_each_class_stay_as_they_are_and_classes_that_sound_like_parts_are_classes(data_dir):
    zipped(data_dir / "inner.zip", photos("cat/train", "dog/train", "cat/test", "dog/test"))
    assert load("inner").fixed_test and peek("inner").counts == (12, 12)
    zipped(data_dir / "travel.zip", photos("train", "bus", "test rig"))
    assert peek("travel").class_names == ("bus", "test rig", "train") and not peek("travel").fixed_test
    zipped(data_dir / "rooms.zip", photos("train station/old", "bus station/old"))
    assert peek("rooms").class_names == ("bus station", "train station")


def test_everything_that_pillow_reads_is_a_picture_and_what_is_none_is_named(data_dir):
    kinds = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "ICO", "PPM", "TGA")
    suffixes = ("Png", "JFIF", "webp", "gif", "bmp", "TIF", "avif", "jp2", "ico", "ppm", "tga")
    members = {
        f"{label}/{n}.{suffix}": encoded(picture(n, 48, 48), kind)
        for label in ("a", "b")
        for n, (kind, suffix) in enumerate(zip(kinds, suffixes, strict=True))
    }
    bad = {"a/empty.jpg": b"", "b/page.png": b"<html>", "b/half.jpg": encoded(picture(1), "JPEG")[:700]}
    tools = ("Thumbs.db", "a/.DS_Store", "a/@eaDir/1.jpg", "#recycle/1.jpg", "__MACOSX/a/._1.jpg")
    aside = dict.fromkeys(tools, b"x")
    more = {"labels.csv": b"a,b", "front.png": encoded(picture(0), "PNG"), "c/1.jpg": encoded(picture(0), "JPEG")}
    zipped(data_dir / "all.zip", members | bad | aside | more)
    known = peek("all")
    assert known.class_names == ("a", "b") and known.counts == (11, 11)
    told = {row.reason: row.names for row in known.left_out}
    assert told == {
        "unreadable": ("a/empty.jpg", "b/half.jpg", "b/page.png"),
        "other": ("labels.csv",),
        "loose": ("front.png",),
        "few": ("c (1)",),
    }


@pytest.mark.parametrize(
    ("written", "codec"),
    [
        *(("苹果/香蕉", "gb18030"), ("猫/狗", "gb18030"), ("苹果（红）2", "gb18030"), ("王喆", "gb18030")),
        *(("良性/恶性", "gb18030"), ("Äpfel", "utf-8"), ("蘋果/香蕉", "big5"), ("貓/狗", "big5")),
        *(("Äpfel/Grüße", "cp437"), ("niño/corazón", "cp437"), ("Äpfel/Grüße", "cp1252"), ("Öl", "cp1252")),
        *(("яблоко", "cp866"), ("Яблоки/Груши", "cp1251"), ("りんご", "cp932"), ("リンゴ/梨", "cp932")),
        *(("고양이/개", "cp949"), ("사람/자전거", "cp949"), ("ネコ/イヌ", "cp932"), ("forêt/plage", "cp1252")),
    ],
)
def test_names_are_read_in_the_code_page_of_whoever_packed_them(written, codec, data_dir):
    raw = written.replace("/", "_").encode(codec)
    placeholder = "Q" * len(raw)  # zipfile would write the name in UTF-8, with a flag that says so
    path = zipped(data_dir / "named.zip", photos(placeholder, "b"))
    path.write_bytes(path.read_bytes().replace(placeholder.encode(), raw))
    assert raw.decode(code_page(raw)) == raw.decode(codec)
    assert set(peek("named").class_names) == {written.replace("/", "_"), "b"}


def test_two_files_of_one_name_hide_neither(data_dir):
    """A broken .npz took the .zip beside it away, and its message spoke of a file that nobody had meant."""
    zipped(data_dir / "pets.zip", photos("a", "b"))
    (data_dir / "pets.npz").write_bytes(b"none")
    with pytest.raises(LabError, match=r"several files have this name, pets\.npz, pets\.zip"):
        peek("pets")
    (data_dir / "pets.npz").unlink()
    assert peek("pets").class_names == ("a", "b")


def test_an_archive_that_python_cannot_unpack_names_the_method(data_dir):
    path = zipped(data_dir / "explorer.zip", photos("a", "b"))
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\1\2")
    content[at + 10 : at + 12] = struct.pack("<H", 9)
    path.write_bytes(bytes(content))
    with pytest.raises(LabError, match=r"explorer\.zip: a/0\.JPG is packed with Deflate64"):
        peek("explorer")


def test_arrays_under_other_names_and_of_other_kinds_are_the_same_images(data_dir):
    rng = np.random.default_rng(3)
    x, y = rng.integers(0, 256, (90, 12, 10, 3), dtype=np.uint8), np.arange(90) % 3
    x[0, 0, 0] = 0, 255, 7
    words = np.array(["pear", "fig", "plum"])
    alpha = np.concatenate([x, np.full((*x.shape[:3], 1), 255, np.uint8)], axis=-1)
    wide = np.round(x * (4095 / 255)).astype(np.uint16)
    kinds = {
        "plain": dict(images=x, labels=y),
        "channels_first": dict(X_train=np.moveaxis(x, -1, 1), Y_train=y),
        "shares": dict(trainX=(x / 255).astype(np.float32), trainY=np.eye(3)[y]),
        "around_zero": dict(data=x / 127.5 - 1, target=y + 1),
        "whole_floats": dict(train_images=x.astype(np.float64), train_labels=y.astype(np.float32)[:, None]),
        "transparent": dict(x=alpha, y=words[y]),
        "twelve_bits": dict(imgs=wide, classes=y * 5, class_names=words),
        "by_position": dict(arr_0=x, arr_1=y),
        "named_classes": dict(x=x, y=y, classes=words),
    }
    for name, arrays in kinds.items():
        np.savez(data_dir / f"{name}.npz", **arrays)
        known, split = peek(name), load(name)
        assert known.input_shape == (12, 10, 3) and known.counts == (30, 30, 30) and not split.fixed_test, name
        whole = {image.tobytes() for image in (*split.x_train, *split.x_validation, *split.x_test)}
        assert whole == {image.tobytes() for image in x}, name
    assert peek("transparent").class_names == ("fig", "pear", "plum")
    assert peek("around_zero").class_names == ("1", "2", "3")
    np.savez(data_dir / "odd.npz", pixels=x, answer=y)
    with pytest.raises(LabError, match=r"odd\.npz: it holds answer, pixels; .*x_train, y_train"):
        peek("odd")


def test_a_file_is_read_once_and_again_when_it_changes(data_dir, lab_home, monkeypatch):
    path = zipped(data_dir / "once.zip", photos("a", "b"))
    calls = []
    read = files.read_folders
    monkeypatch.setattr(files, "read_folders", lambda *told: calls.append(1) or read(*told))
    first = load("once").hash
    shutil.copy(path, data_dir / "twice.zip")
    assert load("twice").hash == first == content_hash("once") and len(calls) == 1
    zipped(path, photos("a", "c"))
    assert peek("once").class_names == ("a", "c") and load("once").hash != first and len(calls) == 2
    assert len(list((lab_home / "read").iterdir())) == 2


def test_a_tiff_of_a_scanner_in_greys_of_16_bits_is_no_black_picture():
    ramp = np.linspace(0, 4000, 40 * 30).reshape(30, 40).astype(np.uint16)  # 12 bits in 16
    pixels = read_image(encoded(Image.fromarray(ramp), "TIFF"), "scan.tif")
    assert pixels[-1, -1, 0] > 245 and pixels[0, 0, 0] == 0
    shares = read_image(encoded(Image.fromarray((ramp / 4000).astype(np.float32)), "TIFF"), "float.tif")
    np.testing.assert_allclose(shares.astype(int), pixels, atol=8)
