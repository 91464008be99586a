"""The catalogue: complete, used, the same in every language; text from outside stays text."""

import ast
import json
import pickle
import re
import string
from collections.abc import Iterable, Mapping
from pathlib import Path

import altair as alt
import pytest

from pages.ui import blocks, browser, frame, names, words
from pages.ui.charts import layout
from pages.ui.parts import convergence, parameters
from pages.ui.parts.claims import firmness, listing, text_tables, verdicts
from pages.ui.parts.claims.places import heading
from pages.ui.parts.feature_maps import number
from pages.ui.parts.ffn import necessity
from pages.ui.parts.weight_sharing import figures, live
from tf_models import locale
from tf_models.data.registry import BUILT_IN, CLOTHES, OBJECTS, STUDIED
from tf_models.errors import LabError
from tf_models.locale import LANGUAGES, catalogue, say
from tf_models.probes.shift import MOVES
from tf_models.runs import store
from tf_models.statistics.rule import REASONS, TESTS, VERDICTS
from tf_models.study.claims import CLAIMS, Claim
from tf_models.study.experiments.necessity import Necessity
from tf_models.study.experiments.sequence import Sequence
from tf_models.study.plans import plan
from tf_models.study.published import FFN_ABLATIONS
from tf_models.zoo import CLASSROOM
from tf_models.zoo.spec import BLOCK_KINDS, MIXERS

ROOT = Path(__file__).parents[1]
UNITS = ("accuracy", "nats", "doubling", "share", "ratio", "count", "error", "slope")
RUN_STATES = (*store.ACTIVE, store.FINISHED, store.FAILED, store.STOPPED, store.INTERRUPTED, store.UNREADABLE)


def words_of(claim: Claim) -> set[str]:
    """The keys of a claim's words; that one of ``right`` and ``wrong`` is there, another test says."""
    keys = {claim.words(name) for name in ("statement", "question", "refuted_by", "right", "wrong", "before")} - {""}
    return keys | {row.words for row in (*claim.parts, *claim.published)}


