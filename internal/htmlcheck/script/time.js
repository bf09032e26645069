// Waits for the first painting, then measures a search and one more page.
(async () => {
  const painted = () => new Promise(r => requestAnimationFrame(() => setTimeout(r, 0)));
  await painted();
  const Opened = Math.max(performance.getEntriesByType("navigation")[0].loadEventEnd, ...performance.getEntriesByType("paint").map(e => e.startTime));
  const text = document.getElementById("text");
  let from = performance.now();
  text.value = "finding"; document.getElementById("check").dispatchEvent(new Event("change", { bubbles: true }));
  await painted();
  const Filtered = performance.now() - from;
  from = performance.now();
  document.getElementById("more").click();
  await painted();
  return { Opened, Filtered, More: performance.now() - from, Rows: document.getElementById("list").children.length };
})()
