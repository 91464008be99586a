"""What is asked: one training, completely described."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Literal, get_args

from tf_models import settings
from tf_models.data import peek
from tf_models.errors import LabError
from tf_models.zoo import ModelSpec, Value, check_switch, configure, defaults

TRAINING_VERSION = 1  # raise it whenever the same RunSpec would give another result: older runs are not reused then
_BOUNDS = dict(epochs=(1, 1000), learning_rate=(1e-7, 10), batch_size=(1, 4096), weight_decay=(0, 10), dropout=(0, 0.9))
Schedule = Literal["cosine", "decay"]
Labels = Literal["true", "shuffled"]
WARM_UP = 200  # updates of ``decay``, however long the training
DECAY = 0.2  # the share of the updates in which ``decay`` goes to zero


@dataclass(frozen=True)
class Recipe:
    """How every arm of a comparison is trained: AdamW with a linear warm-up and a learning rate that ends at zero.

    `schedule` is ``cosine`` (warm-up over a tenth of the updates, then a cosine), or ``decay``: `WARM_UP` updates, then
    a constant rate, then a straight line over the last `DECAY` of the updates, so that trainings of different length
    are one training until the shorter one's rate goes down (Hägele 2024, "Scaling laws and compute-optimal training
    beyond fixed training durations"). `augment` flips training images at random and moves them by up to 4 pixels.

    `dropout` acts before the classifier; `mixed_precision` computes in bfloat16; `xla` compiles the step with XLA,
    which on a CPU takes longer than it saves in trainings as short as the lab's.
    """

    epochs: int = 15
    learning_rate: float = 3e-3  # of a single training, on the page and the command line; experiments choose theirs
    batch_size: int = 64
    weight_decay: float = 0.05
    dropout: float = 0.0
    mixed_precision: bool = False
    xla: bool = False
    schedule: Schedule = "cosine"
    augment: bool = False

    def __post_init__(self) -> None:
        for name, (low, high) in _BOUNDS.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise LabError("number", name=name, value=value, low=low, high=high)
        if self.schedule not in get_args(Schedule):
            raise LabError("schedule", value=self.schedule, choices=", ".join(get_args(Schedule)))


@dataclass(frozen=True)
class RunSpec:
    """One training, completely described. Switches at the variant's own setting are left out.

    With `labels` ``shuffled``, the training images keep their labels in a random order: what can be learned then is
    learned by heart.
    """

    variant: str = "vit"
    switches: Mapping[str, Value] = field(default_factory=dict)
    dataset: str = "digits"
    train_size: int | None = None  # None: all training images
    seed: int = 0
    recipe: Recipe = Recipe()
    backend: str = field(default_factory=settings.backend)
    labels: Labels = "true"

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**31:
            raise LabError("number", name="seed", value=self.seed, low=0, high=2**31 - 1)
        if self.labels not in get_args(Labels):
            raise LabError("labels", value=self.labels, choices=", ".join(get_args(Labels)))
        usual = defaults(self.variant)
        checked = {key: check_switch(key, value, self.variant) for key, value in sorted(self.switches.items())}
        object.__setattr__(self, "switches", {key: v for key, v in checked.items() if usual.get(key) != v})

    def __hash__(self) -> int:  # dataclass's own cannot hash the dictionary
        return hash((self.variant, *self.switches.items(), self.dataset, self.train_size, self.seed, self.recipe))

    @property
    def model(self) -> ModelSpec:
        """The architecture for this data set's images and classes; refuses what cannot be built."""
        known = peek(self.dataset)
        spec = configure(self.variant, self.switches, known.input_shape, known.classes)
        return replace(spec, dropout=self.recipe.dropout)

    @cached_property
    def name(self) -> str:
        """Such as ``vit ffn=off``, with ``labels=shuffled`` where nothing can be learned."""
        told = [*self.switches.items(), *([("labels", self.labels)] if self.labels != "true" else [])]
        return " ".join([self.variant, *(f"{key}={value}" for key, value in told)])

    def fingerprint(self, dataset_hash: str) -> str:
        """Equal for runs that must give the same result: the same words, architecture, data and training code.

        A field that is added to `RunSpec`, `Recipe` or the model's rows changes every fingerprint. Where results stay
        the same, ``python -m tf_models.runs.refingerprint`` rewrites the shipped ones; else raise TRAINING_VERSION.
        """
        text = json.dumps([asdict(self), self.model.fingerprint, dataset_hash, TRAINING_VERSION], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:20]
