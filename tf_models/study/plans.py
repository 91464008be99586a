"""The experiments as the lab carries them out: one plan for each on every data set, and the command that makes it."""

from dataclasses import MISSING, dataclass, fields, replace
from typing import Any

from tf_models.data import STUDIED, peek
from tf_models.runs.provenance import Records
from tf_models.runs.spec import Recipe
from tf_models.study.experiments import EXPERIMENTS, Experiment, experiment_kind, where
from tf_models.study.experiments.ffn_gap import FfnGap
from tf_models.zoo import CLASSROOM

# What a plan adds to what is usual on its data set (`DatasetInfo.usual`), where images are few and where they are many.
_BY_HEART = Recipe(epochs=60)
_FEW: dict[str, dict[str, Any]] = {
    "ffn-gap": dict(depths=(1, 2, 4, 8), train_sizes=(300, 600)),
    "parameter-efficiency": dict(train_sizes=(300,)),
    "data-curve": dict(train_sizes=(150, 300, 600)),
    "capacity": dict(recipe=_BY_HEART),
}
# What decides on many images: 7,500 updates with flips and moves, rates chosen at 1,500.
_LONG: dict[str, Any] = dict(recipe=Recipe(epochs=10, schedule="decay", augment=True), tuning_epochs=2)
_DECIDING: dict[str, dict[str, Any]] = {
    "training-length": _LONG | dict(tuning_epochs=None),
    "mixers": _LONG,
    "depth": _LONG,
    "capacity": dict(recipe=_BY_HEART, train_size=2000),
    "inside": _LONG,  # the families are those of `mixers`: one training serves both
}
_FEW_DECIDING = ("ffn-gap", "mixers", "capacity", "inside")  # of the same kind, where images are few
_OWN = {"necessity": Recipe(epochs=30), "sequence": Recipe(epochs=20)}  # those with data of their own
_LOWER_RATE = ("vgg", "vit", "swin", "longformer")  # 1e-3 is their best in `parameter-efficiency` on photographs
_MANY: dict[str, dict[str, Any]] = {
    "ffn-gap": dict(recipe=Recipe(epochs=10), tuning_size=None),
    "parameter-efficiency": dict(train_sizes=(2500,)),
    "factorial": dict(corners=True),
    "data-curve": dict(train_sizes=(250, 500, 1000, 2000, 5000)),
}


def plan(name: str, dataset: str, variant: str = "vit") -> Experiment:
    """The plan of an experiment on a data set, of ``ffn-gap`` for any `variant`, with its grid for `vit` alone.

    An experiment with its own data has one plan, whatever `dataset` is. Raises `LabError` for an unknown experiment,
    data set or variant.
    """
    dataset = where(name, dataset)
    kind, row = experiment_kind(name), peek(dataset)
    usual, images = row.usual, row.usual.train_size or row.train_images
    settings: dict[str, Any] = dict(seeds=row.seeds, backend="tensorflow")
    if name in _OWN:
        return kind(dataset=dataset, recipe=_OWN[name], **settings)
    if name in _DECIDING and not row.few_images:
        return kind(dataset=dataset, **settings | _DECIDING[name])
    decides = name in _FEW_DECIDING and row.few_images and variant == "vit"
    settings |= dict(train_size=usual.train_size, recipe=Recipe(epochs=usual.epochs), exploratory=not decides)
    settings |= dict(tuning_size=None if decides else usual.tuning_size)
    settings |= (_FEW if row.few_images else _MANY).get(name, {})
    if "train_sizes" in settings:
        settings["train_sizes"] = tuple(size for size in settings["train_sizes"] if size < images)
    if kind is FfnGap and variant != "vit":
        settings |= dict(variant=variant, depths=(), train_sizes=())
    return kind(dataset=dataset, **settings)


