"""Speed and memory beside a baseline of the same minute.

``python tests/benchmark.py [experiment speed attention memory page curve looking soak judging costs probes pictures
sweep]``: an experiment by the lab's queue and by a plain script; images per second of every variant and of the same
network in plain Keras layers (tests/plain.py); time and memory of one attention layer against the number of tokens;
memory of a training; what fifty visitors at once wait for, beside a static page; seconds from asking for a training to
the first point of its curve; seconds until a change shows on *Feature maps*; memory while a class looks and trains for
five minutes; CPU seconds of loading the shipped records and of judging all claims; images per second and core of every
arm that decides, and the hours of two cores that its experiment takes; CPU seconds of every probe of every family, and
how they grow with images and layers; seconds and memory of reading a ZIP of 1,000 phone photographs; a sweep over one
and over two workers.

Nothing here is asserted: machines are noisy. About an hour for all on two idle cores, of which speed takes twenty
minutes, attention five and costs fifteen.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from benchmark_server import curve, looking, page, soak  # noqa: E402

from tf_models.data import load  # noqa: E402
from tf_models.jobs.queue import Jobs  # noqa: E402
from tf_models.runs.spec import Recipe, RunSpec  # noqa: E402
from tf_models.runs.store import RunStore  # noqa: E402
from tf_models.study.experiments.ffn_gap import ffn_arms  # noqa: E402
from tf_models.zoo import CLASSROOM, ModelSpec  # noqa: E402

RECIPE = Recipe(learning_rate=3e-3)


def main() -> None:
    """Run the named sections, each in processes of its own."""
    sections = {"experiment": experiment, "speed": speed, "attention": attention, "memory": memory, "page": page}
    sections |= {"curve": curve, "looking": looking, "soak": soak, "judging": judging, "costs": costs, "probes": probes}
    sections |= {"pictures": pictures, "sweep": sweep}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("section", nargs="*", default=[], help=", ".join(sections))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--no-xla", action="store_true", help="leave out the compiling, most of the time of speed")
    options = parser.parse_args()
    for name in options.section or sections:
        if name.startswith("_"):
            globals()[name](options)  # a part that a section runs in a process of its own
        else:
            print(f"\n{name}", flush=True)
            sections[name](options)


def apart(part: str, *arguments: str, **environment: str) -> float:
    """Seconds that one part takes in a process of its own, start to end."""
    began = time.perf_counter()
    command = [sys.executable, __file__, part, *arguments]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL, env=os.environ | environment)
    return time.perf_counter() - began


# ffn-gap: the lab's queue against build, compile, fit for every run


def experiment(options: argparse.Namespace) -> None:
    """Six arms × seeds on digits, all training and testing included."""
    lab = apart("_lab", "--seeds", str(options.seeds))
    plain = apart("_plain", "--seeds", str(options.seeds))
    runs = 6 * options.seeds
    print(f"ffn-gap on digits, {runs} runs: lab {lab:.0f} s, plain {plain:.0f} s, {plain / lab:.2f} times faster")


def _specs(seeds: int) -> list[RunSpec]:
    arms = ffn_arms((8, 8, 1), 10).values()
    return [
        RunSpec("vit", switches, "digits", None, seed, RECIPE)
        for switches, seed in itertools.product(arms, range(seeds))
    ]


def _lab(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as home:
        jobs = Jobs(RunStore(Path(home)))
        jobs.wait([jobs.submit(spec, fresh=True).run_id for spec in _specs(options.seeds)])
        jobs.close()


def _plain(options: argparse.Namespace) -> None:
    """As a script would do it: one process, a new model for every run, Keras's own handling of arrays."""
    import keras

    from tf_models.training.build import build

    for spec in _specs(options.seeds):
        keras.utils.set_random_seed(spec.seed)
        data = load(spec.dataset, spec.seed)
        model = build(spec.model)
        steps = spec.recipe.epochs * -(-len(data.x_train) // spec.recipe.batch_size)
        schedule = keras.optimizers.schedules.CosineDecay(
            0.0, steps - steps // 10, warmup_target=spec.recipe.learning_rate, warmup_steps=steps // 10
        )
        model.compile(
            keras.optimizers.AdamW(schedule, weight_decay=spec.recipe.weight_decay, global_clipnorm=1.0),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        model.fit(
            data.x_train,
            data.y_train,
            spec.recipe.batch_size,
            spec.recipe.epochs,
            verbose=0,
            validation_data=(data.x_validation, data.y_validation),
        )
        model.evaluate(data.x_test, data.y_test, verbose=0)


# Images per second, against the same network in plain Keras layers

IMAGES = 2048
ROUNDS = 5  # epochs of every network, after the first, which traces and compiles


def speed(options: argparse.Namespace) -> None:
    """Training on 32×32×3 images, one process a variant with all cores; see `_speed`."""
    for variant in CLASSROOM:
        command = [sys.executable, __file__, "_speed", *(["--no-xla"] if options.no_xla else [])]
        done = subprocess.run(command, stderr=subprocess.DEVNULL, env=os.environ | {"VARIANT": variant})
        if done.returncode:
            print(f"{variant:12} the process ended with {done.returncode}", flush=True)


def _speed(options: argparse.Namespace) -> None:
    """Lab and plain, with and without XLA, take turns epoch by epoch, so that noise hits all; the best epoch counts."""
    import keras

    variant = os.environ["VARIANT"]
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (IMAGES, 32, 32, 3), np.uint8), rng.integers(0, 10, IMAGES)

    class Clock(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.began = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            self.seconds = time.perf_counter() - self.began

    def epoch(model) -> float:
        clock = Clock()  # leaves out what `fit` prepares once for all epochs
        model.fit(images, labels, RECIPE.batch_size, verbose=0, callbacks=[clock])
        return clock.seconds

    models, best = {}, {}
    for network, xla in itertools.product(("lab", "plain"), (False,) if options.no_xla else (False, True)):
        model = _network(variant, network, xla)
        try:
            epoch(model)
        except Exception as error:
            if not xla:
                raise
            print(f"{variant:12} {network} does not compile: {str(error).splitlines()[0][:80]}", flush=True)
        else:
            models[network, xla], best[network, xla] = model, 0.0
    for number in range(ROUNDS):
        for key in list(models)[:: -1 if number % 2 else 1]:
            best[key] = max(best[key], len(images) / epoch(models[key]))

    words = []
    for network in ("lab", "plain"):
        compiled = f"{best[network, True]:6.0f}" if (network, True) in best else "does not compile"
        words.append(f"{network} {best[network, False]:6.0f}" + ("" if options.no_xla else f", with XLA {compiled}"))
    lab, plain = (max(rate for key, rate in best.items() if key[0] == network) for network in ("lab", "plain"))
    mark = "  BELOW 0.9" if lab < 0.9 * plain else ""
    print(f"{variant:12} {'; '.join(words)} images/s; lab/plain {lab / plain:.2f}{mark}", flush=True)


def _network(variant: str, network: str, xla: bool):
    """Compiled, ready to train."""
    import keras
    from plain import PLAIN

    from tf_models.training import model_cache

    if network == "lab":
        spec = RunSpec(variant, {}, "cifar10", recipe=replace(RECIPE, xla=xla))
        return model_cache.fresh_model(spec.model, spec.recipe, IMAGES, 0)
    model = PLAIN[variant]()
    optimizer = keras.optimizers.AdamW(1e-3, global_clipnorm=1.0)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"], jit_compile=xla)
    return model


# One layer of attention: time and memory against the number of tokens

FULL = "full"
ATTENTION = {  # a token mixer, changes of its block, whether its windows shift
    FULL: ("attention", {}, False),
    "window": ("window", {}, False),
    "shifted window": ("window", {}, True),
    "sliding raster": ("sliding", {"sliding": "raster"}, False),
    "sliding grid": ("sliding", {"sliding": "grid"}, False),
    "linear": ("linear_attention", {}, False),
    "full, sliding mask": None,  # `MultiHeadAttention` with the mask of the sliding raster
}
CHANNELS = 64
SIDES = (16, 32, 64)  # 256, 1,024 and 4,096 tokens
TIME_BATCH = {
    16: 16,
    32: 16,
    64: 2,
}  # full attention at 4,096 tokens: 0.5 GiB for the scores of 2 images, several times
MEMORY_BATCH = {
    32: 8,
    64: 2,
}  # as many tokens: what is linear fills the same memory, whatever the process needs besides


def attention(options: argparse.Namespace) -> None:
    """Forward and backward through one layer of 64 channels with 4 heads, per image; no XLA."""
    tokens = {side: side**2 for side in SIDES}
    times = {side: _told("_attention_time", SIDE=str(side)) for side in SIDES}
    print(
        "milliseconds an image   " + "".join(f"{n:>10,}" for n in tokens.values()) + "   slope   times full attention"
    )
    for case in ATTENTION:
        row = [times[side][case] for side in SIDES]
        ratios = "".join(f"{times[side][case] / times[side][FULL]:9.3f}" for side in SIDES)
        print(f"{case:24}" + "".join(f"{t:10.3f}" for t in row) + f"{_slope(SIDES, row):8.2f}{ratios}", flush=True)

    sides = tuple(MEMORY_BATCH)
    print(
        "peak MiB an image       "
        + "".join(f"{tokens[side]:>10,}" for side in sides)
        + "   slope   times full attention"
    )
    full = []
    for case in ATTENTION:
        row = [_told("_attention_memory", CASE=case, SIDE=str(side)) for side in sides]
        full = full or row
        ratios = "".join(f"{one / all_:9.3f}" for one, all_ in zip(row, full, strict=True))
        print(f"{case:24}" + "".join(f"{m:10.1f}" for m in row) + f"{_slope(sides, row):8.2f}{ratios}", flush=True)


def _told(part: str, **environment: str):
    """What a part prints, as JSON, in a process of its own."""
    command = [sys.executable, __file__, part]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | environment)
    return json.loads(done.stdout.splitlines()[-1])


def _slope(sides: tuple[int, ...], values: list[float]) -> float:
    """Exponent of growth with the number of tokens, fitted in logarithms."""
    return float(np.polyfit(np.log(np.square(sides)), np.log(values), 1)[0])


def _attention_step(case: str, side: int, batch: int):
    """A function that runs the layer forward and backward, traced at the first call."""
    import keras
    import tensorflow as tf
    from plain import band

    from tf_models.layers.mixers import token_mixer
    from tf_models.zoo.counts import RASTER_WINDOW
    from tf_models.zoo.families import TRANSFORMER

    heads, n = 4, side**2
    if ATTENTION[case] is None:
        x = tf.random.stateless_normal((batch, n, CHANNELS), (0, 0))
        layer, mask = keras.layers.MultiHeadAttention(heads, CHANNELS // heads), band(n, RASTER_WINDOW)
        layer.build(x.shape, x.shape)
    else:
        mixer, changes, shifted = ATTENTION[case]
        x = tf.random.stateless_normal((batch, side, side, CHANNELS), (0, 0))
        block = replace(TRANSFORMER, width=CHANNELS, mixer=mixer, heads=heads, **changes)
        layer = token_mixer(block, (side, side), shifted, "mixer")
        layer.build(x.shape)

    @tf.function(autograph=False)
    def step(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            out = layer(x, x, attention_mask=mask) if ATTENTION[case] is None else layer(x)
            out = out[0] if isinstance(out, (tuple, list)) else out  # the weights come second
            loss = tf.reduce_sum(out * out)
        return tape.gradient(loss, [x, *(variable.value for variable in layer.trainable_variables)])

    return lambda: step(x)


def _attention_time(options: argparse.Namespace) -> None:
    """All layers take turns; the best of ten rounds, in milliseconds an image."""
    side = int(os.environ["SIDE"])
    steps = {case: _attention_step(case, side, TIME_BATCH[side]) for case in ATTENTION}
    calls = max(1, SIDES[-1] ** 2 // side**2)  # in a round
    best = dict.fromkeys(steps, float("inf"))
    for step in steps.values():
        step()
    for number in range(10):
        for case in list(steps)[:: -1 if number % 2 else 1]:
            began = time.perf_counter()
            for _ in range(calls):
                steps[case]()
            seconds = (time.perf_counter() - began) / calls
            best[case] = min(best[case], seconds * 1000 / TIME_BATCH[side])
    print(json.dumps(best))


def _attention_memory(options: argparse.Namespace) -> None:
    """Peak resident memory of three steps above that of a process that has built the layer and run a tiny one."""
    import resource

    case, side = os.environ["CASE"], int(os.environ["SIDE"])
    _attention_step(case, 4, 1)()
    step = _attention_step(case, side, MEMORY_BATCH[side])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(3):
        step()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(json.dumps(max(peak, 1) / 2**10 / MEMORY_BATCH[side]))


# Memory


def memory(options: argparse.Namespace) -> None:
    """A worker that trains on 50,000 images of 32×32×3, one epoch; peak resident memory."""
    with tempfile.TemporaryDirectory() as folder:
        rng = np.random.default_rng(0)
        arrays = {"x_train": rng.integers(0, 256, (50_000, 32, 32, 3), np.uint8), "y_train": np.arange(50_000) % 10}
        arrays |= {"x_test": rng.integers(0, 256, (10_000, 32, 32, 3), np.uint8), "y_test": np.arange(10_000) % 10}
        np.savez(Path(folder) / "large.npz", **arrays)
        del arrays
        for variant in CLASSROOM:
            apart("_memory", LAB_DATA_DIR=folder, VARIANT=variant)


def _memory(options: argparse.Namespace) -> None:
    import resource

    from tf_models.training.train import train

    train(RunSpec(os.environ["VARIANT"], {}, "large", recipe=Recipe(epochs=1)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{os.environ['VARIANT']} on 50,000 images: {peak:.2f} GiB at most (2.2 GB are {2.2e9 / 2**30:.2f} GiB)",
        flush=True,
    )


# Records and verdicts


def judging(options: argparse.Namespace) -> None:
    """In a process of its own, whose caches are cold, after its imports."""
    apart("_judging")


def _judging(options: argparse.Namespace) -> None:
    import gzip

    from tf_models.runs.known import known_records
    from tf_models.runs.shipped import RESULTS, shipped_records
    from tf_models.study.claims import CLAIMS
    from tf_models.study.judging import load_results

    def cpu(work) -> float:
        began = time.process_time()
        work()
        return time.process_time() - began

    def parse() -> None:
        for path in RESULTS.glob("*.jsonl.gz"):
            with gzip.open(path, "rt") as file:
                for line in file:
                    json.loads(line)

    plain, load, again = cpu(parse), cpu(shipped_records), cpu(shipped_records)
    judged = cpu(lambda: load_results(known_records(None)))
    print(
        f"{len(shipped_records())} shipped records: {load:.2f} s of CPU, once per process, then {1e6 * again:.0f} µs "
        f"(json.loads of every line: {plain:.2f} s; before: 0.2 s at every call)"
    )
    print(f"{len(CLAIMS)} claims judged from cold: {judged:.2f} s of CPU (before: 6.8 s)", flush=True)


# What an experiment costs

TIMED_IMAGES = 1024


def costs(options: argparse.Namespace) -> None:
    """Every plan that decides, on the photographs' size where those are not there, with one thread as its workers."""
    apart("_costs", TF_NUM_INTRAOP_THREADS="1", TF_NUM_INTEROP_THREADS="1")


def _costs(options: argparse.Namespace) -> None:
    from tf_models.study.plans import plans

    speeds: dict[ModelSpec, float] = {}
    for plan in plans():
        if plan.exploratory:
            continue
        seconds, rates = 0.0, dict.fromkeys([*plan.arms, "again"], 1e-3)
        tuning, runs, checks = plan.tuning(), plan.runs(rates), plan.fit_checks(rates)
        print(f"{plan.name} on {plan.dataset}", flush=True)
        for name, arm in (plan.arms | {"again": plan.arms[plan.again]}).items():
            specs = [*tuning.get(name, ()), *runs[name], *([checks[name]] if name in checks else [])]
            model = plan.model(arm)
            if model not in speeds:
                speeds[model] = _images_per_second(model, plan.recipe)
            seconds += _images(specs) / speeds[model]
            print(f"  {name}: {speeds[model]:.0f} img/s", flush=True)
        print(f"  {seconds / 7200:.1f} hours of two cores, where no search goes on beyond its first rates", flush=True)


def _images_per_second(model: ModelSpec, recipe: Recipe) -> float:
    """Training images per second of a compiled network, the second of two passes."""
    from tf_models.training.model_cache import fresh_model

    network, rng = fresh_model(model, recipe, TIMED_IMAGES, 0), np.random.default_rng(0)
    images = rng.integers(0, 256, (TIMED_IMAGES, *model.input_shape), np.uint8)
    labels = rng.integers(0, model.classes, TIMED_IMAGES)
    for _ in range(2):
        began = time.perf_counter()
        network.fit(images, labels, batch_size=recipe.batch_size, shuffle=False, verbose=0)
    return TIMED_IMAGES / (time.perf_counter() - began)


def _images(specs: list[RunSpec]) -> int:
    """Training images that pass through the network; a longer training goes on where a shorter one's rate falls."""
    from tf_models.data import peek
    from tf_models.training.trunk import fork

    total, begun = 0, dict[RunSpec, int]()
    for spec in sorted(set(specs), key=lambda spec: spec.recipe.epochs):
        trunk, size = replace(spec, recipe=replace(spec.recipe, epochs=1)), peek(spec.dataset).train_images
        total += (spec.recipe.epochs - begun.get(trunk, 0)) * (spec.train_size or size)
        begun[trunk] = max(begun.get(trunk, 0), fork(spec))
    return total


# probes: seconds of CPU on one thread


PROBED_IMAGES = (64, 256)


def probes(options: argparse.Namespace) -> None:
    """Every probe of every family's untrained network on digits, and of a ViT of 4 and of 8 blocks."""
    apart("_probes", TF_NUM_INTRAOP_THREADS="1", TF_NUM_INTEROP_THREADS="1", OPENBLAS_NUM_THREADS="1")


def _probes(options: argparse.Namespace) -> None:
    from tf_models.errors import LabError
    from tf_models.inside.measure import SINGLE, similarity
    from tf_models.inside.reader import Reader, held_out

    print(f"{'network':<16}{'images':>7}", *(f"{name:>16}" for name in SINGLE), f"{'similarity':>12}{'all':>8}")
    for run in (*(RunSpec(variant) for variant in CLASSROOM), RunSpec("vit", {"depth": 8})):
        for count in PROBED_IMAGES:
            images, labels = held_out(run, most=count)
            readers, seconds = [Reader(run, None, copy) for copy in (0, 1)], {}
            for name, probe in (SINGLE | {"similarity": similarity}).items():
                began = time.process_time()
                try:
                    probe(*readers[: 2 if name == "similarity" else 1], images, labels)
                except LabError:
                    continue  # no attention
                seconds[name] = time.process_time() - began
            told = [f"{seconds[name]:>16.1f}" if name in seconds else f"{'–':>16}" for name in SINGLE]
            ends = f"{seconds['similarity']:>12.1f}{sum(seconds.values()):>8.1f}"
            print(f"{run.name:<16}{count:>7}", *told, ends, flush=True)


# pictures: a ZIP of photographs as phones take them

PHOTOGRAPHS, DIFFERENT = 1000, 10
MEGAPIXELS = {"3.9": (2272, 1704), "12": (4032, 3024)}


def pictures(options: argparse.Namespace) -> None:
    """The limit is 15 ms a photograph of one core, and 300 MB above rest."""
    with tempfile.TemporaryDirectory() as folder:
        for name, size in MEGAPIXELS.items():
            path = Path(folder) / "photographs.zip"
            megabytes = _photographs(path, *size)
            told = _told("_pictures", FILE=str(path))
            print(
                f"{PHOTOGRAPHS:,} JPEGs of {name} megapixels ({megabytes:.1f} MB each): {told['cpu']:.1f} s of CPU, "
                f"{told['wall']:.1f} s, {told['memory']:.0f} MB above {told['rest']:.0f}; again {told['again']:.2f} s",
                flush=True,
            )


def _photographs(path: Path, width: int, height: int) -> float:
    """Gradients with texture and a sensor's noise, few of them, each under many names; returns MB of one."""
    import io
    import zipfile

    from PIL import Image

    rng, found = np.random.default_rng(0), []
    y, x = (grid.astype(np.float32) for grid in np.mgrid[0:height, 0:width])
    for _ in range(DIFFERENT):
        waves = [127 + 80 * np.sin(x / width * a + y / height * b + c) for a, b, c in rng.uniform(2, 9, (3, 3))]
        texture = rng.integers(90, 166, (height // 8, width // 8, 3), np.uint8)
        large = np.asarray(Image.fromarray(texture).resize((width, height), Image.Resampling.BICUBIC), np.float32)
        pixels = np.stack(waves, -1) + large - 128 + rng.normal(0, 4, (height, width, 1)).astype(np.float32)
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(file := io.BytesIO(), "JPEG", quality=90)
        found.append(file.getvalue())
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(PHOTOGRAPHS):
            archive.writestr(f"{'ab'[number % 2]}/{number}.jpg", found[number % DIFFERENT])
    return float(np.mean([len(content) for content in found])) / 1e6


def _pictures(options: argparse.Namespace) -> None:
    import threading

    import psutil

    from tf_models.data import files

    rest = psutil.Process().memory_info().rss / 2**20
    peak, done = [rest], threading.Event()

    def watch() -> None:  # the peak that the system tells includes what forked this process
        while not done.wait(0.02):
            peak.append(psutil.Process().memory_info().rss / 2**20)

    watching = threading.Thread(target=watch)
    watching.start()
    path = Path(os.environ["FILE"])
    with tempfile.TemporaryDirectory() as home:
        os.environ["LAB_HOME"] = home
        wall, cpu = time.perf_counter(), time.process_time()
        files.contents(path)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        began = time.perf_counter()
        files.read_file(path)
        again = time.perf_counter() - began
    done.set()
    watching.join()
    print(json.dumps({"wall": wall, "cpu": cpu, "again": again, "rest": rest, "memory": max(peak) - rest}))


# sweep: one worker and two


def sweep(options: argparse.Namespace) -> None:
    """ffn-gap's arms on digits, once the workers are there."""
    one, two = (_told("_sweep", LAB_WORKERS=count, SEEDS=str(options.seeds)) for count in ("1", "2"))
    print(f"{6 * options.seeds} runs: {one:.0f} s with one worker, {two:.0f} s with two, {one / two:.2f} times faster")


def _sweep(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as home:
        jobs = Jobs(RunStore(Path(home)))
        jobs._connection.client().wait_for_workers(int(os.environ["LAB_WORKERS"]), timeout=120)
        began = time.perf_counter()
        specs = _specs(int(os.environ["SEEDS"]))
        jobs.wait([jobs.submit(spec, fresh=True).run_id for spec in specs])
        print(json.dumps(time.perf_counter() - began))
        jobs.close()


if __name__ == "__main__":
    main()
