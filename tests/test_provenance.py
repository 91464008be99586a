"""Which runs are compared: never those of two devices or of two versions of a data set."""

from dataclasses import replace

import pytest
from synthetic import fill, indexed

from tf_models.data import content_hash
from tf_models.runs.provenance import version_of
from tf_models.study.analysis import analyse
from tf_models.study.experiments import EXPERIMENTS
from tf_models.study.experiments.ffn_gap import FfnGap
from tf_models.study.plans import plan

PLAN = FfnGap("digits", seeds=5)
EQUAL = dict.fromkeys(("on", "off", "activation", "linear", "off_deeper", "off_wider"), 0.9)
GAP = EQUAL | {"off": 0.8}
OFF = {"ffn": "off"}


def test_arms_of_different_devices_or_versions_are_not_compared():
    for name, one, other in (("device", "CPU", "GPU"), ("dataset_hash", content_hash("digits"), "corrected")):
        mixed = [r for r in fill(PLAN, GAP, **{name: one}) if r.spec.switches != OFF]
        mixed += [r for r in fill(PLAN, GAP, **{name: other}) if r.spec.switches == OFF]
        analysis = analyse(PLAN, indexed(mixed))
        assert analysis.primary.verdict == "untested" and not analysis.arms["off"].records
        assert sum(analysis.left_out.values()) == 15  # for tuning: without them the arm has no rate


def test_the_device_with_most_runs_counts_and_the_arms_that_are_shown_are_of_it_too():
    gpu = [r for r in fill(PLAN, GAP, device="GPU") if r.spec.seed < 3 or r.spec.seed > 99]
    analysis = analyse(PLAN, indexed([*gpu, *fill(PLAN, EQUAL, device="CPU")]))
    gain = analysis.measures["gain"]
    assert analysis.device == "CPU" and gain.seeds == 5 and gain.value == pytest.approx(0, abs=1e-9)
    assert {record.device for arm in analysis.arms.values() for record in arm.records.values()} == {"CPU"}
    newest = fill(PLAN, GAP, device="GPU", finished="2026-02-01T00:00:00+00:00")
    assert analyse(PLAN, indexed([*fill(PLAN, EQUAL, device="CPU"), *newest])).device == "GPU"


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_seeds_that_were_begun_on_another_machine_leave_every_figure_as_it_was(name):
    """Fault 2: all were untested, since neither machine had every seed."""
    shipped = plan(name, "digits")
    more = replace(shipped, seeds=10)
    records = fill(shipped, lambda arm: 0.8, device="CPU of the authors")
    begun = [r for r in fill(more, lambda arm: 0.9, device="CPU here") if r.spec.seed in (5, 6)]
    before, after = analyse(shipped, indexed(records)), analyse(more, indexed([*records, *begun]))
    assert after.measures == before.measures and after.scale == before.scale  # five seeds, at their level
    assert {row.verdict for row in after.contrasts.values()} == {row.verdict for row in before.contrasts.values()}
    assert {device for device, _, _ in after.left_out} == {"CPU here"} and after.device == "CPU of the authors"


def test_fewer_seeds_than_planned_are_judged_by_those_that_all_arms_have():
    records = [r for r in fill(PLAN, GAP) if r.spec.switches != OFF or r.spec.seed < 3 or r.spec.seed > 100]
    analysis = analyse(replace(PLAN, seeds=10), indexed(records))
    assert (analysis.measures["gain"].seeds, analysis.measures["over_activation"].seeds) == (3, 5)
    assert (analysis.scale.seeds, analysis.scale.level) == (5, 0.95)


@pytest.mark.parametrize("order", [1, -1])
def test_the_file_that_is_here_decides_which_version_counts(small_images, order):
    """Fault 13: corrected data under an old name; both versions were fully run."""
    small_images("mine")
    experiment = replace(PLAN, dataset="mine")
    old = fill(experiment, GAP, dataset_hash="old")
    new = fill(experiment, EQUAL, dataset_hash=content_hash("mine"))
    analysis = analyse(experiment, indexed([*old, *new][::order]))
    assert analysis.dataset_hash == content_hash("mine") and analysis.measures["gain"].value == pytest.approx(0)
    assert {content for _, _, content in analysis.left_out} == {"old"}
    assert not analyse(experiment, indexed(old)).measures  # what is here now was never trained on


def test_without_a_file_most_runs_decide_and_then_the_newest(data_dir):
    experiment = replace(PLAN, dataset="cifar10-jpeg")
    old, new = fill(experiment, GAP, dataset_hash="old"), fill(experiment, EQUAL, dataset_hash="new")
    assert version_of("cifar10-jpeg", indexed([*old, *new[1:]])) == "old"
    later = [replace(record, finished="2026-02-01T00:00:00+00:00") for record in old]
    for records in ([*later, *new], [*new, *later]):
        assert version_of("cifar10-jpeg", indexed(records)) == "old"
    assert version_of("cifar10-jpeg", {}) == ""
