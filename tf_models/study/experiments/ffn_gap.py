"""``ffn-gap``: what the FFN of a network is worth, of a Vision Transformer where no other is named.

    python -m tf_models run ffn-gap --dataset digits --seeds 5
    python -m tf_models run ffn-gap --variant swin --dataset digits --seeds 5

Six arms (`ffn_arms`), 30 runs and 18 for tuning: about 4 minutes on 2 cores for digits, an hour for cifar10-jpeg with
3 seeds. Result for vit: +1.89 points [+0.66, +3.13] on digits, −0.72 [−1.91, +0.47] on cifar10-jpeg.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from tf_models.data import peek
from tf_models.errors import LabError
from tf_models.runs.spec import RunSpec
from tf_models.statistics.effects import paired_effect
from tf_models.statistics.rule import decide, smallest_effect
from tf_models.study.experiments.base import AGAIN, Arm, Contrast, Experiment, Records, numbers, one_source, pair
from tf_models.study.experiments.controls import positive_control, positive_row, same_arm_twice
from tf_models.zoo import CLASSROOM, SWITCHES, Value, configure, defaults, parameters
from tf_models.zoo.matching import nearest

CLASSROOM_DEPTH = len(CLASSROOM["vit"].blocks)
WITH_FFN = tuple(variant for variant, spec in CLASSROOM.items() if SWITCHES["ffn"].refusal(spec) is None)
# Its stem and its inverted blocks are nonlinear, whatever the switches say: it solves the control task without any FFN
# (100 % with three seeds), so the experiment is checked with `vit` in its place.
WITHOUT_CONTROL = ("mobilevit",)


@dataclass(frozen=True)
class FfnGap(Experiment):
    """`grid` cells repeat the first contrast at other depths and training sizes."""

    depths: tuple[int, ...] = ()
    train_sizes: tuple[int, ...] = ()
    variant: str = "vit"

    name: ClassVar[str] = "ffn-gap"
    contrasts: ClassVar[tuple[Contrast, ...]] = (
        Contrast("on", "off", primary=True),
        Contrast("on", "off_deeper"),
        Contrast("on", "off_wider"),
        Contrast("on", "activation"),
        Contrast("on", "linear"),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.variant not in CLASSROOM:
            raise LabError("unknown_variant", value=self.variant, choices=", ".join(WITH_FFN))
        if code := SWITCHES["ffn"].refusal(CLASSROOM[self.variant]):
            raise LabError(code, variant=self.variant, value="off")

    @cached_property
    def arms(self) -> dict[str, Arm]:
        known = peek(self.dataset)
        arms = ffn_arms(known.input_shape, known.classes, self.variant)
        return {name: Arm(self.variant, switches) for name, switches in arms.items()}

    def steps(self, rates: Mapping[str, float]) -> dict[str, list[RunSpec]]:
        cells = self.grid(rates).values()
        return {
            "control": [spec for specs in self.positive_control().values() for spec in specs],
            "arms": [spec for specs in self.runs(rates).values() for spec in specs],
            "grid": [spec for cell in cells for specs in cell.values() for spec in specs],
        }

    def runs(self, rates: Mapping[str, float]) -> dict[str, list[RunSpec]]:
        """The reported runs of every arm, a seed each, and of the A/A control ``on_again``."""
        again = range(AGAIN, AGAIN + self.seeds)
        on = Arm(self.variant, {})
        return super().runs(rates) | {"on_again": [self.spec(on, seed, rates["on"], self.train_size) for seed in again]}

    def grid(self, rates: Mapping[str, float]) -> dict[tuple[int, int | None], dict[str, list[RunSpec]]]:
        """(depth, training size) → runs with and without the FFN, at the learning rates of the full experiment.

        The depth is that of the switch; 0 is the variant's own, where its stages differ in depth.
        """
        arms = {name: self.arms[name] for name in ("on", "off")}
        usual = int(defaults(self.variant).get("depth", 0))

        def arm(name: str, depth: int) -> Arm:
            return Arm(self.variant, {**arms[name].switches, **({"depth": depth} if depth else {})})

        return {
            (depth, size): {
                name: [self.spec(arm(name, depth), seed, rates[name], size) for seed in range(self.seeds)]
                for name in arms
            }
            for size in (*self.train_sizes, *((self.train_size,) if self.depths else ()))
            for depth in (self.depths or (usual,))
        }

    def positive_control(self) -> dict[str, list[RunSpec]]:
        """The control task, with `vit` where this network solves it without an FFN."""
        return positive_control(self, self._controlled)

    @property
    def _controlled(self) -> str:
        return "vit" if self.variant in WITHOUT_CONTROL else self.variant

    def controls(self, runs: Mapping[str, list[RunSpec]], records: Records, delta: float) -> list[dict[str, Any]]:
        """The rows of both controls; `passed` is None while runs are missing."""
        again = same_arm_twice(*pair(runs["on"], runs["on_again"], records), delta)
        return [positive_row(self, records, self._controlled), again]

    def analyse(self, records: Records) -> dict[str, Any]:
        return analyse(self, records)


def ffn_arms(input_shape: tuple[int, int, int], classes: int, variant: str = "vit") -> dict[str, dict[str, Value]]:
    """The six arms of ``ffn-gap``, all of `variant`.

    Removing the FFN removes about 65 % of a ViT's parameters, so it is also removed at equal parameters, by depth and
    by width, as nearly as these allow; ``activation`` keeps norm → GELU → residual, ``linear`` both dense layers
    without the GELU.
    """
    target = parameters(configure(variant, {}, input_shape, classes))

    def matched(switch: str) -> dict[str, Value]:
        return nearest(variant, {"ffn": "off"}, switch, target, input_shape, classes)

    return {
        "on": {},
        "off": {"ffn": "off"},
        "activation": {"ffn": "activation"},
        "linear": {"ffn": "linear"},
        "off_deeper": matched("depth"),
        "off_wider": matched("width"),
    }


def analyse(experiment: FfnGap, records: Records) -> dict[str, Any]:
    """Everything that follows from the runs there are: arms, contrasts with verdicts, controls, grid, run ids.

    Missing runs leave their contrasts ``untested``; a failed control withholds the verdicts.
    """
    known = peek(experiment.dataset)
    train_images = experiment.train_size or known.train_images
    records = one_source(experiment, records)
    rates = experiment.rates(records)
    runs = experiment.runs(rates) if rates else {arm: [] for arm in (*experiment.arms, "on_again")}
    controls = experiment.controls(runs, records, smallest_effect(experiment.dataset, train_images))
    withheld = any(control["passed"] is False for control in controls)

    def contrast(a: str, b: str, specs: Mapping[str, list[RunSpec]], images: int, primary: bool) -> dict[str, Any]:
        first, second = pair(specs[a], specs[b], records)
        effect = paired_effect(first, second, experiment.level)
        delta = smallest_effect(experiment.dataset, images)
        verdict = "inconclusive" if withheld and effect is not None else decide(effect, delta)
        row = {"a": a, "b": b, "primary": primary, **numbers(effect), "delta": delta, "verdict": verdict}
        # Near the ceiling accuracies hardly differ any more; the loss still does.
        loss = [y.test_loss - x.test_loss for x, y in zip(first, second, strict=True)]
        return row | {"test_loss_saved": float(np.mean(loss)) if loss else None, "withheld": withheld}

    arms = []
    for name, arm in experiment.arms.items():
        found = [records[spec][0] for spec in runs[name] if records.get(spec)]
        arms.append(
            {
                "name": name,
                "switches": arm.switches,
                "parameters": parameters(configure(arm.variant, arm.switches, known.input_shape, known.classes)),
                "learning_rate": rates[name] if rates else None,
                "seeds": [record.spec.seed for record in found],
                "test_accuracies": [record.test_accuracy for record in found],
                "test_accuracy": float(np.mean([r.test_accuracy for r in found])) if found else None,
                "test_loss": float(np.mean([r.test_loss for r in found])) if found else None,
                "runs": [record.run_id for record in found],
            }
        )
    cells = []
    for (depth, size), specs in (experiment.grid(rates) if rates else {}).items():
        row = contrast("on", "off", specs, size or train_images, primary=False)
        cells.append({"depth": depth, "train_images": size or train_images, **row})
    return {
        "experiment": experiment.name,
        "variant": experiment.variant,
        "dataset": experiment.dataset,
        "train_images": train_images,
        "epochs": experiment.recipe.epochs,
        "seeds": experiment.seeds,
        "backend": experiment.backend,
        "devices": dict(Counter(r.device for specs in runs.values() for s in specs for r in records.get(s, ())[:1])),
        "arms": arms,
        "contrasts": [contrast(c.a, c.b, runs, train_images, c.primary) for c in experiment.contrasts],
        "controls": controls,
        "grid": cells,
        "runs": sorted({run for arm in arms for run in arm["runs"]}),
    }
