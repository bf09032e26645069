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

  // Paper has no details to open: they are opened for printing and closed again.
  let opened = [];
  addEventListener("beforeprint", function () {
    opened = Array.from(document.querySelectorAll("#findings details:not([open])"));
    opened.forEach(function (d) { d.open = true; });
  });
  addEventListener("afterprint", function () { opened.forEach(function (d) { d.open = false; }); });

  const bar = function (marks) {
    const ns = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(ns, "svg");
    svg.setAttribute("class", "bar");
    svg.setAttribute("viewBox", "0 0 1000 20");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    marks.forEach(function (m) {
      const r = document.createElementNS(ns, "rect");
      r.setAttribute("class", m.c);
      r.setAttribute("x", m.x);
      r.setAttribute("y", 0);
      r.setAttribute("width", m.w);
      r.setAttribute("height", 20);
      svg.append(r);
    });
    return svg;
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
          const td = make("td", heads[i].className, cell.t);
          if (cell.b) { td.append(bar(cell.b)); }
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

  const list = byId("list");
  if (!list) { return; }
  const form = byId("filters");
  const shown = byId("shown");
  const more = byId("more");
  let data = null;
  let chosen = [];
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
    const li = make("li");
    const details = make("details");
    details.open = list.dataset.open === "yes";
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
  more.hidden = list.children.length < pageRows || !/^The first/.test(shown.textContent);
  more.addEventListener("click", function () { load(); append(); more.focus(); });
})();
