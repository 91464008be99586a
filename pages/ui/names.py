"""What networks with their switches, data sets and classes are called in the visitor's words."""

from pages.ui.words import language, say
from tf_models import zoo
from tf_models.data import class_names, is_own, peek
from tf_models.errors import LabError
from tf_models.locale import catalogue
from tf_models.runs.spec import RunSpec
from tf_models.zoo import Value

LISTED = 3  # classes in the name of a data set
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


def class_words(dataset: str, count: int) -> tuple[str, ...]:
    """What the `count` classes of a data set are called in the visitor's language, as far as it has words for them."""
    known = catalogue(language())
    return tuple(known.get(f"feature_maps.class.{name}", name) for name in class_names(dataset, count))


def data_name(name: str) -> str:
    """What a data set is called inside a sentence, such as “handwritten digits”; a file by its own name, what a visitor
    sent by its classes, and by its name where it is gone.
    """
    if not is_own(name):
        return catalogue(language()).get(f"data.name.{name}", name)
    try:
        known = peek(name)
    except LabError:
        return name
    some = say("lab.comma").join(known.class_names[:LISTED]) + (" …" if known.classes > LISTED else "")
    return say("own.name", classes=some, number=name[4:8])


def data_title(name: str) -> str:
    """`data_name` where nothing stands before it; a file's name stays as it is."""
    called = data_name(name)
    return called if called == name else called[:1].upper() + called[1:]


def short_data_name(name: str) -> str:
    """`data_name` in a word, for rows of a chart that say it again and again."""
    return catalogue(language()).get(f"data.short.{name}", data_name(name))
