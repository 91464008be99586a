"""The switches that turn one variant into another, each checked against a rule that its error names."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from tf_models.errors import LabError
from tf_models.zoo.spec import (
    CHANNEL_MIXERS,
    MIXERS,
    NORMS,
    POSITIONS,
    REACHING_EXTRA_TOKENS,
    SHORT_MOMENTUM,
    SHUFFLES,
    WITH_HEADS,
    WITH_RELATIVE_POSITIONS,
    Block,
    Head,
    ModelSpec,
    Stage,
    Stem,
    map_blocks,
)

Value = str | int | float

CHOICES: dict[str, tuple[str, ...]] = {
    "ffn": CHANNEL_MIXERS,
    "mixer": MIXERS,
    "late_mixer": ("same", *MIXERS),
    "position": POSITIONS,
    "skip": ("on", "off"),
    "norm": NORMS,
    "stem": ("patch", "convolution"),
    "downsample": ("stride", "blur"),
    "sliding": ("raster", "grid"),
    "shift": ("on", "off"),
    "values": ("projected", "identity"),
    "activations": ("every", "second", "last"),
    "head": ("flatten", "mean"),
    "shuffle": SHUFFLES,
}
RANGES: dict[str, tuple[type[int] | type[float], float, float]] = {
    "ffn_ratio": (float, 0.25, 16),
    "ffn_layers": (int, 1, 3),
    "heads": (int, 1, 32),
    "depth": (int, 1, 24),
    "width": (int, 4, 768),
    "patch": (int, 1, 32),
}
SWITCHES = (*CHOICES, *RANGES)

# A plain convolution stack (conv → ReLU → … → pool) has nothing that these could switch; errors.py has the reasons.
REFUSED_BY_PLAIN = (
    "ffn",
    "ffn_ratio",
    "ffn_layers",
    "mixer",
    "late_mixer",
    "position",
    "skip",
    "stem",
    "heads",
    "patch",
)
FOR_PLAIN_ALONE = ("activations", "head")
# Switches of one token mixer alone: which, and the code of the reason where it is another.
OF_ONE_MIXER = {
    "shift": ("window", "shift_without_windows"),
    "sliding": ("sliding", "sliding_without_band"),
    "values": ("attention", "values_without_attention"),
}
CONVOLUTIONAL = ("bottleneck", "separable", "inverted")  # block kinds whose channel mixing is 1×1 convolutions


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


def refusal(spec: ModelSpec, switch: str) -> str | None:
    """Why this architecture has no such switch, as an error's code; None where it has one."""
    kinds = {block.kind for block in spec.blocks}
    if kinds == {"plain"}:
        if switch in REFUSED_BY_PLAIN:
            return f"plain_{switch}"
        return OF_ONE_MIXER[switch][1] if switch in OF_ONE_MIXER else None
    if switch in FOR_PLAIN_ALONE:
        return f"{switch}_of_plain"
    if switch == "late_mixer" and (len(spec.stages) > 1 or kinds != {"two_residuals"} or spec.stem.class_token):
        return "late_mixer_stages"
    if switch in ("ffn", "ffn_ratio", "ffn_layers") and kinds & set(CONVOLUTIONAL) == kinds:
        if switch != "ffn_ratio":
            return f"convolutional_{switch}"
        return "separable_ffn_ratio" if kinds == {"separable"} else None
    if switch == "skip" and kinds == {"separable"}:
        return "separable_skip"
    if switch in ("stem", "patch") and spec.stem.kind == "convolution" and not spec.stem.project:
        return f"convolutional_{switch}"
    if switch == "downsample" and spec.stem.kind == "patch":
        kinds_of_stride = {stage.downsample for stage in spec.stages} - {"none"}
        if not kinds_of_stride:
            return "downsample_one_grid"
        if kinds_of_stride == {"merge"}:
            return "downsample_merge"
    return None


