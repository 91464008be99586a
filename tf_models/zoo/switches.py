"""The switches that turn one variant into another, a row each.

A new switch is a row of `SWITCHES`, its words, and the sentences of its refusals: `tests/test_switches.py` tries every
value of every row on every variant.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from types import SimpleNamespace
from typing import Any

from tf_models.errors import LabError
from tf_models.zoo.spec import (
    BLOCK_KINDS,
    CHANNEL_MIXERS,
    CONVOLUTIONAL,
    MIXERS,
    NORMS,
    POSITIONS,
    REACHING_EXTRA_TOKENS,
    SHORT_MOMENTUM,
    SHUFFLES,
    STARTS,
    WITH_HEADS,
    WITH_RELATIVE_POSITIONS,
    Block,
    ModelSpec,
    Stage,
)

Value = str | int | float
Chosen = Mapping[str, Value]  # every switch that is set, checked
Apply = Callable[["Draft", Any, Chosen], None]
Idle = Callable[[ModelSpec, Chosen], LabError | None]


class Draft(SimpleNamespace):
    """The fields of a `ModelSpec` while switches are set: they need not fit each other before all are."""

    @classmethod
    def of(cls, spec: ModelSpec, **changes: Any) -> "Draft":
        return cls(**{field.name: getattr(spec, field.name) for field in fields(spec)} | changes)


@dataclass(frozen=True)
class Numbers:
    """From `low` to `high`, ends included. A page offers some: `offered`, or multiples of what the variant has."""

    kind: type[int] | type[float]
    low: float
    high: float
    offered: tuple[float, ...] = ()
    multiples: tuple[float, ...] = ()

    def offers(self, own: float) -> tuple[float, ...]:
        """The numbers that a page offers for a variant that has `own`."""
        return self.offered or tuple(self.kind(own * multiple) for multiple in self.multiples)


@dataclass(frozen=True)
class Switch:
    """What can be set, where it cannot be, and what it does.

    `apply` changes the draft; it also sees the other switches. `read` has the value off an architecture, None where it
    has no single one; needed where that is not simply the value that changes nothing. `refused` has the reasons why an
    architecture has no such switch, by their codes. `idle` gives the error of a value that would change nothing beside
    the other switches.
    """

    name: str
    values: tuple[str, ...] | Numbers
    apply: Apply
    read: Callable[[ModelSpec], Value | None] | None = None
    refused: Mapping[str, Callable[[ModelSpec], bool]] = field(default_factory=dict)
    idle: Idle = lambda _spec, _chosen: None

    def standing(self, spec: ModelSpec) -> Value | None:
        """How the switch stands. None where the architecture has no such switch, where any value would change nothing,
        where the number is automatic, or differs from stage to stage.
        """
        if self.refusal(spec):
            return None
        if self.read:
            value = self.read(spec)
        else:
            names = self.values if isinstance(self.values, tuple) else ()
            value = next((name for name in names if self._keeps(spec, name)), None)
        return None if value is None or self.idle(spec, {self.name: value}) else value

    def _keeps(self, spec: ModelSpec, value: Value) -> bool:
        draft = Draft.of(spec)
        self.apply(draft, value, {})
        return draft == Draft.of(spec)

    def refusal(self, spec: ModelSpec) -> str | None:
        """Why this architecture has no such switch, as an error's code; None where it has one."""
        return next((code for code, without in self.refused.items() if without(spec)), None)

    def check(self, value: Value) -> Value:
        """The value in its own type, or a `LabError` that names the value and the rule."""
        allowed = self.values
        if isinstance(allowed, tuple):
            if value not in allowed:
                raise LabError("switch_choice", switch=self.name, value=value, choices=", ".join(allowed))
            return value
        whole = allowed.kind is int
        try:
            number = allowed.kind(value)
            if allowed.low <= number <= allowed.high and (not whole or number == float(value)):
                return number
        except (TypeError, ValueError, OverflowError):
            pass
        code = "switch_whole" if whole else "switch_number"
        raise LabError(code, switch=self.name, value=value, low=allowed.low, high=allowed.high)


