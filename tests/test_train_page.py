"""The page *Train* with runs in every state: what a visitor sees of their own runs, and what their Stop does."""

import pytest
from conftest import until
from test_queue import Workers, spec
from visits import open_page

from pages.ui import cache
from tf_models.jobs import queue as queue_module
from tf_models.locale import say
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
