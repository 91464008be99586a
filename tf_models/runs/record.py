"""What came out of a finished run."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from tf_models.runs.spec import Recipe, RunSpec


@dataclass(frozen=True)
class RunRecord:
    """What a finished run measured, with where it came from.

    Accuracies are shares (0 to 1), losses mean negative log-likelihoods in nats, times seconds. `history` has a row
    for every epoch. `correct` holds one bit per test image, packed and in base64: see `correctness`.
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
    history: tuple[dict[str, float], ...]
    train_seconds: float
    images_per_second: float
    device: str
    versions: dict[str, str]
    git: str
    finished: str  # UTC, ISO 8601

    def correctness(self) -> np.ndarray:
        """(test images,) bool: which test images were classified correctly."""
        bits = np.frombuffer(base64.b64decode(self.correct), np.uint8)
        return np.unpackbits(bits)[: self.test_images].astype(bool)

    def to_dict(self) -> dict[str, Any]:
        """One flat JSON object; `epochs` counts them, `history` lists them."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "spec"}
        spec = self.spec.to_dict()
        recipe = spec.pop("recipe")
        return {**spec, **recipe, **values, "history": list(self.history)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "RunRecord":
        recipe = Recipe(**{f.name: values[f.name] for f in fields(Recipe)})
        spec = RunSpec(**{f.name: values[f.name] for f in fields(RunSpec) if f.name != "recipe"}, recipe=recipe)
        own = {f.name: values[f.name] for f in fields(cls) if f.name not in ("spec", "history")}
        return cls(**own, spec=spec, history=tuple(values["history"]))


def pack_correct(correct: np.ndarray) -> str:
    """The inverse of `RunRecord.correctness`."""
    return base64.b64encode(np.packbits(correct).tobytes()).decode()