# Architectures that lack a switch


def _only(*kinds: str) -> Callable[[ModelSpec], bool]:
    """Whether all blocks are of these kinds."""
    return lambda spec: {block.kind for block in spec.blocks} <= set(kinds)


_plain = _only("plain")  # a stack of conv → activation → …, which has nothing else that could be switched
_composite = _only(*(kind for kind in BLOCK_KINDS if kind != "plain"))
_convolutional = _only(*CONVOLUTIONAL)
_separable = _only("separable")


def _without_halves(spec: ModelSpec) -> bool:
    return len(spec.stages) > 1 or not _only("two_residuals")(spec) or spec.stem.class_token


def _convolutional_stem(spec: ModelSpec) -> bool:
    return spec.stem.kind == "convolution" and not spec.stem.project


def _one_grid(spec: ModelSpec) -> bool:
    return spec.stem.kind == "patch" and all(stage.downsample == "none" for stage in spec.stages)


def _merging(spec: ModelSpec) -> bool:
    return any(stage.downsample == "merge" for stage in spec.stages)


# Settings that would change nothing


def _switched(spec: ModelSpec) -> Block:
    """The first block that the switches of a Transformer mean: that of `mobilevit` where there is one."""
    return next((block for block in spec.blocks if block.kind not in CONVOLUTIONAL), spec.blocks[0])


def _early_mixer(spec: ModelSpec, chosen: Chosen) -> Value:
    return chosen.get("mixer", _switched(spec).mixer)


def _of_mixers(switch: str, mixers: tuple[str, ...], code: str) -> Idle:
    """Only these token mixers have the switch."""

    def idle(spec: ModelSpec, chosen: Chosen) -> LabError | None:
        mixer = _early_mixer(spec, chosen)
        if {mixer, chosen.get("late_mixer")} & set(mixers):
            return None
        return LabError(code, variant=spec.name, value=chosen[switch], mixer=mixer)

    return idle


def _of_hidden(switch: str) -> Idle:
    """Only an FFN with a hidden layer has the switch."""

    def idle(spec: ModelSpec, chosen: Chosen) -> LabError | None:
        block, value = _switched(spec), chosen[switch]
        channel = chosen.get("ffn", block.channel)
        if channel in ("off", "activation") and block.kind not in CONVOLUTIONAL:
            return LabError("hidden_without_ffn", variant=spec.name, switch=switch, value=value, ffn=channel)
        if switch == "ffn_ratio" and chosen.get("ffn_layers", block.ffn_layers) == 1:
            return LabError("ratio_of_one_layer", variant=spec.name, value=value)
        return None

    return idle


def _same_late_mixer(spec: ModelSpec, chosen: Chosen) -> LabError | None:
    late = chosen["late_mixer"]
    return LabError("late_mixer_same", variant=spec.name, value=late) if late == _early_mixer(spec, chosen) else None


def _without_scores(spec: ModelSpec, chosen: Chosen) -> LabError | None:
    position, mixer = chosen["position"], _early_mixer(spec, chosen)
    if position == "relative" and mixer not in WITH_RELATIVE_POSITIONS:
        choices = ", ".join(WITH_RELATIVE_POSITIONS)
        return LabError("relative_without_scores", variant=spec.name, mixer=mixer, choices=choices)
    if position == "local" and mixer != "attention":
        return LabError("local_without_attention", variant=spec.name, mixer=mixer)
    return None


# What a switch does


def _each(net: Draft, change: Callable[[Block], Block], inner: bool = False) -> None:
    """Change every block; with `inner`, in a hybrid the Transformer's alone."""
    hybrid = inner and any(block.kind == "mobilevit" for stage in net.stages for block in stage.blocks)

    @cache  # most blocks of a network are alike
    def changed(block: Block) -> Block:
        return block if hybrid and block.kind != "mobilevit" else change(block)

    net.stages = tuple(replace(stage, blocks=tuple(map(changed, stage.blocks))) for stage in net.stages)


