"""Every value of every switch on every variant, without Keras: refused in a sentence, or seen in what is built."""

from dataclasses import replace

import pytest

from tf_models import zoo
from tf_models.errors import LabError
from tf_models.runs import RunSpec
from tf_models.zoo import CLASSROOM, SWITCHES, configure, defaults, parse_switches
from tf_models.zoo.plan import plan
from tf_models.zoo.spec import MIXERS, ModelSpec
from tf_models.zoo.switches import Numbers, Switch

# Which variants refuse which switch, whatever its value, and the code of the reason.
PLAIN = ("cnn", "vgg")
CONVOLUTIONAL = ("resnet", "mobilenet_v1", "mobilenet_v2")
OF_PLAIN = ("ffn", "ffn_ratio", "ffn_layers", "mixer", "late_mixer", "position", "skip", "stem", "heads", "patch")
REFUSED = {
    **{(v, s): f"plain_{s}" for v in PLAIN for s in OF_PLAIN},
    **{(v, s): f"{s}_of_plain" for v in CLASSROOM if v not in PLAIN for s in ("activations", "head", "start")},
    **{(v, s): f"convolutional_{s}" for v in CONVOLUTIONAL for s in ("ffn", "ffn_layers")},
    **{(v, s): f"convolutional_{s}" for v in (*CONVOLUTIONAL, "mobilevit") for s in ("stem", "patch")},
    **{(v, "late_mixer"): "late_mixer_stages" for v in CLASSROOM if v not in (*PLAIN, "vit", "mixer")},
    **{("mobilenet_v1", s): f"separable_{s}" for s in ("ffn_ratio", "skip")},
    **{(v, "downsample"): "downsample_one_grid" for v in ("vit", "longformer", "mixer")},
    ("swin", "downsample"): "downsample_merge",
    **{(v, "heads"): "heads_without_attention" for v in (*CONVOLUTIONAL, "convnext", "mixer")},
    **{(v, "shift"): "shift_without_windows" for v in CLASSROOM if v != "swin"},
    **{(v, "values"): "values_without_attention" for v in CLASSROOM if v not in ("vit", "mobilevit")},
    **{(v, "sliding"): "sliding_without_band" for v in CLASSROOM if v != "longformer"},
}
# One value of a switch that is refused where the others are not.
REFUSED_VALUES = {
    **{(v, "position", "relative"): "relative_without_scores" for v in (*CONVOLUTIONAL, "convnext", "mixer")},
    **{(v, "position", "local"): "local_without_attention" for v in CLASSROOM if v not in ("vit", "mobilevit", *PLAIN)},
    ("vit", "late_mixer", "attention"): "late_mixer_same",
    ("mixer", "late_mixer", "token_mlp"): "late_mixer_same",
}
# The fields of a block that a layer reads; the plan has the rest.
READ = {
    "static": ("heads",),
    "linear_attention": ("heads",),
    "attention": ("heads", "relative", "local", "projected"),
    "window": ("heads", "relative", "window"),
    "sliding": ("heads", "relative", "window", "sliding"),
    "ffn": ("ffn_layers",),
}
IMAGE = ((32, 32, 3), 10)
UNFIT = ("width_heads", "switch_number", "patch_does_not_fit")  # a number that pages offer for other variants
# What a mixer alone has: two values of a switch of it, with the same weights.
OF_A_MIXER = {
    ("window", "shift"): ("on", "off"),
    ("sliding", "sliding"): ("raster", "grid"),
    ("attention", "heads"): (1, 2),
}
# A mixer that has the switch, for variants whose own has not.
GUESTS = {"heads": "attention", "shift": "window", "values": "attention", "sliding": "sliding"}


def vit(**switches) -> ModelSpec:
    return configure("vit", switches, *IMAGE)


def built(spec: ModelSpec) -> list[tuple]:
    """Every layer, without the fields of a block that it does not read, and how those start that feed a ReLU."""
    layers = plan(spec)
    rectified = {path for layer in layers if (layer.op, layer.kind) == ("activation", "relu") for path in layer.inputs}
    return [
        (
            replace(layer, block=None, shifted=layer.shifted and layer.op == "window"),
            *(getattr(layer.block, field) for field in READ.get(layer.op, ())),
            spec.start if layer.op in ("convolution", "dense") and layer.path in rectified else "",
        )
        for layer in layers
    ]


