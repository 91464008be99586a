"""What Streamlit cannot do by itself: every piece of CSS and JavaScript that runs in a visitor's browser.

A script stays in its place on the page, so that nothing around it moves, and runs where its text changes.
`tests/test_browser.py` looks at what each of them does.
"""

import base64
import json
import re
from functools import cache

import streamlit as st
from streamlit.components import v2

from pages.ui.theme import OF_WORDS
from pages.ui.words import language
from tf_models import locale

# Streamlit centres the words of a button and cuts those of a link; a statement of two lines reads from the left.
_STYLES = """<style>
[class*=st-key-statements] button, [class*=st-key-statements] button * {text-align: left; justify-content: flex-start}
[class*=st-key-statements] a {padding-left: 0}
[class*=st-key-statements] a * {white-space: normal; line-height: 1.5}
[data-testid=stTable] th {min-width: 4.5em}
[data-testid=stTable] .stMarkdownBadge {white-space: normal !important}
.st-key-language_of_page {display: none}
.st-key-blocks {min-height: 24rem} /* the drawing of *Overview* comes a moment later: nothing moves down much by it */
@media (min-width: 640.1px) {.st-key-one_side {display: none}}
[data-testid=stCaptionContainer], [data-testid=stCaptionContainer] :is(p, li, em) {color: light-dark(#5c5b5a, #b9b7b4)}
[data-testid=stCaptionContainer], [data-has-shortcut] kbd {opacity: 1}
[data-testid=stBaseButton-primary], [data-testid=stBaseButton-primary] *, [data-tag], [data-tag] * {
    color: light-dark(#fff, #0e1117) !important}
:is(a, button, summary, input, [role=radio], [role=slider], [tabindex="0"]):focus-visible {
    outline: 3px solid light-dark(#00609c, #56b4e9) !important; outline-offset: 1px}
</style>"""
# A chart has the same colours on light and on dark ground; those of its words are exchanged for legible ones.
_WORDS_OF_CHARTS = "\n".join(
    f'[data-testid=stVegaLiteChart] text[fill="{colour}"] {{fill: light-dark({light}, {dark})}}'
    for colour, (light, dark) in OF_WORDS.items()
)
# Streamlit's columns stand below each other on screens of at most this width: of two networks one is seen there.
_ONE_SIDE = """<style>
@media (max-width: 640px) {
    [class*=st-key-side_%s] {display: none}
    :is([data-testid=stLayoutWrapper], [data-testid=stElementContainer]):has(> .st-key-one_side), .st-key-one_side {
        position: sticky; top: 3.75rem; z-index: 10; background: light-dark(#fff, #171614)}
}
</style>"""
# Streamlit measures the room of a chart or a table in pixels of the screen, so that a zoomed one would be too large.
_PRESENTING = """<style>
[data-testid=stMainBlockContainer] {zoom: 1.5}
[data-testid=stFullScreenFrame]:has([data-testid=stVegaLiteChart]) {
    width: calc(100% / 1.5) !important; height: calc(100% / 1.5) !important}
[data-testid=stFullScreenFrame]:has([data-testid=stDataFrame]) {width: calc(100% / 1.5) !important}
</style>"""
# A screen reader's voice and the forms of Chinese characters go by the page's language. What Streamlit says by itself,
# in English, is said in it too: exchanged where it appears, in place, so that React goes on with the same nodes. Its
# list of pages has sections between the list and its lines, which is no list. And what a page adds to its address by
# itself, before the visitor does anything, is no step of its own that Back would undo; nor is what Streamlit writes to
# the address of the page that is left, which is what belongs to the next one.
_LANGUAGE = """<script>{
    document.documentElement.lang = %(tag)s
    const ATTRIBUTES = ['aria-label', 'placeholder', 'title'], whole = new Map(%(whole)s)
    const parts = %(parts)s.map(([from, to]) => [new RegExp(`^${from}$`, 's'), to])
    const turned = text => {
        if (whole.has(text.trim())) return whole.get(text.trim())
        for (const [from, to] of parts) if (from.test(text)) return text.replace(from, to)
        return text
    }
    const turn = node => {
        if (node.nodeType === Node.TEXT_NODE) {
            const around = node.parentElement
            const written = around?.closest('[data-testid=stMarkdownContainer], svg, script, style')
            if (written && !around.closest('button')) return
            const text = turned(node.data)
            if (text !== node.data) node.data = text
        } else if (node.nodeType === Node.ELEMENT_NODE && !node.closest('svg')) {
            for (const name of ATTRIBUTES) {
                const text = node.getAttribute(name), to = text && turned(text)
                if (to && to !== text) node.setAttribute(name, to)
            }
            node.childNodes.forEach(turn)
        }
    }
    window.labWords?.disconnect()
    window.labWords = new MutationObserver(changes => {
        for (const change of changes)
            if (change.type === 'childList') change.addedNodes.forEach(turn)
            else turn(change.target)
        group()
    })
    const nav = '[data-testid=stSidebarNavItems]'
    const group = () => document.querySelectorAll(`${nav}:not([role]), ${nav} li:not([role])`)
        .forEach(found => found.setAttribute('role', 'presentation'))
    turn(document.body)
    group()
    if (!window.labSteps) {
        window.labSteps = true
        const push = history.pushState.bind(history)
        let acted = false, leaving = false
        const act = () => { acted = true; leaving = false }
        for (const name of ['pointerdown', 'keydown']) addEventListener(name, act, true)
        addEventListener('click', event => {
            const page = event.target.closest?.('a[data-testid*=NavLink]')
            leaving = !!page && page.pathname !== location.pathname
        }, true)
        history.pushState = (state, title, address) => {
            const here = new URL(address, location).pathname === location.pathname
            if (here && leaving) return
            if (here && !acted) return history.replaceState(state, title, address)
            acted = leaving = false
            push(state, title, address)
        }
    }
    const watched = {subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ATTRIBUTES}
    window.labWords.observe(document.body, watched)
}</script>"""
OWN_WORDS = "streamlit."  # keys of what Streamlit says by itself; their English is what it says
_TO_THE_TOP = """<script>/* %s */
    window.leaveList?.()
    window.openCard = true
    document.querySelector('[data-testid=stMain]').scrollTo(0, 0)
</script>"""
# Charts above the list come late and would push it away: the place is kept for some seconds, or until the visitor does
# anything.
_TO_THE_LIST = """<script>/* %(times)s */ {
    const list = document.querySelector('.st-key-list_of_claims')
    const keep = (selector, block) => {
        const show = () => document.querySelector(selector)?.scrollIntoView({block})
        const watch = new ResizeObserver(show)
        const leave = window.leaveList = () => watch.disconnect()
        watch.observe(document.querySelector('[data-testid=stMainBlockContainer]'))
        setTimeout(leave, 5000)
        for (const act of ['wheel', 'touchmove', 'keydown', 'pointerdown', 'popstate'])
            window.addEventListener(act, leave, {once: true})
    }
    if (window.openCard && document.querySelector('.st-key-%(opened)s')) {
        keep('.st-key-%(opened)s', 'center')
    } else if (/[?&](section|system|verdict|data)=/.test(location.search)
               || list.querySelector('[data-testid=stAlert]')) {
        list.style.scrollMarginTop = '4rem'  // of the bar at the top
        keep('.st-key-list_of_claims', 'start')
    }
    window.openCard = false
}</script>"""

