"""A real server and a real browser: train, watch the curve move, stop, follow a link to a cold server."""

import asyncio
import re
import urllib.parse
import urllib.request
from urllib.parse import parse_qsl, urlsplit

import psutil
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import choose, settle, visit
from conftest import until
from playwright.sync_api import expect
from visitors import crowd

from pages.ui import frame
from tf_models.locale import LANGUAGES, say
from tf_models.zoo import CLASSROOM

SCROLLED = "document.querySelector('[data-testid=stMain]').scrollTop"


FFN_SECTIONS = "open=arms,grid,controls,length,necessity,capacity,factorial,shape,collapse,published"
CLAIMS_SECTIONS = "open=partly,refuted,tables,power"


@pytest.mark.parametrize(
    ("path", "least"),
    [("?open=tables", 40), (f"ffn?{FFN_SECTIONS}", 85), (f"claims?{CLAIMS_SECTIONS}", 100), ("train", 19)],
)
def test_a_class_that_opens_a_page_at_once_sees_all_of_it(server, path, least):
    """Six of fifty were turned away."""
    path, _, opened = path.partition("?")
    query = f"lang=en&{opened}"
    alone = asyncio.run(crowd(server.port, path, 1, query))[0]
    assert not alone.failed and alone.shown > least
    for seen in asyncio.run(crowd(server.port, path, 15, query)):
        assert not seen.failed and seen.elements == alone.elements


# First in this file: the server is cold only once.
def test_a_deep_link_opens_its_view_on_a_cold_server(server, page):
    visit(page, f"{server.url}/ffn?lang=zh&data=digits")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("FFN 究竟有多大作用"))
    expect(page.get_by_test_id("stSidebarNav")).to_contain_text("特征图")  # the frame is there
    assert "data=digits" in page.url
    assert "lang=zh" in page.url
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.get_by_test_id("stSkipToContent")).to_have_text(say("zh", "streamlit.skip"))  # Streamlit's own words
    expect(page.get_by_label(re.compile("^全屏：")).first).to_be_attached()
    page.get_by_text("English", exact=True).click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_test_id("stSkipToContent")).to_have_text(say("en", "streamlit.skip"))


# Words that stand on the page itself, not on a coloured cell, where they are black or white; and what is behind them.
WORDS_OF_CHARTS = """() => [
    getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor,
    [...document.querySelectorAll('[data-testid=stVegaLiteChart] svg text')]
        .filter(node => !['black', 'white', '#111'].includes(node.getAttribute('fill')))
        .map(node => [getComputedStyle(node).fill, node.textContent])
]"""