def values_of(row: Switch, spec: ModelSpec) -> tuple:
    if isinstance(row.values, Numbers):
        return row.values.offers(float(row.standing(spec) or max(block.ffn_ratio for block in spec.blocks)))
    return row.values


def faults(variant: str, row: Switch) -> list[str]:
    """What is wrong with the row on a variant: a crash, or a value that is neither refused nor changes the network."""
    spec, wrong, idle = CLASSROOM[variant], [], []
    for value in values_of(row, spec):
        try:
            changed = configure(variant, {row.name: value}, *IMAGE)
        except LabError:
            continue
        except Exception as error:
            wrong.append(f"{variant} {row.name}={value}: {error!r}")
            continue
        assert min(layer.parameters for layer in plan(changed)) >= 0
        if built(changed) == built(configure(variant, {}, *IMAGE)):
            idle.append(value)
    standing = row.standing(spec)
    # a number that stands nowhere is automatic, or differs from stage to stage: one of those offered may be the same
    if idle != [standing] and not (standing is None and isinstance(row.values, Numbers) and len(idle) <= 1):
        wrong += [f"{variant} {row.name}={value} changes nothing" for value in idle]
    return wrong


@pytest.mark.parametrize("switch", SWITCHES)
@pytest.mark.parametrize("variant", CLASSROOM)
def test_a_switch_is_refused_where_the_table_says_and_else_changes_the_network(variant, switch):
    row, spec = SWITCHES[switch], CLASSROOM[variant]
    assert faults(variant, row) == []
    assert (switch in defaults(variant)) <= ((variant, switch) not in REFUSED)
    for value in values_of(row, spec):
        code = REFUSED.get((variant, switch)) or REFUSED_VALUES.get((variant, switch, value))
        try:
            configure(variant, {switch: value}, *IMAGE)
        except LabError as error:
            words = str(error)
            if error.code not in UNFIT:
                assert error.code == code, words
                assert words.startswith(f"{variant} cannot honour {switch}={value}: ") and len(words.split()) >= 8
        else:
            assert code is None
    if (variant, switch) in REFUSED and switch in GUESTS and variant not in PLAIN:  # the mixer alone is missing
        configure(variant, {"mixer": GUESTS[switch], switch: values_of(row, spec)[0]}, *IMAGE)


@pytest.mark.parametrize(
    ("variant", "switch"),
    [("cnn", "patch"), ("vgg", "heads"), ("vit", "downsample"), ("swin", "late_mixer"), ("mobilenet_v1", "skip")]
    + [("mixer", "shift"), ("convnext", "values"), ("vit", "sliding"), ("mobilenet_v2", "ffn_layers")]
    + [("resnet", "start")],
)
def test_a_row_without_its_refusals_is_found_out(variant, switch, monkeypatch):
    bare = replace(SWITCHES[switch], refused={}, idle=lambda _spec, _chosen: None)
    monkeypatch.setitem(SWITCHES, switch, bare)
    zoo._configured.cache_clear()
    try:
        assert faults(variant, bare)
    finally:
        zoo._configured.cache_clear()  # what was built without the refusals


@pytest.mark.parametrize("variant", CLASSROOM)
def test_the_settings_of_a_variant_are_what_changes_nothing(variant):
    usual = dict(defaults(variant))
    assert configure(variant, usual, *IMAGE) == configure(variant, {}, *IMAGE)
    assert parse_switches(f"{switch}={value}" for switch, value in usual.items()) == usual
    assert RunSpec(variant, usual).switches == {} and RunSpec(variant, usual) == RunSpec(variant)
    missing = set(SWITCHES) - set(usual) - {switch for name, switch in REFUSED if name == variant}
    assert missing <= {"patch", "depth", "ffn_ratio"}  # automatic, or another in every stage


def test_a_run_keeps_what_differs_from_the_default():
    spec = RunSpec("vit", {"width": 32, "depth": 4, "ffn": "off"})
    assert spec.switches == {"ffn": "off", "width": 32}
    assert spec.name == "vit ffn=off width=32"
    assert replace(spec, labels="shuffled").name == "vit ffn=off width=32 labels=shuffled"
    one, other = RunSpec("vit", {"depth": 2}), RunSpec("vit", {"depth": 2.0})  # the same, written in another type
    assert one.fingerprint("x") == other.fingerprint("x")


# What the values do


