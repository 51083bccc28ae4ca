// Reads the report that the page carries and fills the page with it.

function text(id, value) {
    document.getElementById(id).textContent = value;
}

// "NAME, batch 8", with the algorithm where two rows would share that.
function labelRows(rows, batches) {
    const counts = new Map();
    for (const row of rows) {
        row.ending = batches.length > 1 ? `, batch ${row.batch}` : "";
        row.label = (row.name || row.problem) + row.ending;
        counts.set(row.label, (counts.get(row.label) || 0) + 1);
    }
    for (const row of rows.filter((each) => counts.get(each.label) > 1)) {
        row.ending += ` (${row.algorithm})`;
        row.label += ` (${row.algorithm})`;
    }
}

// The report with what every part of the page needs.
function prepare(report) {
    const named = (each) => ({ ...each, variant: each.variant || "other" });
    const rows = report.results.map((row) => ({ ...named(row), verified: row.verdict === "OK" }));
    const device = report.device || {};
    const made = {
        ...report, rows, device,
        verified: rows.filter((row) => row.verified),
        variants: [...new Set(rows.map((row) => row.variant))],
        batches: [...new Set(rows.map((row) => row.batch))].sort((a, b) => a - b),
        means: (report.means || []).map(named),
        sweeps: report.sweeps || [],
        roof: { peak: device.peak_gflop_per_s, bandwidth: device.bandwidth_gbyte_per_s,
            roofs: device.peak_gflop_per_s > 0 && device.bandwidth_gbyte_per_s > 0 },
    };
    labelRows(rows, made.batches);
    made.groups = ratioGroups(made);
    return made;
}

function drawHeader(report) {
    const tool = report.clconv || {};
    const day = new Date(report.started);
    const date = isNaN(day) ? report.started
        : `${day.toISOString().slice(0, 16).replace("T", " ")} UTC`;
    document.title = `${report.device.name || "clconv bench"}, ${date || ""}`;
    text("title", report.device.name || "unknown device");
    text("subtitle", [report.device.kind, report.device.driver && `driver ${report.device.driver}`,
        date, tool.version && `clconv ${tool.version}`, tool.commit && `commit ${tool.commit}`]
        .filter(Boolean).join(" \u00b7 "));
    if (report.command)
        text("command", report.command);
    document.getElementById("command").hidden = !report.command;
    if (report.interrupted) {
        const notice = document.getElementById("interrupted");
        notice.textContent = `Interrupted: the run was stopped early. This page holds the ` +
            `${report.rows.length} rows that were finished by then.`;
        notice.hidden = false;
    }
}

function tile(figure, name, detail) {
    return element("div", { class: "tile" }, element("div", { class: "figure" }, figure),
        element("div", { class: "tile-name" }, name), element("div", { class: "detail" }, detail));
}

function drawTiles(report) {
    const tiles = report.means.filter((mean) => mean.variant === "all" && mean.batch === 0 &&
        mean.ratio > 0).map((mean) => tile(ratioText(mean.ratio), `against ${peerLabel(mean)}`,
        `clconv is ${mean.ratio < 1 ? "slower" : "faster"}: geometric mean of ${mean.rows} rows, ` +
        `worst ${ratioText(mean.worst_ratio)}`));
    const share = d3.median(report.verified, (row) => row.roofline_share);
    if (isNumber(share)) {
        const best = d3.max(report.verified, (row) => row.roofline_share);
        tiles.push(tile(percent(share), "of the roofline", `median row; the best reaches ` +
            `${percent(best)}`));
    }
    if (report.roof.roofs) {
        tiles.push(tile(short(report.roof.peak), "GFLOP/s peak",
            `measured, as is the bandwidth of ${short(report.roof.bandwidth)} GB/s`));
    }
    const failed = report.rows.length - report.verified.length;
    tiles.push(tile(String(report.verified.length), "rows verified", failed === 0
        ? "every result was compared with the reference"
        : `${failed} more have no numbers: wrong, or could not run`));
    document.getElementById("tiles").replaceChildren(...tiles);
}