def contrast(one: str, other: str) -> float:
    """Of two colours like ``rgb(23, 22, 20)``, from 1 to 21 (WCAG 2.2)."""

    def luminance(colour: str) -> float:
        parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def length(page) -> int:
    """Pixels of a page once it no longer grows or shrinks, as it does while charts are drawn."""
    known = 0
    while (now := page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")) != known:
        known = now
        page.wait_for_timeout(700)
    return known


def test_every_page_can_be_used_by_everyone(server, page):
    """axe finds no violation on any page, in any language and theme; charts are drawn alike in all, and it is asked of
    them once. That their words stand out, of which it knows nothing, is asked in both themes. No page is long.
    """
    assert contrast("rgb(0, 0, 0)", "rgb(255, 255, 255)") == pytest.approx(21)
    axe, found, quick = Axe(), {}, {"resultTypes": ["violations"]}
    for language, theme, context in ((LANGUAGES[0], "light", None), (LANGUAGES[1], "dark", {"exclude": ["svg"]})):
        page.emulate_media(color_scheme=theme)
        for name in (*frame.PAGES, "claims?claim=C46"):
            address = name.removeprefix(frame.FRONT)
            visit(page, f"{server.url}/{address}{'&' if '?' in address else '?'}lang={language}")
            long = length(page)
            seen = axe.run(page, context, quick).response["violations"]
            found |= {f"{name} {language} {row['id']}": [node["html"][:150] for node in row["nodes"]] for row in seen}
            ground, words = page.evaluate(WORDS_OF_CHARTS)
            if faint := [text for colour, text in words if contrast(colour, ground) < 4.5]:
                found[f"{name} {theme} faint words"] = faint
            if long > 4 * page.viewport_size["height"]:
                found[f"{name} {language} is longer than four screens"] = [f"{long} pixels"]
    assert found == {}


def test_a_page_that_is_shown_to_a_room_is_large_has_no_sidebar_and_fits(server, page):
    visit(page, f"{server.url}/cost?lang=en")
    height = page.locator("h1").bounding_box()["height"]
    page.get_by_text(say("en", "lab.presenter"), exact=True).click()
    expect(page).to_have_url(re.compile("present=1"))
    expect(page.get_by_test_id("stSidebarNav")).not_to_be_in_viewport()
    visit(page, page.url)
    assert page.locator("h1").bounding_box()["height"] > 1.4 * height
    chart = page.get_by_test_id("stVegaLiteChart").locator("svg").first
    expect(chart).to_be_visible()
    box = chart.bounding_box()
    assert box["x"] + box["width"] <= 1280
    visit(page, f"{server.url}/runs?lang=en&present=1")
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    for width, height, wide, high in page.evaluate(IN_THEIR_ROOM):
        assert width <= wide + 2 and height <= high + 2, "nothing lies on what comes after it"


# Of every chart and table: its size, and that of the element that holds it, in pixels of the screen.
IN_THEIR_ROOM = """() => [
    ...document.querySelectorAll('[data-testid=stVegaLiteChart] svg, [data-testid=stDataFrame] canvas')
].map(drawn => [drawn, drawn.closest('[data-testid=stElementContainer]')].flatMap(node => {
    const box = node.getBoundingClientRect()
    return [box.width, box.height]
}))"""


def test_an_address_in_the_link_becomes_no_link(server, page):
    visit(page, f"{server.url}/?lang=www.example.org")
    expect(page.get_by_test_id("stAlert")).to_contain_text("example.org")
    assert page.locator("a[href*='example.org']").count() == 0


def test_the_drawing_plays_by_itself_until_a_step_is_chosen(server, page):
    page.goto(f"{server.url}/?lang=en")
    steps, sides = page.locator(".blocks li button"), page.locator(".blocks figcaption")
    expect(steps.nth(1)).to_have_attribute("aria-pressed", "true")  # after some seconds
    steps.nth(2).click()
    expect(sides.first).to_have_text(say("en", "blocks.cnn.split"))
    expect(page.locator(".blocks .bar button")).to_contain_text(say("en", "blocks.play"))
    steps.nth(0).click()
    expect(sides.last).to_have_text(say("en", "blocks.transformer.mix"))
    page.wait_for_timeout(5500)  # longer than a step: who chose one keeps it
    expect(steps.nth(0)).to_have_attribute("aria-pressed", "true")
    page.locator(".blocks .bar button").click()
    expect(steps.nth(1)).to_have_attribute("aria-pressed", "true")


def test_training_on_the_page_moves_the_curve_and_stays_after_a_reload(server, page):
    visit(page, f"{server.url}/train?lang=en&variant=cnn&compare=none&epochs=15")
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_text(re.compile("starting:|waiting,|epoch 1 of"))).to_be_visible()
    expect(page.get_by_text(re.compile(r"CNN · handwritten digits · seed 0: epoch \d of 15"))).to_be_visible()
    chart = page.get_by_test_id("stVegaLiteChart")
    expect(chart.first).to_be_visible()
    first = chart.first.screenshot()
    done = page.get_by_text(re.compile(r"CNN · handwritten digits · seed 0: test accuracy \d"))
    expect(done).to_be_visible()
    settle(page)
    assert chart.first.screenshot() != first
    page.reload()
    expect(done).to_be_visible()