_CANVAS = """<canvas width="280" height="280" tabindex="0" aria-label=""></canvas>
<button type="button"></button>"""
_CANVAS_LOOK = """canvas {display: block; width: 100%; max-width: 280px; touch-action: none; cursor: crosshair;
    background: black; border: 1px solid var(--st-border-color); border-radius: var(--st-base-radius)}
button {margin-top: .5rem; padding: .25rem .75rem; font: inherit; cursor: pointer; color: var(--st-text-color);
    background: var(--st-background-color); border: 1px solid var(--st-border-color);
    border-radius: var(--st-base-radius)}"""
# A picture is sent when the pen is lifted: bright on black, as wide as a child's pen in a digit of MNIST.
_DRAWING = """
export default function ({data, parentElement, setStateValue}) {
    const canvas = parentElement.querySelector('canvas'), button = parentElement.querySelector('button')
    const pen = canvas.getContext('2d')
    canvas.setAttribute('aria-label', data.label)
    button.textContent = data.clear
    const wipe = () => { pen.fillStyle = 'black'; pen.fillRect(0, 0, canvas.width, canvas.height) }
    if (!canvas.dataset.wiped) { wipe(); canvas.dataset.wiped = true }  // this runs again at every turn of the page
    Object.assign(pen, {lineWidth: 22, lineCap: 'round', lineJoin: 'round', strokeStyle: 'white'})
    const at = event => {
        const box = canvas.getBoundingClientRect(), scale = canvas.width / box.width
        return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale]
    }
    let down = false
    canvas.onpointerdown = event => {
        down = true
        canvas.setPointerCapture(event.pointerId)
        pen.beginPath()
        pen.moveTo(...at(event))
        pen.lineTo(...at(event))
        pen.stroke()
    }
    canvas.onpointermove = event => { if (down) { pen.lineTo(...at(event)); pen.stroke() } }
    canvas.onpointerup = canvas.onpointercancel = () => {
        if (down) { down = false; setStateValue('picture', canvas.toDataURL('image/png')) }
    }
    button.onclick = () => {
        wipe()
        setStateValue('picture', '')
    }
}
"""
_canvas = v2.component("lab_canvas", html=_CANVAS, css=_CANVAS_LOOK, js=_DRAWING)
LONGEST_DRAWING = 500_000  # letters; a drawing takes some 10,000


