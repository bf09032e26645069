// Searches, filters, shows more, switches colours there and back, unfolds everything and goes through flame graphs.
(async () => {
  const wait = ms => new Promise(r => setTimeout(r, ms));
  const text = document.getElementById("text");
  if (text) {
    text.value = "WM"; text.dispatchEvent(new Event("input")); await wait(300);
    text.value = ""; text.dispatchEvent(new Event("input")); await wait(300);
    document.querySelectorAll("#filters input[type=checkbox]").forEach(box => { box.click(); box.click(); });
    const unfold = document.getElementById("unfold");
    if (/^Open/.test(unfold.textContent)) { unfold.click(); }
  }
  document.querySelectorAll("button.rows, #more").forEach(b => { if (!b.hidden) { b.click(); } });
  const theme = document.getElementById("theme"); theme.click(); theme.click();
  delete document.documentElement.dataset.theme;
  document.querySelectorAll("details").forEach(d => { d.open = true; });
  await wait(200);
  document.querySelectorAll(".graph").forEach(g => {
    ["ArrowDown", "ArrowRight", "ArrowDown", "Enter", "ArrowLeft", "ArrowUp", "Escape", "Home"].forEach(key => g.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true })));
  });
  document.querySelectorAll("summary, td, dd, .node").forEach(e => e.dispatchEvent(new MouseEvent("mouseover", { bubbles: true })));
  await wait(100);
})()
