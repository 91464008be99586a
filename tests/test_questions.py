"""What a page asks a worker and does not wait for: how much is done, one question for all, and what is refused."""

import threading

import numpy as np
import pytest
from visits import open_page, text_of

from pages.ui import cache, inside
from tf_models.errors import LabError
from tf_models.jobs import probing, worker
from tf_models.runs import readouts
from tf_models.runs.showcase import load_showcase, showcases
from tf_models.zoo.plan import levels


def test_a_question_goes_on_by_itself_tells_its_share_and_raises_what_stood_in_its_way():
    go, half = threading.Event(), threading.Event()

    def ask(told):
        told(0.5)
        half.set()
        go.wait(30)
        return "found"

    question = probing.Question(ask)
    assert half.wait(30) and question.share == 0.5 and not question.is_over(0.05)
    go.set()
    assert question.is_over(30) and question.answer() == "found"

    def refuse(told):
        raise LabError("probe_images", value=3, least=64)

    refused = probing.Question(refuse)
    assert refused.is_over(30)
    with pytest.raises(LabError, match="3 images are too few"):
        refused.answer()


def test_a_data_set_with_too_few_images_or_other_content_is_one_sentence(monkeypatch):
    shown = load_showcase("cnn-digits").record
    monkeypatch.setattr(worker, "FEWEST", 10_000)
    with pytest.raises(LabError, match="images are too few for a probe: it needs at least 10000"):
        worker.probe("heads", [(shown.spec, None)], 512)
    monkeypatch.setattr(probing, "content_hash", lambda dataset: "another")
    with pytest.raises(LabError, match="another version of digits"):
        probing.network(None, "cnn-digits")  # pyright: ignore[reportArgumentType]
    monkeypatch.setattr(probing, "is_here", lambda dataset: False)
    with pytest.raises(LabError, match="trained on digits, which is not here"):
        probing.network(None, "cnn-digits")  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("name", ["vit-digits", "cnn-digits"])
def test_what_shipped_levels_predict_is_about_as_right_as_it_was_on_images_held_out(name):
    shown, found = load_showcase(name), readouts.unpack(readouts.shipped_path(name).read_bytes(), name)
    assert [*found.levels] == [*levels(shown.record.spec.model)] and found.images >= worker.FEWEST
    flows = [{tap: array[n] for tap, array in shown.taps.items()} for n in range(len(shown.images))]
    last = [list(found.predict(taps).values())[-1].argmax() for taps in flows]
    assert np.mean(np.array(last) == shown.labels) > 0.8
    again = readouts.unpack(readouts.pack(found), name)
    assert all(np.array_equal(again.levels[tap].weights, one.weights) for tap, one in found.levels.items())


def test_every_shipped_network_says_at_first_sight_what_its_layers_predict():
    assert {path.stem for path in readouts.shipped_path("x").parent.glob("*.npz")} == {*showcases()}


def test_the_page_shows_how_much_is_done_and_then_what_was_found(fresh_server, monkeypatch):
    """The planted fault is the page that waits: it would stand still until the answer is there."""
    go, asked = threading.Event(), []

    def answer(jobs, probe, networks, told=None):
        asked.append(probe)
        told(0.25)
        go.wait(60)
        raise LabError("probe_images", value=3, least=64)

    monkeypatch.setattr(probing, "answer", answer)
    monkeypatch.setattr(cache, "jobs", lambda: None)
    monkeypatch.setattr(inside, "networks", lambda dataset: {"cnn": "CNN", "own": "own"})
    monkeypatch.setattr(probing, "network", lambda store, name: (load_showcase("vit-digits").record, b""))
    inside._question.clear()
    app = open_page("locality", data="digits", left="own", right="own")
    assert not app.exception and len(app.selectbox) >= 2 and asked == ["receptive-field"]
    assert "receptive fields" in str(app.get("progress")[0].proto)
    open_page("locality", data="digits", left="own", right="own")  # a second visitor
    assert asked == ["receptive-field"]
    go.set()
    question = inside._question(("own",), "receptive-field", True, inside.probes_stamp())
    assert question.is_over(30)
    assert "3 images are too few" in text_of(open_page("locality", data="digits", left="own", right="own"))
    inside._question.clear()