function drawWorst(report) {
    const shown = 5;
    const items = report.groups.flatMap((group) => group.items.map((item) => ({ ...item, group })))
        .sort((a, b) => a.peer.ratio - b.peer.ratio).slice(0, shown);
    if (items.length === 0)
        return;
    const cells = (item) => [
        element("th", { scope: "row" }, item.row.label),
        element("td", { class: "number" }, item.peer.ratio < 1
            ? element("u", {}, ratioText(item.peer.ratio)) : ratioText(item.peer.ratio)),
        element("td", {}, item.group.label),
        element("td", { class: "number" }, duration(item.row.device.median_ns)),
        element("td", { class: "number" }, duration(item.peer.time && item.peer.time.median_ns)),
        element("td", {}, item.row.algorithm + (item.peer.algorithm
            ? ` against ${item.peer.algorithm}` : ""))];
    const headings = ["row", "ratio", "peer", "clconv", "peer", "algorithms"];
    document.getElementById("worst").replaceChildren(
        element("h3", { id: "worst-title" }, "The worst rows"),
        element("div", { class: "scroll", tabindex: "0", role: "region",
            "aria-labelledby": "worst-title" }, element("table", {}, element("thead", {},
            element("tr", {}, ...headings.map((heading, index) => element("th", { scope: "col",
                class: [1, 3, 4].includes(index) ? "number" : null }, heading)))),
        element("tbody", {}, ...items.map((item) => element("tr", {}, ...cells(item)))))));
}

// ---- How this was measured ---------------------------------------------------------------------

function facts(heading, pairs) {
    const shown = pairs.filter(([, value]) => value !== undefined && value !== "");
    return element("div", {}, element("h3", {}, heading), element("dl", {},
        ...shown.flatMap(([name, value]) => [element("dt", {}, name),
            element("dd", {}, value === null ? "unknown" : String(value))])));
}

function optionPairs(options) {
    return Object.entries(options || {}).filter(([, value]) => value !== null)
        .map(([name, value]) => [name.replace(/_/g, " "),
            typeof value === "object" ? JSON.stringify(value) : value]);
}

function peerFacts(report) {
    const missing = report.missing_peers || [];
    return element("div", {}, element("h3", {}, "Peers"), element("dl", {},
        ...(report.peers || []).flatMap((peer) => [
            element("dt", {}, peerLabel(peer)),
            element("dd", {}, [peer.version, peer.text].filter(Boolean).join(": "))]),
        ...missing.flatMap((peer) => [element("dt", {}, PEER_NAMES[peer.peer] || peer.peer),
            element("dd", {}, element("strong", {}, "missing"), `: ${peer.reason}`)])),
    (report.peers || []).length + missing.length === 0
        ? element("p", { class: "empty" }, "None were asked for.") : null);
}

function drawMethod(report) {
    const { device, host = {}, clconv: tool = {} } = report;
    document.getElementById("method").replaceChildren(
        facts("Device", [["name", device.name], ["kind", device.kind], ["vendor", device.vendor],
            ["platform", device.platform], ["driver", device.driver],
            ["OpenCL C", device.opencl_c], ["compute units", device.compute_units],
            ["global memory", bytes(device.global_bytes)],
            ["largest buffer", bytes(device.max_alloc_bytes)],
            ["local memory", bytes(device.local_bytes)],
            ["measured peak", `${short(device.peak_gflop_per_s)} GFLOP/s`],
            ["measured bandwidth", `${short(device.bandwidth_gbyte_per_s)} GB/s`]]),
        facts("Host", [["CPU", host.cpu], ["processors", host.processors],
            ["clock", isNumber(host.clock_mhz) ? `${Math.round(host.clock_mhz)} MHz` : null],
            ["system", host.system], ["environment", host.environment || null],
            ["compiler", host.compiler], ["flags", host.flags]]),
        facts("Run", [["clconv", tool.version], ["commit", tool.commit],
            ["started", report.started], ["interrupted", report.interrupted ? "yes" : "no"],
            ["slow machine", report.yardstick ? `${report.yardstick.slow} of ` +
                `${report.yardstick.readings} readings; samples beside them were dropped` : undefined],
            ["caches when cold", report.cold_caches], ...optionPairs(report.options)]),
        peerFacts(report));
}

// ---- The page ----------------------------------------------------------------------------------

function drawCharts(report) {
    drawRoofline(document.getElementById("roofline"), report);
    drawRatios(document.getElementById("ratios"), report);
    drawSweeps(document.getElementById("sweeps"), report);
}

function drawPage(report) {
    const present = { ratios: report.groups.length > 0, means: report.means.length > 0,
        sweeps: report.sweeps.length > 0 };
    for (const section of document.querySelectorAll("[data-needs]"))
        section.hidden = !present[section.dataset.needs];
    drawHeader(report);
    drawTiles(report);
    drawWorst(report);
    drawMeans(document.getElementById("means"), report);
    drawRows(document.getElementById("rows"), report);
    drawFailed(document.getElementById("failed"), report);
    drawMethod(report);
    drawCharts(report);

    let width = document.documentElement.clientWidth;
    window.addEventListener("resize", () => {
        if (document.documentElement.clientWidth === width)
            return;
        width = document.documentElement.clientWidth;
        drawCharts(report);
    });
}

drawPage(prepare(JSON.parse(document.getElementById("report").textContent)));
