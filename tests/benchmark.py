"""Speed and memory beside a baseline of the same minute: ``python tests/benchmark.py [experiment speed memory page]``.

Nothing here is asserted: machines are noisy. About fifteen minutes for all on two cores.
"""

import argparse
import itertools
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

from tf_models.data import load  # noqa: E402
from tf_models.study.experiments.ffn_gap import ffn_arms  # noqa: E402
from tf_models.study.jobs import Jobs  # noqa: E402
from tf_models.study.runs import Recipe, RunSpec, RunStore  # noqa: E402
from tf_models.zoo import CLASSROOM  # noqa: E402

RECIPE = Recipe(learning_rate=3e-3)


def main() -> None:
    """Run the named sections, each in processes of its own."""
    sections = {"experiment": experiment, "speed": speed, "memory": memory, "page": page}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("section", nargs="*", default=[], help=", ".join(sections))
    parser.add_argument("--seeds", type=int, default=5)
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
        jobs.wait([jobs.submit(spec, fresh=True) for spec in _specs(options.seeds)])
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


def speed(options: argparse.Namespace) -> None:
    """Training on 32×32×3 images, one process with all cores; the first epoch, which traces, is left out."""
    for variant in CLASSROOM:
        for network in ("lab", "plain"):
            for xla in ("0", "1"):
                subprocess.run(
                    [sys.executable, __file__, "_speed"],
                    check=True,
                    stderr=subprocess.DEVNULL,
                    env=os.environ | {"VARIANT": variant, "NETWORK": network, "XLA": xla},
                )


def _speed(options: argparse.Namespace) -> None:
    import keras

    from tf_models.training import train

    variant, network, xla = os.environ["VARIANT"], os.environ["NETWORK"], os.environ["XLA"] == "1"
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (2048, 32, 32, 3), np.uint8), rng.integers(0, 10, 2048)
    seconds = []

    class Clock(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.began = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            seconds.append(time.perf_counter() - self.began)

    if network == "lab":
        spec = RunSpec(variant, {}, "cifar10", recipe=replace(RECIPE, xla=xla))
        model = train._fresh_model(spec.model, spec.recipe, len(images), 0)
    else:
        model = {"vit": plain_vit, "cnn": plain_cnn}[variant]()
        optimizer = keras.optimizers.AdamW(1e-3, global_clipnorm=1.0)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(optimizer, loss, metrics=["accuracy"], jit_compile=xla)
    model.fit(images, labels, RECIPE.batch_size, 4, verbose=0, callbacks=[Clock()])
    name = "with XLA" if xla else "without XLA"
    print(f"{variant} {network:5} {name:11} {len(images) / min(seconds[1:]):7.0f} images/s", flush=True)


def plain_cnn():
    """`cnn` as a tutorial would write it."""
    from keras import Input, Model, layers

    image = Input((32, 32, 3), dtype="uint8")
    x = layers.Rescaling(1 / 127.5, -1.0)(image)
    for width in (32, 64, 96):
        x = layers.Conv2D(width, 3, padding="same", activation="relu")(x)
        x = layers.Conv2D(width, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D()(x)
    return Model(image, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))


def plain_vit():
    """`vit` as a tutorial would write it."""
    from keras import Input, Model, layers, ops

    class Positions(layers.Layer):
        def build(self, shape):
            self.table = self.add_weight(shape=shape[1:], initializer="random_normal")

        def call(self, x):
            return x + self.table

    image = Input((32, 32, 3), dtype="uint8")
    x = layers.Rescaling(1 / 127.5, -1.0)(image)
    x = layers.Conv2D(64, 4, strides=4)(x)
    x = Positions()(layers.Reshape((64, 64))(x))
    for _ in range(4):
        y = layers.LayerNormalization(epsilon=1e-6)(x)
        x = x + layers.MultiHeadAttention(4, 16)(y, y)
        y = layers.LayerNormalization(epsilon=1e-6)(x)
        x = x + layers.Dense(64)(layers.Dense(256, activation="gelu")(y))
    x = ops.mean(layers.LayerNormalization(epsilon=1e-6)(x), axis=1)
    return Model(image, layers.Dense(10)(x))


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


# The pages


def page(options: argparse.Namespace) -> None:
    """A cold server: seconds to the first figure, from a click on Train to life, and the server's memory."""
    import psutil
    from playwright.sync_api import sync_playwright
    from test_browser import Server, settle, visit

    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        import shutil

        options_ = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=options_)
        server = Server(Path(home))
        tab = browser.new_page()
        began = time.perf_counter()
        tab.goto(server.url)
        tab.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg").first.wait_for()
        print(f"first figure of a cold server: {time.perf_counter() - began:.1f} s")
        for path in ("feature_maps", "ffn", "runs", "train?lang=en"):
            visit(tab, f"{server.url}/{path}")
        began = time.perf_counter()
        tab.get_by_role("button", name="Train", exact=True).click()
        tab.get_by_text("starting:").or_(tab.get_by_text("waiting,")).first.wait_for()
        print(f"from a click on Train to life: {time.perf_counter() - began:.1f} s")
        settle(tab)
        own = psutil.Process(server.process.pid).memory_info().rss
        print(f"server: {own / 1e6:.0f} MB")
        server.close()
        browser.close()


if __name__ == "__main__":
    main()
