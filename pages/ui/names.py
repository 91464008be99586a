"""What networks with their switches, data sets and classes are called in the visitor's words."""

import re
from collections import Counter
from collections.abc import Callable, Mapping

from pages.ui import tables
from pages.ui.words import language, say, when
from tf_models import zoo
from tf_models.data import class_names, own_number, peek
from tf_models.errors import LabError
from tf_models.locale import catalogue
from tf_models.runs.record import RunRecord
from tf_models.runs.spec import RunSpec
from tf_models.zoo import Value

LISTED = 3  # classes in the name of a data set
NAMES = {
    "cnn": "CNN",
    "vgg": "VGG",
    "vgg16": "VGG16",
    "resnet": "ResNet",
    "resnet50": "ResNet-50",
    "mobilenet_v1": "MobileNet V1",
    "mobilenet_v2": "MobileNetV2",
    "convnext": "ConvNeXt",
    "convnext_tiny": "ConvNeXt-T",
    "vit": "ViT",
    "vit_b16": "ViT-B/16",
    "deit_tiny": "DeiT-Ti",
    "deit_small": "DeiT-S",
    "swin": "Swin",
    "swin_tiny": "Swin-T",
    "longformer": "Longformer",
    "mobilevit": "MobileViT",
    "mobilevit_s": "MobileViT-S",
    "mixer": "MLP-Mixer",
    "mixer_b16": "Mixer-B/16",
}
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
    return _with_settings(spec, variant_name)


def short_network_name(spec: RunSpec) -> str:
    """Such as “ViT without FFN”, for lists, captions and tables."""
    return _with_settings(spec, NAMES.__getitem__)


def _with_settings(spec: RunSpec, named: Callable[[str], str]) -> str:
    try:
        name = named(spec.variant)
        if spec.switches.get("ffn") == "off":
            name = say("train.without_ffn", name=name)
        switches = {switch: value for switch, value in spec.switches.items() if (switch, value) != ("ffn", "off")}
        words = switch_words(spec.variant, switches)
        others = [say("claims.place_of", place=switch, text=value) for switch, value in words.items()]
    except KeyError:  # of another version of the lab
        return spec.name
    return say("lab.comma").join([name, *others, *([say("train.shuffled")] if spec.labels != "true" else [])])


def run_names(records: Mapping[str, RunRecord]) -> dict[str, str]:
    """What networks are called in a list, by their names in `cache.networks`: such as “ViT · 95.7 %” for one that came
    with the lab, “ViT without FFN · 97.2 % · today 10:05” for one that was trained here.

    Streamlit tells options apart by their words: equal ones get their seed, then their run.
    """
    names = {}
    for choice, record in records.items():
        accuracy = say("unit.share", value=tables.percent(record.test_accuracy))
        parts = [
            short_network_name(record.spec),
            accuracy,
            *([when(record.finished)] if choice == record.run_id else []),
        ]
        names[choice] = " · ".join(parts)
    for told in (lambda record: f"{say('column.seed')} {record.spec.seed}", lambda record: record.run_id[:6]):
        known = Counter(names.values())
        names = {it: name if known[name] == 1 else f"{name} · {told(records[it])}" for it, name in names.items()}
    return names


def switch_words(variant: str, switches: Mapping[str, Value]) -> dict[str, str]:
    """What switches are called, and how they stand; raises `KeyError` for those of another version of the lab."""
    written = {switch: value if isinstance(value, str) else f"{value:g}" for switch, value in switches.items()}
    return {switch_name(variant, switch): value_name(switch, value) for switch, value in written.items()}


def class_words(dataset: str, count: int) -> tuple[str, ...]:
    """What the `count` classes of a data set are called in the visitor's language, as far as it has words for them."""
    known = catalogue(language())
    return tuple(known.get(f"feature_maps.class.{name}", name) for name in class_names(dataset, count))


def data_name(name: str) -> str:
    """What a data set is called inside a sentence, such as “handwritten digits”; a file by its own name, what a visitor
    sent by its classes, by its number alone once it is gone; a generated one by its task.
    """
    if not (number := own_number(name)):
        words = catalogue(language())
        task = f"task.{name}"
        return say("data.task", task=words[task]) if task in words else words.get(f"data.name.{name}", name)
    try:
        known = peek(name)
    except LabError:
        return say("own.gone", number=number)
    some = say("lab.comma").join(known.class_names[:LISTED]) + (" …" if known.classes > LISTED else "")
    return say("own.name", classes=some, number=number)


def device_name(device: str) -> str:
    """A device, which records name as in “CPU AMD EPYC (2 cores), one core”."""
    whole = device.removesuffix(", one core")
    cores = re.fullmatch(r"(.+) \((\d+) cores\)", whole)
    name = say("device.cores", device=cores[1], cores=cores[2]) if cores else whole
    return name if device == whole else say("device.one_core", device=name)


def data_title(name: str) -> str:
    """`data_name` where nothing stands before it; a file's name stays as it is."""
    called = data_name(name)
    return called if called == name else called[:1].upper() + called[1:]


def short_data_name(name: str) -> str:
    """`data_name` in a word, for rows of a chart that say it again and again."""
    return catalogue(language()).get(f"data.short.{name}", data_name(name))