# What the holes of a key stand for, where the code gives only a pattern: exactly these keys must be there.
NAMES: dict[str, Iterable[str]] = {
    **{f"{{}}.{part}": frame.PAGES for part in ("nav", "title", "lead")},
    "{}.{}": tuple(
        f"{table}.row{row}{column}"
        for table, rows in text_tables.TABLES.items()
        for row in range(1, rows + 1)
        for column in ("", *(f".{column}" for column in text_tables.COLUMNS))
    ),
    "left_out.{}": ("few", "unreadable", "large", "other", "loose", "unknown", "arrays"),
    "data.name.{}": [name for name, row in BUILT_IN.items() if not row.generated],
    "data.short.{}": STUDIED,
    "verdict.{}": VERDICTS,
    "reason.{}": REASONS,
    "rule.{}": TESTS,
    "mixer.{}": MIXERS,
    "train.variant.{}": CLASSROOM,
    "family.{}": dict.fromkeys(spec.family for spec in CLASSROOM.values()),
    "kind.{}": (*BLOCK_KINDS, "image", "patch", "convolution", "merge", "downsample", "pool", "head"),
    "status.{}": RUN_STATES,
    "train.{}": RUN_STATES,
    "train.{}_one": ("yours",),
    "train.{}_many": ("yours", "came"),
    "parameters.comparison.{}": parameters.COMPARISONS,
    "anatomy.{}": ("left", "right", "classroom", "published"),
    "feature_maps.named_{}": ("left", "right"),
    "feature_maps.{}": ("left", "right", "view", "range", "lock"),
    "feature_maps.class.{}": (*CLOTHES, *OBJECTS),
    "inside.{}": ("left", "right"),
    "necessity.network.{}": necessity.CHANNELS,
    "inside.seeds.{}": ("thin", "bars"),
    "inside.arm.{}": plan("inside", "digits").arms,
    "convergence.{}": convergence.COLOURS,
    "convergence.place.{}": convergence.PLACES,
    "convergence.share.{}": convergence.SHARES,
    "convergence.measure.{}": convergence.MEASURES,
    "weight_sharing.{}": ("before", "after"),
    "weight_sharing.move.{}": MOVES,
    "weight_sharing.change.{}": live.CHANGES,
    "weight_sharing.case.{}": figures.CASES,
    "claims.{}": ("previous", "next", "back"),
    "collapse.{}": ("san", "mlp", "skip", "both"),
    "cost.{}": ("window_saving.swin_t", "window_saving.1024"),
    "factorial.{}": ("interaction.deeper", "interaction.wider"),
    "claim.{}": {key.removeprefix("claim.") for claim in CLAIMS for key in words_of(claim)},
    "published.{}": {row.source for row in FFN_ABLATIONS},
    "evidence.{}": ("paper", "abstract", "repository", "secondary", "computed"),
    "claims.unit.{}": (*UNITS, *verdicts.UNITS.values()),
    "claims.known.{}": verdicts.KNOWN,
    "claims.section.{}": {heading(place) for claim in CLAIMS for place in claim.sections},
    "claims.kind.{}": listing.KINDS,
    "firmness.{}": firmness.COLUMNS,
    "firmness.kind.{}": listing.KINDS,
    "firmness.swap.{}": ("True", "False"),
    "length.{}": ("more", "fewer", "open"),
    "rates.loss.{}": ("validation", "training"),
    "task.{}": [name for name, row in BUILT_IN.items() if row.generated],
    "norm.{}": {norm for norms in Necessity.tasks.values() for norm in norms},
    "lab.section.{}": frame.SECTIONS,
    "blocks.{}": blocks.STEPS,
    "blocks.{}.says": blocks.STEPS,
    "blocks.cnn.{}": blocks.STEPS,
    "blocks.transformer.{}": blocks.STEPS,
    "blocks.word.{}": blocks.WORDS,
    "blocks.legend.{}": blocks.KINDS,
    "number.kind.{}": number.KINDS,
    "number.colour.{}": (*number.COLOURS, "grey"),
    "number.column.{}": ("kind", "colour", "value"),
    "layer.{}": ("merge", "convolution", "pool", "local", "out"),
}
LISTS = ("column", "axis", "unit", "arm", "role", "channel", "table", "error")  # named where they are used


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def differences(english: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """What keeps two languages from saying the same."""
    found = [f"{key}: only in one language" for key in english.keys() ^ other.keys()]
    for key in english.keys() & other.keys():
        if fields(english[key]) != fields(other[key]):
            found.append(f"{key}: other values")
        if not english[key].strip() or not other[key].strip():
            found.append(f"{key}: empty")
        if "then" in (english[key], other[key]):  # as the heading of a tooltip Vega refuses it, and draws nothing
            found.append(f"{key}: then")
    return sorted(found)


def read_code(*paths: Path) -> tuple[set[str], set[str], set[str]]:
    """All plain texts in the code; the keys and the patterns of keys, with {} for their holes, that are said."""
    texts, keys, patterns = set(), set(), set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.add(node.value)
            if not (isinstance(node, ast.Call) and node.args):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name not in ("say", "LabError"):
                continue
            choices = [(arg.body, arg.orelse) if isinstance(arg, ast.IfExp) else (arg,) for arg in node.args[:2]]
            for part in (part for choice in choices for part in choice):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    keys.add(part.value if name == "say" else f"error.{part.value}")
                elif isinstance(part, ast.JoinedStr):
                    patterns.add("".join(v.value if isinstance(v, ast.Constant) else "{}" for v in part.values))
    return texts, keys, patterns


def misused(known: Iterable[str], texts: set[str], keys: set[str], patterns: set[str]) -> list[str]:
    """Keys that are said and missing, or there and never said; patterns whose names nobody lists."""
    known = set(known)
    listed = {pattern.replace("{}", name) for pattern, names in NAMES.items() for name in names if pattern != "{}.{}"}
    listed |= set(NAMES["{}.{}"])
    found = [f"{key}: missing" for key in (keys | listed) - known]
    used = (
        {key for key in known if key.startswith(browser.OWN_WORDS)}
        | keys
        | listed
        | {text for text in texts if text in known}
        | {f"error.{text}" for text in texts}
    )
    for pattern in patterns - NAMES.keys():
        word, _, rest = pattern.partition(".")
        if "{" in word or (rest == "{}" and word not in LISTS):
            found.append(f"{pattern}: its names must be listed in NAMES")
        fitting = {key for key in known if re.fullmatch(re.escape(pattern).replace(r"\{\}", ".+"), key)}
        found += [] if fitting else [f"{pattern}: missing"]
        used |= fitting
    return sorted(found + [f"{key}: unused" for key in known - used])


def code() -> tuple[set[str], set[str], set[str]]:
    return read_code(ROOT / "app.py", *(ROOT / "pages").rglob("*.py"), *(ROOT / "tf_models").rglob("*.py"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_the_same(language):
    assert differences(catalogue(locale.ENGLISH), catalogue(language)) == []


def test_no_space_stands_behind_a_chinese_mark_that_a_value_ends_in():
    assert say("zh", "claims.read_in", words="ViT-B/16（已发表） 自始至终", source="Liu 2022").startswith(
        "ViT-B/16（已发表）自"
    )
    assert say("en", "claims.read_in", words="a (b) c", source="d") == "a (b) c (d)"


def test_a_claim_is_translated():
    chinese = re.compile(r"[\u4e00-\u9fff]")
    assert not [key for key, text in catalogue("en").items() if chinese.search(text)]
    assert not [key for key, text in catalogue("zh").items() if key.startswith("claim.") and not chinese.search(text)]


# How Chinese is set: no space before %, a real minus, full-width marks beside Chinese characters and no space around
# them (bold markup or not), no slanted words, an ellipsis of two.
HAN, MARKS = "\u4e00-\u9fff", "，。；：？！、（）“”《》"
UNCHINESE = {
    "space before %": r"\s%",
    "hyphen for minus": r"(?<![\w}-])-\d",
    "half-width mark": rf"[{HAN}”）}}][*]*[,;:?!](?=[\s*]*([{HAN}“（*{{]|$))|[{HAN}][*]*[,;:?!]",
    "half-width bracket": rf"[{HAN}]\(|[{HAN}“”]\)|\([{HAN}]",
    "space beside a mark": rf"[{MARKS}][*]* +|(?<=\S) +[*]*[{MARKS}]",
    "italics": r"(?<![*])\*(?![* ])[^*\n]+\*(?![*])",
    "one ellipsis": r"(?<!…)…(?!…)",
    "two marks": r"[。；，：、]{2}",
    "interval without its name": r"\d% 区间",
    "bold that stays asterisks": rf"{{dataset}}[*]{{2}}[{HAN}]",  # a name may end with a bracket
    "machine's name": r"(?<![\w-])(digits|brackets)(?![\w-])",
    "two words for one thing": r"跳跃连接|预置|随软件|附带|[\d}两几]\s*幅",  # 残差连接, 随附, 张
}


def unchinese(text: str) -> list[str]:
    """The rules that a Chinese text breaks, apart from its code and its intervals, [low, high]."""
    bare = re.sub(r"`[^`]*`|\[\{\w+\}, \{\w+\}\]", "x", text)
    return [rule for rule, pattern in UNCHINESE.items() if re.search(pattern, bare)]


def test_chinese_is_set_as_chinese_is():
    assert {key: found for key, text in catalogue("zh").items() if (found := unchinese(text))} == {}
    planted = {
        "space before %": "占 95 %。",
        "hyphen for minus": "从 -0.74 起",
        "half-width mark": "局部: 全局",
        "half-width bracket": "深度(块数)",
        "space beside a mark": "**选定。** 虚线",
        "italics": "看 *注意力* 时",
        "one ellipsis": "正在计算…",
        "two marks": "尚未检验。。",
        "interval without its name": "95% 区间",
        "bold that stays asterisks": "在**{dataset}**上",
        "machine's name": "在 digits 上",
        "two words for one thing": "用 {images} 幅图像",
    }
    assert {rule: unchinese(text) for rule, text in planted.items()} == {rule: [rule] for rule in UNCHINESE}


def test_words_of_a_chart_break_before_no_mark_that_closes_and_after_none_that_opens():
    words = "关闭，加深（参数量相同），“不是”《原文》里的那种。It’s (not) one’s."
    for wide in range(2, 40):
        found = layout.lines(words, wide)
        assert "".join(found).replace(" ", "") == words.replace(" ", "") and all(found)
        assert not [line for line in found if line[0] in layout.CLOSES or line[-1] in layout.OPENS]
        assert not any(line.endswith("one’") for line in found)


def test_a_title_is_broken_only_where_it_has_no_room():
    title = "Test accuracy on handwritten digits, 1,258 training images, 15 epochs"
    chart = layout.titled(alt.Chart().mark_bar(), title, 100).to_dict()
    fits, whole, broken = re.split(r" [?:] ", chart["title"]["text"]["expr"])
    assert fits.endswith(f"> {8 * len(title)}") and whole == f'"{title}"'
    assert json.loads(broken) == layout.lines(title) and chart["height"] == 100 + layout.TITLE_LINE
    assert layout.titled(alt.Chart().mark_bar(), "Short", 100).to_dict()["title"]["text"] == "Short"


def test_what_records_name_is_said_in_the_visitors_words(monkeypatch):
    device = "CPU AMD EPYC (2 cores)"
    for alone in ("", ", one core"):  # in English it stays as records have it
        assert names.device_name(device + alone) == device + alone
    assert names.device_name("GPU NVIDIA H200") == "GPU NVIDIA H200"
    monkeypatch.setattr(words, "language", lambda: "zh")
    monkeypatch.setattr(names, "language", lambda: "zh")
    assert names.device_name(f"{device}, one core") == "CPU AMD EPYC（2 核），只用一核"
    for name in (*Necessity.tasks, *Sequence.tasks):
        assert names.data_name(name).startswith("任务“")


def test_every_key_that_is_said_is_there_and_every_key_that_is_there_is_said():
    assert misused(catalogue(locale.ENGLISH), *code()) == []


def test_a_missing_an_unused_and_a_different_key_are_found(tmp_path):
    """The planted faults."""
    english = {"a.b": "{x} and {y}", "a.c": "c", "a.d": "d"}
    assert differences(english, {"a.b": "{x}", "a.c": " ", "a.e": "e"}) == [
        *("a.b: other values", "a.c: empty", "a.d: only in one language", "a.e: only in one language"),
    ]
    path = tmp_path / "page.py"
    path.write_text('say("a.b" if x else "a.x", y=1); say(f"verdict.{x}"); say(f"a.{x}"); LabError("nowhere")')
    found = misused({*catalogue("en"), "lab.never"}, *map(set.union, read_code(path), code()))
    assert found == [
        *("a.b: missing", "a.x: missing", "a.{}: its names must be listed in NAMES", "a.{}: missing"),
        *("error.nowhere: missing", "lab.never: unused"),
    ]


def test_a_language_is_one_folder(tmp_path, monkeypatch):
    for name, text in {"lab": '"lab.language" = "tlhIngan Hol"', "errors": '"error.classes" = "{value} Segh"'}.items():
        (tmp_path / "tlh").mkdir(exist_ok=True)
        (tmp_path / "tlh" / f"{name}.toml").write_text(text)
    monkeypatch.setattr(locale, "FOLDER", tmp_path)
    assert say("tlh", "lab.language") == "tlhIngan Hol" and say("tlh", "error.classes", value=3) == "3 Segh"
    with pytest.raises(KeyError, match="tlh has no words for 'lab.title'"):
        say("tlh", "lab.title")
    catalogue.cache_clear()
    (tmp_path / "tlh" / "again.toml").write_text('"lab.language" = "twice"')
    with pytest.raises(ValueError, match="lab.language stands twice"):
        catalogue("tlh")
    catalogue.cache_clear()


@pytest.mark.parametrize("name", ["key", "language", "code", "self", "values"])
def test_no_name_of_a_value_clashes(name):
    """A failed run with a value named ``key`` took the run list of *Train* down."""
    error = LabError("classes", **{"value": 1, name: "two"})
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error) == "1 classes: the lab takes 2 to 1000." and again.values == error.values
    assert frame.error_text(again) == str(error)


# How the browser finds addresses: `transformGfmAutolinkLiterals` of mdast-util-gfm-autolink-literal, which reads the
# text after backslashes are taken away; then Streamlit's icons and remark-emoji.
LINKS = (r"(?i)(https?://|www(?=\.))([-.\w]+)", r"[-.\w+]+@[-\w]+(\.[-\w]+)+", r":[\w+-]+:", r":material/\w+:")


@pytest.mark.parametrize(
    "text",
    ["https://a.org/b", "WWW.a.org", "write to a.b-c@a.org", "mailto:a@a.org", ":smile: :+1:", ":material/delete:"],
)
def test_text_from_outside_becomes_no_link_and_no_picture(text):
    assert any(re.search(pattern, text) for pattern in LINKS)
    shown = re.sub(r"\\([^\w\s])", r"\1", str(words.quote(text)))
    assert not [pattern for pattern in LINKS if re.search(pattern, shown)]
    assert shown.replace("\u2060", "") == text


def test_markdown_and_character_references_from_outside_are_read_as_they_stand():
    assert words.quote("[a](b) *c* &commat; d: e.f") == r"\[a\]\(b\) \*c\* \&commat; d\: e.f"
    assert words.quote(3) == 3
