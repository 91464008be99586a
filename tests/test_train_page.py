"""The page *Train* with runs in every state: what a visitor sees of their own runs, and what their Stop does."""

from dataclasses import replace

import pandas as pd
import pytest
from conftest import until
from synthetic import correct_share, make_record
from test_queue import Workers, spec
from visits import open_page

from pages.ui import cache
from pages.ui.charts import curves
from pages.ui.parts.train import outcome, runs
from pages.ui.parts.train.outcome import Course
from pages.ui.theme import FAMILIES
from tf_models.jobs import queue as queue_module
from tf_models.locale import say
from tf_models.runs.known import latest_pair
from tf_models.runs.spec import Recipe, RunSpec
from tf_models.runs.store import ACTIVE, QUEUED, RUNNING, STOPPED


@pytest.fixture
def jobs(lab_home, fresh_server, monkeypatch):
    """The pages' queue, whose one worker does nothing; it trains a run of somebody else."""
    monkeypatch.setattr(queue_module, "Connection", Workers)
    jobs = cache.jobs()
    taken = jobs.submit(spec("vgg"), visitor="somebody").run_id
    until(lambda: jobs.store.get(taken).status == RUNNING)
    return jobs


def visit(visitor: str):
    app = open_page("train")
    app.session_state["visitor"] = visitor
    return app.run()


def stops(app) -> list:
    return [
        button for button in app.button if button.key and button.key.startswith("stop_") and button.key != "stop_all"
    ]


def goes_on(app) -> bool:
    return say("en", "train.goes_on") in "".join(bar.proto.text for bar in app.get("progress"))


def test_a_run_is_looked_into_next_to_the_other_network_of_its_seed():
    asked = [("vit", {}, 0), ("vit", {"ffn": "off"}, 1), ("vit", {}, 1), ("vit", {"ffn": "off"}, 0)]
    specs = [RunSpec(variant, switches, "digits", seed=seed) for variant, switches, seed in asked]
    shown = [runs.Shown(str(place), row, "finished", None, None, []) for place, row in enumerate(specs)]
    assert [getattr(runs.partner_of(run, shown), "id", None) for run in shown] == ["3", "2", "1", "0"]
    assert runs.partner_of(shown[0], [shown[0], shown[2]]) is None, "another seed is no partner"


@pytest.mark.parametrize(
    ("variant", "dataset", "shown"),
    [
        ("swin", "cifar10-jpeg", [("swin", "cifar10-jpeg")]),
        ("cnn", "mnist", [("cnn", "digits")]),
        ("vit", "digits", 4 * [("vit", "digits")]),
    ],
)
def test_before_anything_is_trained_the_curves_are_those_of_the_chosen_network(variant, dataset, shown):
    found = runs._examples(variant, dataset)
    assert [(run.spec.variant, run.spec.dataset) for run in found] == shown and all(run.epochs for run in found)


def test_a_stop_of_a_run_that_others_wait_for_says_that_it_goes_on(jobs):
    run_id = jobs.submit(spec(), visitor="anna").run_id
    jobs.submit(spec(), visitor="bela")
    app = visit("anna")
    assert [button.key for button in stops(visit("bela"))] == [f"stop_{run_id}"]  # who joined a run has it in the list
    stops(app)[0].click()
    app.run()
    assert not app.exception and goes_on(app) and stops(app) == []
    assert jobs.store.get(run_id).status == QUEUED
    app = visit("bela")
    assert not goes_on(app)
    stops(app)[0].click()
    assert not app.run().exception and jobs.store.get(run_id).status == STOPPED


def test_everything_that_a_visitor_has_queued_is_seen_and_stopped_one_by_one_and_at_once(jobs):
    """Beyond the twelfth run nothing was shown: nobody could stop it, and Stop all passed it over."""
    mine = [jobs.submit(spec(seed=seed), visitor="anna").run_id for seed in range(20)]
    other = jobs.submit(spec(seed=99), visitor="bela").run_id
    app = visit("anna")
    assert {button.key for button in stops(app)} == {f"stop_{run_id}" for run_id in mine}
    next(button for button in stops(app) if button.key == f"stop_{mine[0]}").click()
    app.run()
    assert jobs.store.get(mine[0]).status == STOPPED and len(stops(app)) == 19
    next(button for button in app.button if button.key == "stop_all").click()
    assert not app.run().exception and stops(app) == []
    assert [run.id for run in jobs.store.runs(ACTIVE, visitor="anna")] == []
    assert jobs.store.get(other).status == QUEUED


