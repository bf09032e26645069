// Lists what would be cut off or stay folded on paper.
(() => {
  dispatchEvent(new Event("beforeprint"));
  const lost = [];
  document.querySelectorAll("#findings #list details:not([open])").forEach(d => lost.push("folded: " + d.outerHTML.slice(0, 120)));
  document.querySelectorAll(".scroll, .graph").forEach(e => {
    if (e.getClientRects().length > 0 && e.scrollWidth > e.clientWidth + 1) { lost.push(e.scrollWidth + " px in " + e.clientWidth + ": " + e.outerHTML.slice(0, 120)); }
  });
  if (document.documentElement.scrollWidth > innerWidth) { lost.push("the page is " + document.documentElement.scrollWidth + " px wide"); }
  if (document.querySelector("nav").getClientRects().length > 0) { lost.push("the navigation is printed"); }
  dispatchEvent(new Event("afterprint"));
  return lost;
})()
