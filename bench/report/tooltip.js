// What a mark is, in words, beside the pointer.

// Shows `lines(datum)` while the pointer is on one of the marks: the first line is a heading.
function explain(marks, lines) {
    const box = document.getElementById("tooltip");

    function place(event) {
        const margin = 12;
        const space = document.documentElement.clientWidth - box.offsetWidth - margin;
        const below = event.clientY + margin + box.offsetHeight < window.innerHeight;
        box.style.left = `${Math.max(margin, Math.min(event.clientX + margin, space))}px`;
        box.style.top = below ? `${event.clientY + margin}px`
            : `${event.clientY - margin - box.offsetHeight}px`;
    }

    // d3 5 hands over the datum, later ones the event first: this works with both.
    marks.each(function (datum) {
        this.addEventListener("pointerenter", (event) => {
            const [heading, ...rest] = lines(datum);
            box.replaceChildren(element("strong", {}, heading),
                ...rest.map((line) => element("div", {}, line)));
            box.hidden = false;
            place(event);
        });
        this.addEventListener("pointermove", place);
        this.addEventListener("pointerleave", () => { box.hidden = true; });
    });
}
