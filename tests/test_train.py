"""The trainer, with real trainings: it learns, it is repeatable, and it ends where it should."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tf_models import zoo
from tf_models.data import load
from tf_models.errors import LabError
from tf_models.runs.spec import Recipe, RunSpec
from tf_models.runs.weights import half_precision, pack_weights, unpack_weights
from tf_models.training import model_cache
from tf_models.training import train as trainer
from tf_models.training.build import build
from tf_models.training.initialize import start
from tf_models.training.model_cache import warm_key
from tf_models.training.progress import Stopped
from tf_models.training.taps import mixing_grids, read_taps
from tf_models.training.train import evaluate, train
from tf_models.training.weights import put_weights, weights_of
from tf_models.zoo.plan import plan

ROOT = Path(__file__).parents[1]
SHORT = Recipe(epochs=2)


@pytest.fixture(scope="module", autouse=True)
def forget_models():
    yield
    model_cache._models.clear()
    keras.backend.clear_session()


def linear_accuracy(seed: int) -> float:
    """A linear classifier on the same split, with the training images alone."""
    split = load("digits", seed)
    train_x, test_x = (x.reshape(len(x), -1) / 127.5 - 1 for x in (split.x_train, split.x_test))
    return LogisticRegression(C=0.1, max_iter=2000).fit(train_x, split.y_train).score(test_x, split.y_test)


@pytest.mark.parametrize(
    ("variant", "switches", "recipe"),
    [
        ("cnn", {}, Recipe(epochs=6, learning_rate=3e-3)),
        ("vit", {"depth": 2, "width": 32}, Recipe(epochs=15, learning_rate=3e-3, batch_size=32)),  # it needs more steps
    ],
    ids=["cnn", "vit"],
)
def test_a_real_training_on_digits_comes_within_a_point_of_a_linear_classifier(variant, switches, recipe):
    seeds = (0, 1)
    linear = np.mean([linear_accuracy(seed) for seed in seeds])
    network = np.mean([train(RunSpec(variant, switches, "digits", None, seed, recipe)).test_accuracy for seed in seeds])
    assert linear > 0.93
    assert network >= linear - 0.01


def test_only_the_ffn_solves_a_task_that_is_nonlinear_in_every_token():
    bare, recipe = {"depth": 2, "mixer": "identity", "norm": "none"}, Recipe(epochs=6, learning_rate=3e-3)
    on = train(RunSpec("vit", bare, "token_product", None, 0, recipe))
    off = train(RunSpec("vit", {**bare, "ffn": "off"}, "token_product", None, 0, recipe))
    assert on.test_accuracy >= 0.95
    assert abs(off.test_accuracy - 0.5) < 0.07  # three standard errors of 600 images


def test_with_shuffled_labels_the_training_images_can_be_learned_and_nothing_else():
    """The negative control, and what a network can learn by heart."""
    spec = RunSpec("cnn", {}, "digits", 300, 0, Recipe(epochs=25), labels="shuffled")
    split, shuffled, again = load("digits", 0, 300), trainer._dataset(spec), trainer._dataset(spec)
    assert np.array_equal(np.bincount(shuffled.y_train), np.bincount(split.y_train))
    assert 0.02 < np.mean(shuffled.y_train == split.y_train) < 0.2  # a tenth of them stay as they were
    assert np.array_equal(shuffled.y_train, again.y_train) and np.array_equal(shuffled.x_train, split.x_train)
    other = trainer._dataset(dataclasses.replace(spec, seed=1))
    assert not np.array_equal(other.y_train, load("digits", 1, 300).y_train)
    for part in ("x_test", "y_test", "x_validation", "y_validation"):
        assert np.array_equal(getattr(shuffled, part), getattr(split, part))
    record = train(spec)
    assert record.fit_accuracy > 0.5 and record.test_accuracy < 0.2 and record.validation_accuracy < 0.25
    assert record.fingerprint != dataclasses.replace(spec, labels="true").fingerprint(record.dataset_hash)


# Records


@pytest.fixture(scope="module")
def run():
    """A short training, with everything that it reported."""
    events, weights = [], []
    spec = RunSpec("cnn", {"width": 8}, "digits", 300, 5, Recipe(epochs=3, dropout=0.1))
    record = train(spec, "abc", events.append, keep=weights.append)
    return record, events, weights[0]


def test_a_record_says_what_was_measured_and_where(run):
    record, _, _ = run
    spec = record.spec
    assert (record.run_id, record.train_images, record.test_images) == ("abc", 300, 359)
    assert record.dataset_hash == load("digits").hash and record.dataset_source == "embedded" and not record.fixed_test
    assert record.fingerprint == spec.fingerprint(record.dataset_hash)
    assert record.parameters == zoo.parameters(spec.model) and record.macs == zoo.macs(spec.model)
    assert record.correctness.shape == (359,)
    assert record.test_accuracy == pytest.approx(record.correctness.mean())
    assert record.validation_accuracy == record.history[-1]["validation_accuracy"]
    assert record.versions["keras"] == keras.__version__ and {"numpy", "python", spec.backend} <= set(record.versions)
    assert record.device.startswith(("CPU ", "GPU ")) and record.train_seconds > 0
    assert json.loads(json.dumps(record.to_dict()))["seed"] == 5
    assert record.updates == 3 * 5  # batches of 64
    assert record.fit_loss < record.history[0]["loss"] and 0 <= record.fit_accuracy <= 1


def test_the_fit_is_that_of_the_final_network_on_its_training_images(run, monkeypatch):
    record, _, weights = run
    model, split = build(record.spec.model), load("digits", 5, 300)
    put_weights(model, weights)
    taken, loss = evaluate(model, split.x_train, split.y_train)
    correct = taken == split.y_train
    assert record.fit_accuracy == pytest.approx(correct.mean()) and record.fit_loss == pytest.approx(loss, rel=1e-5)
    monkeypatch.setattr(trainer, "FIT_IMAGES", 100)
    fewer = train(record.spec)
    assert fewer.fit_loss == pytest.approx(evaluate(model, split.x_train[:100], split.y_train[:100])[1], rel=1e-4)
    assert (fewer.test_loss, fewer.correct) == (record.test_loss, record.correct)  # measuring it changes nothing


def test_weights_of_another_architecture_or_an_older_file_are_named(run):
    record, _, weights = run
    for model, content in (
        (build(zoo.configure("cnn", {"width": 12}, (8, 8, 1), 10)), weights),
        (build(record.spec.model), b"\x89HDF\r\n\x1a\n"),
        (build(record.spec.model), b""),
    ):
        with pytest.raises(LabError, match="another version of the lab"):
            put_weights(model, content)


def test_every_epoch_is_reported_once_with_its_numbers(run):
    record, events, _ = run
    assert list(record.history) == events
    assert [event["epoch"] for event in events] == [1, 2, 3] and {event["epochs"] for event in events} == {3}
    for event in events:
        assert {"loss", "accuracy", "validation_loss", "validation_accuracy", "images_per_second"} <= set(event)
        assert event["images_per_second"] > 0
    assert "seconds_left" not in events[0], "the first epoch holds the tracing: 107 s were told where 9 were left"
    assert events[-1]["seconds_left"] == 0 < events[1]["seconds_left"]
    assert events[-1]["loss"] < events[0]["loss"]


def test_the_weights_that_were_kept_give_the_same_predictions(run):
    record, _, weights = run
    model = build(record.spec.model)
    start(model, 99)
    put_weights(model, weights)
    split = load("digits", 5, 300)
    taken, loss = evaluate(model, split.x_test, split.y_test)
    correct = taken == split.y_test
    np.testing.assert_array_equal(correct, record.correctness)
    assert loss == pytest.approx(record.test_loss, rel=1e-5)
    matrix = np.zeros((10, 10), int)
    np.add.at(matrix, (split.y_test, taken), 1)  # rows are the true classes
    np.testing.assert_array_equal(record.confusion, matrix)
    shares = [correct[split.y_test == label].mean() for label in range(10)]
    assert record.balanced_accuracy == pytest.approx(np.mean(shares)) and not record.unbalanced


def test_the_taps_of_a_kept_run_are_read_from_its_weights(run):
    record, _, weights = run
    split = load("digits", 5, 300)
    arrays = read_taps(record.spec.model, weights, split.x_test)
    np.testing.assert_array_equal(arrays["logits"].argmax(1) == split.y_test, record.correctness)
    np.testing.assert_allclose(arrays["probabilities"].sum(1), 1, rtol=1e-5)
    assert set(arrays) == {*build(record.spec.model).taps, "probabilities", "grad_cam"}
    assert all(len(array) == 359 and array.dtype == np.float32 for array in arrays.values())


def start_taps(variant, switches, shape=(8, 8, 1)):
    """A network's specification, and its taps with the weights that a training starts from."""
    spec = zoo.configure(variant, switches, shape, 10)
    model = build(spec)
    start(model, 0)
    images = np.random.default_rng(0).integers(0, 256, (2, *shape), np.uint8)
    return spec, read_taps(spec, weights_of(model), images)


