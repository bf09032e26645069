"use strict";
// All text goes into the page as text nodes: nothing of it is ever parsed as markup.
(function () {
  const pageRows = 500;
  const byId = function (id) { return document.getElementById(id); };
  const make = function (tag, className, text) {
    const e = document.createElement(tag);
    if (className) { e.className = className; }
    if (text) { e.textContent = text; }
    return e;
  };
  const count = function (n) { return n.toLocaleString("en-US"); };

  const theme = byId("theme");
  theme.hidden = false;
  theme.addEventListener("click", function () {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });

  const shape = function (svg, name, attributes) {
    const e = document.createElementNS("http://www.w3.org/2000/svg", name);
    Object.keys(attributes).forEach(function (k) { e.setAttribute(k, attributes[k]); });
    svg.append(e);
  };
  const picture = function (className) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const attributes = { "class": className, viewBox: "0 0 1000 20", preserveAspectRatio: "none", "aria-hidden": "true" };
    Object.keys(attributes).forEach(function (k) { svg.setAttribute(k, attributes[k]); });
    return svg;
  };
  const bar = function (marks) {
    const svg = picture("bar");
    marks.forEach(function (m) { shape(svg, "rect", { "class": m.c, x: m.x, y: 0, width: m.w, height: 20 }); });
    return svg;
  };
  const fill = function (td, cell) {
    if (cell.w) {
      const svg = picture("swatch");
      shape(svg, "rect", { "class": cell.w, x: 0, y: 0, width: 1000, height: 20 });
      td.append(svg);
    }
    if (cell.m) {
      const details = make("details", "more");
      details.append(make("summary", "", cell.t), cell.m);
      td.append(details);
    } else if (cell.k) {
      td.append(make("span", "tag " + cell.k, cell.t));
    } else if (cell.t) {
      td.append(cell.t);
    }
    if (cell.b) { td.append(bar(cell.b)); }
    if (cell.l) {
      const svg = picture("bar line");
      shape(svg, "polyline", { "class": "line-0", points: cell.l });
      td.append(svg);
    }
  };

  // The other rows of a table.
  document.querySelectorAll("button.rows").forEach(function (button) {
    const table = byId(button.dataset.table);
    const heads = table.tHead.rows[0].cells;
    const body = table.tBodies[0];
    const first = body.rows.length;
    let rows = null;
    button.hidden = false;
    button.addEventListener("click", function () {
      rows = rows || JSON.parse(byId("data-" + table.id).textContent);
      const from = body.rows.length - first;
      const part = document.createDocumentFragment();
      rows.slice(from, from + pageRows).forEach(function (cells) {
        const tr = make("tr");
        cells.forEach(function (cell, i) {
          const td = make("td", heads[i].className);
          fill(td, cell);
          tr.append(td);
        });
        part.append(tr);
      });
      body.append(part);
      const all = first + rows.length;
      button.previousElementSibling.textContent = count(body.rows.length) + " of " + count(all) + " rows";
      button.hidden = body.rows.length >= all;
    });
  });

  // A flame graph: a node is drawn where it is wider than a pixel or so. It is drawn when it is first unfolded.
  const rowHeight = 20;
  const share = function (v, of) { return (100 * v / of).toFixed(1) + " %"; };
  // Without the folders of the package's path; type arguments have paths of their own.
  const short = function (name) { return name.slice(name.split("[")[0].lastIndexOf("/") + 1); };
  const amount = function (v, unit) {
    if (unit === "nanoseconds") { return v >= 1e9 ? (v / 1e9).toPrecision(4) + "s" : v >= 1e6 ? (v / 1e6).toPrecision(4) + "ms" : (v / 1e3).toPrecision(4) + "µs"; }
    if (unit === "bytes") { return v >= 1048576 ? (v / 1048576).toFixed(1) + " MiB" : (v / 1024).toFixed(1) + " KiB"; }
    return count(v);
  };

  // The nodes of a graph, each with its place, in the order of the data: a node stands behind the one it is below.
  const flameNodes = function (data) {
    const nodes = data.nodes.map(function (n) { return { depth: n[0], name: data.functions[n[1]], parts: n.slice(2), value: n[2] + n[3] + n[4], below: [] }; });
    const path = [];
    nodes.forEach(function (n) {
      path.length = n.depth;
      n.up = path[n.depth - 1];
      n.x = 0;
      if (n.up) {
        const last = n.up.below[n.up.below.length - 1];
        n.x = last ? last.x + last.value : n.up.x;
        n.at = n.up.below.push(n) - 1;
      }
      path.push(n);
    });
    return nodes;
  };
  const flameColour = function (n) {
    let from = 0;
    const stops = ["--present", "--lost", "--none"].map(function (name, i) {
      const to = from + 100 * n.parts[i] / n.value;
      const stop = "var(" + name + ") " + from + "% " + to + "%";
      from = to;
      return stop;
    });
    return "linear-gradient(to right, " + stops.join(", ") + ")";
  };
  // What is drawn of a node, null where it is outside of the zoom or too narrow.
  const flameBox = function (n, zoomed, current) {
    const left = (n.x - zoomed.x) / zoomed.value;
    const above = n.depth < zoomed.depth && n.x <= zoomed.x && n.x + n.value >= zoomed.x + zoomed.value;
    const width = above ? 1 : n.value / zoomed.value;
    if (!above && (n.depth < zoomed.depth || left < -1e-9 || left + width > 1 + 1e-9 || width < 1 / 2000)) { return null; }
    const box = make("div", "node" + (above ? " above" : "") + (n === current ? " at" : ""), width > 0.02 ? short(n.name) : "");
    box.style.left = 100 * (above ? 0 : left) + "%";
    box.style.width = 100 * width + "%";
    box.style.top = n.depth * rowHeight + "px";
    box.style.background = flameColour(n);
    box.node = n;
    return box;
  };
  const flameWords = function (n, root, unit) {
    const words = [];
    ["labelled", "label lost", "not labelable"].forEach(function (word, i) {
      if (n.parts[i] > 0) { words.push(share(n.parts[i], n.value) + " " + word); }
    });
    return n.name + ": " + amount(n.value, unit) + ", " + share(n.value, root.value) + " of the profile; " + words.join(", ");
  };
  // Where a key leads from the current node: only what the zoom shows can be moved to.
  const flameMoves = {
    ArrowDown: function (current) { return current.below[0]; },
    ArrowUp: function (current, zoomed) { return current === zoomed ? null : current.up; },
    ArrowLeft: function (current, zoomed) { return current === zoomed || !current.up ? null : current.up.below[current.at - 1]; },
    ArrowRight: function (current, zoomed) { return current === zoomed || !current.up ? null : current.up.below[current.at + 1]; },
    Home: function (current, zoomed) { return zoomed; }
  };

  const flame = function (graph) {
    const data = JSON.parse(byId("data-" + graph.id).textContent);
    const tools = graph.previousElementSibling;
    const whole = tools.querySelector(".whole");
    const where = tools.querySelector(".where");
    const nodes = flameNodes(data);
    const root = nodes[0];
    let zoomed = root;
    let current = root;

    const tell = function () { where.textContent = flameWords(current, root, data.unit); };
    const draw = function () {
      const part = document.createDocumentFragment();
      let deepest = 0;
      nodes.forEach(function (n) {
        n.box = flameBox(n, zoomed, current);
        if (!n.box) { return; }
        deepest = Math.max(deepest, n.depth);
        part.append(n.box);
      });
      graph.replaceChildren(part);
      graph.style.height = (deepest + 1) * rowHeight + "px";
      whole.disabled = zoomed === root;
    };
    const choose = function (n) {
      if (current.box) { current.box.classList.remove("at"); }
      current = n;
      if (!n.box) { draw(); }
      if (n.box) {
        n.box.classList.add("at");
        if (document.activeElement === graph) { n.box.scrollIntoView({ block: "nearest" }); }
      }
      tell();
    };
    const zoom = function (n) { zoomed = n; current = n; draw(); tell(); };
    const press = function (e) {
      if (e.ctrlKey || e.metaKey || e.altKey) { return; }
      if (flameMoves[e.key]) {
        const n = flameMoves[e.key](current, zoomed);
        if (n) { choose(n); }
      } else if (e.key === "Enter" || e.key === " ") {
        zoom(current);
      } else if (e.key === "Escape") {
        zoom(zoomed.up || root);
      } else {
        return;
      }
      e.preventDefault();
    };
    graph.addEventListener("keydown", press);
    graph.addEventListener("mouseover", function (e) { if (e.target.node) { choose(e.target.node); } });
    graph.addEventListener("click", function (e) { if (e.target.node) { zoom(e.target.node); } });
    whole.addEventListener("click", function () { zoom(root); graph.focus(); });
    graph.hidden = false;
    tools.hidden = false;
    draw();
  };
  document.querySelectorAll("details.flame").forEach(function (details) {
    const graph = details.querySelector(".graph");
    const show = function () {
      if (details.open && graph.hidden) { flame(graph); }
    };
    details.addEventListener("toggle", show);
    show();
  });

  // Paper has no details to open: those of findings are opened for printing and closed again. What is folded for
  // reference, checks and measures and flame graphs, is printed as the reader left it.
  let opened = [];
  addEventListener("beforeprint", function () {
    opened = Array.from(document.querySelectorAll("#findings details:not([open])"));
    opened.forEach(function (d) { d.open = true; });
  });
  addEventListener("afterprint", function () { opened.forEach(function (d) { d.open = false; }); });

  const list = byId("list");
  if (!list) { return; }
  const form = byId("filters");
  const shown = byId("shown");
  const more = byId("more");
  const unfold = byId("unfold");
  let data = null;
  let chosen = [];
  let open = list.dataset.open === "yes";
  // What a search looks through is made once, when first needed.
  const load = function () {
    if (data) { return; }
    data = JSON.parse(byId("data").textContent);
    chosen = data.findings;
  };
  const haystack = function (f) {
    if (!f.h) {
      const exhibits = (f.x || []).map(function (e) { return e.p + " " + e.t; });
      f.h = [f.i, f.n, f.m, f.u, f.q].concat(exhibits).join("\n").toLowerCase();
    }
    return f.h;
  };

  const item = function (f) {
    const li = make("li", f.s);
    const details = make("details");
    details.open = open;
    const summary = make("summary");
    summary.append(make("span", "badge " + f.s, f.s), " ", make("b", "", f.i + " " + f.n), " ", make("span", "basis", f.b), " ", make("span", "message", f.m));
    const dl = make("dl");
    const line = function (lead) {
      const dd = make("dd");
      dd.append.apply(dd, Array.prototype.slice.call(arguments, 1));
      dl.append(make("dt", "", lead), dd);
    };
    (f.x || []).forEach(function (e) { line("at", make("code", "", e.p), " " + e.t); });
    if (f.u) { line("subject", f.u); }
    if (f.q) { line("numbers", f.q); }
    if (data.fixes[f.f]) { line("fix", data.fixes[f.f]); }
    const a = make("a", "", "what " + f.i + " proves and what it cannot see");
    a.setAttribute("href", "#check-" + encodeURIComponent(f.i));
    line("check", a);
    details.append(summary, dl);
    li.append(details);
    return li;
  };

  const tell = function () {
    const n = list.children.length;
    const all = data ? chosen.length : Number(n);
    const part = n < all ? "The first " + count(n) + " of " : "";
    const of = data && chosen.length < data.findings.length ? " of " + count(data.findings.length) : "";
    shown.textContent = part + count(all) + of + (data && data.findings.length === 1 ? " finding" : " findings") + ", worst first.";
    more.hidden = n >= all;
  };
  const append = function () {
    const part = document.createDocumentFragment();
    chosen.slice(list.children.length, list.children.length + pageRows).forEach(function (f) { part.append(item(f)); });
    list.append(part);
    tell();
  };
  const filter = function () {
    load();
    const allowed = Array.from(form.querySelectorAll("fieldset")).map(function (set) {
      const on = Array.from(set.querySelectorAll("input:checked")).map(function (box) { return box.value; });
      return { field: set.dataset.field, on: new Set(on) };
    });
    const check = byId("check").value;
    const words = byId("text").value.toLowerCase().split(/\s+/).filter(Boolean);
    chosen = data.findings.filter(function (f) {
      return allowed.every(function (a) { return a.on.has(f[a.field]); }) && (!check || f.i === check) &&
        words.every(function (w) { return haystack(f).includes(w); });
    });
    list.replaceChildren();
    append();
  };

  form.hidden = false;
  form.addEventListener("submit", function (e) { e.preventDefault(); });
  form.addEventListener("change", filter);
  let timer = 0;
  byId("text").addEventListener("input", function () {
    clearTimeout(timer);
    timer = setTimeout(filter, 150);
  });
  const name = function () { unfold.textContent = open ? "Close all" : "Open all"; };
  name();
  unfold.addEventListener("click", function () {
    open = !open;
    list.querySelectorAll("details").forEach(function (d) { d.open = open; });
    name();
  });
  more.hidden = list.children.length < pageRows || !/^The first/.test(shown.textContent);
  more.addEventListener("click", function () { load(); append(); more.focus(); });
})();
