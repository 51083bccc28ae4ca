// Numbers, names and elements. Text from the report enters the page as text nodes only.

const PEER_NAMES = { onednn: "oneDNN", clblast: "CLBlast", pytorch: "PyTorch" };
const MISSING = "\u2013";

function isNumber(value) {
    return typeof value === "number" && isFinite(value);
}

// Three significant digits, without an exponent: 0.0123, 1.20, 12.3, 1,234.
function short(value) {
    if (!isNumber(value))
        return MISSING;
    if (value === 0)
        return "0";
    return value.toLocaleString("en", Math.abs(value) >= 99.95 ? { maximumFractionDigits: 0 }
        : { minimumSignificantDigits: 3, maximumSignificantDigits: 3 });
}

// With two decimals where they say enough: 0.012, 0.71, 1.20, 12.3, 123.
function ratioText(value) {
    if (!isNumber(value))
        return MISSING;
    if (value < 0.095)
        return value.toLocaleString("en", { maximumSignificantDigits: 2 }) + "\u00d7";
    return (value >= 9.995 ? short(value) : value.toFixed(2)) + "\u00d7";
}

function percent(value) {
    return isNumber(value) ? (100 * value).toFixed(value < 0.1 ? 1 : 0) + "\u202f%" : MISSING;
}

// `nanoseconds` in the largest unit that leaves a number of 1 or more.
function duration(nanoseconds) {
    if (!isNumber(nanoseconds))
        return MISSING;
    const units = [[1e9, "s"], [1e6, "ms"], [1e3, "\u00b5s"], [1, "ns"]];
    const [scale, unit] = units.find(([size]) => nanoseconds >= size) || units[3];
    return `${short(nanoseconds / scale)}\u202f${unit}`;
}

function bytes(value) {
    if (!isNumber(value))
        return MISSING;
    const units = [[2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"], [1, "B"]];
    const [scale, unit] = units.find(([size]) => value >= size) || units[3];
    return `${tickText(value / scale)}\u202f${unit}`;
}

function spreadText(spread) {
    return `${duration(spread.median_ns)}, quartiles ${duration(spread.lower_quartile_ns)} to ` +
        `${duration(spread.upper_quartile_ns)}, ${spread.samples} samples`;
}

// The name of a peer in one of its settings: "oneDNN native".
function peerLabel(peer) {
    const name = PEER_NAMES[peer.peer] || String(peer.peer);
    return peer.setting ? `${name} ${peer.setting}` : name;
}

// An element with attributes and children: strings become text nodes, null is left out.
function element(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
        if (value !== null && value !== undefined)
            made.setAttribute(name, value);
    }
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
}

// The values 1, 2 and 5 times powers of ten inside a domain; powers alone where those would be
// closer than `gap` pixels, and fewer of them where even they would be.
function logTicks(scale, gap) {
    const [low, high] = scale.domain();
    const [from, to] = scale.range();
    const decade = Math.abs(to - from) / Math.log10(high / low);
    const steps = decade * Math.log10(2) >= gap ? [1, 2, 5] : [1];
    const skip = Math.max(1, Math.ceil(gap / decade));
    const ticks = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
        if (steps.length === 1 && power % skip !== 0)
            continue;
        ticks.push(...steps.map((step) => Number(`${step}e${power}`))
            .filter((tick) => tick >= low * 0.999 && tick <= high * 1.001));
    }
    return ticks;
}

function tickText(value) {
    return value.toLocaleString("en", { maximumSignificantDigits: 3 });
}

// How wide a text is in a chart.
const textWidth = (function () {
    const context = document.createElement("canvas").getContext("2d");
    return function (text) {
        context.font = "12px system-ui, sans-serif";
        return context.measureText(text).width;
    };
}());

// A text that fits a width because it lacks letters before its ending.
function shortened(text, ending, width) {
    let start = text.slice(0, text.length - ending.length);
    if (textWidth(text) <= width)
        return text;
    while (start.length > 1 && textWidth(`${start}\u2026${ending}`) > width)
        start = start.slice(0, -1);
    return `${start}\u2026${ending}`;
}

// An empty chart at the end of `parent`.
function chart(parent, width, height, label) {
    const svg = d3.select(parent).append("svg")
        .attr("viewBox", `0 0 ${width} ${height}`)
        .attr("width", width)
        .attr("height", height)
        .attr("role", "img")
        .attr("aria-label", label);
    svg.append("title").text(label);
    return svg;
}