def _field(name: str, on: str = "", inner: bool = False) -> Apply:
    """A field of every block, or of the network, holds the value, or whether it is `on`."""

    def apply(net: Draft, value: Value, _chosen: Chosen) -> None:
        held = value == on if on else value
        if hasattr(net, name):
            setattr(net, name, held)
        else:
            changes: dict[str, Any] = {name: held}
            _each(net, lambda block: replace(block, **changes), inner)

    return apply


def _depth(net: Draft, depth: int, _chosen: Chosen) -> None:
    """Blocks per stage, or Transformer blocks inside every ``mobilevit`` block."""
    if any(block.inner_depth for stage in net.stages for block in stage.blocks):
        _each(net, lambda block: replace(block, inner_depth=depth if block.inner_depth else 0))
    else:
        net.stages = tuple(replace(stage, blocks=stage.blocks[:1] * depth) for stage in net.stages)


def _read_depth(spec: ModelSpec) -> int | None:
    depths = {block.inner_depth for block in spec.blocks if block.inner_depth}
    depths = depths or {len(stage.blocks) for stage in spec.stages}
    return depths.pop() if len(depths) == 1 else None


def _read_ratio(spec: ModelSpec) -> float | None:
    inside = [block for block in spec.blocks if block.kind not in CONVOLUTIONAL] or spec.blocks
    ratios = {block.ffn_ratio for block in inside}
    return ratios.pop() if len(ratios) == 1 else None


def _read_width(spec: ModelSpec) -> int:
    return spec.blocks[0].width


def _width(net: Draft, width: int, _chosen: Chosen) -> None:
    """The first stage gets `width` channels, all others keep their proportion to it."""
    first = net.stages[0].blocks[0].width

    def scaled(channels: int, heads: int = 1) -> int:
        """In proportion, to the next multiple of `heads`; 0 stays 0."""
        if channels in (0, first):
            return width if channels else 0
        return max(heads, heads * round(channels * width / first / heads))

    def change(block: Block) -> Block:
        heads = block.heads if block.mixer in WITH_HEADS else 1
        return replace(block, width=scaled(block.width, heads), inner_width=scaled(block.inner_width, heads))

    _each(net, change)
    net.stem = replace(net.stem, width=scaled(net.stem.width))
    hidden = tuple(scaled(channels) for channels in net.head.hidden)
    net.head = replace(net.head, convolution=scaled(net.head.convolution), hidden=hidden)


def _remixed(block: Block, mixer: str) -> Block:
    """With another token mixer. Windows shift, as Swin's do; a mixer without scores has nowhere to put relative
    positions.
    """
    relative = block.relative and mixer in WITH_RELATIVE_POSITIONS
    local = block.local and mixer == "attention"
    shift = block.shift or (mixer == "window" and block.mixer != "window")
    return replace(block, mixer=mixer, relative=relative, local=local, shift=shift)


def _mixer(net: Draft, mixer: str, _chosen: Chosen) -> None:
    _each(net, lambda block: _remixed(block, mixer), inner=True)
    if mixer not in REACHING_EXTRA_TOKENS:
        net.stem = replace(net.stem, class_token=False)  # nothing would ever reach it


def _late_mixer(net: Draft, mixer: str, _chosen: Chosen) -> None:
    if mixer != "same":
        (stage,) = net.stages
        half = len(stage.blocks) // 2
        late = tuple(_remixed(block, mixer) for block in stage.blocks[half:])
        net.stages = (replace(stage, blocks=stage.blocks[:half] + late),)


