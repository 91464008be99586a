"""What Streamlit cannot do by itself: every piece of CSS and JavaScript that runs in a visitor's browser.

A script stays in its place on the page, so that nothing around it moves, and runs where its text changes.
`tests/test_browser.py` looks at what each of them does.
"""

import streamlit as st

# Streamlit centres the words of a button and cuts those of a link; a statement of two lines reads from the left.
_STYLES = """<style>
[class*=st-key-statements] button, [class*=st-key-statements] button * {text-align: left; justify-content: flex-start}
[class*=st-key-statements] a {padding-left: 0}
[class*=st-key-statements] a * {white-space: normal; line-height: 1.5}
[data-testid=stTable] th {min-width: 4.5em}
[data-testid=stTable] .stMarkdownBadge {white-space: normal !important}
</style>"""
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


def show_styles() -> None:
    """Buttons and links in containers whose key begins with ``statements`` read like lines of a list. In static tables
    the first column has room for its words, and verdicts break their lines.
    """
    st.html(_STYLES)


def show_head(card: str) -> None:
    """Whoever opens a card from far down the list sees its head."""
    st.html(_TO_THE_TOP % card, unsafe_allow_javascript=True)


def show_list(opened: str, times: int) -> None:
    """Whoever closes a card is back at the button that opened it, and a link with a filter opens at the list.

    The list stands below the score, also where there is no such filter and a warning says so. `opened` is the key of
    that button and `times` how many cards were shown, so that choosing a filter on the page moves nothing.
    """
    st.html(_TO_THE_LIST % {"opened": opened, "times": times}, unsafe_allow_javascript=True)
