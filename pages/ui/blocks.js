// Two blocks side by side, in three steps: what mixes positions, what works on one position, and a CNN that splits the
// two. Nothing is asked of the server. `data`: words only (`pages/ui/blocks.py`).
const CHANNELS = 4, SIDE = 5, CELL = 15, SHIFT = [12, -9] // a position is a cell; a channel a plane behind the one before
const SECONDS = 5
const MIXES = '#56B4E9', WORKS = '#C9A36A' // as in blocks.css, and of `ROLES` in theme.py
const SVG = 'http://www.w3.org/2000/svg'
const ATTENTION = [ // how much the looking position takes from each: far ones too
    [.15, .1, .55, .1, .1], [.1, .35, .2, .1, .65], [.1, .2, .8, .3, .1], [.7, .1, .3, .1, .1], [.1, .1, .1, .45, .25],
]

const draw = (parent, name, attributes = {}, words = '') => {
    const made = document.createElementNS(SVG, name)
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
    made.textContent = words
    parent.append(made)
    return made
}

/** Planes of cells, the last channel behind; returns the cell of [channel, row, column]. */
const planes = (parent, x, y) => {
    const cells = {}
    for (let channel = CHANNELS - 1; channel >= 0; channel--) {
        draw(parent, 'rect', { // what is behind shines through: lines of every cell of every plane would be a tangle
            x: x + channel * SHIFT[0], y: y + channel * SHIFT[1], width: SIDE * CELL, height: SIDE * CELL, class: 'plane',
        })
        for (let row = 0; row < SIDE; row++)
            for (let column = 0; column < SIDE; column++)
                cells[[channel, row, column]] = draw(parent, 'rect', {
                    x: x + column * CELL + channel * SHIFT[0], y: y + row * CELL + channel * SHIFT[1],
                    width: CELL, height: CELL, class: 'cell',
                })
    }
    return cells
}

const column = (parent, x, middle, count, size) => Array.from({length: count}, (_, place) => draw(parent, 'rect', {
    x, y: middle + (place - count / 2) * size, width: 15, height: size, class: 'cell works',
}))

const arrow = (parent, x0, y0, x1, y1) => draw(parent, 'path', {
    class: 'line', d: `M${x0} ${y0}L${x1} ${y1}m-5 -4l5 4l-5 4`,
})

const panel = (svg, words) => {
    draw(svg, 'linearGradient', {id: 'both'}).innerHTML =
        `<stop offset="50%" stop-color="${MIXES}"/><stop offset="50%" stop-color="${WORKS}"/>`
    const before = planes(svg, 8, 66), after = planes(svg, 176, 66)
    arrow(svg, 126, 92, 168, 92)
    const mixer = draw(svg, 'text', {x: 147, y: 170})
    const activation = draw(svg, 'g')
    arrow(activation, 296, 92, 330, 92)
    draw(activation, 'path', {class: 'line', 'stroke-width': 2, d: 'M340 106h24l24 -28'})
    draw(activation, 'text', {x: 364, y: 128}, 'ReLU')
    const wide = draw(svg, 'g')
    arrow(wide, 292, 92, 308, 92)
    column(wide, 312, 92, 4, 11)
    arrow(wide, 330, 92, 344, 92)
    column(wide, 348, 92, 16, 8)
    arrow(wide, 366, 92, 380, 92)
    column(wide, 384, 92, 4, 11)
    const name = draw(wide, 'text', {x: 355, y: 170})
    for (const [place, key] of [[64, 'input'], [232, 'mixed']]) draw(svg, 'text', {x: place, y: 20}, words[key])
    return {before, after, mixer, activation, wide, name}
}

const CENTRE = 2
const near = (row, column) => Math.abs(row - CENTRE) < 2 && Math.abs(column - CENTRE) < 2

