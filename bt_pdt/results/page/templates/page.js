"use strict";
// Draws the picture of each run as SVG and fills its long tables. Every text goes in as text, never as markup.
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const PAGE = 100; // rows of a table that are shown at once
  const NEAR = 14; // pixels from a mark at which it answers

  const make = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
    }
    made.append(...children.filter((child) => child !== null));
    return made;
  };
  const shape = (parent, tag, attributes, text) => {
    const made = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (text !== undefined) made.textContent = text;
    parent.append(made);
    return made;
  };
  const number = (value, digits = 0) =>
    value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const dollars = (value, digits = 0) => (value < 0 ? "-$" : "$") + number(Math.abs(value), digits);
  const known = (name) => (getComputedStyle(document.documentElement).getPropertyValue(`--${name}`) ? `var(--${name})` : "var(--other)");
  const reasonColour = (reason) => known(`reason-${reason}`);
  const said = (name) => name.replaceAll("_", " ");

  // the last index whose value is at most `wanted`
  const place = (values, wanted) => {
    let low = 0, high = values.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (values[middle] <= wanted) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  };

  // round numbers that divide the way from low to high into about `count`
  const ticks = (low, high, count) => {
    const raw = (high - low) / count || 1;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = power * ([1, 2, 2.5, 5, 10].find((m) => m * power >= raw) || 10);
    const found = [];
    for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) found.push(k * step);
    return found;
  };

  class Chart {
    constructor(root, data, open) {
      Object.assign(this, { root, open, c: data.chart, data: data.refusals, refusals: data.refusals.rows });
      this.drawing = root.querySelector(".drawing");
      this.tip = root.querySelector(".tip");
      this.reading = root.querySelector(".reading");
      this.whole = [-0.5, Math.max(1, this.c.bars) - 0.5];
      this.view = [...this.whole];
      this.cursor = null;
      const byDay = (this.byDay = {});
      this.c.marks.forEach((mark) => {
        const day = place(this.c.begins, mark[0]);
        (byDay[day] = byDay[day] || []).push(mark);
      });
      this.legend();
      root.querySelectorAll("[data-zoom]").forEach((button) =>
        button.addEventListener("click", () => this.zoom(button.dataset.zoom)));
      root.addEventListener("keydown", (event) => this.key(event));
      this.drawing.addEventListener("pointermove", (event) => this.move(event));
      this.drawing.addEventListener("pointerdown", (event) => this.press(event));
      this.drawing.addEventListener("pointerup", (event) => this.release(event));
      this.drawing.addEventListener("pointerleave", () => this.leave());
      this.drawing.addEventListener("dblclick", () => this.zoom("all"));
      root.addEventListener("blur", () => this.leave());
      new ResizeObserver(() => {
        if (root.clientWidth && root.clientWidth !== this.width) this.draw();
      }).observe(root);
      this.draw();
    }

    legend() {
      const counts = {};
      this.c.marks.forEach((mark) => (counts[mark[2]] = (counts[mark[2]] || 0) + mark[4]));
      const items = [["var(--equity)", "equity"]];
      this.c.reasons.forEach((reason, k) => items.push([reasonColour(reason), `refused: ${reason} (${number(counts[k] || 0)})`]));
      this.root.querySelector(".legend").append(
        ...items.map(([colour, text]) => make("span", {}, make("i", { class: "swatch", style: `background:${colour}` }), text)));
    }

    draw(width) {
      const c = this.c;
      this.width = width || this.root.clientWidth || 900;
      const W = this.width, small = W < 600;
      this.left = small ? 52 : 64;
      this.right = W - 8;
      const kinds = (this.kinds = [...new Set(c.spans.map((span) => span.kind))]);
      const heights = [["equity", small ? 190 : 260]];
      if (c.has_power) heights.push(["power", 110]);
      if (c.has_count) heights.push(["count", 84]);
      if (c.apart) heights.push(["apart", small ? 100 : 120]);
      if (kinds.length) heights.push(["owed", 26 * kinds.length + 6]);
      this.panels = {};
      let top = 16;
      for (const [name, height] of heights) {
        this.panels[name] = [top, top + height];
        top += height + 26;
      }
      const H = (this.height = top + 4);
      const words = c.lines ? `Equity of ${c.lines.length} variants over ${c.days.length} sessions`
        : `Equity with ${c.marks.length} marks of refusals over ${c.days.length} sessions`;
      const svg = (this.svg = document.createElementNS(SVG, "svg"));
      svg.setAttribute("viewBox", `0 0 ${W} ${H}`);
      svg.setAttribute("role", "img");
      svg.setAttribute("aria-label", words);
      this.x = (bar) => this.left + ((bar - this.view[0]) / (this.view[1] - this.view[0])) * (this.right - this.left);
      this.clip = `clip${Math.random().toString(36).slice(2)}`;
      shape(shape(shape(svg, "defs", {}), "clipPath", { id: this.clip }), "rect",
        { x: this.left, y: 0, width: this.right - this.left, height: H });
      const shown = c.days.map((_, k) => k).filter((k) => c.ends[k] > this.view[0] && c.begins[k] < this.view[1]);
      this.days(svg, shown);
      this.equity(svg);
      if (this.panels.power) this.power(svg, shown);
      if (this.panels.count) this.count(svg, shown);
      if (this.panels.owed) this.owed(svg);
      if (c.switch !== null && c.begins[c.switch] > this.view[0] && c.begins[c.switch] < this.view[1]) this.regime(svg);
      this.line = shape(svg, "line", { y1: 16, y2: H - 26, stroke: "var(--soft)", "stroke-width": 1, visibility: "hidden" });
      this.range = shape(svg, "rect", { y: 16, height: H - 42, fill: "var(--used)", opacity: 0.18, visibility: "hidden" });
      this.drawing.replaceChildren(svg);
    }

    days(svg, shown) {
      const c = this.c, room = Math.max(1, Math.ceil(shown.length / Math.max(2, Math.floor((this.right - this.left) / 84))));
      let year = null;
      shown.forEach((k, i) => {
        if (i % room) return;
        const at = Math.max(this.x(c.begins[k] - 0.5), this.left);
        if (at > this.right - 30) return;
        const [y, m, d] = c.days[k].split("-");
        const month = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ")[+m - 1];
        shape(svg, "text", { x: at, y: this.height - 14 }, `${month} ${+d}`);
        if (y !== year) shape(svg, "text", { x: at, y: this.height - 2 }, y);
        year = y;
        for (const [top, bottom] of Object.values(this.panels))
          shape(svg, "line", { x1: at, x2: at, y1: bottom, y2: bottom + 4, stroke: "var(--soft)" });
      });
    }

    axis(svg, name, low, high, count, format, title) {
      const [top, bottom] = this.panels[name];
      const y = (value) => bottom - ((value - low) / (high - low || 1)) * (bottom - top);
      for (const tick of ticks(low, high, count)) {
        shape(svg, "line", { x1: this.left, x2: this.right, y1: y(tick), y2: y(tick), stroke: "var(--rule)" });
        shape(svg, "text", { x: this.left - 6, y: y(tick) + 4, "text-anchor": "end" }, format(tick));
      }
      shape(svg, "line", { x1: this.left, x2: this.right, y1: bottom, y2: bottom, stroke: "var(--soft)" });
      if (title) shape(svg, "text", { x: this.left + 4, y: top - 5 }, title);
      return [y, shape(svg, "g", { "clip-path": `url(#${this.clip})` })];
    }

    short(value) {
      const size = Math.abs(value), sign = value < 0 ? "-$" : "$";
      if (this.width >= 600 && size < 1e7) return dollars(value);
      return size >= 1e6 ? `${sign}${+(size / 1e6).toFixed(2)}M` : size >= 1e3 ? `${sign}${+(size / 1e3).toFixed(1)}k` : sign + size;
    }

    equity(svg) {
      const c = this.c;
      const first = Math.max(0, place(c.at, this.view[0])), last = Math.min(c.at.length - 1, place(c.at, this.view[1]) + 1);
      let low = Infinity, high = -Infinity;
      for (let k = first; k <= last; k++) {
        low = Math.min(low, c.equity[k]);
        high = Math.max(high, c.equity[k]);
      }
      if (!(low <= high)) [low, high] = [0, 1];
      const pad = (high - low) * 0.1 || Math.abs(high) * 0.01 || 1;
      const [y, group] = this.axis(svg, "equity", low - pad, high + pad, 8, (value) => this.short(value));
      const points = [];
      for (let k = first; k <= last; k++) points.push(`${this.x(c.at[k]).toFixed(1)},${y(c.equity[k]).toFixed(1)}`);
      shape(group, "polyline",
        { points: points.join(" "), fill: "none", stroke: "var(--equity)", "stroke-width": 1.3, "stroke-linejoin": "round" });
      this.spots = [];
      const taken = new Set();
      for (const mark of c.marks) {
        if (mark[0] < this.view[0] || mark[0] > this.view[1]) continue;
        const at = this.x(mark[0]), height = y(mark[1]), key = `${Math.round(at / 2)}:${Math.round(height / 2)}:${mark[2]}`;
        this.spots.push([at, height, mark]);
        if (taken.has(key)) continue; // one drawn on the other
        taken.add(key);
        shape(group, "path", { d: `M${at - 5},${height - 9}h10l-5,9z`, fill: reasonColour(c.reasons[mark[2]]), stroke: "var(--paper)",
          "stroke-width": 0.8, class: "mark" });
      }
    }

    bar(group, k, top, bottom, fill) {
      const from = this.x(this.c.begins[k] - 0.5), to = this.x(this.c.ends[k] - 0.5), gap = to - from > 4 ? (to - from) * 0.05 : 0;
      shape(group, "rect", { x: from + gap, width: Math.max(0.5, to - from - 2 * gap), y: top, height: Math.max(0, bottom - top), fill });
    }

    // is session k under the intraday margin rules?
    intraday(k) {
      return this.c.switch === null ? this.c.regimes[0] === "intraday margin" : k >= this.c.switch;
    }

    power(svg, shown) {
      const c = this.c, all = [...c.power, ...c.regt].filter((value) => value !== null);
      const [y, group] = this.axis(svg, "power", 0, all.reduce((a, b) => Math.max(a, b), 1) * 1.08, 3, (value) => this.short(value));
      const only = this.intraday(0) ? "intraday buying power" : "day-trading buying power";
      const names = c.regimes.length > 1 ? "buying power of the day" : only;
      const small = this.width < 600;
      this.title(svg, "power", [[small ? "power" : names], [small ? "start" : "start of day", "var(--start)"],
        [small ? "used" : "most used", "var(--used)"], [small ? "Reg T" : "Reg T at the close", "var(--regt)"]]);
      let path = "";
      for (const k of shown) {
        if (c.power[k] !== null) {
          this.bar(group, k, y(c.power[k]), y(0), "var(--start)");
          this.bar(group, k, y(Math.min(c.used[k], c.power[k])), y(0), "var(--used)");
        }
        if (c.regt[k] !== null)
          path += `M${this.x(c.begins[k] - 0.5).toFixed(1)},${y(c.regt[k]).toFixed(1)}H${this.x(c.ends[k] - 0.5).toFixed(1)}`;
      }
      if (path) shape(group, "path", { d: path, stroke: "var(--regt)", "stroke-width": 1.6, fill: "none" });
    }

    count(svg, shown) {
      const c = this.c, most = c.trades.reduce((a, b) => Math.max(a, b || 0), c.allowed);
      const [y, group] = this.axis(svg, "count", 0, most * 1.1, 3, (value) => (Number.isInteger(value) ? String(value) : ""));
      const small = this.width < 600;
      this.title(svg, "count", [[small ? "day trades" : "day trades in 5 business days"],
        [small ? `${c.allowed} allowed` : `counted, ${c.allowed} allowed`, "var(--count)"], ["unlimited", "var(--unlimited)"]]);
      let path = "";
      for (const k of shown) {
        if (c.trades[k] !== null) this.bar(group, k, y(c.trades[k]), y(0), c.counts[k] ? "var(--count)" : "var(--unlimited)");
        if (c.counts[k]) path += `M${this.x(c.begins[k] - 0.5).toFixed(1)},${y(c.allowed)}H${this.x(c.ends[k] - 0.5).toFixed(1)}`;
      }
      if (path) shape(group, "path", { d: path, stroke: known("reason-PDT_COUNT"), "stroke-width": 1.5, fill: "none" });
    }

    title(svg, name, parts) {
      const line = shape(svg, "text", { x: this.left + 2, y: this.panels[name][0] - 6 });
      parts.forEach(([text, fill], k) => {
        if (fill) shape(line, "tspan", { dx: 12, style: `fill:${fill}` }, "\u25a0");
        shape(line, "tspan", k ? { dx: 3 } : {}, text);
      });
    }

    owed(svg) {
      const c = this.c, [top] = this.panels.owed;
      const group = shape(svg, "g", { "clip-path": `url(#${this.clip})` });
      const lane = (kind) => top + 26 * this.kinds.indexOf(kind);
      for (const kind of this.kinds) {
        const words = said(kind);
        shape(svg, "line", { x1: this.left, x2: this.right, y1: lane(kind) + 27, y2: lane(kind) + 27, stroke: "var(--rule)" });
        shape(svg, "text", { x: this.left + 2, y: lane(kind) + 9, class: "lane" }, words);
      }
      this.bars = c.spans.map((span) => {
        const from = this.x(span.from - 0.5), to = Math.max(from + 4, this.x(span.to - 0.5)), y = lane(span.kind) + 13;
        shape(group, "rect", { x: from, y, width: to - from, height: 12, rx: 2, fill: known(`owed-${span.kind}`), opacity: 0.85 });
        return [from, to, y, span];
      });
    }

    regime(svg) {
      const c = this.c, at = this.x(c.begins[c.switch] - 0.5);
      const words = `${c.regimes[c.regimes.length - 1]} rules from ${c.days[c.switch]}`, wide = words.length * 6;
      const [place, anchor] = at + wide < this.right ? [at + 5, "start"] : [at > wide ? at - 5 : this.right, "end"];
      shape(svg, "line",
        { x1: at, x2: at, y1: 16, y2: this.height - 26, stroke: "var(--switch)", "stroke-width": 1.5, "stroke-dasharray": "5 4" });
      shape(svg, "text", { x: place, y: 12, "text-anchor": anchor, style: "fill:var(--switch)" }, words);
    }

    // -- answering

    where(event) {
      const box = this.svg.getBoundingClientRect(), scale = this.width / box.width;
      return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
    }
    barAt(x) {
      return this.view[0] + ((x - this.left) / (this.right - this.left)) * (this.view[1] - this.view[0]);
    }

    move(event) {
      const [x, y] = this.where(event);
      if (this.from !== undefined && Math.abs(x - this.from) > 6) {
        const low = Math.max(this.left, Math.min(x, this.from)), high = Math.min(this.right, Math.max(x, this.from));
        this.range.setAttribute("x", low);
        this.range.setAttribute("width", high - low);
        this.range.setAttribute("visibility", "visible");
        this.tip.hidden = true;
        return;
      }
      if (x < this.left || x > this.right) return this.leave();
      const mark = this.markAt(x, y), span = this.spanAt(x, y);
      this.drawing.style.cursor = mark ? "pointer" : "crosshair";
      const day = this.dayAt(this.barAt(x));
      this.show(x, y, mark ? this.refused(mark) : span ? this.owes(span) : this.session(day, this.barAt(x)));
    }
    press(event) {
      if (event.pointerType === "mouse" && event.button === 0) this.from = this.where(event)[0];
      else this.move(event);
    }
    release(event) {
      const [x, y] = this.where(event), from = this.from;
      this.from = undefined;
      this.range.setAttribute("visibility", "hidden");
      if (from !== undefined && Math.abs(x - from) > 6) {
        const [a, b] = [this.barAt(Math.min(x, from)), this.barAt(Math.max(x, from))];
        return this.look(a, b);
      }
      const mark = this.markAt(x, y);
      if (mark && mark[3] >= 0) this.open(mark[3]);
    }
    leave() {
      this.tip.hidden = true;
      this.from = undefined;
      if (this.line) this.line.setAttribute("visibility", "hidden");
      if (this.range) this.range.setAttribute("visibility", "hidden");
    }

    markAt(x, y) {
      let best = null, least = NEAR ** 2;
      for (const [at, height, mark] of this.spots) {
        const away = (at - x) ** 2 + (height - 4 - y) ** 2;
        if (away < least) [best, least] = [mark, away];
      }
      return best;
    }
    spanAt(x, y) {
      const found = (this.bars || []).find(([from, to, top]) => x >= from - 2 && x <= to + 2 && y >= top - 4 && y <= top + 14);
      return found ? found[3] : null;
    }
    dayAt(bar) {
      return Math.max(0, Math.min(this.c.days.length - 1, place(this.c.begins, bar + 0.5)));
    }

    session(k, bar) {
      const c = this.c;
      if (!c.days.length) return ["no sessions", ""];
      const at = Math.max(0, place(c.at, bar + 0.5));
      const lines = [`equity ${dollars(c.equity[at], 2)}`];
      if (c.power[k] !== null) {
        const left = Math.max(0, c.power[k] - c.used[k]);
        const name = this.intraday(k) ? "intraday buying power" : "DTBP";
        lines.push(`${name}: start ${dollars(c.power[k])}, most used ${dollars(c.used[k])}, ${dollars(left)} left`);
      }
      if (c.regt[k] !== null) lines.push(`Reg T buying power at the close ${dollars(c.regt[k])}`);
      if (c.trades[k] !== null) lines.push(`day trades in 5 business days: ${c.trades[k]} of ${c.counts[k] ? c.allowed : "unlimited"}`);
      const refused = (this.byDay[k] || []).reduce((sum, mark) => sum + mark[4], 0);
      if (refused) lines.push(`${number(refused)} refused`);
      return [c.days[k], lines.join("\n")];
    }
    refused(mark) {
      const row = mark[3] >= 0 ? this.refusals[mark[3]] : null, reason = this.c.reasons[mark[2]];
      if (!row) return [reason, `asked ${number(mark[4])} times`];
      const again = row.times > 1 ? `\nasked again ${number(row.times - 1)} times, last ${row.last}` : "";
      const body = this.data.bodies[row.body], [rule] = this.data.rules[row.rule];
      return [`${row.at}: ${row.status} ${reason}`, `${row.why}\n${body}\n${rule}\nwould have passed: ${row.pass}${again}`];
    }
    owes(span) {
      return [`${said(span.kind)}${span.id ? ` (${span.id})` : ""}`, span.lines.join("\n")];
    }

    show(x, y, [title, text]) {
      this.tip.replaceChildren(make("b", {}, title), text);
      this.tip.hidden = false;
      const box = this.svg.getBoundingClientRect(), scale = box.width / this.width, offset = this.drawing.offsetTop;
      const wide = this.tip.offsetWidth, at = x * scale, room = this.root.clientWidth;
      const beside = at > room / 2 ? at - wide - 14 : at + 14;
      this.tip.style.left = `${Math.max(0, Math.min(room - wide, beside))}px`;
      this.tip.style.top = `${offset + Math.max(0, y * scale - 20)}px`;
      this.line.setAttribute("x1", x);
      this.line.setAttribute("x2", x);
      this.line.setAttribute("visibility", "visible");
    }

    key(event) {
      if (event.target !== this.root || event.ctrlKey || event.metaKey || event.altKey) return;
      const last = this.c.days.length - 1, now = this.cursor;
      const go = { ArrowRight: now === null ? 0 : now + 1, ArrowLeft: now === null ? last : now - 1, Home: 0, End: last }[event.key];
      if (go !== undefined && last >= 0) this.to(Math.max(0, Math.min(last, go)));
      else if (event.key === "+" || event.key === "=") this.zoom("in");
      else if (event.key === "-") this.zoom("out");
      else if (event.key === "0") this.zoom("all");
      else if (event.key === "Escape") this.leave();
      else if (event.key === "Enter" && now !== null) {
        const mark = (this.byDay[now] || []).find((one) => one[3] >= 0);
        if (mark) this.open(mark[3]);
      } else return;
      event.preventDefault();
    }
    to(k) {
      this.cursor = k;
      const bar = this.c.ends[k] - 1;
      if (bar < this.view[0] || bar > this.view[1]) {
        const half = (this.view[1] - this.view[0]) / 2;
        this.look(bar - half, bar + half);
      }
      const told = this.session(k, bar);
      this.show(this.x(bar), 30, told);
      this.reading.textContent = told.join(": ");
    }
    zoom(way) {
      if (way === "all") return this.look(...this.whole);
      const half = ((this.view[1] - this.view[0]) / 2) * (way === "in" ? 0.5 : 2);
      const middle = this.cursor === null ? (this.view[0] + this.view[1]) / 2 : this.c.ends[this.cursor] - 1;
      this.look(middle - half, middle + half);
    }
    look(from, to) {
      const length = Math.min(Math.max(to - from, Math.min(20, this.c.bars)), this.whole[1] - this.whole[0]);
      const begin = Math.max(this.whole[0], Math.min(this.whole[1] - length, from));
      this.view = [begin, begin + length];
      this.leave();
      this.draw(this.width);
    }
  }

  // equity of several runs over each other, and below how far each is from the one with the rules off
  class Overlay extends Chart {
    constructor(root, data) {
      const apart = data.lines.some((line) => line.distance);
      const none = { marks: [], spans: [], reasons: [], has_power: false, has_count: false, apart };
      super(root, { chart: { ...data, ...none }, refusals: { rows: [] } }, () => {});
    }
    colour(k) {
      return `var(--line-${k})`;
    }
    legend() {
      this.root.querySelector(".legend").append(...this.c.lines.map((line, k) =>
        make("span", {}, make("i", { class: "swatch", style: `background:${this.colour(k)}` }), line.name)));
    }
    lines(svg, name, panel, count, zero) {
      const c = this.c, first = Math.max(0, place(c.at, this.view[0])), last = Math.min(c.at.length - 1, place(c.at, this.view[1]) + 1);
      let low = zero ? 0 : Infinity, high = zero ? 0 : -Infinity;
      const drawn = c.lines.map((line, k) => [line[name], k, line.off]).filter(([values]) => values);
      for (const [values] of drawn)
        for (let k = first; k <= last; k++)
          if (values[k] !== null) [low, high] = [Math.min(low, values[k]), Math.max(high, values[k])];
      if (!(low <= high)) [low, high] = [0, 1];
      const pad = (high - low) * 0.08 || Math.abs(high) * 0.01 || 1;
      const [y, group] = this.axis(svg, panel, low - pad, high + pad, count, (value) => this.short(value));
      if (zero) shape(group, "line", { x1: this.left, x2: this.right, y1: y(0), y2: y(0), stroke: "var(--soft)" });
      for (const [values, k, off] of drawn) {
        const points = [];
        for (let i = first; i <= last; i++)
          if (values[i] !== null) points.push(`${this.x(c.at[i]).toFixed(1)},${y(values[i]).toFixed(1)}`);
        shape(group, "polyline", { points: points.join(" "), fill: "none", style: `stroke:${this.colour(k)}`,
          "stroke-width": off ? 1.8 : 1.3, "stroke-linejoin": "round" });
      }
    }
    equity(svg) {
      this.spots = [];
      this.lines(svg, "equity", "equity", 8, false);
      if (!this.panels.apart) return;
      this.lines(svg, "distance", "apart", 4, true);
      this.title(svg, "apart", [["dollars above or below the rules off"]]);
    }
    session(day, bar) {
      const c = this.c;
      if (!c.days.length) return ["no sessions", ""];
      const at = Math.max(0, place(c.at, bar + 0.5));
      const signed = (value) => (value > 0 ? "+" : "") + dollars(value, 2);
      const told = c.lines.map((line) => {
        if (line.equity[at] === null) return `${line.name}: none yet`;
        return `${line.name}: ${dollars(line.equity[at], 2)}${line.distance ? ` (${signed(line.distance[at])})` : ""}`;
      });
      return [c.days[day], told.join("\n")];
    }
  }

  class Refusals {
    constructor(root, data) {
      Object.assign(this, { root, data, rows: data.rows, reason: null, sort: ["at", 1], limit: PAGE, opened: new Set() });
      this.table = root.querySelector("table.refusals");
      if (!this.table) return;
      this.columns =
        [["at", "time", ""], ["symbol", "symbol", "wide"], ["order", "order", ""], ["reason", "reason", ""], ["times", "asked", "n"]];
      this.rows.forEach((row, k) => Object.assign(row, { k, order: this.order(row) }));
      this.heads = this.columns.map(([name, words, kind]) => make("th", { scope: "col", class: kind || null },
        make("button", { type: "button", onclick: () => this.by(name) }, words)));
      this.table.tHead.rows[0].append(...this.heads);
      this.chips();
      this.more = root.querySelector(".show-more");
      this.more.addEventListener("click", () => {
        this.limit += 5 * PAGE;
        this.fill();
      });
      this.fill();
    }

    order(row) {
      return row.symbol ? `${row.side} ${row.qty === null ? "" : row.qty.toLocaleString("en-US")} ${row.symbol}` : "not readable";
    }

    chips() {
      const counts = {};
      this.rows.forEach((row) => (counts[row.reason] = (counts[row.reason] || 0) + row.times));
      const reasons = Object.keys(counts).sort((a, b) => counts[b] - counts[a]);
      const chip = (reason, words) => make("button", { type: "button", "data-reason": reason || "", "aria-pressed": String(reason === null),
        title: (reason && this.data.words[reason]) || null, onclick: () => this.only(reason) },
        reason ? make("i", { class: "swatch", style: `background:${reasonColour(reason)}` }) : null, words);
      this.root.querySelector(".filters").append(chip(null, "all reasons"),
        ...reasons.map((reason) => chip(reason, `${reason} ${number(counts[reason])}`)));
    }
    only(reason) {
      this.reason = reason;
      this.limit = PAGE;
      for (const button of this.root.querySelectorAll(".filters button"))
        button.setAttribute("aria-pressed", String(button.dataset.reason === (reason || "")));
      this.fill();
    }
    by(name) {
      this.sort = [name, this.sort[0] === name ? -this.sort[1] : 1];
      this.fill();
    }
    open(k) {
      const row = this.rows[k];
      if (!this.table || !row) return;
      if (this.reason !== null && this.reason !== row.reason) this.only(null);
      this.opened.add(k);
      const at = this.chosen().indexOf(row);
      this.limit = Math.max(this.limit, at + 1);
      this.fill();
      const shown = this.table.querySelector(`tr.one[data-k="${k}"]`);
      shown.scrollIntoView({ block: "center" });
      shown.querySelector(".open-row").focus({ preventScroll: true });
    }

    chosen() {
      const [name, way] = this.sort;
      const compared = (a, b) => (a[name] < b[name] ? -way : a[name] > b[name] ? way : a.k - b.k);
      return this.rows.filter((row) => this.reason === null || row.reason === this.reason).sort(compared);
    }

    fill() {
      const rows = this.chosen(), shown = rows.slice(0, this.limit);
      this.columns.forEach(([name], k) =>
        this.heads[k].setAttribute("aria-sort", this.sort[0] === name ? (this.sort[1] > 0 ? "ascending" : "descending") : "none"));
      this.table.tBodies[0].replaceChildren(...shown.flatMap((row) => this.line(row)));
      this.root.querySelector(".shown").textContent = `${number(shown.length)} of ${number(rows.length)} shown`;
      this.more.hidden = shown.length >= rows.length;
    }

    line(row) {
      const open = this.opened.has(row.k);
      const toggle = (event) => {
        if (event) event.stopPropagation();
        if (this.opened.has(row.k)) this.opened.delete(row.k);
        else this.opened.add(row.k);
        const [one, ...rest] = this.line(row);
        const old = this.table.querySelector(`tr.one[data-k="${row.k}"]`);
        if (old.nextSibling && old.nextSibling.classList.contains("explained")) old.nextSibling.remove();
        old.replaceWith(one, ...rest);
        one.querySelector(".open-row").focus({ preventScroll: true });
      };
      const button = make("button", { type: "button", class: "open-row", "aria-expanded": String(open), onclick: toggle }, row.order);
      const line = make("tr", { class: "one", "data-k": row.k, onclick: () => toggle() },
        make("td", { class: "day" }, row.at),
        make("td", { class: "wide" }, row.symbol),
        make("td", {}, button, row.closing ? make("span", { class: "soft small" }, " to close") : ""),
        make("td", {}, make("i", { class: "swatch", style: `background:${reasonColour(row.reason)}` }), row.reason),
        make("td", { class: "n" }, row.times > 1 ? `${number(row.times)} times` : "once"));
      return open ? [line, make("tr", { class: "explained" }, make("td", { colspan: this.columns.length }, this.explained(row)))] : [line];
    }

    explained(row) {
      const [rule, title, href] = this.data.rules[row.rule];
      const block = (words, ...children) => make("div", {}, make("h4", {}, words), ...children);
      const pair = ([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value));
      const facts = make("dl", { class: "pairs" }, ...row.facts.map(pair));
      const again = `Asked again ${number(row.times - 1)} ${row.times === 2 ? "time" : "times"} that day, last at ${row.last}.`;
      const cited = [make("code", {}, rule)];
      // only the web's own addresses become links
      if (/^https?:\/\//.test(href)) cited.push(" ", make("a", { href, rel: "noreferrer" }, title));
      else if (title) cited.push(` ${title}`);
      return make("div", {},
        make("p", {}, row.why),
        row.times > 1 ? make("p", { class: "soft" }, again) : "",
        make("div", { class: "grid" },
          block("Numbers compared", facts),
          block(`The brokerage's answer: HTTP ${row.status}`, make("pre", {}, this.data.bodies[row.body])),
          block("Rule", ...cited, row.also ? make("p", { class: "soft" }, `also refused by: ${row.also}`) : ""),
          block("What would have passed", row.pass)));
    }
  }

  const sessions = (details, data) => {
    const where = details.querySelector(".scroll");
    details.addEventListener("toggle", () => {
      if (where.firstChild) return;
      const cell = (value) => {
        if (value === null) return "";
        if (typeof value === "boolean") return value ? "yes" : "no";
        return typeof value === "number" ? value.toLocaleString("en-US", { maximumFractionDigits: 2 }) : value;
      };
      const body = make("tbody");
      const table = make("table", {}, make("thead", {}, make("tr", {}, ...data.names.map((name, k) =>
        make("th", { scope: "col", title: data.meaning[k], class: k ? "n" : null }, name)))), body);
      let done = 0;
      const more = make("button", { type: "button", onclick: () => add() }, "Show more");
      const add = () => {
        const rows = data.rows.slice(done, (done += 5 * PAGE));
        body.append(...rows.map((row) => make("tr", {}, ...row.map((value, k) => make("td", { class: k ? "n" : "day" }, cell(value))))));
        more.hidden = done >= data.rows.length;
      };
      add();
      where.append(table, more);
    });
  };

  const blocks = [...document.querySelectorAll("script.data")];
  const articles = [...document.querySelectorAll("article.run")];
  const charts = [];
  const ready = (k) => {
    if (charts[k]) return;
    const data = JSON.parse(blocks[k].textContent), article = articles[k];
    const table = new Refusals(article, data.refusals);
    const chart = new Chart(article.querySelector(".chart"), data, (row) => table.open(row));
    charts[k] = chart;
    sessions(article.querySelector("details.sessions"), data.sessions);
  };
  const choose = (k) => {
    articles.forEach((article, i) => (article.hidden = i !== k));
    document.querySelectorAll("button.variant").forEach((button, i) => button.setAttribute("aria-pressed", String(i === k)));
    ready(k);
    if (charts[k].root.clientWidth !== charts[k].width) charts[k].draw();
  };
  document.querySelectorAll("button.variant").forEach((button, k) => button.addEventListener("click", () => choose(k)));
  document.querySelectorAll("[data-pick]").forEach((link) => link.addEventListener("click", () => choose(+link.dataset.pick)));
  const overlay = document.querySelector("script.overlay");
  const all = () => [...charts, over].filter((chart) => chart);
  const over = overlay && new Overlay(document.querySelector(".chart.overlay"), JSON.parse(overlay.textContent));
  addEventListener("beforeprint", () => all().forEach((chart) => chart.draw(720)));
  addEventListener("afterprint", () => all().forEach((chart) => chart.draw()));
  ready(0);
})();