def plan_with_runs(name: str, dataset: str, records: Records, variant: str = "vit") -> Experiment:
    """The plan on the backend on which most of it has been begun, TensorFlow in a tie."""
    usual = plan(name, dataset, variant)
    others = sorted({spec.backend for spec in records} - {usual.backend})
    if not others:
        return usual
    candidates = [usual, *(replace(usual, backend=backend) for backend in others)]
    return max(candidates, key=lambda row: sum(spec in records for specs in row.tuning().values() for spec in specs))


def plans() -> list[Experiment]:
    """Every plan whose results the lab ships."""
    datasets = dict.fromkeys((*STUDIED, *(kind.own_data for kind in EXPERIMENTS.values() if kind.own_data)))
    return [plan(name, dataset) for name in EXPERIMENTS for dataset in datasets if is_planned(name, dataset)]


def is_planned(name: str, dataset: str) -> bool:
    """Whether the lab carries this experiment out on this data set."""
    if dataset not in STUDIED or experiment_kind(name).own_data:
        return dataset == experiment_kind(name).own_data
    return is_asked(name, dataset)


def is_asked(name: str, dataset: str) -> bool:
    """Whether an experiment has a question for this data set: long trainings have none where images are few."""
    return name not in _DECIDING or name in _FEW_DECIDING or not peek(where(name, dataset)).few_images


def command(experiment: Experiment) -> str:
    """The command line that carries out exactly this experiment."""
    usual = Recipe()
    words = [f"python -m tf_models run {experiment.name}"]
    recipe = {
        name: (getattr(experiment.recipe, name), getattr(usual, name))
        for name in ("epochs", "schedule", "augment", "xla", "mixed_precision")
    }
    own = {
        field.name: (getattr(experiment, field.name), field.default) for field in fields(experiment) if field.metadata
    }
    for name, (value, default) in (own | recipe).items():
        option = f"--{name.replace('_', '-')}"
        needless = value == default and default is not MISSING
        if needless or (name == "dataset" and experiment.own_data):
            continue
        if isinstance(value, tuple):
            value = ",".join(map(str, value))
        words.append(option if value is True else f"{option} {value}")
    return " ".join(words)


STEPS = (*EXPERIMENTS, "exact", "power", "linear", "networks", "probes")  # what `reproduce` takes


@dataclass(frozen=True)
class Step:
    """One part of what the lab ships: ``python -m tf_models reproduce NAME`` makes it again by its command."""

    name: str
    dataset: str  # empty where it needs none
    command: str


def _making(row: Experiment) -> str:
    """The networks of ``inside`` are probed by the command that trains them."""
    if row.name == "inside":
        return f"python -m tf_models inside --dataset {row.dataset} --ship"
    return f"{command(row)} --ship"


def shipped_steps() -> list[Step]:
    """Everything that lies in `results/`, in the order in which it was made."""
    steps = [Step(row.name, "" if row.own_data else row.dataset, _making(row)) for row in plans()]
    for name in ("exact", "power"):
        steps.append(Step(name, "", f"python -m tf_models {name} --ship"))
    for dataset in STUDIED:
        usual, seeds = peek(dataset).usual, peek(dataset).seeds
        size = f" --train-size {usual.train_size}" if usual.train_size else ""
        line = f"python -m tf_models linear --dataset {dataset}{size} --seeds {seeds} --ship"
        steps.append(Step("linear", dataset, line))
    for dataset in STUDIED:
        few = peek(dataset).few_images
        scale = "" if few else " --epochs 10 --schedule decay --augment"
        for variant in CLASSROOM:
            rate = 1e-3 if not few and variant in _LOWER_RATE else 3e-3
            line = f"python -m tf_models train {variant} --dataset {dataset}{scale} --learning-rate {rate:g} --ship"
            steps.append(Step("networks", dataset, line))
        if not few:  # until `inside` is trained there, its probes are of the networks that ship
            line = f"python -m tf_models inside --dataset {dataset} --shipped --ship"
            steps.append(Step("probes", dataset, line))
    return steps
