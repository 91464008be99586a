"""A visitor's own pictures on *Train* and *Runs*: sent, seen, named by their classes, and what two runs differ on."""

import io
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from conftest import ROOT, until
from pictures import encoded, picture
from streamlit.testing.v1 import AppTest
from synthetic import make_record
from visits import open_page, text_of

from pages.ui import cache, inside
from pages.ui.names import data_name, data_title
from tf_models.data import content_hash, load, peek
from tf_models.errors import LabError
from tf_models.jobs import probing, reading, worker
from tf_models.locale import say
from tf_models.runs.record import pack_correct
from tf_models.runs.spec import Recipe, RunSpec

COUNTS = {"apple *tree*": 30, "pear": 10}


def archive(counts=COUNTS, **more: bytes) -> bytes:
    with zipfile.ZipFile(file := io.BytesIO(), "w") as packed:
        for name, count in counts.items():
            for number in range(count):
                packed.writestr(f"{name}/{number}.jpg", encoded(picture(number), "JPEG"))
        for name, content in more.items():
            packed.writestr(name, content)
    return file.getvalue()


@pytest.fixture
def own(lab_home, fresh_server, monkeypatch) -> str:
    """A data set that Anna has sent."""
    monkeypatch.setattr(reading, "_known", {})
    found = reading.read_own(archive(**{"notes.txt": b"x", "pear/broken.jpg": b"y"}), "fruit.zip", "anna")
    until(lambda: found.ended)
    assert found.error is None and found.name is not None and found.done == found.total == 41
    return found.name


def table(app, column: str) -> list:
    return next(list(frame.value[column]) for frame in app.dataframe if column in frame.value)


def test_what_was_sent_is_offered_to_its_visitor_again_and_to_whoever_has_the_link(own):
    name = data_title(own)
    assert name == f"Your pictures {own[4:8]} (apple *tree*, pear)"
    app = open_page("train")
    app.session_state["visitor"] = "anna"
    assert name in app.run().selectbox(key="choice_data").options  # the page was loaded again
    other = open_page("train")
    assert name not in other.selectbox(key="choice_data").options
    shared = open_page("train", data=own)
    assert not shared.exception and shared.selectbox(key="choice_data").value == own
    assert table(shared, "class") == list(COUNTS) and table(shared, "images") == [30, 10]
    assert all(strip.startswith("data:image/png;base64,") for strip in table(shared, "some of them"))
    shown = text_of(shared)
    assert "75.0 % of the images are apple *tree*" in shown
    assert "notes.txt" in shown and "pear/broken.jpg" in shown
    assert "apple *tree*、pear" in open_page("train", "zh", data=own).selectbox(key="choice_data").options[-1]


def test_what_a_visitor_sent_keeps_a_name_once_it_is_gone(own, lab_home):
    (lab_home / "pictures" / f"{own}.npz").unlink()
    assert data_title(own) == f"Your pictures {own[4:8]} (no longer here)"
    assert data_name("photos") == "photos"  # a file of LAB_DATA_DIR goes by its own name, here or not


def test_a_file_that_is_none_is_named_and_the_same_bytes_are_read_once_unless_they_are_gone(own, lab_home):
    broken = reading.read_own(b"PK\3\4", "broken.zip", "anna")
    until(lambda: broken.ended)
    assert broken.error is not None and "broken.zip" in str(broken.error) and broken not in reading.sent_by("anna")
    content = archive({"a": 10, "b": 10})
    first = reading.read_own(content, "one.zip", "anna")
    assert reading.read_own(content, "two.zip", "bela") is first and first in reading.sent_by("bela")
    until(lambda: first.ended)
    (lab_home / "pictures" / f"{first.name}.npz").unlink()
    again = reading.read_own(content, "one.zip", "anna")
    assert again is not first
    until(lambda: again.ended)
    assert again.name == first.name and peek(str(again.name)).class_names == ("a", "b")


def finished(own: str, channel: str, right: list[bool], labels: np.ndarray):
    """A run that classifies those of the test images correctly, and takes all others for the other class."""
    spec = RunSpec("vit", {} if channel == "on" else {"ffn": channel}, own, None, 0, Recipe(epochs=2))
    confusion = np.zeros((2, 2), int)
    np.add.at(confusion, (labels, np.where(right, labels, 1 - labels)), 1)
    known = peek(own)
    record = make_record(spec, run_id=f"run{channel}", test_accuracy=float(np.mean(right)))
    return replace(
        record,
        dataset_hash=content_hash(own),
        dataset_source="local file",
        fixed_test=False,
        train_images=known.train_images,
        test_images=len(labels),
        correct=pack_correct(np.array(right)),
        confusion=confusion.tolist(),
        class_names=known.class_names,
        fingerprint=spec.fingerprint(content_hash(own)),
    )