def with_switches(spec: ModelSpec, switches: Mapping[str, Value]) -> ModelSpec:
    """`spec` with `switches` set; refuses, with the reason, what has no meaning for it."""
    checked = {switch: check_switch(switch, value, spec.name) for switch, value in switches.items()}
    for switch, value in checked.items():
        if code := refusal(spec, switch):
            raise LabError(code, variant=spec.name, value=value)
    _refuse_idle_switches(spec, checked)

    stem, stages, head = spec.stem, spec.stages, spec.head
    if "depth" in checked:
        stages = _deepened(stages, int(checked["depth"]))
    if "width" in checked:
        stem, stages, head = _rescaled(stem, stages, head, int(checked["width"]))
    changes: dict[str, object] = {
        field: checked[switch]
        for switch, field in (("ffn", "channel"), ("norm", "norm"), ("sliding", "sliding"))
        if switch in checked
    }
    if "skip" in checked:
        changes["skip"] = checked["skip"] == "on"
    if "norm" in checked:
        norm = str(checked["norm"])
        head = replace(head, norm=norm) if head.norm != "none" else head
        stem = replace(stem, norm=norm) if stem.norm != "none" else stem
    if "position" in checked:
        relative = checked["position"] in ("relative", "local")
        stem = replace(stem, position="none" if relative else str(checked["position"]))
        changes |= {"relative": relative, "local": checked["position"] == "local"}
    if "stem" in checked and checked["stem"] != stem.kind:
        if checked["stem"] == "convolution":
            norm = str(checked.get("norm", "batch"))
            stem = replace(stem, kind="convolution", norm=norm, activation="relu", kernel=3, project=True)
            if norm == "batch":
                spec = replace(spec, batch_momentum=SHORT_MOMENTUM)
        else:
            stem = replace(stem, kind="patch", project=False)
    if "patch" in checked:
        stem = replace(stem, patch=int(checked["patch"]))
    stages = map_blocks(stages, **changes)
    if "ffn_ratio" in checked:
        stages = _with_ffn(stages, ffn_ratio=float(checked["ffn_ratio"]))
    if "ffn_layers" in checked:
        stages = _with_ffn(stages, ffn_layers=int(checked["ffn_layers"]))
    if "mixer" in checked:
        stages = _mixed(stages, str(checked["mixer"]))
        if stem.class_token and checked["mixer"] not in REACHING_EXTRA_TOKENS:
            stem = replace(stem, class_token=False)  # nothing would ever reach it
    if checked.get("late_mixer", "same") != "same":
        (stage,) = stages
        early, late = stage.blocks[: len(stage.blocks) // 2], stage.blocks[len(stage.blocks) // 2 :]
        (mixed,) = _mixed((replace(stage, blocks=late),), str(checked["late_mixer"]))
        stages = (replace(stage, blocks=early + mixed.blocks),)
    if "shift" in checked:  # after the mixer, whose windows shift of themselves
        stages = map_blocks(stages, shift=checked["shift"] == "on")
    if "values" in checked:
        stages = map_blocks(stages, projected=checked["values"] == "projected")
    if "heads" in checked:
        stages = _with_heads(stages, int(checked["heads"]))
    if "activations" in checked:
        stages = _activated(stages, str(checked["activations"]))
    if "head" in checked and checked["head"] != head.pool:
        head = replace(head, pool=str(checked["head"]), hidden=())
    blur = checked["downsample"] == "blur" if "downsample" in checked else spec.blur
    shuffle = str(checked.get("shuffle", spec.shuffle))
    return replace(spec, stem=stem, stages=stages, head=head, blur=blur, shuffle=shuffle)


def settings(spec: ModelSpec) -> dict[str, Value]:
    """How the switches of `spec` stand.

    Left out are those that it refuses, the automatic patch size, and what differs from stage to stage.
    """
    values: dict[str, Value] = {}
    inside = [block for block in spec.blocks if block.kind not in CONVOLUTIONAL] or list(spec.blocks)
    block = inside[0]
    stem = "convolution" if spec.stem.kind == "convolution" else "patch"
    standing: dict[str, Value] = {
        "norm": spec.blocks[0].norm,
        "width": spec.blocks[0].width,
        "ffn": block.channel,
        "mixer": block.mixer,
        "late_mixer": "same" if spec.blocks[-1].mixer == block.mixer else spec.blocks[-1].mixer,
        "position": ("local" if block.local else "relative") if block.relative else spec.stem.position,
        "skip": "on" if block.skip else "off",
        "stem": stem,
        "downsample": "blur" if spec.blur else "stride",
        "ffn_layers": block.ffn_layers,
        "activations": _activations(spec.stages),
        "head": spec.head.pool,
        "shuffle": spec.shuffle,
    }
    if len({b.ffn_ratio for b in inside}) == 1:
        standing["ffn_ratio"] = block.ffn_ratio
    depths = _depths(spec.stages)
    if len(depths) == 1:
        standing["depth"] = depths.pop()
    if block.mixer in WITH_HEADS:
        standing["heads"] = block.heads
    if block.mixer == "window":
        standing["shift"] = "on" if block.shift else "off"
    if block.mixer == "sliding":
        standing["sliding"] = block.sliding
    if block.mixer == "attention":
        standing["values"] = "projected" if block.projected else "identity"
    for switch, value in standing.items():
        if refusal(spec, switch) is None:
            values[switch] = value
    return values


def _refuse_idle_switches(spec: ModelSpec, checked: Mapping[str, Value]) -> None:
    """A switch that would change nothing must not look as if it had."""
    block = _switched(spec)
    mixer = checked.get("mixer", block.mixer)
    late = checked.get("late_mixer", "same")
    if late == mixer:
        raise LabError("late_mixer_same", variant=spec.name, value=late)
    mixers_used = {mixer, late}
    for switch, mixers, code in (
        ("heads", WITH_HEADS, "heads_without_attention"),
        *((switch, (only,), code) for switch, (only, code) in OF_ONE_MIXER.items()),
    ):
        if switch in checked and not mixers_used & set(mixers):
            raise LabError(code, variant=spec.name, value=checked[switch], mixer=mixer)
    if checked.get("position") == "relative" and mixer not in WITH_RELATIVE_POSITIONS:
        choices = ", ".join(WITH_RELATIVE_POSITIONS)
        raise LabError("relative_without_scores", variant=spec.name, mixer=mixer, choices=choices)
    if checked.get("position") == "local" and mixer != "attention":
        raise LabError("local_without_attention", variant=spec.name, mixer=mixer)
    channel = checked.get("ffn", block.channel)
    for switch in ("ffn_ratio", "ffn_layers"):
        if switch in checked and channel in ("off", "activation") and block.kind not in CONVOLUTIONAL:
            raise LabError("hidden_without_ffn", variant=spec.name, switch=switch, value=checked[switch], ffn=channel)
    if "ffn_ratio" in checked and checked.get("ffn_layers", block.ffn_layers) == 1:
        raise LabError("ratio_of_one_layer", variant=spec.name, value=checked["ffn_ratio"])


def _switched(spec: ModelSpec) -> Block:
    """The first block that the switches of a Transformer mean: that of `mobilevit` where there is one."""
    return next((block for block in spec.blocks if block.kind not in CONVOLUTIONAL), spec.blocks[0])


def _depths(stages: tuple[Stage, ...]) -> set[int]:
    """What the switch `depth` stands at: blocks a stage, or Transformer blocks inside every ``mobilevit`` block."""
    inner = {block.inner_depth for stage in stages for block in stage.blocks if block.kind == "mobilevit"}
    return inner or {len(stage.blocks) for stage in stages}


def _deepened(stages: tuple[Stage, ...], depth: int) -> tuple[Stage, ...]:
    if any(block.kind == "mobilevit" for stage in stages for block in stage.blocks):
        return tuple(
            replace(s, blocks=tuple(replace(b, inner_depth=depth if b.inner_depth else 0) for b in s.blocks))
            for s in stages
        )
    return tuple(replace(stage, blocks=stage.blocks[:1] * depth) for stage in stages)


def _activated(stages: tuple[Stage, ...], which: str) -> tuple[Stage, ...]:
    """An activation behind every convolution, behind every second one of a stage, or behind its last alone."""

    def active(position: int, depth: int) -> bool:
        behind = depth - 1 - position
        return which == "every" or behind == 0 or (which == "second" and behind % 2 == 0)

    return tuple(
        replace(
            stage,
            blocks=tuple(
                replace(block, channel="activation" if active(position, len(stage.blocks)) else "off")
                for position, block in enumerate(stage.blocks)
            ),
        )
        for stage in stages
    )


def _activations(stages: tuple[Stage, ...]) -> str:
    if all(block.channel != "off" for stage in stages for block in stage.blocks):
        return "every"
    return "second" if _activated(stages, "second") == stages else "last"


def _with_ffn(stages: tuple[Stage, ...], **changes: float) -> tuple[Stage, ...]:
    """Another hidden width or number of layers; in a hybrid the Transformer's alone."""
    hybrid = any(block.kind == "mobilevit" for stage in stages for block in stage.blocks)

    def change(block: Block) -> Block:
        return block if hybrid and block.kind != "mobilevit" else replace(block, **changes)  # pyright: ignore

    return tuple(replace(stage, blocks=tuple(change(block) for block in stage.blocks)) for stage in stages)


def _mixed(stages: tuple[Stage, ...], mixer: str) -> tuple[Stage, ...]:
    """Another token mixer; in a hybrid the Transformer's alone. Windows shift, as Swin's do; a mixer without scores
    has nowhere to put relative positions.
    """
    hybrid = any(block.kind == "mobilevit" for stage in stages for block in stage.blocks)

    def change(block: Block) -> Block:
        if hybrid and block.kind != "mobilevit":
            return block
        relative = block.relative and mixer in WITH_RELATIVE_POSITIONS
        local = block.local and mixer == "attention"
        shift = block.shift or (mixer == "window" and block.mixer != "window")
        return replace(block, mixer=mixer, relative=relative, local=local, shift=shift)

    return tuple(replace(stage, blocks=tuple(change(block) for block in stage.blocks)) for stage in stages)


def _with_heads(stages: tuple[Stage, ...], heads: int) -> tuple[Stage, ...]:
    """`heads` in the first blocks that have any; the others keep their proportion to it."""
    first = next(b for stage in stages for b in stage.blocks if b.kind == "mobilevit" or b.mixer in WITH_HEADS)

    def change(block: Block) -> Block:
        return replace(block, heads=max(1, block.heads * heads // first.heads))

    return tuple(replace(stage, blocks=tuple(change(block) for block in stage.blocks)) for stage in stages)


def _rescaled(stem: Stem, stages: tuple[Stage, ...], head: Head, width: int) -> tuple[Stem, tuple[Stage, ...], Head]:
    """The first stage gets `width` channels, all others keep their proportion to it."""
    first = stages[0].blocks[0].width

    def scaled(channels: int, heads: int = 1) -> int:
        """In proportion, to the next multiple of `heads`; 0 stays 0."""
        if channels == 0:
            return 0
        if channels == first:
            return width
        return max(heads, heads * round(channels * width / first / heads))

    def change(block: Block) -> Block:
        heads = block.heads if block.mixer in WITH_HEADS else 1
        return replace(block, width=scaled(block.width, heads), inner_width=scaled(block.inner_width, heads))

    stages = tuple(replace(stage, blocks=tuple(change(block) for block in stage.blocks)) for stage in stages)
    hidden = tuple(scaled(channels) for channels in head.hidden)
    head = replace(head, convolution=scaled(head.convolution), hidden=hidden)
    return replace(stem, width=scaled(stem.width)), stages, head
