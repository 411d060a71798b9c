// Charts that can be zoomed and read off. Each is a square of 1000 by 1000, y downwards, that the
// page stretches; what is seen of it is the viewBox of its svg.
"use strict";

const SIZE = 1000, DEEPEST = 5; // no less than so much of the square is shown

function written(value) {
  if (value === null) return "–";
  return String(Number(value.toPrecision(5))).replace("-", "−");
}

function roundStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough * 0.999);
}

// Round numbers between two ends of an axis, as [place on the axis, text].
function ticks(low, high, log) {
  if (log && high - low >= 1) {
    const first = Math.ceil(low), last = Math.floor(high);
    const step = Math.max(1, Math.ceil((last - first) / 5)), found = [];
    for (let k = first; k <= last; k += step) found.push([k, `1e${k}`]);
    return found;
  }
  const [a, b] = log ? [10 ** low, 10 ** high] : [low, high];
  const step = roundStep((b - a) / 5), found = [];
  for (let k = Math.ceil(a / step); k <= Math.floor(b / step); ++k) {
    const value = k * step;
    found.push([log ? Math.log10(value) : value, String(Number(value.toPrecision(6)))]);
  }
  return found;
}

function element(name, properties, parent) {
  const made = Object.assign(document.createElement(name), properties);
  if (parent) parent.append(made);
  return made;
}

class Chart {
  constructor(figure) {
    this.content = JSON.parse(figure.querySelector("script").textContent);
    this.frame = figure.querySelector(".frame");
    this.svg = figure.querySelector("svg");
    this.ticks = figure.querySelector(".ticks");
    this.view = { x: 0, y: 0, width: SIZE, height: SIZE };
    this.stops = this.findStops();
    this.cursor = element("div", { className: "cursor", hidden: true }, this.frame);
    this.addControls(figure);
    this.listen();
  }

  // All places that can be read off: for points each of them, for lines and bars each x.
  findStops() {
    const { series } = this.content, stops = new Map();
    series.forEach((s) => s.x.forEach((x, i) => {
      if (x === null || s.y[i] === null) return;
      const key = s.style === "points" ? `${s.label} ${i} ${x}` : x;
      if (!stops.has(key)) stops.set(key, { x, y: s.style === "points" ? s.y[i] : null, told: [] });
      const row = s.rows ? `row ${s.rows[i]}, ` : "";
      const unit = s.style === "bars" ? " %" : "";
      stops.get(key).told.push(`${row}${s.label.split(":")[0]} ${written(s.y[i])}${unit}`);
    }));
    return [...stops.values()].sort((a, b) => a.x - b.x);
  }

  addControls(figure) {
    const { title, xLabel } = this.content;
    const controls = element("div", { className: "controls" });
    const label = element("label", { textContent: "Read off" }, controls);
    this.slider = element("input", {
      type: "range", min: 0, max: Math.max(0, this.stops.length - 1), value: 0,
    }, label);
    this.slider.setAttribute("aria-label", `Read off “${title}” along ${xLabel}`);
    this.slider.addEventListener("input", () => this.read(Number(this.slider.value)));
    for (const [text, act] of [
      ["Zoom in", () => this.zoom(0.5)],
      ["Zoom out", () => this.zoom(2)],
      ["Show all", () => this.show({ x: 0, y: 0, width: SIZE, height: SIZE })],
    ]) {
      const button = element("button", { type: "button", textContent: text }, controls);
      button.setAttribute("aria-label", `${text}: ${title}`);
      button.addEventListener("click", act);
    }
    this.output = element("output", {});
    figure.querySelector(".x-label").after(controls, this.output);
  }

  place(value, [low, high, log]) {
    return ((log ? Math.log10(value) : value) - low) / (high - low) * SIZE;
  }

  read(i) {
    const stop = this.stops[i];
    if (!stop) return;
    this.current = i;
    this.slider.value = i;
    const told = `${this.content.xLabel} ${written(stop.x)}: ${stop.told.join("; ")}`;
    this.output.textContent = told;
    this.slider.setAttribute("aria-valuetext", told);
    this.moveCursor();
  }

