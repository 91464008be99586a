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
