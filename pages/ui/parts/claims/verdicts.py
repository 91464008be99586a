"""Verdicts and their reasons in the visitor's words: one result, one part, one rule."""

from pages.ui import tables
from pages.ui.names import data_title, device_name
from pages.ui.words import say, sentences, verbatim
from tf_models.statistics.effects import Measure
from tf_models.statistics.power import MOST_SEEDS, Power
from tf_models.statistics.rule import TESTS
from tf_models.study.exact import exact_provenance
from tf_models.study.judging import ONCE, TRAINED, PartResult, Result

BADGES = {
    "supported": ("green", "check_circle"),
    "partly": ("orange", "contrast"),
    "not_supported": ("red", "cancel"),
    "inconclusive": ("gray", "help"),
    "untested": ("gray", "radio_button_unchecked"),
}
# Measures of which their unit does not say all: powers of ten, the slope of a log–log line over depth, shares of what.
UNITS = {"skip_over_mlp": "powers", "erf.slope": "loglog", "erf.monotone": "seeds"}
OVER = ("learned_over_none", "learned_over_none.seen", "cnn_over_vit", "other_patch.attention", "other_patch.ffn")
UNITS |= dict.fromkeys(OVER, "shares")  # one share less another
SIGNED = ("accuracy", "nats", "doubling", "shares")  # units of a difference, which has a sign
BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
KNOWN = ("supported", "partly", "not_supported", "inconclusive")
BARE = ("error", "slope", "powers", "loglog", "seeds")  # units that a number alone does not show


def badge(verdict: str, text: str = "") -> str:
    """A verdict as a coloured label with a mark of its own, for Markdown."""
    colour, icon = BADGES[verdict]
    return f":{colour}-badge[:material/{icon}: {text or say(f'verdict.{verdict}')}]"


def verdict_name(result: Result) -> str:
    """The verdict on a claim in a word or two; how far it was tested, where only in part."""
    deciding = [part for part in result.parts if part.decides]
    measured = [part for part in deciding if part.measure is not None]
    if result.verdict != "untested" or not measured:
        return say(f"verdict.{result.verdict}")
    refuted = sum(part.verdict == "not_supported" for part in measured)
    key = "claims.open_refuted" if refuted else "claims.open"
    return say(key, measured=len(measured), parts=len(deciding), refuted=refuted)


def claim_badge(result: Result, name: str = "") -> str:
    """The verdict on a claim as such a label, after the claim's `name`."""
    return badge(result.verdict, f"{name} {verdict_name(result)}".strip())


def kinds(result: Result) -> str:
    """What is true by definition and what was measured, each with its verdict; empty where only one of them decides."""
    found = {"definition": result.definition, "measurement": result.measured}
    if not all(found.values()):
        return ""
    return say("claims.kinds", **{kind: badge(verdict) for kind, verdict in found.items()})


def scale(result: Result) -> str:
    """For which data and training a verdict holds."""
    if result.exact:
        trained = any(part.part.experiment in TRAINED for part in result.parts if part.decides)
        return say("claims.on_tasks" if trained else "claims.on_exact")
    if result.seeds == 0:
        return say("claims.on_data", dataset=data_title(result.dataset))
    images = f"{result.train_images:,}" if result.train_images else "–"
    named = data_title(result.dataset)
    return say("claims.on", dataset=named, images=images, epochs=result.epochs or "–", seeds=result.seeds)


def reason(result: Result) -> str:
    """The verdict's reason in one sentence."""
    deciding = [part for part in result.parts if part.decides]
    if len(deciding) == 1 and deciding[0].measure is not None:
        found, why = deciding[0], say(f"reason.{deciding[0].reason}")
        return say("claims.reason.one", words=verbatim(found.part.words), figures=figures(found), why=why)
    hold = sum(part.verdict == "supported" for part in deciding)
    return say("claims.reason.parts", why=say(f"reason.{result.reason}"), hold=hold, parts=len(deciding))


def known(result: Result) -> str:
    """What is known of a statement that is not decided, and how open the rest is, in sentences; empty elsewhere."""
    deciding = [part for part in result.parts if part.decides]
    if result.verdict not in ("inconclusive", "untested") or len(deciding) == 1:  # one part: the reason says it
        return ""
    said = []
    for verdict in KNOWN:
        parts = [part for part in deciding if part.verdict == verdict]
        words = [_open_words(part) if verdict == "inconclusive" else verbatim(part.part.words) for part in parts]
        if words:
            said.append(say(f"claims.known.{verdict}", parts=say("claims.and").join(words)))
    return sentences(*said)


def _open_words(part: PartResult) -> str:
    """What a part says, its figures, and why they decide nothing, where a check or a control has failed."""
    words = {"words": verbatim(part.part.words), "figures": figures(part)}
    if part.measure is not None and part.measure.withheld:
        return say("claims.known.withheld", **words, reason=say(f"reason.{part.measure.withheld}"))
    return say("claims.known.open", **words)