EFFECTS = {
    "ffn=off": lambda s: not any(layer.role == "channel" for layer in plan(s)),
    "ffn=activation": lambda s: {b.channel for b in s.blocks} == {"activation"},
    "ffn=linear": lambda s: {layer.kind for layer in plan(s) if layer.op == "ffn"} == {"linear"},
    "ffn_ratio=1.5": lambda s: {layer.hidden for layer in plan(s) if layer.op == "ffn"} == {96},
    "ffn_layers=3": lambda s: {b.ffn_layers for b in s.blocks} == {3},
    **{f"mixer={m}": lambda s, m=m: {b.mixer for b in s.blocks} == {m} for m in MIXERS},
    "late_mixer=pool": lambda s: [b.mixer for b in s.blocks] == ["attention"] * 2 + ["pool"] * 2,
    "position=relative": lambda s: s.stem.position == "none" and all(b.relative and not b.local for b in s.blocks),
    "position=local": lambda s: s.stem.position == "none" and all(b.relative and b.local for b in s.blocks),
    **{f"position={p}": lambda s, p=p: s.stem.position == p for p in ("none", "sincos", "permuted_sincos")},
    "skip=off": lambda s: not any(layer.op == "add" for layer in plan(s)),
    "norm=batch": lambda s: {layer.kind for layer in plan(s) if layer.op == "norm"} == {"batch"},
    "norm=none": lambda s: not any(layer.role == "norm" for layer in plan(s)),
    "stem=convolution": lambda s: s.stem.kind == "convolution" and s.stem.project,
    "values=identity": lambda s: not any(b.projected for b in s.blocks),
    "heads=8": lambda s: {b.heads for b in s.blocks} == {8},
    "depth=3": lambda s: s.blocks == vit().blocks[:3],
    "width=16": lambda s: {s.stem.width, *(b.width for b in s.blocks)} == {16},
    "patch=8": lambda s: s.patch == 8 and s.grid == (4, 4),
    **{f"shuffle={kind}": lambda s, kind=kind: s.shuffle == kind for kind in ("pixels", "patches", "inside")},
}


@pytest.mark.parametrize("setting", EFFECTS)
def test_a_value_does_what_it_says(setting):
    assert EFFECTS[setting](vit(**parse_switches([setting])))
    assert EFFECTS[setting](vit()) == (setting == "mixer=attention")


@pytest.mark.parametrize("variant", CLASSROOM)
def test_depth_and_width_are_those_of_the_first_stage_and_the_others_follow(variant):
    usual = CLASSROOM[variant]
    deep, wide = (configure(variant, switches, *IMAGE) for switches in ({"depth": 3}, {"width": 80}))
    if variant == "mobilevit":
        assert {row.inner_depth for row in deep.blocks if row.kind == "mobilevit"} == {3}
        assert [len(stage.blocks) for stage in deep.stages] == [len(stage.blocks) for stage in usual.stages]
    else:
        assert {len(stage.blocks) for stage in deep.stages} == {3}
    factor = 80 / usual.blocks[0].width
    assert wide.blocks[0].width == 80
    for row, before in zip(wide.blocks, usual.blocks, strict=True):
        assert abs(row.width - factor * before.width) <= before.heads
        assert abs(row.inner_width - factor * before.inner_width) <= before.heads
    assert wide.stem.width == pytest.approx(factor * usual.stem.width, abs=1)


@pytest.mark.parametrize("variant", ["resnet", "mobilenet_v1", "mobilenet_v2", "convnext", "vit", "mobilevit"])
@pytest.mark.parametrize(("mixer", "switch"), OF_A_MIXER)
def test_a_switch_of_the_mixer_reaches_it_in_every_kind_of_block(variant, mixer, switch):
    one, other = (
        built(configure(variant, {"mixer": mixer, "depth": 2, "position": "none", switch: value}, *IMAGE))
        for value in OF_A_MIXER[mixer, switch]
    )
    changed = [row for row, instead in zip(one, other, strict=True) if row != instead]
    assert changed and {layer.op for layer, *_ in changed} == {mixer}


@pytest.mark.parametrize("variant", [v for v in CLASSROOM if v not in PLAIN])
def test_another_mixer_leaves_every_other_layer_as_it_was(variant):
    """A global token goes where the new mixer could not reach it."""

    def rest(spec: ModelSpec) -> list[tuple]:
        return [
            (layer.path, layer.op, layer.kind, layer.kernel, layer.channels_in, layer.channels, layer.parameters)
            for layer in plan(spec)
            if layer.parameters and not layer.path.endswith(".mixer") and layer.op != "class_token"
        ]

    usual = rest(configure(variant, {}, *IMAGE))
    assert len(usual) >= 8
    for mixer in MIXERS:
        assert rest(configure(variant, {"mixer": mixer}, *IMAGE)) == usual, mixer