  moveCursor() {
    if (this.current === undefined) return;
    const at = this.place(this.stops[this.current].x, this.content.x);
    const share = (at - this.view.x) / this.view.width;
    this.cursor.hidden = share < 0 || share > 1;
    this.cursor.style.left = `${100 * share}%`;
  }

  // Around the place that is read, else around the middle.
  zoom(factor) {
    const { view } = this;
    let x = view.x + view.width / 2;
    if (this.current !== undefined) {
      const at = this.place(this.stops[this.current].x, this.content.x);
      if (at >= view.x && at <= view.x + view.width) x = at;
    }
    const width = view.width * factor, height = view.height * factor;
    const y = view.y + view.height / 2;
    this.show({ x: x - width / 2, y: y - height / 2, width, height });
  }

  show({ x, y, width, height }) {
    width = Math.min(SIZE, Math.max(DEEPEST, width));
    height = Math.min(SIZE, Math.max(DEEPEST, height));
    x = Math.min(SIZE - width, Math.max(0, x));
    y = Math.min(SIZE - height, Math.max(0, y));
    this.view = { x, y, width, height };
    this.svg.setAttribute("viewBox", `${x} ${y} ${width} ${height}`);
    this.drawTicks();
    this.moveCursor();
  }

  drawTicks() {
    const { x, y, width, height } = this.view;
    this.ticks.replaceChildren();
    const draw = (kind, side, [low, high, log], from, to) => {
      const span = high - low, a = low + span * from / SIZE, b = low + span * to / SIZE;
      for (const [at, text] of ticks(a, b, log)) {
        const line = element("span", { className: kind }, this.ticks);
        line.style[side] = `${100 * (at - a) / (b - a)}%`;
        element("b", { textContent: text }, line);
      }
    };
    draw("x", "left", this.content.x, x, x + width);
    draw("y", "bottom", this.content.y, SIZE - y - height, SIZE - y);
  }

  listen() {
    let start = null, box = null;
    const at = (event) => {
      const edges = this.frame.getBoundingClientRect();
      const inside = (value) => Math.min(1, Math.max(0, value));
      return [inside((event.clientX - edges.left) / edges.width),
        inside((event.clientY - edges.top) / edges.height)];
    };
    const corners = (one, other) => [0, 1].map((k) => [
      Math.min(one[k], other[k]), Math.abs(one[k] - other[k]),
    ]);
    this.svg.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.pointerType === "touch") return;
      start = at(event);
      this.svg.setPointerCapture(event.pointerId);
      event.preventDefault();
    });
    this.svg.addEventListener("pointermove", (event) => {
      const here = at(event);
      if (start === null) {
        const x = this.view.x + here[0] * this.view.width;
        this.read(this.nearest(x, this.view.y + here[1] * this.view.height));
        return;
      }
      box ??= element("div", { className: "box" }, this.frame);
      const [[left, width], [top, height]] = corners(start, here);
      for (const [side, value] of Object.entries({ left, width, top, height }))
        box.style[side] = `${100 * value}%`;
    });
    const end = (event) => {
      if (start !== null && box !== null && event.type === "pointerup") {
        const { view } = this, [[left, width], [top, height]] = corners(start, at(event));
        if (width > 0.02 && height > 0.02)
          this.show({
            x: view.x + left * view.width, y: view.y + top * view.height,
            width: width * view.width, height: height * view.height,
          });
      }
      if (box !== null) box.remove();
      start = box = null;
    };
    this.svg.addEventListener("pointerup", end);
    this.svg.addEventListener("pointercancel", end);
    this.svg.addEventListener("dblclick", () => this.show({ x: 0, y: 0, width: SIZE, height: SIZE }));
  }

  nearest(x, y) {
    let best = 0, least = Infinity;
    this.stops.forEach((stop, i) => {
      let apart = Math.abs(this.place(stop.x, this.content.x) - x);
      if (stop.y !== null)
        apart = Math.hypot(apart, SIZE - this.place(stop.y, this.content.y) - y);
      if (apart < least) [best, least] = [i, apart];
    });
    return best;
  }
}

for (const figure of document.querySelectorAll("figure.chart")) new Chart(figure);
