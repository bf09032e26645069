// Lists what the template does not make.
(() => {
  const made = new Set("html head meta title style body header h1 span p code button nav ul li a main section h2 h3 div strong table caption thead tbody tr th td form fieldset legend label input select option ol details summary b dl dt dd svg rect polyline noscript footer script".split(" "));
  const out = Array.from(document.querySelectorAll("*")).filter(e => !made.has(e.localName) || Array.from(e.attributes).some(a => a.name.startsWith("on") || /^\s*javascript:/i.test(a.value)));
  const names = out.map(e => e.outerHTML.slice(0, 80));
  const scripts = document.querySelectorAll("script:not([type='application/json'])").length;
  if (scripts !== 1) { names.push(scripts + " scripts"); }
  if (document.querySelectorAll("style").length !== 1) { names.push("styles"); }
  if (window.owned !== undefined) { names.push("window.owned"); }
  if (document.activeElement !== document.body) { names.push("focus on " + document.activeElement.outerHTML.slice(0, 80)); }
  const ids = Array.from(document.querySelectorAll("[id]")).map(e => e.id).filter(id => !id.startsWith("check-"));
  if (new Set(ids).size !== ids.length) { names.push("ids twice"); }
  document.querySelectorAll("meta[http-equiv]").forEach(m => { if (m.httpEquiv !== "Content-Security-Policy") { names.push(m.outerHTML); } });
  document.querySelectorAll("a").forEach(a => { if (!a.getAttribute("href").startsWith("#")) { names.push(a.outerHTML); } });
  return names;
})()
