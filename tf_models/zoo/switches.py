"""The switches that turn one variant into another, each checked against a rule that its error names."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from tf_models.errors import LabError
from tf_models.zoo.spec import CHANNEL_MIXERS, MIXERS, NORMS, POSITIONS, ModelSpec, Stage, map_blocks

Value = str | int | float

CHOICES: dict[str, tuple[str, ...]] = {
    "ffn": CHANNEL_MIXERS,
    "mixer": MIXERS,
    "position": POSITIONS,
    "skip": ("on", "off"),
    "norm": NORMS,
}
RANGES: dict[str, tuple[type[int] | type[float], float, float]] = {
    "ffn_ratio": (float, 0.25, 16),
    "heads": (int, 1, 32),
    "depth": (int, 1, 24),
    "width": (int, 4, 768),
    "patch": (int, 1, 32),
}
SWITCHES = (*CHOICES, *RANGES)

# A plain convolution stack (conv → ReLU → … → pool) has nothing that these could switch; errors.py has the reasons.
REFUSED_BY_PLAIN = ("ffn", "ffn_ratio", "mixer", "position", "skip", "heads", "patch")


def parse_switches(settings: Iterable[str]) -> dict[str, Value]:
    """``["ffn=off", "depth=2"]`` to ``{"ffn": "off", "depth": 2}``, every value checked."""
    switches: dict[str, Value] = {}
    for setting in settings:
        switch, _, value = setting.partition("=")
        switches[switch] = check_switch(switch, value)
    return switches


def check_switch(switch: str, value: Value, variant: str = "every variant") -> Value:
    """The value in its own type, or a `LabError` that names the value and the rule."""
    if switch in CHOICES:
        if value not in CHOICES[switch]:
            raise LabError("switch_choice", switch=switch, value=value, choices=", ".join(CHOICES[switch]))
        return value
    if switch not in RANGES:
        raise LabError("unknown_switch", switch=switch, variant=variant, choices=", ".join(SWITCHES))
    kind, low, high = RANGES[switch]
    code = "switch_whole" if kind is int else "switch_number"
    try:
        number = kind(value)
    except (TypeError, ValueError, OverflowError):
        raise LabError(code, switch=switch, value=value, low=low, high=high) from None
    if not low <= number <= high or (kind is int and number != float(value)):
        raise LabError(code, switch=switch, value=value, low=low, high=high)
    return number


def with_switches(spec: ModelSpec, switches: Mapping[str, Value]) -> ModelSpec:
    """`spec` with `switches` set; refuses, with the reason, what has no meaning for it."""
    checked = {switch: check_switch(switch, value, spec.name) for switch, value in switches.items()}
    plain = any(block.kind == "plain" for block in spec.blocks)
    if plain:
        for switch in REFUSED_BY_PLAIN:
            if switch in checked:
                raise LabError(f"plain_{switch}", variant=spec.name, value=checked[switch])
    else:
        _refuse_idle_switches(spec, checked)

    stem, stages, head_norm, changes = spec.stem, spec.stages, spec.head_norm, {}
    if "depth" in checked:
        stages = tuple(replace(stage, blocks=stage.blocks[:1] * int(checked["depth"])) for stage in stages)
    if "width" in checked:
        stem, stages = _rescaled(spec, stages, int(checked["width"]))
    if "norm" in checked:
        changes["norm"] = checked["norm"]
        head_norm = spec.head_norm if plain else str(checked["norm"])
    for switch, field in (("ffn", "channel"), ("ffn_ratio", "ffn_ratio"), ("heads", "heads"), ("mixer", "mixer")):
        if switch in checked:
            changes[field] = checked[switch]
    if "skip" in checked:
        changes["skip"] = checked["skip"] == "on"
    if "position" in checked:
        stem = replace(stem, position=str(checked["position"]))
    if "patch" in checked:
        stem = replace(stem, patch=int(checked["patch"]))
    stages = map_blocks(stages, **changes)
    return replace(spec, stem=stem, stages=stages, head_norm=head_norm)


def settings(spec: ModelSpec) -> dict[str, Value]:
    """How the switches of `spec` stand; those that it refuses, and the automatic patch size, are left out."""
    block = spec.blocks[0]
    values: dict[str, Value] = {"norm": block.norm, "depth": len(spec.stages[0].blocks), "width": block.width}
    if block.kind != "plain":
        values |= {"ffn": block.channel, "ffn_ratio": block.ffn_ratio, "mixer": block.mixer, "heads": block.heads}
        values |= {"position": spec.stem.position, "skip": "on" if block.skip else "off"}
    return values


def _refuse_idle_switches(spec: ModelSpec, checked: Mapping[str, Value]) -> None:
    """A switch that would change nothing must not look as if it had."""
    mixer = checked.get("mixer", spec.blocks[0].mixer)
    if "heads" in checked and mixer != "attention":
        raise LabError("heads_without_attention", variant=spec.name, value=checked["heads"], mixer=mixer)
    channel = checked.get("ffn", spec.blocks[0].channel)
    if "ffn_ratio" in checked and channel in ("off", "activation"):
        raise LabError("ratio_without_ffn", variant=spec.name, value=checked["ffn_ratio"], ffn=channel)


def _rescaled(spec: ModelSpec, stages: tuple[Stage, ...], width: int):
    """The first stage gets `width` channels, the others keep their proportion to it."""
    first = spec.blocks[0].width

    def scale(stage: Stage) -> Stage:
        return replace(
            stage, blocks=tuple(replace(b, width=max(1, round(b.width * width / first))) for b in stage.blocks)
        )

    stem = replace(spec.stem, width=width) if spec.stem.kind == "patch" else spec.stem
    return stem, tuple(scale(stage) for stage in stages)