def _heads(net: Draft, heads: int, _chosen: Chosen) -> None:
    """`heads` in the first blocks that have any; the others keep their proportion to it."""
    blocks = [block for stage in net.stages for block in stage.blocks]
    first = next(block.heads for block in blocks if block.kind == "mobilevit" or block.mixer in WITH_HEADS)
    _each(net, lambda block: replace(block, heads=max(1, block.heads * heads // first)))


def _position(net: Draft, position: str, _chosen: Chosen) -> None:
    """A table at the stem, or biases of the scores in every block that has scores."""
    relative, local = position in ("relative", "local"), position == "local"

    def change(block: Block) -> Block:
        scores = block.mixer in WITH_RELATIVE_POSITIONS
        return replace(block, relative=relative and scores, local=local and block.mixer == "attention")

    _each(net, change)
    net.stem = replace(net.stem, position="none" if relative else position)


def _norm(net: Draft, norm: str, _chosen: Chosen) -> None:
    """Another norm wherever there is one."""
    _each(net, lambda block: replace(block, norm=norm))
    net.head, net.stem = (part if part.norm == "none" else replace(part, norm=norm) for part in (net.head, net.stem))


def _stem(net: Draft, kind: str, chosen: Chosen) -> None:
    if kind == net.stem.kind:
        return
    if kind == "patch":
        net.stem = replace(net.stem, kind="patch", project=False)
        return
    norm = str(chosen.get("norm", "batch"))
    net.stem = replace(net.stem, kind="convolution", norm=norm, activation="relu", kernel=3, project=True)
    if norm == "batch":
        net.batch_momentum = SHORT_MOMENTUM


def _patch(net: Draft, patch: int, _chosen: Chosen) -> None:
    net.stem = replace(net.stem, patch=patch)


def _head(net: Draft, pool: str, _chosen: Chosen) -> None:
    if pool != net.head.pool:
        net.head = replace(net.head, pool=pool, hidden=())


def _activations(net: Draft, which: str, _chosen: Chosen) -> None:
    """An activation after every convolution, after every second one of a stage, or after its last alone."""

    def changed(block: Block, remaining: int) -> Block:
        active = which == "every" or remaining == 0 or (which == "second" and remaining % 2 == 0)
        return replace(block, channel="activation" if active else "off")

    def blocks(stage: Stage) -> tuple[Block, ...]:
        return tuple(changed(block, len(stage.blocks) - number) for number, block in enumerate(stage.blocks, 1))

    net.stages = tuple(replace(stage, blocks=blocks(stage)) for stage in net.stages)


def _read_late_mixer(spec: ModelSpec) -> str:
    last = spec.blocks[-1].mixer
    return "same" if last == _switched(spec).mixer else last


# In the order in which they are set: heads fit the width that stands, positions the mixers. Pages show the same order.
_ROWS = (
    Switch(
        "ffn", CHANNEL_MIXERS, _field("channel"), refused={"plain_ffn": _plain, "convolutional_ffn": _convolutional}
    ),
    Switch(
        "ffn_layers",
        Numbers(int, 1, 3, offered=(1, 2, 3)),
        _field("ffn_layers", inner=True),
        lambda spec: _switched(spec).ffn_layers,
        {"plain_ffn_layers": _plain, "convolutional_ffn_layers": _convolutional},
        _of_hidden("ffn_layers"),
    ),
    Switch(
        "ffn_ratio",
        Numbers(float, 0.25, 16, multiples=(0.25, 0.5, 1, 2, 4)),
        _field("ffn_ratio", inner=True),
        _read_ratio,
        {"plain_ffn_ratio": _plain, "separable_ffn_ratio": _separable},
        _of_hidden("ffn_ratio"),
    ),
    Switch("depth", Numbers(int, 1, 24, offered=(1, 2, 3, 4, 6, 8, 12)), _depth, _read_depth),
    Switch("width", Numbers(int, 4, 768, multiples=(0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4)), _width, _read_width),
    Switch("mixer", MIXERS, _mixer, lambda spec: _switched(spec).mixer, {"plain_mixer": _plain}),
    Switch(
        "late_mixer",
        ("same", *MIXERS),
        _late_mixer,
        _read_late_mixer,
        {"plain_late_mixer": _plain, "late_mixer_stages": _without_halves},
        _same_late_mixer,
    ),
    Switch(
        "heads",
        Numbers(int, 1, 32, offered=(1, 2, 4, 8)),
        _heads,
        lambda spec: _switched(spec).heads,
        {"plain_heads": _plain},
        _of_mixers("heads", WITH_HEADS, "heads_without_attention"),
    ),
    Switch(
        "values",
        ("projected", "identity"),
        _field("projected", on="projected", inner=True),
        idle=_of_mixers("values", ("attention",), "values_without_attention"),
    ),
    Switch(
        "shift",
        ("on", "off"),
        _field("shift", on="on", inner=True),
        idle=_of_mixers("shift", ("window",), "shift_without_windows"),
    ),
    Switch(
        "sliding",
        ("raster", "grid"),
        _field("sliding", inner=True),
        idle=_of_mixers("sliding", ("sliding",), "sliding_without_band"),
    ),
    Switch("position", POSITIONS, _position, refused={"plain_position": _plain}, idle=_without_scores),
    Switch(
        "skip", ("on", "off"), _field("skip", on="on"), refused={"plain_skip": _plain, "separable_skip": _separable}
    ),
    Switch("norm", NORMS, _norm, lambda spec: spec.blocks[0].norm),
    Switch(
        "stem",
        ("patch", "convolution"),
        _stem,
        refused={"plain_stem": _plain, "convolutional_stem": _convolutional_stem},
    ),
    Switch(
        "patch",
        Numbers(int, 1, 32, offered=(1, 2, 4, 7, 8)),
        _patch,
        lambda spec: spec.stem.patch,  # None: automatic
        {"plain_patch": _plain, "convolutional_patch": _convolutional_stem},
    ),
    Switch(
        "downsample",
        ("stride", "blur"),
        _field("blur", on="blur"),
        refused={"downsample_one_grid": _one_grid, "downsample_merge": _merging},
    ),
    Switch("activations", ("every", "second", "last"), _activations, refused={"activations_of_plain": _composite}),
    Switch("head", ("flatten", "mean"), _head, refused={"head_of_plain": _composite}),
    Switch("start", STARTS, _field("start"), refused={"start_of_plain": _composite}),
    Switch("shuffle", SHUFFLES, _field("shuffle")),
)
SWITCHES = {row.name: row for row in _ROWS}


def parse_switches(settings: Iterable[str]) -> dict[str, Value]:
    """``["ffn=off", "depth=2"]`` to ``{"ffn": "off", "depth": 2}``, every value checked."""
    pairs = (setting.partition("=") for setting in settings)
    return {switch: check_switch(switch, value) for switch, _, value in pairs}


def check_switch(switch: str, value: Value, variant: str = "every variant") -> Value:
    """The value in its own type, or a `LabError` that names the value and the rule."""
    if switch not in SWITCHES:
        raise LabError("unknown_switch", switch=switch, variant=variant, choices=", ".join(SWITCHES))
    return SWITCHES[switch].check(value)


def with_switches(spec: ModelSpec, switches: Mapping[str, Value], **changes: Any) -> ModelSpec:
    """`spec` with `switches` set and these fields changed; refuses, with the reason, what has no meaning for it."""
    chosen = {switch: check_switch(switch, value, spec.name) for switch, value in switches.items()}
    rows = [row for row in SWITCHES.values() if row.name in chosen]
    for row in rows:
        if code := row.refusal(spec):
            raise LabError(code, variant=spec.name, value=chosen[row.name])
    for row in rows:
        if error := row.idle(spec, chosen):
            raise error
    draft = Draft.of(spec, **changes)
    for row in rows:
        row.apply(draft, chosen[row.name], chosen)
    return ModelSpec(**vars(draft))


def settings(spec: ModelSpec) -> dict[str, Value]:
    """How every switch of `spec` stands, where it does: see `Switch.standing`."""
    standing = {name: row.standing(spec) for name, row in SWITCHES.items()}
    return {name: value for name, value in standing.items() if value is not None}