@pytest.mark.skipif(not hasattr(psutil.Process, "cpu_affinity"), reason="the system does not tell a process's cores")
def test_the_server_keeps_to_one_core_and_its_workers_to_none(server):
    """After the training above, which has started them."""
    process, own = psutil.Process(server.process.pid), psutil.Process()
    assert len(process.cpu_affinity()) == 1
    children = process.children(recursive=True)
    assert len(children) > 1 and all(child.cpu_affinity() == own.cpu_affinity() for child in children)


def test_a_stop_is_acknowledged_and_another_training_follows(server, page):
    visit(page, f"{server.url}/train?lang=en&compare=none&epochs=50")
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_text(re.compile(r"\(ViT\) · handwritten digits · seed 0: epoch \d"))).to_be_visible()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text(re.compile(r"\(ViT\) · handwritten digits · seed 0: stopp"))).to_be_visible()
    expect(page.get_by_text("(ViT) · handwritten digits · seed 0: stopped")).to_be_visible()
    visit(page, f"{server.url}/train?lang=en&variant=cnn&compare=none&epochs=1")
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_text(re.compile(r"CNN · handwritten digits · seed 0: test accuracy \d")).first).to_be_visible()


def test_every_answer_says_who_may_show_it_in_a_frame(server):
    for path in ("/", "/_stcore/health", "/no-such-page"):
        with urllib.request.urlopen(f"{server.url}{path}") as answer:
            assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_choice_is_in_the_link_and_the_browsers_back_button_undoes_it(server, page):
    visit(page, f"{server.url}/ffn?lang=en")
    page.get_by_role("radio", name=say("en", "data.name.digits")).click()
    expect(page).to_have_url(re.compile("data=digits"))
    settle(page)
    page.go_back()
    expect(page).not_to_have_url(re.compile("data=digits"))
    expect(page.get_by_role("radio", name=say("en", "data.name.cifar10-jpeg"))).to_be_checked()


@pytest.mark.parametrize(
    ("view", "first"),
    [("train?variant=swin&ffn=off", "train.variant.swin"), ("runs?data=cifar10-jpeg", "data.name.cifar10-jpeg")],
)
def test_another_language_says_the_same_choices_in_its_own_words(server, page, view, first):
    """The browser kept the old words, showed them, and sent them back as a choice that there is not: all was lost."""
    name, _, choices = view.partition("?")

    found = page.get_by_test_id("stMain").get_by_role("combobox")

    def boxes() -> list[str]:
        return [value for value in found.evaluate_all("all => all.map(one => one.value)") if value]

    visit(page, f"{server.url}/{view}&lang=en")
    shown = until(lambda: len(boxes()) > 1 and boxes())
    for language in ("zh", "en"):
        page.get_by_role("radio", name=say(language, "lab.language")).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(say(language, f"{name}.title"))
        expect(found.first).to_have_value(re.compile(f"^{re.escape(say(language, first))}$", re.IGNORECASE))
        settle(page)
        assert {*page.url.partition("?")[2].split("&")} == {*choices.split("&"), f"lang={language}"}
    until(lambda: boxes() == shown, told=boxes)


def test_another_data_set_keeps_the_network_that_was_chosen(server, page):
    """It is called otherwise where nothing was measured of it, and the next visit to the server lost it."""
    digits, photos = say("en", "data.name.digits"), say("en", "data.name.cifar10-jpeg")
    visit(page, f"{server.url}/ffn?lang=en")
    unmeasured = say("en", "ffn.listed", network=say("en", "train.variant.mixer"))
    choose(page, say("en", "train.variant"), unmeasured)
    box = page.get_by_role("combobox", name=re.compile(say("en", "train.variant")))
    for name, words in ((digits, say("en", "train.variant.mixer")), (photos, unmeasured), (digits, None)):
        page.get_by_role("radio", name=name).click()
        expect(page.get_by_role("radio", name=name)).to_be_checked()
        settle(page)
        expect(page).to_have_url(re.compile("variant=mixer"))
        if words:
            expect(box).to_have_value(words)


