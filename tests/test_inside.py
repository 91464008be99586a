"""What probes read off networks: truths by construction, independent figures, and what cannot be asked."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tests.synthetic import make_record
from tests.test_command_line import lab
from tests.visits import open_page, text_of
from tf_models.__main__ import main
from tf_models.data import load
from tf_models.errors import LabError
from tf_models.inside import measure
from tf_models.inside.reader import Reader, held_out
from tf_models.jobs import probing, worker
from tf_models.locale import say
from tf_models.runs import showcase
from tf_models.runs.spec import RunSpec
from tf_models.study import probed
from tf_models.study.experiments.inside import FAMILIES
from tf_models.study.plans import plan
from tf_models.study.probed import Probed, measures, merged
from tf_models.training.taps import read_taps
from tf_models.training.weights import put_weights, weights_of

SMALL = {"depth": 2, "width": 16}


def reader(variant: str, switches: dict | None = None, copy: int = 0, seed: int = 0) -> Reader:
    return Reader(RunSpec(variant, switches or {}, seed=seed), None, copy)


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    return held_out(RunSpec(), most=128)


# the reader


@pytest.mark.parametrize("variant", ["cnn", "vit", "longformer", "mobilevit"])
def test_a_reader_gives_what_feature_maps_shows(variant, digits):
    name = f"{variant}-digits"
    weights, spec = showcase.showcase_weights(name), showcase.load_showcase(name).record.spec
    images = digits[0][:4]
    found = Reader(spec, weights)
    taps = read_taps(spec.model, weights, images)
    levels = {tap: layer.path for tap, layer in found.levels.items()}
    for tap, array in zip(levels, found.read(images, levels.values()).values(), strict=True):
        np.testing.assert_allclose(array, taps[tap], atol=1e-5)
    for path, maps in found.attention(images).items():
        shown = taps[path.removesuffix("mixer") + "attention"]
        np.testing.assert_allclose(maps.reshape(shown.shape), shown, atol=1e-6)


def test_a_reader_without_weights_is_the_network_as_it_started():
    images = held_out(RunSpec(), most=4)[0]
    trained = Reader(showcase.load_showcase("vit-digits").record.spec, showcase.showcase_weights("vit-digits"))
    after = trained.head(images)[0]
    start = Reader(trained.run, None)
    assert not np.allclose(start.head(images)[0], after, atol=0.1)
    put_weights(start.model, showcase.showcase_weights("vit-digits"))
    np.testing.assert_allclose(start.head(images)[0], after, atol=1e-5)


def test_no_network_was_trained_on_the_images_that_it_is_probed_with():
    runs = RunSpec(seed=0), RunSpec(seed=1)
    images, labels = held_out(*runs, most=10_000)
    seen = {image.tobytes() for run in runs for image in load("digits", run.seed).x_train}
    assert 100 < len(images) == len(labels) < len(held_out(runs[0], most=10_000)[0])
    assert not seen & {image.tobytes() for image in images}
    with pytest.raises(LabError, match="digits and") as error:
        held_out(RunSpec(), RunSpec(dataset="cifar10-jpeg"), most=10)
    assert error.value.code == "probe_datasets"


# truths


def silence(network: Reader, part: str) -> None:
    """Every kernel of this name to zero."""
    for variable in network.model.weights:
        if f"/{part}/" in variable.path:
            variable.assign(np.zeros(variable.shape))


def test_heads_that_do_not_ask_look_everywhere_and_alike(digits):
    vit = reader("vit", SMALL)
    silence(vit, "query")
    for layer in measure.heads(vit, *digits)["layers"]:
        np.testing.assert_allclose(layer["ratio"], 1, atol=1e-5)
        np.testing.assert_allclose(layer["entropy"], 1, atol=1e-5)
        assert layer["divergence"] == pytest.approx(0, abs=1e-5)


def test_the_distance_of_heads_by_a_loop(digits):
    vit, images = reader("vit", SMALL), digits[0][:8]
    weights = read_taps(vit.spec, weights_of(vit.model), images)["stage1.block1.attention"]
    places = [(row, column) for row in range(4) for column in range(4)]
    total, uniform = np.zeros(weights.shape[1]), 0.0
    for i, a in enumerate(places):
        for j, b in enumerate(places):
            distance = np.hypot(a[0] - b[0], a[1] - b[1])
            total += weights[:, :, i, j].mean(axis=0) * distance / 16
            uniform += distance / 256
    np.testing.assert_allclose(measure.heads(vit, images, digits[1][:8])["layers"][0]["ratio"], total / uniform, 1e-5)


def test_a_linear_ffn_and_attention_that_does_not_ask_are_linear(digits):
    images = held_out(RunSpec(), most=400)
    linear = reader("vit", {**SMALL, "ffn": "linear"})
    silence(linear, "query")
    rows = {layer["layer"]: layer for layer in measure.linearity(linear, *images)["layers"]}
    for path, row in rows.items():
        assert row["inner"] == pytest.approx(0, abs=0.02), path
        np.testing.assert_allclose(row["interchange"], 0, atol=1e-4)
    assert max(row["outer"] for row in rows.values()) > 0.02, "LayerNorm is no linear map"
    assert rows["stage1.block1.mixer"]["nested"]["frozen"] == pytest.approx(0, abs=1e-5)
    on = {layer["layer"]: layer for layer in measure.linearity(reader("vit", SMALL), *images)["layers"]}
    assert on["stage1.block1.channel"]["inner"] > 0.02 and on["stage1.block1.channel"]["interchange"][2] > 0.05


@pytest.mark.parametrize("most", [measure.MOST_ROWS, 400 * 20], ids=["all positions", "20 of 64"])
def test_a_convolution_is_linear_in_its_neighbourhood_and_a_relu_is_not(most, monkeypatch):
    monkeypatch.setattr(measure, "MOST_ROWS", most)
    rows = measure.linearity(reader("cnn", {"width": 8}), *held_out(RunSpec(), most=400))["layers"]
    for row in rows:
        if row["op"] == "convolution":
            assert row["inner"] == pytest.approx(0, abs=1e-3)
        else:
            assert row["inner"] > 0.01


def test_a_field_ends_where_the_kernels_do(digits):
    layers = measure.receptive_field(reader("cnn", {"width": 8}), *digits)["layers"]
    first = np.array(layers[0]["map"])
    assert np.count_nonzero(first) == 9 and first[2:5, 2:5].all(), "3×3 around (3, 3), the first middle unit of 8×8"
    assert layers[0]["r90"] < layers[1]["r90"] < layers[-1]["r90"]
    everywhere = np.array(measure.receptive_field(reader("vit", SMALL), *digits)["layers"][1]["map"])
    assert np.count_nonzero(everywhere) == 64, "attention reaches all"


def test_moves_of_the_image_by_a_few_lines(digits):
    images, labels = digits
    cnn = reader("cnn", {"width": 8})
    found = measure.shift(cnn, images, labels)
    moves = {(row["move"], row["pixels"]): row for row in found["moves"]}
    before, errors, kept = cnn.head(images)[0], [], []
    for axis, step in ((1, 1), (1, -1), (2, 1), (2, -1)):
        after = cnn.head(np.roll(images, step, axis))[0]
        other = np.mean([np.square(a - b).sum() for i, a in enumerate(before) for b in np.delete(before, i, axis=0)])
        errors.append(np.square(after - before).sum(axis=1).mean() / other)
        same, both = np.mean(after.argmax(1) == before.argmax(1)), np.concatenate([after, before]).argmax(1)
        chance = np.square(np.bincount(both) / len(both)).sum()
        kept.append((same - chance) / (1 - chance))
    assert moves["circular", 1]["logits_error"] == pytest.approx(np.mean(errors), rel=1e-4)
    assert moves["circular", 1]["consistency"] == pytest.approx(np.mean(kept))
    assert found["layers"][0]["error"] == pytest.approx(0, abs=1e-9), "a convolution without its border moves along"


def test_a_network_is_like_itself_and_unlike_another_start(digits):
    images, labels = digits
    vit, same, other = reader("vit", SMALL), reader("vit", SMALL, 1), reader("vit", SMALL, 2, seed=3)
    alike = measure.similarity(vit, same, images, labels)
    np.testing.assert_allclose(np.diag(alike["heat"]), 1, atol=1e-4)
    assert alike["cka"] == pytest.approx(1, abs=1e-4)
    assert measure.similarity(vit, other, images, labels)["cka"] < 0.99


def test_unbiased_cka_by_its_definition(digits):
    """Song 2012, equation 5, written out: no U-centring."""
    images, labels = digits[0][:32], digits[1][:32]
    cnn, vit = reader("cnn", {"width": 8}), reader("vit", SMALL, 1)
    found = measure.similarity(cnn, vit, images, labels)["heat"][0][0]
    sides = []
    for network in (cnn, vit):
        layer = next(iter(network.levels.values()))
        maps = network.read(images, [layer.path])[layer.path].astype(float)
        n, h, w, c = maps.shape
        sides.append(maps.reshape(n, 4, h // 4, 4, w // 4, c).mean(axis=(2, 4)).reshape(n, -1))

    def hsic(x, y):
        k, m = x @ x.T, y @ y.T
        np.fill_diagonal(k, 0), np.fill_diagonal(m, 0)
        n = len(k)
        return np.trace(k @ m) + k.sum() * m.sum() / ((n - 1) * (n - 2)) - 2 * (k.sum(0) @ m.sum(0)) / (n - 2)

    x, y = sides
    assert found == pytest.approx(hsic(x, y) / np.sqrt(hsic(x, x) * hsic(y, y)), rel=1e-4)


def test_labels_in_a_random_order_cannot_be_read(digits):
    found = measure.probing(reader("vit", SMALL), *held_out(RunSpec(), most=400))
    assert found["shuffled"] < 0.3 < found["layers"][-1]["accuracy"]
    assert found["far"]["before"] == pytest.approx(0, abs=0.2), "a patch that nobody has told of another"


@pytest.mark.parametrize("variant", ["resnet", "convnext", "longformer", "mobilevit"])
def test_every_probe_has_an_answer_or_a_reason_for_every_family(variant, digits):
    images, labels = digits[0][:64], digits[1][:64]
    for name, probe in measure.SINGLE.items():
        try:
            found = probe(reader(variant), images, labels)
        except LabError as error:
            assert name == "heads" and error.code == "probe_without_attention"
            continue
        assert found["layers"] and json.dumps(found, allow_nan=False)


# what claims are judged by


def made_up() -> Probed:
    """Two seeds whose figures are told apart by their size."""

    def heads(first: float, second: float, divergence: float) -> dict:
        row = {"entropy": [0.5], "divergence": divergence, "pairs": divergence + 0.1, "between_images": [divergence]}
        return {"heads": {"layers": [{"ratio": [first, first], **row}, {"ratio": [second, second], **row}]}}

    networks = {}
    for seed in (0, 1):
        networks["vit", seed, True] = heads(0.5 + 0.01 * seed, 0.9, 0.4)
        networks["vit", seed, False] = heads(0.95, 0.9, 0.1)
        networks["vit none", seed, True] = heads(0.8, 0.9, 0.4)
        networks["vit permuted_sincos", seed, True] = heads(0.7, 0.9, 0.4)
    pairs = {}
    for seed in (0, 1):
        values = {("cnn", "vit", True): 0.5, ("cnn", "cnn", True): 0.9, ("vit", "vit", True): 0.7}
        for (left, right, trained), cka in (values | {("cnn", "vit", False): 0.2}).items():
            pairs[left, right, seed, trained] = {"cka": cka + 0.001 * seed}
    return Probed("digits", {}, networks, pairs, {("vit", 0): "a", ("vit", 1): "b"})


def test_networks_that_are_looked_into_later_take_the_place_of_the_same_arms():
    """Three seeds of one arm come after one seed of each, and each part says where it comes from."""
    before = Probed(
        "digits",
        {"device": "one", "accuracies": {"cnn 0": 0.5, "vit 0": 0.6}},
        {("cnn", 0, True): {"shift": 1}, ("vit", 0, True): {"shift": 2}},
        {("cnn", "vit", 0, True): {"cka": 0.1}, ("cnn", "swin", 0, True): {"cka": 0.2}},
        {("cnn", 0): "a", ("vit", 0): "b"},
    )
    cnn = {("cnn", seed): f"c{seed}" for seed in range(3)}
    found = Probed(
        "digits",
        {"device": "other", "accuracies": {f"cnn {seed}": 0.7 for seed in range(3)}},
        {(*key, True): {"shift": 3} for key in cnn},
        {("cnn", "cnn", seed, True): {"cka": 0.9} for seed in range(3)},
        cnn,
    )
    both = merged(before, found)
    assert both.seeds("cnn") == [0, 1, 2] and both.seeds("vit") == [0]
    assert both.runs == {**cnn, ("vit", 0): "b"} and both.networks["cnn", 0, True] == {"shift": 3}
    assert both.pairs.keys() == {*before.pairs, *found.pairs}
    assert both.about["accuracies"] == {"vit 0": 0.6, "cnn 0": 0.7, "cnn 1": 0.7, "cnn 2": 0.7}
    assert both.about["device"] == "other"
    assert both.about["earlier"] == [{"device": "one", "accuracies": {"vit 0": 0.6}}]
    assert merged(Probed("digits"), found) == found
    vit = Probed("digits", {"accuracies": {"vit 0": 0.8}}, {("vit", 0, True): {}}, {}, {("vit", 0): "d"})
    again = merged(both, vit)
    assert [{*part["accuracies"]} for part in again.about["earlier"]] == [{*map("cnn {}".format, range(3))}]
    assert again.about["accuracies"] == both.about["accuracies"] | {"vit 0": 0.8}


def test_measures_are_means_over_seeds_of_what_was_found():
    found = measures(made_up())
    heads = found["heads"]
    assert heads["nearer.learned.trained"].value == pytest.approx(0.7 - 0.505), "against the nearer of both controls"
    assert heads["ratio.first"].value == pytest.approx(0.505) and heads["ratio.first"].runs == ("a", "b")
    assert heads["ratio.rises"].value == 1 and heads["js.trained_over_start"].value == pytest.approx(0.3)
    assert heads["js.heads_over_images"].value == pytest.approx(0.1)
    assert "nearer.sincos.trained" not in heads, "nothing was measured with these positions"
    index = found["similarity"]["cka_index"]
    assert index.value == pytest.approx((0.5 - 0.2) / (0.8 - 0.2), rel=0.01) and index.withheld == ""
    assert index.seeds == 2


def test_unequal_networks_decide_nothing_about_consistency():
    """A network without positions that is right in three of four cases changes its answers for that alone."""

    def moved(accuracy: float, consistency: float) -> dict:
        row = {"pixels": 1, "consistency": consistency, "features_error": 0.1}
        moves = [{"move": move, **row} for move in ("circular", "seen")]
        return {"shift": {"accuracy": accuracy, "moves": moves}}

    def learned_over_none(accuracy: float):
        networks = {("vit", seed, True): moved(0.96, 0.6 + 0.01 * seed) for seed in (0, 1)}
        networks |= {("vit none", seed, True): moved(accuracy, 0.4) for seed in (0, 1)}
        return measures(Probed("digits", {}, networks))["shift"]["learned_over_none"]

    assert learned_over_none(0.75).withheld == "unmatched" and learned_over_none(0.94).withheld == ""
    assert learned_over_none(0.94).value == pytest.approx(0.205)


def test_an_index_without_a_scale_decides_nothing():
    found = made_up()
    close = {key: {"cka": 0.25 if key[3] else 0.2 + 0.001 * key[2]} for key in found.pairs}
    index = measures(replace(found, pairs=close))["similarity"]["cka_index"]
    assert index.withheld == "denominator"


def test_workers_know_every_probe_that_is_asked():
    assert {*measure.SINGLE} == {*probed.SINGLE}
    assert {*measure.PAIRED} == {*probed.PAIRED}


def test_a_file_of_probes_reads_back(tmp_path, monkeypatch):
    monkeypatch.setattr(probed.shipped, "RESULTS", tmp_path)
    written = probed.write_probed(made_up()).read_bytes()
    again = probed.read_probed("digits")
    assert again.networks == made_up().networks and again.pairs == made_up().pairs
    assert probed.write_probed(again).read_bytes() == written
    assert not probed.read_probed("cifar10-jpeg").networks


def test_all_networks_are_probed_trained_and_some_as_they_started(monkeypatch):
    """What a worker would say stands in for it: here it is asked who was looked at, and in which state."""
    specs = {(arm, seed): RunSpec(arm, seed=seed) for arm in ("cnn", "vit") for seed in (0, 1)}
    records = {key: make_record(spec, run_id=f"{key[0]} {key[1]}") for key, spec in specs.items()}
    kept = {key: (record, f"{key[0]} {key[1]}") for key, record in records.items()}
    monkeypatch.setattr(probing, "_with_weights", lambda *_: kept)

    def ask(function, name, networks, images, seconds, told):
        if name == "heads" and networks[0][0].variant == "cnn":
            raise LabError("probe_without_attention", value="cnn")
        return {"of": [(spec.name, spec.seed, weights) for spec, weights in networks], "layers": [{"map": 1}]}

    found = probing.probe_all(SimpleNamespace(ask=ask), plan("inside", "digits"), lambda *_: None)  # pyright: ignore[reportArgumentType]
    assert "heads" not in found.networks["cnn", 0, True] and "heads" in found.networks["vit", 0, True]
    assert found.networks["vit", 1, True]["shift"]["of"] == [("vit", 1, "vit 1")]
    assert found.networks["vit", 1, False].keys() == {*probed.STARTED}
    assert found.networks["vit", 1, False]["heads"]["of"] == [("vit", 1, None)]
    assert found.networks["vit", 0, True]["heads"]["layers"] == [{"map": 1}]
    assert found.networks["vit", 1, True]["heads"]["layers"] == [{}], "maps of one seed are enough"
    assert found.pairs["cnn", "vit", 0, True]["of"] == [("cnn", 0, "cnn 0"), ("vit", 1, "vit 1")]
    assert found.pairs["cnn", "vit", 0, False]["of"] == [("cnn", 0, None), ("vit", 1, None)]
    assert found.runs["vit", 1] == "vit 1" and found.about["accuracies"]["vit 1"] == records["vit", 1].test_accuracy


def test_the_networks_that_ship_are_probed_one_seed_of_each_and_replace_no_more_seeds(tmp_path, monkeypatch, capsys):
    """The data are elsewhere: what reads them, and the worker, have a stand-in."""
    monkeypatch.setattr(probing, "is_here", lambda dataset: True)
    monkeypatch.setattr(probing, "content_hash", lambda dataset: None)

    def ask(function, name, networks, images, seconds, told):
        assert all(weights is None or len(weights) > 1000 for _, weights in networks)
        return {"of": [spec.variant for spec, _ in networks], "layers": [{"map": 1}]}

    jobs = SimpleNamespace(ask=ask, store=None)
    found = probing.probe_shipped(jobs, plan("inside", "cifar10-jpeg"))  # pyright: ignore[reportArgumentType]
    assert {arm for arm, _, _ in found.networks} == {*FAMILIES} and {seed for _, seed, _ in found.networks} == {0}
    assert found.networks["swin", 0, True].keys() == {*probed.DRAWN}
    assert len(found.pairs) == len(FAMILIES) * (len(FAMILIES) - 1), "every pair, trained and not"
    assert found.pairs["cnn", "swin", 0, True]["of"] == ["cnn", "swin"]
    assert found.runs["cnn", 0] == showcase.showcase_record("cnn-cifar10-jpeg").run_id
    one = Probed("digits", networks={key: value for key, value in made_up().networks.items() if key[1] == 0})
    assert not any(measures(one).values()), "of one seed there is no interval"

    monkeypatch.setattr(probed.shipped, "RESULTS", tmp_path)
    probed.write_probed(made_up())
    kept = probed.path_of("digits").read_bytes()
    assert main(["inside", "--shipped", "--ship"]) == 2
    assert "several seeds of digits" in capsys.readouterr().err and probed.path_of("digits").read_bytes() == kept


@pytest.mark.parametrize("page", ["locality", "hierarchy", "weight_sharing", "convergence"])
def test_pages_show_the_networks_that_ship_where_no_others_were_looked_into(page):
    app = open_page(page, data="cifar10-jpeg", left="convnext", right="swin")
    assert not app.exception and not app.info and not app.warning
    assert say("en", "inside.one_seed", networks="ConvNeXt, Swin") in text_of(app) and app.get("vega_lite_chart")
    assert "Thin: each seed" not in text_of(app), "of one seed"
    assert ("Bars: 95" in text_of(app)) == (page == "weight_sharing"), "where others of several seeds stand beside them"
    assert not open_page(page, data="digits").info


# two at once: a worker has two threads, and its questions share networks


def test_two_questions_at_once_find_what_each_finds_alone(digits):
    spec, trained = showcase.load_showcase("vit-digits").record.spec, showcase.showcase_weights("vit-digits")
    twin = weights_of(Reader(spec, None).model)
    questions = [
        lambda: worker.probe("heads", [(spec, trained)], 64),
        lambda: worker.probe("heads", [(spec, None)], 64),
        lambda: worker.taps(spec, trained, digits[0])["probabilities"].tolist(),
        lambda: worker.taps(spec, twin, digits[0])["probabilities"].tolist(),
    ]
    apart = [question() for question in questions]
    with ThreadPoolExecutor(len(questions)) as threads:
        for _ in range(8):
            assert list(threads.map(lambda question: question(), questions)) == apart


# from the command line


def test_the_command_repeats_what_a_worker_finds(tmp_path):
    done = lab("probe", "heads", "vit-digits", "--images", "64", "--json", LAB_HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    spec = showcase.load_showcase("vit-digits").record.spec
    here = worker.probe("heads", [(spec, showcase.showcase_weights("vit-digits"))], 64)
    assert found["images"] == 64 and len(found["layers"]) == 4
    np.testing.assert_allclose(found["layers"][0]["ratio"], here["layers"][0]["ratio"], rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "count", "images", "code"),
    [("headz", 1, 64, "unknown_probe"), ("heads", 2, 64, "probe_networks"), ("similarity", 1, 64, "probe_networks")]
    + [("heads", 1, 63, "probe_images")],
)
def test_what_cannot_be_asked_is_said_before_any_worker_is(name, count, images, code):
    with pytest.raises(LabError) as error:
        probing.ask(None, name, [(RunSpec(), None)] * count, images)  # pyright: ignore[reportArgumentType]
    assert error.value.code == code


def test_a_network_without_attention_has_no_heads():
    with pytest.raises(LabError, match="cnn has no attention"):
        worker.probe("heads", [(RunSpec("cnn"), None)], 64)