@pytest.mark.parametrize("variant", [v for v in CLASSROOM if (v, "ffn_ratio") not in REFUSED])
def test_the_ratio_is_that_of_hidden_width_to_width(variant):
    """In MobileViT that of its Transformer: its convolutions keep theirs."""
    spec = configure(variant, {"ffn_ratio": 0.5}, *IMAGE)
    for row, before in zip(spec.blocks, CLASSROOM[variant].blocks, strict=True):
        kept = variant == "mobilevit" and row.kind == "inverted"
        assert row == (before if kept else replace(before, ffn_ratio=0.5))


def test_switches_are_judged_together():
    """A width that fits the new heads alone is no error; positions stand only in blocks that have scores."""
    assert {block.heads for block in vit(width=66, heads=3).blocks} == {3}
    swin = configure("swin", {"width": 10, "heads": 5}, *IMAGE)
    assert [(block.width, block.heads) for block in swin.blocks[::2]] == [(10, 5), (20, 10), (40, 20)]
    half = configure("vit", {"depth": 5, "late_mixer": "depthwise", "position": "relative"}, *IMAGE)
    assert [(b.mixer, b.relative) for b in half.blocks] == [("attention", True)] * 2 + [("depthwise", False)] * 3
    assert not configure("longformer", {"mixer": "pool"}, *IMAGE).stem.class_token  # nothing would reach it


# What is refused


@pytest.mark.parametrize(
    ("variant", "settings", "rule"),
    [
        ("vit", "ffn=maybe", "ffn=maybe: it must be one of on, off, activation, linear"),
        ("vit", "ffn=", "ffn=: it must be one of on, off"),
        ("vit", "depth=0", "depth=0: it must be a whole number from 1 to 24"),
        ("vit", "depth=25", "depth=25: it must be a whole number from 1 to 24"),
        ("vit", "width=wide", "width=wide: it must be a whole number from 4 to 768"),
        ("vit", "width=63", "Width 63 is not a multiple of 4 heads"),
        ("vit", "width=66 heads=1 position=sincos", "Width 66: .* multiple of 4"),
        ("vit", "ffn_ratio=nan", "ffn_ratio=nan: it must be a number from 0.25 to 16"),
        ("vit", "ffn_ratio=inf", "ffn_ratio=inf: it must be a number from 0.25 to 16"),
        ("vit", "patch=7", "height 32 is not a multiple of patch 7"),
        ("vit", "colour=blue", "“colour” for every variant: it has ffn, ffn_layers"),
        ("vit", "mixer=pool heads=2", "heads=2: only attention and static mixing have heads, and the mixer is pool"),
        ("vit", "ffn=off ffn_ratio=2", "ffn_ratio=2.0: with ffn=off there are no dense layers"),
        ("vit", "ffn=activation ffn_layers=3", "ffn_layers=3: with ffn=activation there are no dense layers"),
        ("vit", "ffn_layers=1 ffn_ratio=2", "no hidden layer to widen"),
        ("vit", "mixer=window values=identity", "only mixer=attention"),
        ("cnn", "ffn=off", "ffn=off: a plain convolution stack has no FFN sub-block"),
        ("swin", "downsample=blur", "downsample=blur: patch merging keeps every value"),
        ("mlp", "depth=2", "“mlp”: choose one of cnn, vgg, resnet, mobilenet_v1"),
    ],
)
def test_a_bad_setting_is_refused_with_its_value_and_the_rule(variant, settings, rule):
    with pytest.raises(LabError, match=rule):
        configure(variant, parse_switches(settings.split()), *IMAGE)


@pytest.mark.parametrize("value", [1.5, float("inf"), float("nan"), None, [4], "4.0"])
@pytest.mark.parametrize("switch", [name for name, row in SWITCHES.items() if isinstance(row.values, Numbers)])
def test_values_of_the_wrong_type_are_refused_in_words(switch, value):
    if switch == "ffn_ratio" and value in (1.5, "4.0"):
        return  # a ratio need not be whole
    with pytest.raises(LabError, match="must be a"):
        vit(**{switch: value})