def test_the_data_set_goes_along_and_a_page_is_one_step_back(server, page):
    digits, photos = say("en", "data.name.digits"), say("en", "data.name.cifar10-jpeg")
    visit(page, f"{server.url}/ffn?data=digits")
    expect(page).to_have_url(re.compile(r"/ffn\?data=digits&lang=en$"))
    steps = page.evaluate("history.length")
    for name in ("hybrids", "cost", "locality", "parameters"):
        page.get_by_test_id("stSidebarNav").get_by_role("link", name=say("en", f"{name}.nav")).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(say("en", f"{name}.title"))
        expect(page).to_have_url(re.compile(rf"/{name}\?lang=en" + ("$" if name == "cost" else "&data=")))
        settle(page)
    assert page.evaluate("history.length") == steps + 4
    page.get_by_role("radio", name=photos).click()
    expect(page).to_have_url(re.compile(r"/parameters\?lang=en$"))
    settle(page)
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=say("en", "ffn.nav")).click()
    expect(page).to_have_url(re.compile(r"/ffn\?lang=en$"))  # the page before has the same choice of data
    expect(page.get_by_role("radio", name=photos)).to_be_checked()
    settle(page)
    page.go_back()
    page.go_back()
    expect(page.get_by_role("radio", name=digits)).to_be_checked()
    expect(page).to_have_url(re.compile(r"/parameters\?lang=en&data=digits$"))
    page.go_back()
    expect(page).to_have_url(re.compile(r"/locality\?lang=en&data=digits$"))


def test_a_claim_is_repeated_beside_the_shipped_runs(server, page):
    visit(page, f"{server.url}/claims?lang=en")
    page.get_by_text(say("en", "claims.list", count=50)).click()
    expect(page.locator(".st-key-open_C50")).to_be_visible()
    settle(page)
    statement = page.get_by_role("button", name="C19")
    statement.scroll_into_view_if_needed()
    statement.click()
    expect(page).to_have_url(re.compile("claim=C19"))
    expect(page.get_by_role("heading", name=re.compile("C19"))).to_be_in_viewport()
    page.get_by_text(say("en", "repeat.title"), exact=True).click()
    again = page.get_by_role("button", name=re.compile("Train with seed 1000"))
    again.scroll_into_view_if_needed()
    place = page.evaluate(SCROLLED)
    again.click()
    digits = say("en", "data.name.digits")
    expect(page.get_by_text(re.compile(rf"\(ViT\) · {digits} · seed 1000: (starting|waiting|epoch)"))).to_be_visible()
    settle(page)
    assert page.evaluate(SCROLLED) == place  # progress, stop and result appear where the visitor looks
    page.get_by_role("button", name="Stop", exact=True).first.click()
    expect(page.get_by_text(re.compile("seed 1000: stopp")).first).to_be_visible()


def test_a_click_on_a_square_opens_the_card_of_its_statement(server, page):
    visit(page, f"{server.url}/claims?lang=en")
    for claim in ("C37", "C01"):  # and once more after the way back
        page.locator(f"[data-testid=stVegaLiteChart] path[aria-label='{claim}']").click()
        expect(page).to_have_url(re.compile(f"claim={claim}"))
        expect(page.get_by_role("heading", name=re.compile(f"^{claim} · "))).to_be_visible()
        page.get_by_role("button", name=say("en", "claims.back"), exact=True).click()
        expect(page).not_to_have_url(re.compile("claim="))
        settle(page)


