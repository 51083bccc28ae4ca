// Time per GFLOP as one quantity grows, a panel per sweep.

const SWEEP_TITLES = { batch: "batch", channels: "channels", size: "input size",
    kernel: "kernel size" };

// A domain around the values that spans a decade or more, so that noise looks like noise.
function decadeAround(values) {
    const low = d3.min(values) / 1.3;
    const high = d3.max(values) * 1.3;
    const middle = Math.sqrt(low * high);
    const half = Math.max(Math.sqrt(high / low), Math.sqrt(10));
    return [middle / half, middle * half];
}

function drawSweep(parent, sweep, points, peakNs) {
    const width = parent.clientWidth;
    const size = { left: 54, right: 14, top: 26, bottom: 46, width, height: 260 };
    const title = SWEEP_TITLES[sweep.kind] || sweep.kind;
    const values = points.map((point) => point.value);
    const x = d3.scaleLog([d3.min(values) / 1.2, d3.max(values) * 1.2],
        [size.left, width - size.right]);
    const times = points.map((point) => point.ns_per_gflop * 1e-6);
    const y = d3.scaleLog(decadeAround(peakNs ? [...times, peakNs * 1e-6] : times),
        [size.height - size.bottom, size.top]);
    const svg = chart(parent, width, size.height, `Milliseconds per GFLOP over ${title}: ` +
        points.map((point) => `${point.value}: ${short(point.ns_per_gflop * 1e-6)}`).join(", "));
    const roomy = values.every((value, i) => i === 0 || x(value) - x(values[i - 1]) > 34);
    drawAxes(svg, x, y, size, title, "ms per GFLOP", roomy ? values : undefined);
    if (peakNs) {
        const height = y(peakNs * 1e-6);
        svg.append("path").attr("class", "at-peak")
            .attr("d", `M${size.left},${height}H${width - size.right}`);
        svg.append("text").attr("class", "roof-label").attr("x", width - size.right - 6)
            .attr("y", height + 15).attr("text-anchor", "end").text("at the peak");
    }
    const line = d3.line().x((point) => x(point.value)).y((point) => y(point.ns_per_gflop * 1e-6));
    svg.append("path").attr("class", "sweep-line").attr("d", line(points));
    const marks = svg.append("g").selectAll("circle").data(points).join("circle")
        .attr("class", "sweep-point").attr("r", 5)
        .attr("cx", (point) => x(point.value)).attr("cy", (point) => y(point.ns_per_gflop * 1e-6));
    explain(marks, (point) => [`${title} ${point.value}`, point.problem,
        `${duration(point.median_ns)}, ${short(point.ns_per_gflop * 1e-6)} ms per GFLOP`]);
}

function drawSweeps(parent, report) {
    const peakNs = report.roof.roofs ? 1e9 / report.roof.peak : null;
    parent.replaceChildren();
    const drawings = [];
    for (const sweep of report.sweeps) {
        const points = (sweep.points || []).filter((point) => point.value > 0 &&
            point.ns_per_gflop > 0).sort((a, b) => a.value - b.value);
        const place = element("div", {});
        parent.append(element("figure", {}, element("figcaption", {},
            element("strong", {}, SWEEP_TITLES[sweep.kind] || String(sweep.kind)), " ",
            element("code", {}, sweep.problem)), place));
        if (points.length > 0)
            drawings.push(() => drawSweep(place, sweep, points, peakNs));
    }
    drawings.forEach((draw) => draw()); // once all panels have their widths
}
