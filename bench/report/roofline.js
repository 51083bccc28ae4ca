// Every row under the roof that the device's measured peak and bandwidth make.

const BATCH_SYMBOLS = [d3.symbolCircle, d3.symbolSquare, d3.symbolTriangle, d3.symbolDiamond,
    d3.symbolStar, d3.symbolCross];
const COLOURS = 7; // --c0 to --c6; further variants take them again, hollow

function rowLines(row) {
    return [row.label, row.variant, row.problem,
        `${short(row.gflop_per_s)} GFLOP/s, ${percent(row.roofline_share)} of the roofline`,
        `${short(row.intensity_flop_per_byte)} FLOP/byte, ${short(row.gbyte_per_s)} GB/s`,
        `device ${spreadText(row.device)}`, row.algorithm];
}

function variantMark(selection, index) {
    const colour = `var(--c${index % COLOURS})`;
    const hollow = Math.floor(index / COLOURS) % 2 === 1;
    return selection.style("stroke", colour).style("fill", hollow ? "var(--panel)" : colour);
}

function legendMark(symbol, style) {
    const svg = d3.create("svg").attr("width", 14).attr("height", 14).attr("aria-hidden", "true")
        .attr("viewBox", "-7 -7 14 14");
    style(svg.append("path").attr("d", d3.symbol().type(symbol).size(60)()).attr("class", "mark"));
    return svg.node();
}

// Names of variants, which single out their points, and the meaning of the shapes.
function rooflineLegend(parent, variants, batches) {
    const list = element("div", { class: "legend" });
    let chosen = null;
    const show = (name) => d3.select(parent).selectAll(".point")
        .classed("faint", (row) => name !== null && row.variant !== name);
    variants.forEach((name, index) => {
        const button = element("button", { type: "button", "aria-pressed": "false" },
            legendMark(d3.symbolCircle, (path) => variantMark(path, index)), name);
        button.addEventListener("pointerenter", () => show(name));
        button.addEventListener("pointerleave", () => show(chosen));
        button.addEventListener("click", () => {
            chosen = chosen === name ? null : name;
            for (const other of list.querySelectorAll("button"))
                other.setAttribute("aria-pressed", String(other === button && chosen !== null));
            show(chosen);
        });
        list.append(button);
    });
    parent.append(list);
    if (batches.length > 1) {
        parent.append(element("div", { class: "legend" }, ...batches.map((batch, index) =>
            element("span", {}, legendMark(BATCH_SYMBOLS[index % BATCH_SYMBOLS.length],
                (path) => path.attr("class", "mark plain")), `batch ${batch}`))));
    }
}

function rooflineScales(rows, device, size) {
    const { left, right, top, bottom, width, height } = size;
    const xs = rows.map((row) => row.intensity_flop_per_byte);
    const ys = rows.map((row) => row.gflop_per_s);
    if (device.roofs) {
        xs.push(device.peak / device.bandwidth);
        ys.push(device.peak, device.peak / 10);
    }
    return {
        x: d3.scaleLog([d3.min(xs) / 1.6, d3.max(xs) * 1.6], [left, width - right]),
        y: d3.scaleLog([d3.min(ys) / 1.6, d3.max(ys) * 1.6], [height - bottom, top]),
    };
}

function drawAxes(svg, x, y, size, xTitle, yTitle, xTicks = logTicks(x, 44)) {
    const { left, right, top, bottom, width, height } = size;
    const yTicks = logTicks(y, 24);
    svg.append("rect").attr("class", "field").attr("x", left).attr("y", top)
        .attr("width", width - left - right).attr("height", height - top - bottom);
    const across = d3.axisBottom(x).tickValues(xTicks).tickFormat(tickText)
        .tickSize(-(height - top - bottom)).tickPadding(8);
    const up = d3.axisLeft(y).tickValues(yTicks).tickFormat(tickText)
        .tickSize(-(width - left - right)).tickPadding(8);
    svg.append("g").attr("class", "axis").attr("transform", `translate(0,${height - bottom})`)
        .call(across);
    svg.append("g").attr("class", "axis").attr("transform", `translate(${left},0)`).call(up);
    svg.append("text").attr("class", "axis-title").attr("x", width - right)
        .attr("y", height - 6).attr("text-anchor", "end").text(xTitle);
    svg.append("text").attr("class", "axis-title").attr("x", 4).attr("y", 12).text(yTitle);
}

function drawRoof(svg, x, y, device) {
    const [low, high] = x.domain();
    const ridge = device.peak / device.bandwidth;
    const floor = y.domain()[0];
    const start = Math.max(low, floor / device.bandwidth);
    const corners = [[start, start * device.bandwidth], [ridge, device.peak], [high, device.peak]];
    const points = corners.map(([i, performance]) => [x(i), y(performance)]);
    svg.append("path").attr("class", "under-roof")
        .attr("d", d3.line()([[points[0][0], y(floor)], ...points, [x(high), y(floor)]]) + "Z");
    svg.append("path").attr("class", "roof").attr("d", d3.line()(points));

    const [[x0, y0], [x1, y1]] = points;
    const angle = Math.atan2(y1 - y0, x1 - x0) * 180 / Math.PI;
    const slope = Math.hypot(x1 - x0, y1 - y0);
    const bandwidth = `bandwidth ${short(device.bandwidth)} GB/s`;
    if (slope > textWidth(bandwidth) + 24) {
        svg.append("text").attr("class", "roof-label").text(bandwidth)
            .attr("text-anchor", "end").attr("x", slope - 12).attr("y", -7)
            .attr("transform", `translate(${x0},${y0}) rotate(${angle})`);
    }
    svg.append("text").attr("class", "roof-label").attr("x", x(high) - 6).attr("y", y1 - 7)
        .attr("text-anchor", "end").text(`peak ${short(device.peak)} GFLOP/s`);
}

function drawRoofline(parent, report) {
    const rows = report.verified.filter((row) => row.gflop_per_s > 0 &&
        row.intensity_flop_per_byte > 0);
    parent.replaceChildren();
    if (rows.length === 0) {
        parent.append(element("p", { class: "empty" }, "No row has been verified."));
        return;
    }
    const width = parent.clientWidth;
    const size = { left: 54, right: 10, top: 26, bottom: 46, width,
        height: Math.round(Math.max(320, Math.min(560, width * 0.5))) };
    const { x, y } = rooflineScales(rows, report.roof, size);
    const svg = chart(parent, width, size.height, `Roofline: GFLOP/s over FLOP per byte of ` +
        `${rows.length} rows. The table below has the same numbers.`);
    drawAxes(svg, x, y, size, "intensity, FLOP/byte", "GFLOP/s");
    if (report.roof.roofs)
        drawRoof(svg, x, y, report.roof);

    const points = svg.append("g").selectAll("path").data(rows).join("path")
        .attr("class", "mark point")
        .attr("d", (row) => d3.symbol().type(BATCH_SYMBOLS[report.batches.indexOf(row.batch) %
            BATCH_SYMBOLS.length]).size(width < 600 ? 50 : 74)())
        .attr("transform", (row) => `translate(${x(row.intensity_flop_per_byte)},` +
            `${y(row.gflop_per_s)})`)
        .each(function (row) {
            variantMark(d3.select(this), report.variants.indexOf(row.variant));
        });
    explain(points, rowLines);
    rooflineLegend(parent, report.variants, report.batches);
}