def test_shipped_pages_go_on_while_the_store_cannot_be_read_and_train_says_why(jobs):
    """An error stood in the place of every figure that had come with the lab."""
    file = jobs.store.home / "lab.sqlite"
    jobs.store.close()
    for path in file.parent.glob("lab.sqlite*"):
        path.unlink()
    file.write_bytes(b"a text of some length, and no database" * 1000)
    app = open_page("hybrids")
    assert not app.exception and not app.error and app.get("vega_lite_chart")
    app = visit("anna")
    assert not app.exception and any("cannot be used" in error.value for error in app.error)
    until(lambda: jobs.trouble is not None)  # else the queue may find the text when it is gone already
    file.unlink()
    until(lambda: jobs.trouble is None)
    app = visit("anna")
    assert not app.exception and not app.error
    assert any("removed or replaced" in warning.value for warning in app.warning)


def test_a_session_that_watches_runs_of_a_store_that_is_gone_shows_what_there_is(jobs):
    """One unknown run took the list of all others away until the browser was closed."""
    run_id = jobs.submit(spec(), visitor="anna").run_id
    app = open_page("train")
    app.session_state["visitor"], app.session_state["watched"] = "anna", ["gone", run_id]
    app.run()
    assert not app.exception and not app.error and [button.key for button in stops(app)] == [f"stop_{run_id}"]


def finished(share: float, seed: int, **switches: str):
    """A finished run of the ViT on digits whose test accuracy is this share."""
    return make_record(RunSpec("vit", switches, "digits", seed=seed, backend="tensorflow"), correct_share(share))


def test_a_difference_is_signed_as_everywhere_and_stands_beside_the_shipped_one():
    """One's own was the other way round than on every other page, and said nothing of it."""
    two = [finished(share, seed, ffn="off") for seed, share in enumerate((0.8, 0.9))]
    two += [finished(share, seed) for seed, share in enumerate((0.85, 0.86))]
    first, second = latest_pair(two)
    assert first[0].spec.switches == {"ffn": "off"}, "in the order of asking, without FFN first"
    beside = outcome.shipped_difference(first[0].spec, second[0].spec)
    shipped = cache.analysis("ffn-gap", "digits").measures["gain"]
    assert beside is not None and beside.measure == shipped
    a, b = outcome.turned(first, second, beside)
    assert a[0].spec.switches == {} and b[0].spec.switches == {"ffn": "off"}
    words = outcome.difference_words(a, b, beside, delta=0.02)
    assert "Yours: +0.56 points**" in words and f"{100 * shipped.value:+.2f}".replace("-", "−") in words
    assert "seeds would tell whether it is more than 2.00 points" in words
    assert "One seed has no interval" in outcome.difference_words(a[:1], b[:1], None, delta=0.02)


def test_a_difference_says_in_what_it_differs_from_the_shipped_one_whose_rates_are_offered():
    """The rates stood in a small table alone, and nobody could choose the lab's to repeat its figure."""
    on, off = finished(0.9, 0), finished(0.8, 0, ffn="off")
    beside = outcome.shipped_difference(on.spec, off.spec)
    assert beside is not None and outcome.sides(on.spec, off.spec) == "ffn"
    rates = [*dict.fromkeys(f"{rate:g}" for rate in outcome.lab_rates(off.spec, on.spec))]
    assert rates != [f"{Recipe().learning_rate:g}"], "else the default press and the lab differ in nothing"
    words = outcome.difference_words([on], [off], beside, delta=0.02)
    assert f"They differ in: learning rate {Recipe().learning_rate:g} (the lab: {' / '.join(rates)})" in words
    a, b = beside.pairs
    apart = sorted(x.test_accuracy - y.test_accuracy for x, y in zip(a, b, strict=True))
    low, high = (f"{100 * end:+.2f}".replace("-", "−") for end in (apart[0], apart[-1]))
    assert f"The lab’s single seeds range from {low} to {high}." in words
    same = outcome.difference_words(a, b, beside, delta=0.02)
    assert "differ in" not in same and "single seeds" not in same
    for compare in ("ffn_off", "none"):
        app = open_page("train", data="digits", rate=rates[-1], compare=compare)
        assert not app.warning and app.button(key="reset_rate").label == f"Learning rate: {rates[-1]}"
    assert outcome.sides(on.spec, RunSpec("swin")) == outcome.sides(off.spec, on.spec) == "first"


