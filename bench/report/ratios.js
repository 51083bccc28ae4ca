// One panel of bars per peer and setting.

function ratioLines(item) {
    const { row, peer } = item;
    return [row.label, row.variant, row.problem,
        `${ratioText(peer.ratio)}: clconv is ${peer.ratio < 1 ? "slower" : "faster"}`,
        `clconv ${spreadText(row.device)}, ${row.algorithm}`,
        `peer ${peer.time ? spreadText(peer.time) : MISSING}` +
            (peer.algorithm ? `, ${peer.algorithm}` : "")];
}

// The ratio between the slow end of one and the fast end of the other.
function ratioBounds(item) {
    const ours = item.row.device;
    const theirs = item.peer.time;
    if (!theirs || !(theirs.lower_quartile_ns > 0) || !(ours.lower_quartile_ns > 0))
        return [item.peer.ratio, item.peer.ratio];
    return [theirs.lower_quartile_ns / ours.upper_quartile_ns,
        theirs.upper_quartile_ns / ours.lower_quartile_ns];
}

function drawHatch(svg, id) {
    const pattern = svg.append("defs").append("pattern").attr("id", id).attr("width", 5)
        .attr("height", 5).attr("patternUnits", "userSpaceOnUse")
        .attr("patternTransform", "rotate(45)");
    pattern.append("rect").attr("class", "hatch-ground").attr("width", 5).attr("height", 5);
    pattern.append("rect").attr("class", "hatch-line").attr("width", 1.5).attr("height", 5);
}

function ratioAxis(svg, x, top, bottom) {
    const ticks = logTicks(x, 42);
    for (const [edge, axis] of [[top, d3.axisTop(x)], [bottom, d3.axisBottom(x)]]) {
        svg.append("g").attr("class", "axis").attr("transform", `translate(0,${edge})`)
            .call(axis.tickValues(ticks).tickFormat((tick) => `${tickText(tick)}\u00d7`)
                .tickSize(edge === top ? -(bottom - top) : 0).tickPadding(6));
    }
}

function drawRatioPanel(parent, group, index) {
    const width = parent.clientWidth;
    const stacked = width < 440; // the names above the bars, not beside them
    const valueWidth = 46;
    const names = stacked ? 0 : Math.min(width * 0.45,
        d3.max(group.items, (item) => textWidth(item.row.label)) + 10);
    const step = stacked ? 34 : 19;
    const top = 24;
    const bottom = top + step * group.items.length + 4;
    const bounds = group.items.map(ratioBounds);
    const reached = [...bounds.flat(), ...group.items.map((item) => item.peer.ratio)];
    const low = Math.min(0.8, d3.min(reached) / 1.06);
    const high = Math.max(1.25, d3.max(reached) * 1.06);
    const x = d3.scaleLog([low, high], [names + 8, width - valueWidth]);
    const svg = chart(parent, width, bottom + 24, `Ratios of ${group.items.length} rows to ` +
        `${group.label}, from ${ratioText(group.worst)} up; geometric mean ` +
        `${ratioText(group.mean)}. The table below has the same numbers.`);
    const hatch = `hatch-${index}`;
    drawHatch(svg, hatch);
    ratioAxis(svg, x, top, bottom);
    svg.append("path").attr("class", "one").attr("d", `M${x(1)},${top}V${bottom}`);

    const lines = svg.append("g").selectAll("g").data(group.items).join("g").attr("class", "row")
        .attr("transform", (item, i) => `translate(0,${top + 4 + step * i})`);
    const barTop = stacked ? 18 : 3;
    const barHeight = 11;
    lines.append("rect").attr("class", "row-ground").attr("width", width).attr("height", step);
    lines.append("rect").attr("y", barTop).attr("height", barHeight)
        .attr("x", (item) => Math.min(x(1), x(item.peer.ratio)))
        .attr("width", (item) => Math.max(1, Math.abs(x(item.peer.ratio) - x(1))))
        .attr("class", (item) => item.peer.ratio < 1 ? "bar slower" : "bar faster")
        .style("fill", (item) => item.peer.ratio < 1 ? `url(#${hatch})` : null);
    lines.append("path").attr("class", "whisker").attr("d", (item, i) =>
        `M${x(bounds[i][0])},${barTop + barHeight / 2}H${x(bounds[i][1])}`);
    lines.append("text").attr("class", "row-name").attr("y", 13)
        .attr("x", stacked ? 2 : names).attr("text-anchor", stacked ? "start" : "end")
        .text((item) => shortened(item.row.label, item.row.ending,
            stacked ? width - valueWidth : names));
    lines.append("text").attr("class", "row-value").attr("x", width - 2)
        .attr("y", barTop + 10).attr("text-anchor", "end")
        .text((item) => ratioText(item.peer.ratio));
    explain(lines, ratioLines);
}

// [{peer, setting, label, mean, worst, items: [{row, peer}], without: [{row, reason}]}], in the
// report's order, items worst first.
function ratioGroups(report) {
    const groups = new Map();
    for (const row of report.verified) {
        for (const peer of row.peers || []) {
            const label = peerLabel(peer);
            if (!groups.has(label))
                groups.set(label, { peer: peer.peer, setting: peer.setting, label, items: [],
                    without: [] });
            if (peer.ratio > 0)
                groups.get(label).items.push({ row, peer });
            else
                groups.get(label).without.push({ row, reason: peer.error || "no time" });
        }
    }
    for (const group of groups.values()) {
        group.items.sort((a, b) => a.peer.ratio - b.peer.ratio);
        group.worst = group.items.length ? group.items[0].peer.ratio : null;
        group.mean = group.items.length
            ? Math.exp(d3.mean(group.items, (item) => Math.log(item.peer.ratio))) : null;
        group.faster = group.items.filter((item) => item.peer.ratio >= 1).length;
    }
    return [...groups.values()];
}

function drawRatios(parent, report) {
    parent.replaceChildren();
    const places = report.groups.map((group) => {
        const place = element("div", {});
        const panel = element("figure", {}, element("figcaption", {},
            element("strong", {}, group.label), group.items.length === 0 ? " gave no times." :
                ` geometric mean ${ratioText(group.mean)}, clconv faster in ${group.faster} of ` +
                `${group.items.length}`), place);
        parent.append(panel);
        if (group.without.length > 0) {
            panel.append(element("details", {}, element("summary", {},
                `Without its time: ${group.without.length}`), element("ul", {},
                ...group.without.map(({ row, reason }) =>
                    element("li", {}, `${row.label}: ${reason}`)))));
        }
        return place;
    });
    report.groups.forEach((group, index) => { // once all panels have their widths
        if (group.items.length > 0)
            drawRatioPanel(places[index], group, index);
    });
}
