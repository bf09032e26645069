// Prepares a walk with Tab, and counts its stops.
(() => {
  const all = () => Array.from(document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']"));
  const shown = e => e.getClientRects().length > 0 && !e.disabled && e.checkVisibility();
  window.focusCheck = {
    now() {
      const e = document.activeElement;
      const place = all().indexOf(e);
      if (place < 0) { return { Place: -1, Kind: e ? e.localName : "nothing", Visible: false }; }
      const style = getComputedStyle(e);
      const box = e.getBoundingClientRect();
      const inView = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
      const kind = e.type === "checkbox" || e.type === "search" ? "." + e.type : e.matches(".graph, .scroll") ? "." + e.className : "";
      return { Place: place, Kind: e.localName + kind, Visible: inView && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 1 };
    },
    state() {
      const list = document.getElementById("list");
      return JSON.stringify([
        Array.from(document.querySelectorAll("details"), d => d.open),
        Array.from(document.querySelectorAll("input[type=checkbox]"), b => b.checked),
        list && list.children.length,
        Array.from(document.querySelectorAll(".graph"), g => g.innerHTML.length + g.previousElementSibling.textContent)
      ]);
    }
  };
  return all().filter(shown).length;
})()
