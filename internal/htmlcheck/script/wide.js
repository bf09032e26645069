// Lists what makes the page scroll sideways.
(() => {
  const page = document.documentElement;
  if (page.scrollWidth <= innerWidth) { return []; }
  return Array.from(document.querySelectorAll("body *")).filter(e => !e.closest(".scroll table") && e.getBoundingClientRect().right > innerWidth + 1).slice(0, 5)
    .map(e => e.outerHTML.slice(0, 120)).concat("the page is " + page.scrollWidth + " px wide");
})()
