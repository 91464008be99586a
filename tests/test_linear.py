"""The linear yardstick of every network."""

import pytest

from tf_models.runs import shipped
from tf_models.study import linear


def test_the_linear_classifier_is_fitted_on_the_same_split_and_shipped(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "RESULTS", tmp_path / "results")
    assert linear.shipped_linear("digits") == []
    results = [linear.linear_classifier("digits", seed) for seed in range(2)]
    assert all(0.93 < result.test_accuracy < 0.99 and result.train_images == 1258 for result in results)
    assert results[0].test_accuracy != results[1].test_accuracy  # every seed has its own split
    linear.write_linear(results)
    assert linear.shipped_linear("digits") == results


def test_the_shipped_yardstick_is_what_a_fit_gives():
    shown = linear.shipped_linear("digits")
    assert [result.seed for result in shown] == [0, 1, 2, 3, 4]
    again = linear.linear_classifier("digits", 3)
    assert again.dataset_hash == shown[3].dataset_hash and again.c == shown[3].c
    assert again.test_accuracy == pytest.approx(shown[3].test_accuracy, abs=0.003)  # one of 359 images