ATTENDING = [
    ("vit", {"depth": 1}),
    ("swin", {}),  # with shifted windows
    ("longformer", {"depth": 1}),
    ("longformer", {"depth": 1, "mixer": "attention"}),  # full attention with an extra token
    ("longformer", {"depth": 1, "sliding": "grid"}),
    ("mobilevit", {"depth": 1}),
    ("mobilevit", {"mixer": "window"}),
    ("mobilevit", {"depth": 1, "mixer": "sliding"}),
    ("resnet", {"mixer": "window", "heads": 2}),
    ("mobilenet_v2", {"depth": 1, "mixer": "attention", "heads": 2, "downsample": "blur"}),
]


@pytest.mark.parametrize(("variant", "switches"), ATTENDING, ids=str)
def test_attention_has_one_form_whatever_the_mixer(variant, switches):
    spec, found = start_taps(variant, switches)
    grids = mixing_grids(spec)
    attention = {tap: array for tap, array in found.items() if tap.endswith(".attention")}
    assert attention.keys() == {
        layer.attention for layer in plan(spec) if layer.op in ("attention", "window", "sliding")
    }
    for tap, weights in attention.items():
        n = grids[tap][0] * grids[tap][1]
        assert weights.shape[0] == 2 and weights.shape[2:] == (n, n)
        rows = weights.sum(-1)
        if spec.stem.class_token:  # what it gets is left out
            assert (rows > 0).all() and (rows < 1).all()
        else:
            np.testing.assert_allclose(rows, 1, rtol=1e-5)
    inner = [layer for layer in plan(spec) if layer.attention and layer.unfolded]
    if inner:
        assert attention[inner[0].attention].shape[1] == 4 * inner[0].block.heads


