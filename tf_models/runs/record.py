"""What came out of a finished run."""

import base64
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from tf_models.data.raw import are_uneven
from tf_models.runs.spec import RunSpec

MOST = 50  # classes of which a record keeps the confusion matrix
SCHEMA = 1  # raise it when a field changes its meaning; a new field needs a line in `reading.BEFORE` only


@dataclass(frozen=True)
class RunRecord:
    """What a finished run measured, with where it came from.

    Accuracies are shares (0 to 1), losses mean negative log-likelihoods in nats, times seconds. `history` has a row
    per epoch. `correct` holds one bit per test image, packed and in base64: see `correctness`. `fit_loss` and
    `fit_accuracy` are those of the final network, in evaluation mode, on up to 2,000 training images.
    """

    run_id: str
    spec: RunSpec
    fingerprint: str
    parameters: int
    macs: int
    dataset_hash: str
    dataset_source: str
    fixed_test: bool
    train_images: int
    test_images: int
    validation_accuracy: float
    validation_loss: float
    test_accuracy: float
    test_loss: float
    correct: str
    history: Sequence[dict[str, float]]
    train_seconds: float
    images_per_second: float
    device: str
    versions: dict[str, str]
    git: str
    finished: str  # UTC, ISO 8601
    updates: int | None = None  # optimizer steps; None in records from before it was counted, like the next two
    fit_loss: float | None = None
    fit_accuracy: float | None = None
    # (classes, classes) test images by their class, then by what they are taken for; None of more than `MOST` classes,
    # and in records from before it was counted, like the names of the classes
    confusion: Sequence[Sequence[int]] | None = None
    class_names: Sequence[str] | None = None
    schema: int = SCHEMA

    @property
    def balanced_accuracy(self) -> float | None:
        """The mean over the classes of the share that is classified correctly; None where it is not known."""
        if self.confusion is None:
            return None
        shares = [row[label] / sum(row) for label, row in enumerate(self.confusion) if sum(row)]
        return sum(shares) / len(shares)

    @property
    def unbalanced(self) -> bool:
        """Whether the classes of the test set are uneven, as far as is known: see `are_uneven`."""
        return are_uneven([sum(row) for row in self.confusion or () if sum(row)])

    @cached_property
    def correctness(self) -> np.ndarray:
        """(test images,) bool, read-only: which test images were classified correctly."""
        bits = np.unpackbits(np.frombuffer(base64.b64decode(self.correct), np.uint8), count=self.test_images)
        bits.flags.writeable = False
        return bits.view(bool)

    def to_dict(self) -> dict[str, Any]:
        """One flat JSON object; `epochs` counts them, `history` lists them."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        spec = asdict(values.pop("spec"))
        recipe = spec.pop("recipe")
        for name in ("confusion", "class_names"):  # a record from before they were kept stays as it was written
            if values[name] is None:
                del values[name]
        return {**spec, **recipe, **values, "history": list(self.history)}


def pack_correct(correct: np.ndarray) -> str:
    """The inverse of `RunRecord.correctness`."""
    return base64.b64encode(np.packbits(correct).tobytes()).decode()