def test_a_card_opens_at_its_head_and_closes_at_its_statement(server, page):
    visit(page, f"{server.url}/claims?lang=en&claim=C40")
    page.get_by_text(say("en", "claims.list", count=50)).click()
    expect(page.locator(".st-key-open_C50")).to_be_visible()  # the last one: nothing moves any more
    settle(page)
    statement = page.locator(".st-key-open_C05").get_by_role("button")
    statement.scroll_into_view_if_needed()
    assert page.evaluate(SCROLLED) > 1000
    statement.click()
    expect(page.get_by_role("heading", name=re.compile("C05"))).to_be_in_viewport()
    page.get_by_role("button", name="All", exact=True).click()
    expect(statement).to_be_in_viewport()
    page.go_back()
    expect(page.get_by_role("heading", name=re.compile("C05"))).to_be_in_viewport()
    page.go_forward()
    expect(statement).to_be_in_viewport()


@pytest.mark.parametrize(("verdict", "shown"), [("not_supported", "C42"), ("banana", "banana")])
def test_a_link_with_a_filter_opens_at_the_list(server, page, verdict, shown):
    visit(page, f"{server.url}/claims?lang=en&verdict={verdict}")
    expect(page.locator(".st-key-list_of_claims").get_by_text(shown).first).to_be_in_viewport()


def test_the_way_back_from_a_card_leads_to_the_page_it_was_opened_on(server, page):
    visit(page, f"{server.url}/?lang=zh")
    page.locator(".st-key-statements").get_by_text("C42").click()
    expect(page).to_have_url(re.compile(r"/claims\?claim=C42&lang=zh"))
    page.go_back()
    expect(page).to_have_url(re.compile(r"/\?lang=zh$"))


def test_every_network_chosen_by_clicking_is_the_one_its_name_says(server, page):
    visit(page, f"{server.url}/train?lang=en&compare=none&ffn=off&mixer=window")
    for variant in [*CLASSROOM, "vit"]:
        choose(page, say("en", "train.variant"), say("en", f"train.variant.{variant}"))
        expect(
            page.get_by_text(re.compile(rf"^{re.escape(say('en', f'train.variant.{variant}'))}: [\d,]+ parameters"))
        ).to_be_visible()
        asked = dict(parse_qsl(urlsplit(page.url).query))
        assert asked == {"lang": "en"} | ({} if variant == "vit" else {"variant": variant})


def test_back_after_another_network_is_one_step_to_the_old_one_with_its_settings(server, page):
    visit(page, f"{server.url}/train?lang=en&ffn=off&mixer=window")
    choose(page, say("en", "train.variant"), say("en", "train.variant.swin"))
    expect(page).to_have_url(re.compile(r"\?lang=en&variant=swin$"))
    page.go_back()
    expect(
        page.get_by_text(re.compile(rf"^Transformer \(ViT\) without FFN, Token mixer: {say('en', 'mixer.window')}: "))
    ).to_be_visible()


def test_the_link_to_training_a_network_opens_that_network_and_says_where_its_images_are_not_here(server, page):
    visit(page, f"{server.url}/ffn?lang=en&variant=swin&data=cifar10-jpeg")
    link = page.get_by_role("link", name=say("en", "ffn.train"))
    expect(link).to_have_attribute("href", re.compile("data=cifar10-jpeg"))
    link.click()
    expect(page.get_by_text(re.compile(r"^Swin \(window attention\): [\d,]+ parameters"))).to_be_visible()
    names = {"chosen": say("en", "data.name.cifar10-jpeg"), "shown": say("en", "data.name.digits")}
    expect(page.get_by_text(say("en", "data.other", **names))).to_be_visible()
    expect(page.get_by_text(re.compile("Unknown value"))).to_have_count(0)


def test_an_old_link_opens_its_view_and_back_undoes_what_came_after(server, page):
    visit(page, f"{server.url}/feature_maps?lang=en&trained_on=cifar10-jpeg&left=vit-cifar10-jpeg")
    expect(page).to_have_url(re.compile(r"\?lang=en&left=vit$"))
    choose(page, say("en", "feature_maps.dataset"), "Handwritten digits")
    expect(page).to_have_url(re.compile(r"\?lang=en&data=digits$"))
    page.go_back()
    expect(page).to_have_url(re.compile(r"\?lang=en&left=vit$"))