def test_attention_of_too_many_tokens_is_left_out():
    _, found = start_taps("vit", {"depth": 1, "patch": 1, "width": 8, "ffn": "off"}, (40, 32, 1))
    assert "stage1.block1.mixer" in found and not any(tap.endswith(".attention") for tap in found)


def test_weights_in_half_precision_are_half_as_large_and_predict_alike(run):
    record, _, weights = run
    images = load("digits", 5, 300).x_test
    whole, half = weights, pack_weights(half_precision(unpack_weights(weights, "")))
    assert len(half) < 0.6 * len(whole)
    full, halved = (read_taps(record.spec.model, content, images)["logits"] for content in (whole, half))
    assert 0 < np.abs(full - halved).max() < 0.02 * np.abs(full).max()
    np.testing.assert_array_equal(full, read_taps(record.spec.model, whole, images)["logits"])  # nothing stays behind


def test_the_test_loss_is_the_mean_negative_log_likelihood():
    split = load("digits", 0, 20)
    logits = np.random.default_rng(0).normal(0, 30, (359, 10))

    class Model:
        def predict(self, images, **_):
            return logits[: len(images)]

    taken, loss = evaluate(Model(), split.x_test, split.y_test)
    correct = taken == split.y_test
    expected = keras.losses.sparse_categorical_crossentropy(split.y_test, logits, from_logits=True)
    assert loss == pytest.approx(float(np.mean(expected)), rel=1e-5)
    assert correct.mean() == np.mean(logits.argmax(1) == split.y_test)


# Pairs and repeatability


IN_A_FRESH_PROCESS = """
import json, sys
from pathlib import Path
from tf_models.runs.reading import read_spec
from tf_models.training.train import train
keep = Path(sys.argv[2]).write_bytes if sys.argv[2:] else len
records = [train(read_spec(spec, ""), keep=keep).to_dict() for spec in json.loads(sys.argv[1])]
print(json.dumps(records))
"""


