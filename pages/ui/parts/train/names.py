"""What a network is called in the visitor's words, with what it was switched to."""

from pages.ui.words import say
from tf_models import zoo
from tf_models.runs.spec import RunSpec
from tf_models.zoo import Value

OWN = "0"  # a number that stays as the variant has it: automatic, or not the same in all stages


def variant_name(variant: str) -> str:
    """What a classroom variant is called."""
    return say(f"train.variant.{variant}")


def switch_name(variant: str, switch: str) -> str:
    """What a switch of this variant is called."""
    inner = switch == "depth" and any(block.inner_depth for block in zoo.CLASSROOM[variant].blocks)
    return say("train.switch.depth_inner" if inner else f"train.switch.{switch}")


def value_name(switch: str, value: str) -> str:
    """What one setting of a switch is called."""
    if switch in ("mixer", "late_mixer") and value != "same":
        return say(f"mixer.{value}")
    if isinstance(zoo.SWITCHES[switch].values, tuple):
        return say(f"train.switch.{switch}.{value}")
    return say("train.switch.automatic" if switch == "patch" else "train.switch.own") if value == OWN else value


def network_name(spec: RunSpec) -> str:
    """Such as “Transformer (ViT) without FFN”."""
    name = variant_name(spec.variant)
    if spec.switches.get("ffn") == "off":
        name = say("train.without_ffn", name=name)
    others = [_setting(spec.variant, *row) for row in spec.switches.items() if row != ("ffn", "off")]
    return say("lab.comma").join([name, *others])


def _setting(variant: str, switch: str, value: Value) -> str:
    written = value if isinstance(value, str) else f"{value:g}"
    return f"{switch_name(variant, switch)}: {value_name(switch, written)}"
