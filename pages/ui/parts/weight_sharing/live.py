"""One image, moved or cut up: what two networks predict before and after, and what of their features went along."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from pages.ui import cache, frame, inside, links, tables
from pages.ui.charts import bars, sheets
from pages.ui.drawing import show_chart
from pages.ui.names import class_words, short_network_name
from pages.ui.replay import drawn_once
from pages.ui.theme import FAMILIES, colours
from pages.ui.words import say, sentences
from tf_models.errors import LabError
from tf_models.probes.shift import MARGIN, MOVES, moved
from tf_models.runs import showcase
from tf_models.runs.record import RunRecord
from tf_models.study.exact import exact_measures
from tf_models.study.plans import plan
from tf_models.zoo import CLASSROOM
from tf_models.zoo.plan import levels

CHANGES = (*reversed(MOVES), "shuffle")
OTHERS = 4  # images that ε is measured against
TILES = 8  # channels that are shown
BARS = 3  # classes


@dataclass(frozen=True)
class Change:
    """What is done to an image: a move by (down, right) pixels, or its patches in another order, `patches` a side."""

    kind: str
    shift: tuple[int, int] = (0, 0)
    patches: int = 1

    @property
    def nothing(self) -> bool:
        return self.kind != "shuffle" and self.shift == (0, 0)

    def images(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(H, W, channels) as it is compared, and changed."""
        if self.kind == "shuffle":
            return image, self._cut(image, self._order)
        still, after = moved(image[None], self.shift, self.kind)
        return still[0], after[0]

    def fits(self, grid: int, side: int) -> bool:
        """Whether a grid of so many rows has the positions to follow an image of `side` rows."""
        if self.kind == "shuffle":
            return grid % self.patches == 0
        return all(steps * grid % side == 0 for steps in self.shift)

    def back(self, maps: np.ndarray, side: int) -> np.ndarray:
        """Maps (h, w, C) of the changed image, their positions moved back to where they came from."""
        if self.kind == "shuffle":
            return self._cut(maps, np.argsort(self._order))
        return np.roll(maps, [-steps for steps in self._steps(len(maps), side)], axis=(0, 1))

    def compared(self, grid: tuple[int, int], side: int) -> np.ndarray:
        """(h, w) bool: positions that neither lie at an edge nor came there, where any are left."""
        if self.kind == "shuffle":
            return np.ones(grid, bool)
        steps = self._steps(grid[0], side)
        for border in (1, 0):
            rows, columns = (
                (np.arange(n) >= border)
                & (np.arange(n) < n - border)
                & (np.arange(n) + step >= border)
                & (np.arange(n) + step < n - border)
                for n, step in zip(grid, steps, strict=True)
            )
            if (inside := rows[:, None] & columns).any():
                return inside
        return np.zeros(grid, bool)

    def _steps(self, grid: int, side: int) -> tuple[int, int]:
        down, right = (round(pixels * grid / side) for pixels in self.shift)
        return down, right

    @property
    def _order(self) -> np.ndarray:
        """The patch that comes to each place; always the same."""
        return np.random.default_rng(0).permutation(self.patches**2)

    def _cut(self, maps: np.ndarray, order: np.ndarray) -> np.ndarray:
        """(H, W, C) with its patches in this order."""
        n, (height, width, channels) = self.patches, maps.shape
        cells = maps.reshape(n, height // n, n, width // n, channels).transpose(0, 2, 1, 3, 4)
        cells = cells.reshape(n * n, height // n, width // n, channels)[order]
        cells = cells.reshape(n, n, height // n, width // n, channels).transpose(0, 2, 1, 3, 4)
        return cells.reshape(maps.shape)


def left_behind(before: np.ndarray, returned: np.ndarray, others: Sequence[np.ndarray], where: np.ndarray) -> float:
    """ε of one image: ‖returned − before‖² over the mean of ‖other − before‖², both at `where` (h, w) alone.

    0 where all features went along, about 1 where they have no more to do with the image than those of another one. NaN
    where nothing can be compared, or the others do not differ.
    """
    other = np.mean([np.square(one - before)[where].sum() for one in others])
    return float(np.square(returned - before)[where].sum() / other) if other > 0 else float("nan")


@dataclass(frozen=True)
class Seen:
    """What a network computes of an image before and after a change: its taps, and `level` of other images."""

    record: RunRecord
    before: Mapping[str, np.ndarray]
    after: Mapping[str, np.ndarray]
    level: str
    others: Sequence[np.ndarray]


def show_live(dataset: str, sides: Sequence[str], depth: float) -> None:
    """The image and the two networks beside each other."""
    shown = next((name for name in showcase.showcases() if _is_of(name, dataset)), None)
    known = [_with_weights(dataset, side) for side in sides]
    if shown is None or None in known:
        st.info(say("weight_sharing.no_weights"))
        return
    shown = showcase.load_showcase(shown)
    place, change = _choose(dataset, shown)
    columns = st.columns([1, 2, 2], gap="medium")
    with columns[0]:
        _show_image(dataset, place, change, shown.images[place])
    for key, name, column in zip(inside.USUAL, filter(None, known), columns[1:], strict=True):
        with column:
            try:
                with st.spinner(say("weight_sharing.working"), show_time=True):
                    record = cache.networks()[dataset][name]
                    _show_seen(key, name, record.run_id, place, change, depth, record, shown.images)
            except LabError as error:
                frame.show_error(inside.in_words(error, dataset))
    for side, name in zip(sides, known, strict=True):
        if side != name:
            _show_stand_in(dataset, side)
    st.caption(sentences("" if change.nothing else say("weight_sharing.tiles"), _hint(change)))


def _is_of(name: str, dataset: str) -> bool:
    return showcase.showcase_record(name).spec.dataset == dataset


def _with_weights(dataset: str, choice: str) -> str | None:
    """The network with this name whose weights are here, else the shipped one of the same variant."""
    known = cache.networks().get(dataset, {})
    arm = plan("inside", dataset).arms.get(choice)
    return next((name for name in (choice, arm.variant if arm else "") if name in known), None)


def _choose(dataset: str, shown: showcase.Showcase) -> tuple[int, Change]:
    """Which image, and what is done to it, both in the link."""
    first, second, third, fourth = st.columns([2, 4, 2, 2])
    classes = class_words(dataset, len(shown.classes))
    names = {
        str(place): say("weight_sharing.photo", name=name) if label < 0 else classes[label]
        for place, (label, name) in enumerate(zip(shown.labels, shown.image_names, strict=True))
    }
    picked = links.choose("image", say("weight_sharing.image"), list(names), names.__getitem__, where=first)
    kind = links.choose(
        "change",
        say("weight_sharing.change"),
        CHANGES,
        lambda name: say(f"weight_sharing.change.{name}"),
        kind="segments",
        where=second,
        help=say("weight_sharing.change_hint"),
        wrap=True,
    )
    if kind == "shuffle":
        experiment = plan("inside", dataset)
        return int(picked), Change(kind, patches=experiment.model(experiment.arms["vit"]).grid[0])
    right = links.choose_number("across", say("weight_sharing.right"), -MARGIN, MARGIN, 0, where=third)
    down = links.choose_number("down", say("weight_sharing.down"), -MARGIN, MARGIN, 0, where=fourth)
    return int(picked), Change(kind, (down, right))


@drawn_once
def _show_seen(
    key: str,
    name: str,
    run_id: str,
    place: int,
    change: Change,
    depth: float,
    _record: RunRecord,
    _images: np.ndarray,
) -> None:
    """What a network predicts of the image at this place, before and after, and what of its features went along."""
    image = _images[place]
    others = [other for other in _images if not np.array_equal(other, image)][:OTHERS]
    seen = _look(_record, name, change.images(image), others, depth)
    _show_predictions(key, seen, change)
    _show_features(seen, change, len(image))


def _look(
    record: RunRecord, name: str, images: tuple[np.ndarray, np.ndarray], others: Sequence[np.ndarray], depth: float
) -> Seen:
    """The taps of both images, (H, W, channels) each; those of the `others` only where the two differ."""
    still, after = images
    level = inside.at_depth(list(levels(record.spec.model)), depth)
    before = cache.taps_of(name, record.spec, still)
    if np.array_equal(still, after):
        return Seen(record, before, before, level, [])
    references = [cache.taps_of(name, record.spec, other)[level] for other in others]
    return Seen(record, before, cache.taps_of(name, record.spec, after), level, references)


@drawn_once
def _show_image(dataset: str, place: int, change: Change, _image: np.ndarray) -> None:
    still, after = change.images(_image)
    with st.container(horizontal=True):
        for image, word in ((still, "before"), (after, "after"))[: 1 if change.nothing else 2]:
            words = say(f"weight_sharing.{word}")
            st.image(sheets.photo(image, 144), caption=words, output_format="PNG", alt=words)


def prediction_rows(classes: Sequence[str], before: np.ndarray, after: np.ndarray) -> pd.DataFrame:
    """The most likely classes, (classes,) each, in percent: columns name, which and value, first all before."""
    likely = np.argsort(-np.maximum(before, after), kind="stable")[:BARS]
    rows = [
        {"name": classes[place], "which": say(f"weight_sharing.{which}"), "value": 100 * float(shares[place])}
        for which, shares in (("before", before), ("after", after))
        for place in likely
    ]
    return pd.DataFrame(rows)


def _show_predictions(key: str, seen: Seen, change: Change) -> None:
    spec, shares = seen.record.spec, seen.before["probabilities"]
    data = prediction_rows(class_words(spec.dataset, len(shares)), shares, seen.after["probabilities"])
    data, title = data.head(BARS) if change.nothing else data, short_network_name(seen.record.spec)
    columns = {name: say(f"weight_sharing.bars.{name}") for name in ("name", "which")}
    colour = FAMILIES[CLASSROOM[spec.variant].family]
    first = data.sort_values("value", ascending=False, kind="stable").groupby("which", sort=False).first()
    shares = {which: say("unit.share", value=f"{row['value']:.0f}") for which, row in first.iterrows()}
    text = say("lab.comma").join(f"{which} {first.loc[which, 'name']} {share}" for which, share in shares.items())
    chart = bars.before_after(data, title, say("axis.probability"), columns, colour)
    show_chart(chart, key=f"moved_{key}", text=f"{title}: {text}")


def tiles(before: np.ndarray, after: np.ndarray, returned: np.ndarray) -> np.ndarray:
    """A picture of the strongest channels, those that vary most over positions, each on a scale of its own.

    (h, w, C) each → (height, width, 4) uint8: a row before, one after, and one of what moving back leaves, in the same
    colours, dark where nothing is left. The third row is missing where `returned` is `before` itself.
    """
    strongest = np.argsort(-before.var(axis=(0, 1)), kind="stable")[:TILES]
    maps = [maps[:, :, strongest].astype(float) for maps in (before, after, returned)]
    low = np.minimum(maps[0].min(axis=(0, 1)), maps[1].min(axis=(0, 1)))
    span = np.maximum(np.maximum(maps[0].max(axis=(0, 1)), maps[1].max(axis=(0, 1))) - low, 1e-9)
    shown = [(maps[0] - low) / span]
    if returned is not before:
        shown += [(maps[1] - low) / span, np.abs(maps[2] - maps[0]) / span]
    pictures = np.concatenate([colours(one).transpose(2, 0, 1, 3) for one in shown])  # (tiles, h, w, 3)
    return sheets.sheet(pictures, len(strongest), 720)


def _show_features(seen: Seen, change: Change, side: int) -> None:
    """The strongest channels at the level, and what of them did not go along."""
    before, after, words = seen.before[seen.level], seen.after[seen.level], inside.level_name(seen.level)
    rows, columns, _ = before.shape
    sizes = {"level": words, "rows": rows, "columns": columns}
    if change.kind == "shuffle" and not change.fits(rows, side):
        st.caption(say("weight_sharing.no_place", **sizes))
        return
    returned = before if change.nothing else change.back(after, side)
    alt = say("weight_sharing.tiles_alt", level=words, model=short_network_name(seen.record.spec))
    st.image(tiles(before, after, returned), width="stretch", output_format="PNG", alt=alt)
    if change.nothing:
        st.caption(say("weight_sharing.nothing", **sizes))
        return
    error = left_behind(before, returned, seen.others, change.compared((rows, columns), side))
    told = say("weight_sharing.error", error="–" if np.isnan(error) else f"{error:.3f}", **sizes)
    between = "" if change.fits(rows, side) else say("weight_sharing.between", pixels=side // rows)
    st.markdown(sentences(told, between))


def _show_stand_in(dataset: str, choice: str) -> None:
    """That a network came without weights, which one is shown instead, and where it can be trained."""
    arm = plan("inside", dataset).arms[choice]
    names = inside.networks(dataset)
    st.caption(say("weight_sharing.stand_in", name=names[choice], variant=say(f"train.variant.{arm.variant}")))
    query = {"variant": arm.variant, "data": dataset, **{name: str(value) for name, value in arm.switches.items()}}
    label = say("weight_sharing.train", name=names[choice])
    st.page_link("pages/train.py", label=label, icon=frame.PAGES["train"], query_params=query)


def _hint(change: Change) -> str:
    if change.kind != "shuffle":
        return say("weight_sharing.live_hint")
    measures = exact_measures()["identities"]
    names = {"bare": "permutation.attention", "positions": "permutation.with_positions"}
    if not {*names.values()} <= measures.keys():
        return say("weight_sharing.live_hint")
    figures = {key: tables.figure(measures[name].value, "error") for key, name in names.items()}
    return say("weight_sharing.shuffle_hint", **figures)