def test_on_a_phone_statements_read_from_the_left_and_verdicts_break(server, browser):
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    visit(page, f"{server.url}/?lang=en&open=tables")
    style = "(node, name) => getComputedStyle(node)[name]"
    assert page.locator(".st-key-statements a").first.evaluate(style, "paddingLeft") == "0px"
    badge = page.locator("[data-testid=stTable] .stMarkdownBadge").first
    assert badge.evaluate(style, "whiteSpace") == "normal"
    assert page.locator("[data-testid=stTable] th").first.evaluate("node => node.offsetWidth") >= 60
    visit(page, f"{server.url}/claims?lang=en")
    assert page.locator("[class*=st-key-statements] button").first.evaluate(style, "textAlign") == "left"
    context.close()


# The words of charts that end in an ellipsis by force, or reach beyond their chart; a title's empty pixels may.
CUT_WORDS = """() => [...document.querySelectorAll('[data-testid=stVegaLiteChart] svg')].flatMap(chart => {
    const room = chart.getBoundingClientRect()
    return [...chart.querySelectorAll('.role-legend-label text, .role-title-text text')].filter(words => {
        const box = words.getBoundingClientRect()
        return words.textContent.match(/[^ ]…$/) || box.left < room.left - 4 || box.right > room.right + 2
    }).map(words => words.textContent)
})"""


def test_on_a_phone_no_legend_and_no_title_is_cut(server, page):
    visit(page, f"{server.url}/parameters?lang=en")  # a desk has room for all of it in one line
    expect(page.locator(".role-title-text text").first).to_have_text(re.compile("10,000 training images, 5"))
    assert page.locator(".role-title-text tspan").count() == 0
    page.set_viewport_size({"width": 360, "height": 800})
    for path in ("parameters", "claims"):
        visit(page, f"{server.url}/{path}?lang=en")
        expect(page.locator(".role-legend-label").first).to_be_visible()
        assert page.evaluate(CUT_WORDS) == [], path


# Where the last section of a page is in the first picture after the script's end, before any chart is drawn.
FIRST_PLACE = """{
    const look = () => {
        const last = [...document.querySelectorAll('[data-testid=stMain] summary')].at(-1)
        const ended = document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'
        if (last && ended) window.firstPlace = last.getBoundingClientRect().top
        else requestAnimationFrame(look)
    }
    look()
}"""


@pytest.mark.parametrize("path", ["parameters", "claims"])
def test_charts_have_their_room_before_they_are_drawn(server, page, path):
    """What lay below them moved away from under a click, on *Claims* by 260 pixels."""
    visit(page, f"{server.url}/{path}?lang=en")  # what a browser loads once is no part of it
    page.add_init_script(FIRST_PLACE)
    visit(page, f"{server.url}/{path}?lang=en")
    place = page.get_by_test_id("stMain").locator("summary").last.evaluate("node => node.getBoundingClientRect().top")
    assert abs(place - page.evaluate("window.firstPlace")) < 100


@pytest.mark.parametrize(
    "path",
    ["", "claims", "claims/C37", "feature_maps", "ffn", "cost", "hybrids", "locality", "hierarchy", "train", "runs"],
)
def test_no_page_is_wider_than_the_screen(server, page, path):
    path, _, claim = path.partition("/")
    visit(page, f"{server.url}/{path}?lang=zh" + (f"&claim={claim}" if claim else ""))
    main = "document.querySelector('[data-testid=stMain]')"
    fits = f"document.documentElement.scrollWidth <= window.innerWidth && {main}.scrollWidth <= {main}.clientWidth + 1"
    assert page.evaluate(fits)
    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_function(fits)  # charts follow a little later
