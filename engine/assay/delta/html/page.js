// Comfort only: everything the page says is there without it.
(() => {
  "use strict";
  const root = document.documentElement;
  const all = (selector) => Array.from(document.querySelectorAll(selector));

  const dark = () => root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  // A page opened from a file may have no storage.
  const remember = (theme) => { try { localStorage.setItem("assay-theme", theme); } catch { /* not kept */ } };
  const remembered = () => { try { return localStorage.getItem("assay-theme"); } catch { return null; } };

  const kept = remembered();
  if (kept === "dark" || kept === "light") root.dataset.theme = kept;
  document.getElementById("theme").addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    remember(root.dataset.theme);
  });

  const search = document.getElementById("name");
  const boxes = all("input[data-show]");
  const filter = () => {
    const wanted = new Set(boxes.filter((box) => box.checked).map((box) => box.dataset.show));
    const word = search.value.toLowerCase();
    for (const part of all("[data-verdict]")) {
      part.hidden = !wanted.has(part.dataset.verdict) || !part.dataset.name.includes(word);
    }
  };
  if (search) {
    search.addEventListener("input", filter);
    boxes.forEach((box) => box.addEventListener("change", filter));
    const set = (open) => () => all("details.candidate:not([hidden])").forEach((part) => { part.open = open; });
    document.getElementById("open").addEventListener("click", set(true));
    document.getElementById("close").addEventListener("click", set(false));
  }
  all(".controls").forEach((part) => { part.hidden = false; });

  // Drawn as cards, the rows of a table are no rows any more to some screen readers, unless they say so.
  const roles = { table: "table", thead: "rowgroup", tbody: "rowgroup", tr: "row", td: "cell" };
  for (const [name, role] of Object.entries(roles)) {
    all(name === "table" ? "table:not(.diff)" : `table:not(.diff) ${name}`).forEach((part) => { part.role = role; });
  }
  all("table:not(.diff) th").forEach((head) => {
    head.role = head.scope === "row" ? "rowheader" : "columnheader";
  });

  // A link into a fold opens it, also in browsers that would not.
  const reveal = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const fold = target && target.closest("details");
    if (fold && !fold.open) { fold.open = true; target.scrollIntoView(); }
  };
  addEventListener("hashchange", reveal);
  reveal();

  // Paper unfolds nothing by itself.
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = all("details:not([open])");
    folded.forEach((part) => { part.open = true; });
  });
  addEventListener("afterprint", () => folded.forEach((part) => { part.open = false; }));
})();
