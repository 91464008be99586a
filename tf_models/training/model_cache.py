"""Compiled networks, kept for the next run: tracing one takes seconds."""

import gc
import math
from collections import OrderedDict
from dataclasses import replace

import keras
import numpy as np
from keras import ops

from tf_models.runs.spec import DECAY, WARM_UP, Recipe
from tf_models.training.build import build
from tf_models.training.initialize import reset_optimizer, start
from tf_models.zoo import ModelSpec

BATCHES_PER_CALL = 8  # batches between two callbacks: fewer costs speed, more makes a stop wait
KEPT_MODELS = 4  # compiled models that a worker keeps

_models: OrderedDict[tuple, tuple[keras.Model, "Schedule"]] = OrderedDict()


def warm_key(spec: ModelSpec, recipe: Recipe) -> tuple:
    """What two runs must share for the second to reuse the first's compiled model.

    Seed, data, learning rate, its schedule and the length may differ.
    """
    free = {name: getattr(Recipe, name) for name in ("learning_rate", "epochs", "schedule", "augment")}
    return spec, replace(recipe, **free)


def fresh_model(spec: ModelSpec, recipe: Recipe, train_images: int, seed: int) -> keras.Model:
    """A compiled model as good as new: kept from an earlier run where there is one, since tracing takes seconds.

    Weights, optimizer and random-generator states all start from `seed`.
    """
    key = warm_key(spec, recipe)
    if key in _models:
        _models.move_to_end(key)
    else:
        while len(_models) >= KEPT_MODELS:
            _models.popitem(last=False)
        gc.collect()
        _models[key] = _compiled(spec, recipe)
    model, schedule = _models[key]
    schedule.set(recipe, recipe.epochs * math.ceil(train_images / recipe.batch_size))
    # No global seed: nothing here draws from one, and setting TensorFlow's makes it prepare every graph again (2 s).
    start(model, seed)
    reset_optimizer(model.optimizer)
    return model


class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate of a `Recipe`; the same traced step serves every rate, length and schedule, since they are
    variables.
    """

    def __init__(self):
        self.peak, self.steps, self.warm_up, self.fall = (
            keras.Variable(1.0, trainable=False, dtype="float32", name=name)
            for name in ("peak", "steps", "warm_up", "fall")
        )

    def set(self, recipe: Recipe, steps: int) -> None:
        """For the next training, of so many updates."""
        decays = recipe.schedule == "decay"
        self.peak.assign(recipe.learning_rate)
        self.steps.assign(steps)
        self.warm_up.assign(WARM_UP if decays else max(1, steps // 10))
        self.fall.assign(max(1, DECAY * steps) if decays else 0)

    def __call__(self, step):
        step = ops.minimum(ops.cast(step, "float32"), self.steps)
        rise = step / self.warm_up
        cosine = 0.5 * (1.0 + ops.cos(math.pi * ((step - self.warm_up) / ops.maximum(self.steps - self.warm_up, 1.0))))
        line = ops.minimum(1.0, (self.steps - step) / ops.maximum(self.fall, 1.0))
        slow = ops.where(self.fall > 0, ops.minimum(rise, line), ops.where(rise < 1, rise, cosine))
        return self.peak * slow

    def get_config(self):
        return {}


def learning_rates(recipe: Recipe, steps: int) -> np.ndarray:
    """The learning rate of every update, (steps,) float32."""
    schedule = Schedule()
    schedule.set(recipe, steps)
    return np.asarray(schedule(np.arange(steps)), np.float32)


def _compiled(spec: ModelSpec, recipe: Recipe) -> tuple[keras.Model, Schedule]:
    policy = keras.config.dtype_policy()
    # bfloat16 keeps float32's range, so no loss scaling is needed.
    keras.config.set_dtype_policy("mixed_bfloat16" if recipe.mixed_precision else "float32")
    try:
        model = build(spec)
    finally:
        keras.config.set_dtype_policy(policy)
    schedule, options = Schedule(), {"weight_decay": recipe.weight_decay, "global_clipnorm": 1.0}
    if keras.backend.backend() == "tensorflow":
        from tf_models.training.adamw import AdamW

        optimizer = AdamW(schedule, **options)
    else:  # JAX would take the schedule's variables for constants: there every update is told its rate (`on_device`)
        optimizer = keras.optimizers.AdamW(1.0, **options)
    # TensorFlow searches whole paths for these, JAX last names: what an MLP over tokens is made of (``…/tokens/…``, in
    # `mixer` and ``mixer=token_mlp``) decays on JAX alone. To change that would train other networks by the same name.
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta", "table", "token", "layer_scale"])
    optimizer.build(model.trainable_variables)
    model.compile(
        optimizer,
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        # by its name it would make its variables in the first step, and TensorFlow would trace that step twice
        metrics=[keras.metrics.SparseCategoricalAccuracy("accuracy")],
        steps_per_execution=BATCHES_PER_CALL,
        jit_compile=recipe.xla or keras.backend.backend() == "jax",  # without it, JAX would run op by op
    )
    return model, schedule