def train_elsewhere(*specs: RunSpec, weights: Path | None = None) -> list[dict]:
    """The records of runs of one backend; `weights` is where those of the last are kept."""
    asked = json.dumps([dataclasses.asdict(spec) for spec in specs])
    arguments = [sys.executable, "-c", IN_A_FRESH_PROCESS, asked, *([str(weights)] if weights else [])]
    environment = os.environ | {"KERAS_BACKEND": specs[0].backend}
    done = subprocess.run(arguments, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


NUMBERS = ("loss", "accuracy", "validation_loss", "validation_accuracy")


def test_a_run_in_a_reused_network_equals_the_same_run_in_a_fresh_process(tmp_path):
    """Weights, moments, moving averages and random-generator states all start afresh."""

    def spec(seed):
        return RunSpec("vit", {"depth": 1, "norm": "batch"}, "digits", 200, seed, Recipe(epochs=2, dropout=0.2))

    model_cache._models.clear()
    for seed in (3, 4):
        train(spec(seed))
    assert warm_key(spec(7).model, spec(7).recipe) in model_cache._models
    reused = train(spec(7), keep=(tmp_path / "reused.npz").write_bytes).to_dict()
    assert len(model_cache._models) == 1
    (fresh,) = train_elsewhere(spec(7), weights=tmp_path / "fresh.npz")

    for row, expected in zip(reused["history"], fresh["history"], strict=True):
        assert [row[key] for key in NUMBERS] == pytest.approx([expected[key] for key in NUMBERS], abs=1e-6)
    assert reused["test_loss"] == pytest.approx(fresh["test_loss"], abs=1e-6)
    assert reused["correct"] == fresh["correct"]
    values = [unpack_weights((tmp_path / f"{name}.npz").read_bytes(), name) for name in ("reused", "fresh")]
    assert values[0].keys() == values[1].keys() and len(values[0]) > 10
    for path, value in values[0].items():
        np.testing.assert_allclose(value, values[1][path], atol=1e-6, err_msg=path)
    assert train(spec(8)).test_loss != pytest.approx(reused["test_loss"], abs=1e-4)  # another seed is another run


def test_dropout_makes_the_random_generator_matter():
    """The planted fault of the test above: with another generator state the same run comes out differently."""
    spec = RunSpec("vit", {"depth": 1, "norm": "batch"}, "digits", 200, 7, Recipe(epochs=2, dropout=0.2))
    usual = train(spec)
    original = model_cache.start

    def forgetful(model, seed):
        states = [v for v in model.variables if v.path.endswith("seed_generator_state")]
        kept = [keras.ops.convert_to_numpy(v).copy() for v in states]
        original(model, seed)
        for variable, value in zip(states, kept, strict=True):
            variable.assign(value)

    model_cache.start = forgetful
    try:
        assert train(spec).history[-1]["loss"] != pytest.approx(usual.history[-1]["loss"], abs=1e-6)
    finally:
        model_cache.start = original
    assert train(spec).history[-1]["loss"] == pytest.approx(usual.history[-1]["loss"], abs=1e-6)


def test_a_worker_keeps_a_few_networks_and_no_more():
    model_cache._models.clear()
    specs = [RunSpec("cnn", {"width": width, "depth": 1}, "digits", 20, 0, SHORT) for width in (4, 5, 6, 7, 8, 4)]
    networks = [model_cache.fresh_model(spec.model, spec.recipe, 20, 0) for spec in specs]
    assert len(model_cache._models) == model_cache.KEPT_MODELS
    assert networks[0] is not networks[-1]  # the first had to go when the fifth came
    assert model_cache.fresh_model(specs[4].model, SHORT, 20, 1) is networks[4]


@pytest.mark.parametrize("arms", [({}, {"ffn": "off"}), ({}, {"ffn": "linear"})], ids=str)
def test_what_two_runs_need_to_share_a_compiled_network(arms):
    one, other = (RunSpec("vit", switches) for switches in arms)
    assert warm_key(one.model, one.recipe) != warm_key(other.model, other.recipe)
    assert warm_key(one.model, one.recipe) == warm_key(RunSpec("vit", seed=9).model, one.recipe)
    assert warm_key(one.model, one.recipe) == warm_key(one.model, Recipe(learning_rate=1e-4, epochs=2))
    assert warm_key(one.model, one.recipe) != warm_key(one.model, Recipe(weight_decay=0.1))


def test_a_kept_network_trains_at_another_rate_and_length_as_a_new_one_does():
    """The schedule's peak and length are variables of the traced step: a reused one must not keep the old values."""
    long = RunSpec("cnn", {"depth": 1}, "digits", 320, 0, Recipe(epochs=3, learning_rate=3e-3))
    short = RunSpec("cnn", {"depth": 1}, "digits", 200, 0, Recipe(epochs=2, learning_rate=1e-3))
    model_cache._models.clear()
    expected = train(short)
    model_cache._models.clear()
    train(long)
    assert warm_key(short.model, short.recipe) in model_cache._models
    found = train(short)
    assert len(model_cache._models) == 1
    assert found.test_loss == pytest.approx(expected.test_loss, abs=1e-6) and found.correct == expected.correct
    other = dataclasses.replace(short, recipe=Recipe(epochs=2, learning_rate=3e-3))
    assert train(other).test_loss != pytest.approx(found.test_loss, abs=1e-3)  # the rate reaches the step


def test_jax_trains_alike_with_the_images_in_the_memory_of_its_device():
    recipes = [
        Recipe(epochs=2, learning_rate=3e-3),
        Recipe(epochs=5, learning_rate=3e-3, schedule="decay", augment=True),
    ]
    asked = [RunSpec("vit", {"depth": 1}, "digits", 300, 0, recipe) for recipe in recipes]  # the last batch is smaller
    elsewhere = train_elsewhere(*(dataclasses.replace(spec, backend="jax") for spec in asked))
    for there, spec in zip(elsewhere, asked, strict=True):
        here = train(dataclasses.replace(spec, backend=keras.backend.backend()))
        assert there["backend"] == "jax" and "jax" in there["versions"] and there["device"].startswith(("CPU", "GPU"))
        for found, expected in zip(there["history"], here.history, strict=True):
            assert found["loss"] == pytest.approx(expected["loss"], rel=1e-2)
        assert (there["parameters"], there["updates"]) == (here.parameters, here.updates)
        assert there["test_loss"] == pytest.approx(here.test_loss, rel=2e-2)


# How a training ends


def test_a_loss_that_is_not_finite_ends_the_run_with_the_reason(monkeypatch):
    spec = RunSpec("cnn", {"depth": 1}, "digits", 100, 0, Recipe(epochs=3))
    original = model_cache.start

    def broken(model, seed):
        original(model, seed)
        model.get_layer("head.logits").bias.assign(np.full(10, np.nan))

    monkeypatch.setattr(model_cache, "start", broken)
    with pytest.raises(LabError, match="The loss became nan in epoch 1") as caught:
        train(spec)
    assert caught.value.code == "not_finite"
    monkeypatch.setattr(model_cache, "start", original)
    assert np.isfinite(train(spec).test_loss)  # and the next run in the same network is not touched by it


def test_a_validation_loss_that_is_not_finite_ends_the_run_too(monkeypatch):
    """Moving averages may overflow where the training loss does not: a record holds no NaN, which JSON cannot."""
    # Not the CNN: a ReLU makes 0 of NaN.
    spec = RunSpec("vit", {"depth": 1, "norm": "batch"}, "digits", 100, 0, Recipe(epochs=1))
    original = model_cache.start

    def broken(model, seed):
        original(model, seed)
        for variable in model.non_trainable_variables:
            if variable.path.endswith("moving_mean"):
                variable.assign(np.full(variable.shape, np.nan))

    monkeypatch.setattr(model_cache, "start", broken)
    with pytest.raises(LabError, match="nan in epoch 1"):
        train(spec)


def test_a_run_stops_when_it_is_asked_to():
    events = []
    spec = RunSpec("cnn", {"depth": 1}, "digits", 100, 0, Recipe(epochs=50))
    with pytest.raises(Stopped):
        train(spec, report=events.append, should_stop=lambda: len(events) >= 1)
    assert 1 <= len(events) < 50
    assert train(RunSpec("cnn", {"depth": 1}, "digits", 100, 0, SHORT)).history[-1]["epoch"] == 2


def test_a_run_for_another_backend_is_refused():
    other = "jax" if keras.backend.backend() == "tensorflow" else "tensorflow"
    with pytest.raises(LabError, match=f"“{other}”.*{keras.backend.backend()} in this process"):
        train(RunSpec("cnn", backend=other))