def show_styles(presenting: bool = False) -> None:
    """Buttons and links in containers whose key begins with ``statements`` read like lines of a list. In static tables
    the first column has room for its words, and verdicts break their lines. `presenting`: all is half as large again,
    charts with their words too.
    """
    st.html(f"{_STYLES}<style>{_WORDS_OF_CHARTS}</style>" + _PRESENTING * presenting)


def hide_on_phone(side: str) -> None:
    """On a phone, hide the containers whose key begins with ``side_`` and this side."""
    st.html(_ONE_SIDE % side)


def show_language() -> None:
    """The page's language for the browser, and Streamlit's own words in it."""
    with st.container(key="language_of_page"):
        st.html(_language_script(language()), unsafe_allow_javascript=True)


@cache
def _language_script(language: str) -> str:
    here, pairs = locale.catalogue(language), []
    for other in locale.LANGUAGES:
        pairs += [(text, here[key]) for key, text in locale.catalogue(other).items() if key.startswith(OWN_WORDS)]
    parts = [
        (re.escape(old).replace(re.escape("{label}"), "(.+)"), new.replace("{label}", "$1"))
        for old, new in pairs
        if "{label}" in old and old != new
    ]
    whole = [(old, new) for old, new in pairs if "{label}" not in old and old != new]
    values = {"tag": here["lab.tag"], "whole": whole, "parts": parts}
    return _LANGUAGE % {name: json.dumps(value, ensure_ascii=False) for name, value in values.items()}


def show_head(card: str) -> None:
    """Whoever opens a card from far down the list sees its head."""
    st.html(_TO_THE_TOP % card, unsafe_allow_javascript=True)


def show_list(opened: str, times: int) -> None:
    """Whoever closes a card is back at the button that opened it, and a link with a filter opens at the list.

    The list stands below the score, also where there is no such filter and a warning says so. `opened` is the key of
    that button and `times` how many cards were shown, so that choosing a filter on the page moves nothing.
    """
    st.html(_TO_THE_LIST % {"opened": opened, "times": times}, unsafe_allow_javascript=True)


def show_canvas(key: str, label: str, clear: str) -> bytes | None:
    """A square to draw on: the PNG of what is drawn, bright on black; None before the first stroke.

    What comes from a browser may be anything: `data.read_image` refuses what is no picture.
    """
    found = _canvas(key=key, data={"label": label, "clear": clear}, on_picture_change=lambda: None)
    picture = found.get("picture")
    if not isinstance(picture, str) or len(picture) > LONGEST_DRAWING:
        return None
    try:
        return base64.b64decode(picture.partition(",")[2], validate=True) or None
    except ValueError:
        return None
