// Returns what axe-core finds.
axe.run(document).then(r => ({
  Violations: r.violations.map(v => v.id + ": " + v.help + " (" + v.nodes.length + "): " + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160) + " " + n.any.concat(n.all, n.none).map(c => c.message).join("; ")).join(" | ")),
  Passes: r.passes.length,
  Incomplete: r.incomplete.map(v => v.id),
}))
