// The whole report as a table whose headings sort it, and the rows that have no numbers.

function spreadColumn(title, unit, spreadOf) {
    return {
        title, unit,
        value: (row) => spreadOf(row) && spreadOf(row).median_ns,
        text: (row) => spreadOf(row) ? short(spreadOf(row).median_ns * 1e-6) : MISSING,
        note: (row) => spreadOf(row) && spreadText(spreadOf(row)),
    };
}

function numberColumn(title, unit, value, text) {
    return { title, unit, value, text: (row) => (text || short)(value(row)) };
}

function peerOf(row, group) {
    return (row.peers || []).find((peer) => peerLabel(peer) === group.label) || {};
}

function rowColumns(report) {
    return [
        { title: "row", words: true, value: (row) => row.label, text: (row) => row.label },
        { title: "variant", words: true, value: (row) => row.variant, text: (row) => row.variant },
        { title: "algorithm", words: true, value: (row) => row.algorithm,
            text: (row) => row.algorithm },
        numberColumn("cold", "ms", (row) => row.cold_ns * 1e-6),
        spreadColumn("device", "ms", (row) => row.device),
        spreadColumn("total", "ms", (row) => row.with_transfers),
        spreadColumn("CPU", "ms", (row) => row.cpu_reference),
        numberColumn("GFLOP/s", "", (row) => row.gflop_per_s),
        numberColumn("GB/s", "", (row) => row.gbyte_per_s),
        numberColumn("roofline", "", (row) => row.roofline_share, percent),
        numberColumn("workspace", "", (row) => row.workspace_bytes, bytes),
        numberColumn("error / bound", "", (row) => row.error_to_bound_ratio),
        ...report.groups.flatMap((group) => [
            spreadColumn(group.label, "ms", (row) => peerOf(row, group).time),
            { ...numberColumn(group.label, "ratio", (row) => peerOf(row, group).ratio, ratioText),
                slower: (row) => peerOf(row, group).ratio < 1,
                note: (row) => peerOf(row, group).error || peerOf(row, group).algorithm },
        ]),
        { title: "problem", words: true, code: true, value: (row) => row.problem,
            text: (row) => row.problem },
    ];
}

// Missing values last, in either direction.
function compareBy(column, direction) {
    return (a, b) => {
        const [left, right] = [column.value(a), column.value(b)];
        if (column.words)
            return direction * String(left).localeCompare(String(right), "en", { numeric: true });
        if (!isNumber(left) || !isNumber(right))
            return Number(isNumber(right)) - Number(isNumber(left));
        return direction * (left - right);
    };
}

function rowCells(row, columns) {
    if (!row.verified) {
        const words = columns.slice(0, 3).map((column) => column.text(row));
        return [element("th", { scope: "row" }, words[0]), element("td", {}, words[1]),
            element("td", {}, words[2]),
            element("td", { class: "failure", colspan: columns.length - 4 },
                element("strong", {}, row.verdict), ` ${row.reason || ""}`),
            element("td", { class: "code" }, row.problem)];
    }
    return columns.map((column, index) => index === 0
        ? element("th", { scope: "row" }, column.text(row))
        : element("td", {
            class: column.code ? "code" : column.words ? null : "number",
            title: column.note && column.note(row),
        }, column.slower && column.slower(row) ? element("u", {}, column.text(row))
            : column.text(row)));
}

function drawRows(table, report) {
    const columns = rowColumns(report);
    const headings = columns.map((column) => element("th", { scope: "col",
        class: column.words ? null : "number" },
    element("button", { type: "button" }, column.title,
        column.unit ? element("small", {}, ` ${column.unit}`) : null)));
    const body = element("tbody", {});
    const fill = (rows) => body.replaceChildren(...rows.map((row) =>
        element("tr", {}, ...rowCells(row, columns))));

    headings.forEach((heading, index) => {
        heading.firstChild.addEventListener("click", () => {
            const descending = heading.getAttribute("aria-sort") === "ascending";
            headings.forEach((other) => other.removeAttribute("aria-sort"));
            heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
            fill([...report.rows].sort(compareBy(columns[index], descending ? -1 : 1)));
        });
    });
    fill(report.rows);
    table.replaceChildren(element("thead", {}, element("tr", {}, ...headings)), body);
}

// One cell of the means: the ratio on a ground as strong as it is far from 1, and its parts.
function meanCell(mean, parts) {
    if (!mean || !(mean.ratio > 0))
        return element("td", { class: "number" }, MISSING);
    const cell = element("td", { class: "number mean" },
        element(mean.ratio < 1 ? "u" : "span", {}, ratioText(mean.ratio)),
        element("small", {}, `worst ${ratioText(mean.worst_ratio)}, ${mean.rows} ` +
            (mean.rows === 1 ? "row" : "rows")),
        parts.length < 2 ? null : element("small", {}, parts.map((part) =>
            `batch ${part.batch}: ${ratioText(part.ratio)}`).join(", ")));
    const strength = Math.min(1, Math.abs(Math.log2(mean.ratio)) / 3);
    cell.style.setProperty("--strength", `${Math.round(10 + 40 * strength)}%`);
    cell.style.setProperty("--tint", mean.ratio < 1 ? "var(--slower)" : "var(--faster)");
    return cell;
}

function drawMeans(table, report) {
    const variants = ["all", ...report.variants].filter((variant) =>
        report.means.some((mean) => mean.variant === variant));
    const peers = [...new Set(report.means.map(peerLabel))];
    const cell = (variant, peer) => {
        const found = report.means.filter((mean) => mean.variant === variant &&
            peerLabel(mean) === peer);
        return meanCell(found.find((mean) => mean.batch === 0),
            found.filter((mean) => mean.batch !== 0));
    };
    table.replaceChildren(
        element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "variant"),
            ...peers.map((peer) => element("th", { scope: "col", class: "number" }, peer)))),
        element("tbody", {}, ...variants.map((variant) => element("tr", {},
            element("th", { scope: "row" }, variant),
            ...peers.map((peer) => cell(variant, peer))))));
}

function drawFailed(parent, report) {
    const failed = report.rows.filter((row) => !row.verified);
    if (failed.length === 0)
        return;
    parent.replaceChildren(element("h3", {}, "Without numbers"), element("ul", {},
        ...failed.map((row) => element("li", {}, element("strong", {}, row.verdict),
            ` ${row.label}${row.reason ? `: ${row.reason}` : ""} `,
            element("code", {}, row.problem)))));
}