def test_a_network_has_one_colour_and_the_mean_goes_as_far_as_all_its_seeds():
    specs = [RunSpec("vit"), RunSpec("vit", seed=1), RunSpec("vit", {"ffn": "off"}), RunSpec("swin")]
    looks = outcome.looks(specs)
    assert len(looks) == len({colour for colour, _ in looks.values()}) == 3
    assert looks["Transformer (ViT)"][0] == FAMILIES["attention"]
    epochs = [{"epoch": epoch, "validation_accuracy": epoch / 10} for epoch in (1, 2, 3)]
    rows = outcome.curve_rows(
        [Course("a", specs[0], epochs), Course("b", specs[1], epochs[:2]), Course("c", specs[3], epochs)]
    )
    chart = curves.seed_curves(pd.DataFrame(rows), 5, "", dict.fromkeys(rows[0], "x"), looks).to_dict()
    means = next(
        layer for layer in chart["layer"] if layer["mark"].get("strokeWidth", layer["mark"].get("size")) == 3.5
    )
    drawn = chart["datasets"][means["data"]["name"]]
    assert [(row["network"], row["epoch"], row["accuracy"]) for row in drawn] == [
        ("Transformer (ViT)", 1, 10.0),
        ("Transformer (ViT)", 2, 20.0),
        *(("Swin (window attention)", epoch, 10.0 * epoch) for epoch in (1, 2, 3)),  # one seed: hair-thin before
    ]


def test_curves_are_those_of_one_data_set_and_one_way_to_train():
    """A mean over digits and photographs is none."""
    newest = RunSpec("vit", recipe=Recipe(epochs=3))
    others = [RunSpec("vit"), RunSpec("vit", dataset="cifar10-jpeg", recipe=Recipe(epochs=3)), newest]
    beside = RunSpec("cnn", seed=1, recipe=Recipe(epochs=3))
    runs = [Course(str(place), spec, []) for place, spec in enumerate([newest, *others, beside])]
    assert [run.run_id for run in outcome.alike_courses(runs)] == ["0", "4"], "of two equal runs the newer one"
    assert outcome.alike_courses([]) == []


def test_a_run_that_has_left_the_queue_starts_and_the_first_in_it_is_next(jobs):
    """The first one waited “in the queue of another process”, the second with 0 before it."""
    taken, first, second = [*jobs._running, *(jobs.submit(spec(seed=seed), visitor="anna").run_id for seed in (0, 1))]
    states = [
        runs._state(replace(runs.shown_run(jobs.store.get(name)), status=QUEUED)) for name in (taken, first, second)
    ]
    assert [state.partition(",")[0] for state in states] == ["starting: the network is prepared", *["waiting"] * 2]
    assert "next" in states[1] and "1 before it" in states[2]
    elsewhere = jobs.store.add(spec(seed=7), None, "another")
    assert "another process" in runs._state(runs.shown_run(jobs.store.get(elsewhere)))


def test_how_long_it_takes_is_told_from_the_second_epoch_on():
    first = {"epoch": 1, "epochs": 9, "validation_accuracy": 0.5, "images_per_second": 4.0}
    assert runs.running_words(first) == "epoch 1 of 9, validation 50.0 %"
    assert "8 s left, 4 images/s" in runs.running_words({**first, "epoch": 2, "seconds_left": 8.0})
    assert runs.running_words({**first, "epoch": 9, "seconds_left": 0.0}).endswith("now it is tested")


def test_what_was_asked_for_together_stands_in_its_order(jobs):
    for seed in (0, 1):
        jobs.submit(spec(seed=seed), visitor="anna")
    app = visit("anna")
    bars = [bar.proto.text for bar in app.get("progress")]
    assert [text.partition("seed ")[2][0] for text in bars] == ["0", "1"]