def test_two_runs_are_compared_by_class_and_on_the_images_on_which_they_differ(own, monkeypatch):
    labels = load(own, 0).y_test
    rare = labels == 1
    records = [finished(own, "on", [True] * len(labels), labels), finished(own, "off", (~rare).tolist(), labels)]
    for record in records:
        run_id = cache.store().add(record.spec, record.fingerprint, "", "anna")
        cache.store().finish(record := replace(record, run_id=run_id))
        records = [record if row.spec == record.spec else row for row in records]
    app = open_page("train", data=own)
    app.session_state["visitor"] = "anna"
    app.run()
    assert not app.exception and not app.error
    shares = next(frame.value for frame in app.dataframe if "Transformer (ViT) without FFN" in frame.value)
    assert list(shares["class"][:2]) == list(COUNTS)
    assert list(shares["Transformer (ViT) without FFN"]) == [100, 0, 50]
    assert list(shares["Transformer (ViT)"]) == [100, 100, 100]
    assert "balanced 50.0 %" in text_of(app)

    def answer(function, *arguments, **_):
        assert function is worker.test_pictures
        return function(*arguments)

    monkeypatch.setattr(cache.jobs(), "ask", answer)
    cache._test_pictures.clear()
    ids = ",".join(record.run_id for record in records)
    shown = open_page("runs", origin="own", compare=ids)
    assert not shown.exception and not shown.error
    settings = next(frame.value for frame in shown.dataframe if "weight decay" in frame.value.index)
    assert {"network", "labels", "images per update", "flipped and moved at random", "≠ FFN"} <= {*settings.index}
    assert not any("_" in name for name in settings.index)
    differ = next(frame.value for frame in shown.dataframe if "image" in frame.value)
    assert list(differ["class"]) == ["pear"] * int(rare.sum()) and f"{rare.sum()} of {len(labels)}" in text_of(shown)
    assert [set(differ[column]) for column in differ.columns[2:]] == [{"✓"}, {"✗"}]
    missing = cache.store().home / "pictures" / f"{own}.npz"
    missing.unlink()
    assert "no longer here" in text_of(open_page("runs", origin="own", compare=ids))  # a lab that has the runs alone


def test_the_layers_of_a_network_of_own_pictures_are_read_and_an_error_says_its_words(own, lab_home):
    """What a visitor sent is no data set of the lab's, and the probe took it for gone."""
    record = finished(own, "off", [True], load(own, 0).y_test[:1])
    run_id = cache.store().add(record.spec, record.fingerprint, "", "anna")
    cache.store().keep_weights(run_id, b"weights")
    cache.store().finish(replace(record, run_id=run_id))
    assert probing.network(cache.store(), run_id)[0].run_id == run_id
    (lab_home / "pictures" / f"{own}.npz").unlink()
    with pytest.raises(LabError) as gone:
        probing.network(cache.store(), run_id)
    told = str(inside.in_words(gone.value, own))
    assert told.startswith("ViT without FFN was trained on") and run_id not in told


def test_a_link_to_networks_of_own_pictures_keeps_what_it_says(own, monkeypatch):
    """It said what the page showed by itself, lost it for that, and opened on photographs when it was loaded again."""

    def ask(*_, **__):
        raise LabError("no_workers", seconds=1.0, reason="none")

    monkeypatch.setattr(cache.jobs(), "ask", ask)
    runs = []
    for channel in ("off", "on"):
        record = finished(own, channel, [True], load(own, 0).y_test[:1])
        runs.append(cache.store().add(record.spec, record.fingerprint, "", "anna"))
        cache.store().keep_weights(runs[-1], b"weights")
        cache.store().finish(replace(record, run_id=runs[-1]))
    app = open_page("feature_maps", data=own, left=runs[1])
    said = {key: app.query_params[key] for key in ("data", "left", "right")}
    assert said == {"data": own, "left": runs[1], "right": runs[0]}
    app = open_page("feature_maps", left=runs[0])
    assert app.query_params["data"] == own and app.query_params["left"] == runs[0]


def test_runs_are_found_by_words_of_their_line(own):
    labels = load(own, 0).y_test
    for channel in ("on", "off"):
        record = finished(own, channel, [True] * len(labels), labels)
        run_id = cache.store().add(record.spec, record.fingerprint, "", "anna")
        cache.store().finish(replace(record, run_id=run_id))
    app = open_page("runs", origin="own", find="FFN=off pear")
    assert table(app, "network") == ["ViT without FFN"] and table(app, "on the command line") == ["vit ffn=off"]
    app = open_page("runs", origin="own")
    record = app.expander[-1]
    assert record.label == say("en", "runs.record") and not record.proto.expanded and record.json
    told = next(line.value for line in app.markdown if line.value.startswith("network: **ViT"))
    assert len(told.splitlines()) == 10
    assert open_page("runs").segmented_control(key="choice_origin").value == "shipped", "the runs are Anna's"
    mine = AppTest.from_file(ROOT / "app.py", default_timeout=120)
    mine.session_state["visitor"] = "anna"
    mine.switch_page("pages/runs.py").run()
    assert mine.query_params["origin"] == "own" and len(table(mine, "network")) == 2
    assert "No run has “nothing”" in text_of(open_page("runs", origin="own", find="nothing"))
    some = open_page("runs", find="digits vit")
    assert not some.exception and set(table(some, "data set")) == {"Handwritten digits"}


def test_the_process_that_reads_a_file_ends_in_a_sentence(own, lab_home, capsys, monkeypatch, tmp_path):
    from tf_models.data import importing

    (tmp_path / "fruit.zip").write_bytes(archive())
    monkeypatch.setenv("LAB_MAX_UPLOAD_MB", "1")
    monkeypatch.setattr(importing.files, "own_file", lambda name: None)
    (lab_home / "pictures" / "own-000000000000.npz").write_bytes(bytes(10**6))
    monkeypatch.setattr("sys.argv", ["importing", str(tmp_path / "fruit.zip"), "--own"])
    importing.main()
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["code"] == "own_full" and str(LabError(told["code"], **told["values"]))