/** What a step shows on one side. `kernel` and `attention` say how positions are mixed; `work` marks one position. */
const show = (parts, {kind, work, ffn, relu}, words) => {
    for (const [place, cell] of Object.entries(parts.before)) {
        const [channel, row, column] = place.split(',').map(Number)
        const inside = kind === 'attention' ? channel === 0 : near(row, column) && (kind === 'dense' || channel === 0)
        cell.setAttribute('class', `cell ${inside ? (kind === 'dense' ? 'both' : 'mixes') : channel ? 'behind' : ''}`)
        cell.style.fillOpacity = inside && kind === 'attention' ? .12 + ATTENTION[row][column] : ''
    }
    for (const [place, cell] of Object.entries(parts.after)) {
        const [channel, row, column] = place.split(',').map(Number)
        const here = row === CENTRE && column === CENTRE
        const mixed = here && channel === 0 ? (kind === 'dense' ? 'both' : 'mixes') : ''
        cell.setAttribute('class', `cell ${here && work ? 'works' : mixed || (channel ? 'behind' : '')}`)
    }
    parts.mixer.textContent = words[kind]
    parts.name.textContent = words.ffn
    parts.activation.classList.toggle('off', !relu)
    parts.wide.classList.toggle('off', !ffn)
}

const STEPS = [
    [{kind: 'dense'}, {kind: 'attention'}],
    [{kind: 'dense', relu: true}, {kind: 'attention', work: true, ffn: true}],
    [{kind: 'depthwise', work: true, ffn: true}, {kind: 'attention', work: true, ffn: true}],
]

export default function ({data, parentElement}) {
    const root = parentElement.querySelector('.blocks')
    const words = JSON.stringify(data)
    if (root.dataset.words === words) return // the page was drawn again: it goes on where it is
    root.dataset.words = words
    root.stop?.()
    root.replaceChildren()

    const html = (parent, name, text = '') => {
        const made = document.createElement(name)
        made.textContent = text
        parent.append(made)
        return made
    }
    const pair = html(root, 'div')
    pair.className = 'pair'
    const sides = data.sides.map(() => {
        const figure = html(pair, 'figure'), title = html(figure, 'figcaption')
        const svg = draw(figure, 'svg', {viewBox: '0 0 410 180', role: 'img'})
        return {title, svg, parts: panel(svg, data.words)}
    })
    const list = html(root, 'ol')
    const buttons = data.steps.map((step, place) => {
        const button = html(html(list, 'li'), 'button')
        button.type = 'button'
        html(button, 'b', `${place + 1} · ${step.name}`)
        html(button, 'span', step.says)
        button.onclick = () => { pause(); go(place) }
        return button
    })
    const bar = html(root, 'div')
    bar.className = 'bar'
    const play = html(bar, 'button')
    play.type = 'button'
    for (const [kind, label] of Object.entries(data.legend)) {
        const entry = html(bar, 'span'), swatch = html(entry, 'i')
        const both = `linear-gradient(90deg, ${MIXES} 50%, ${WORKS} 50%)`
        swatch.style.background = {mixes: MIXES, works: WORKS, both}[kind]
        entry.append(label)
    }

    let now = 0, timer = 0
    const go = step => {
        now = step
        sides.forEach(({title, svg, parts}, side) => {
            show(parts, STEPS[step][side], data.words)
            title.textContent = data.sides[side][step]
            svg.setAttribute('aria-label', `${data.sides[side][step]}. ${data.steps[step].says}`)
        })
        buttons.forEach((button, place) => button.setAttribute('aria-pressed', place === step))
    }
    const pause = () => { clearInterval(timer); timer = 0; play.textContent = `▶ ${data.play}` }
    const start = () => {
        if (now === STEPS.length - 1) go(0)
        play.textContent = `❚❚ ${data.pause}`
        timer = setInterval(() => { go(now + 1); if (now === STEPS.length - 1) pause() }, SECONDS * 1000)
    }
    play.onclick = () => timer ? pause() : start()
    root.stop = pause
    pause()
    go(0)
    if (!matchMedia('(prefers-reduced-motion: reduce)').matches) start()
    return pause
}