def unit_of(measure: Measure, name: str) -> str:
    """What a measure counts, of which the unit of some, known by their `name`, does not say all."""
    return UNITS.get(name, measure.unit)


def interval(measure: Measure, name: str) -> tuple[float, float]:
    """The ends of a measure's interval: of a share, within 0 and 1, beyond which Student's knows no end."""
    if measure.unit != "share" or unit_of(measure, name) in SIGNED:
        return measure.low, measure.high
    return max(measure.low, 0.0), min(measure.high, 1.0)


def figure(measure: Measure, name: str = "") -> str:
    """A measure with its interval, where it has one, and its unit; some are known by their `name`."""
    text, unit = tables.figure(measure.value, measure.unit), unit_of(measure, name)
    if measure.low < measure.high:
        low, high = (tables.figure(bound, measure.unit, bare=True) for bound in interval(measure, name))
        text += f" [{low}, {high}]"
    return say("claims.in_unit", value=text, unit=say(f"claims.unit.{unit}")) if unit in BARE else text


def figures(part: PartResult) -> str:
    """What was measured, and what must hold; where half of a gap is to be closed, how much of it is."""
    if part.measure is None:
        return say("reason.missing")
    found = {"value": figure(part.measure, part.part.measure), "rule": rule(part)}
    if part.gap is None:
        return say("claims.figures", **found)
    if not part.part.closes_half:
        return say("claims.figures_where", gap=figure(part.gap), **found)
    if part.reason == "denominator":  # a share of it would mean nothing
        return say("claims.figures_half", gap=figure(part.gap), **found)
    share = f"{100 * (0.5 + part.measure.value / part.gap.value):.0f}".replace("-", "−")
    return say("claims.figures_gap", share=share, gap=figure(part.gap), **found)


def rule(part: PartResult) -> str:
    """What the measure must be for the part to hold."""
    test, threshold = part.part.test, part.part.threshold
    unit = part.measure.unit if part.measure else ""
    if isinstance(threshold, tuple):
        low, high = (tables.figure(bound, unit) for bound in threshold)
        return say(f"rule.{test}", low=low, high=high)
    margin = tables.figure(threshold if threshold is not None else part.delta or 0.0, unit, sign=False)
    return say(f"rule.{test}", threshold=f"δ = {margin}" if threshold is None else margin)


def part_line(result: Result, part: PartResult) -> str:
    """One measured part on one data set: figure, interval, rule, what it rests on, why."""
    measure = part.measure
    assert measure is not None
    if measure.seeds and measure.source == "runs":
        key = "claims.seeds_above" if unit_of(measure, part.part.measure) in SIGNED else "claims.seeds"
        behind = say(key, seeds=measure.seeds, wins=measure.wins)
    elif measure.seeds:
        behind = say("claims.repeats", seeds=measure.seeds)
    else:
        behind = say(f"claims.source.{measure.source}")
    why = say(f"reason.{part.reason}")
    words = {"figures": figures(part), "behind": behind, "why": why[:1].upper() + why[1:]}
    text = say("claims.line", **words)
    if part.scale is not None and part.scale.exploratory:
        images, updates = f"{part.scale.train_images:,}", f"{part.scale.updates:,}"
        text = say("claims.exploratory", text=text, images=images, updates=updates)
    return text if part.part.experiment in ONCE else say("claims.place_of", place=data_title(result.dataset), text=text)


def zone_of(part: PartResult) -> tuple[float, float]:
    """Where the whole interval must lie for the part to hold; infinite on an open side."""
    threshold = part.part.threshold
    return TESTS[part.part.test].zone((part.delta or 0.0) if threshold is None else threshold)


def what_settles(power: Power, allowed: int) -> str:
    """How many seeds would settle an open part, more than are `allowed` or not, or that test images are too few; empty
    where nothing is open.
    """
    if power.seeds is None and not power.images:
        return ""
    if power.seeds is None:
        return say("claims.images_needed")
    key = "many" if power.seeds >= MOST_SEEDS else "beyond" if power.seeds > allowed else "needed"
    return say(f"claims.seeds_{key}", seeds=power.seeds, most=allowed)


def provenance(experiment: str) -> str:
    """Where the figures of an exact experiment come from, in a sentence; empty where the file has none."""
    where = exact_provenance().get(experiment)
    if not where:
        return ""
    words = {"device": device_name(where["device"]), "backend": BACKENDS[where["backend"]], "git": where["git"]}
    words |= {"finished": where["finished"][:10], "keras": where["versions"]["keras"], "seeds": len(where["seeds"])}
    return say("claims.exact_from", experiment=experiment, **words)


def probability(p: float | None) -> str:
    return "= –" if p is None else ("< 0.001" if p < 0.001 else f"= {p:.3f}")
