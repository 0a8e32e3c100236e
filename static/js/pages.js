// Keyboard, drawer and charts. Every page works without it.
"use strict";

(() => {
  // --- Rows: j and k move from row link to row link; Enter is the link's own ---

  const drawer = document.getElementById("drawer");
  let opener = null;

  function rows() {
    return [...document.querySelectorAll("main [data-row-link]")].filter((link) => link.getClientRects().length);
  }

  function move(step) {
    const links = rows();
    if (!links.length) return;
    const row = document.activeElement.closest("[data-row]");
    const at = links.findIndex((link) => link === document.activeElement || (row && row.contains(link)));
    const next = links[at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, at + step))];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  }

  // --- Drawer: <a href hx-get hx-target="#drawer-body" data-drawer data-row-link> ---

  // htmx would also take a click with Ctrl, which asks for a new tab.
  document.addEventListener("click", (event) => {
    if ((event.ctrlKey || event.metaKey || event.shiftKey) && event.target.closest("[data-drawer]")) event.stopImmediatePropagation();
  }, true);
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt.matches("[data-drawer]")) opener = event.detail.elt;
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "drawer-body") return;
    if (!drawer.open) drawer.showModal();
    const body = document.getElementById("drawer-body");
    body.scrollTop = 0;
    body.focus();
  });
  function step(by) {
    const links = rows().filter((link) => link.matches("[data-drawer]"));
    links[links.findIndex((link) => link.getAttribute("href") === opener?.getAttribute("href")) + by]?.click();
  }
  if (drawer) {
    drawer.addEventListener("close", () => opener?.focus());
    drawer.addEventListener("click", (event) => {
      const button = event.target.closest("[data-step]");
      if (button) step(Number(button.dataset.step));
    });
    drawer.addEventListener("keydown", (event) => {
      const by = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
      if (!by || event.target.closest("input, select, textarea, pre")) return;
      event.preventDefault();
      step(by);
    });
  }

  // --- Keys ---

  const keysOff = () => localStorage.getItem("keys") === "off";
  const keysBox = document.querySelector("[data-keys]");
  if (keysBox) {
    keysBox.checked = !keysOff();
    keysBox.addEventListener("change", () => localStorage.setItem("keys", keysBox.checked ? "on" : "off"));
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      hideTip();
      for (const menu of document.querySelectorAll("details.drop[open]")) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
    }
    if (event.ctrlKey || event.metaKey || event.altKey || keysOff()) return;
    if (event.target.closest("input, select, textarea, [contenteditable]") || document.querySelector("dialog[open]")) return;
    const act = {
      j: () => move(1),
      k: () => move(-1),
      "/": () => document.querySelector("[data-search]")?.focus(),
      "?": () => document.getElementById("help")?.showModal(),
    }[event.key];
    if (act) {
      event.preventDefault();
      act();
    }
  });

  // --- Charts: the title of a bar becomes a tip that shows at once, and the bars are one stop for the keyboard ---

  let tip = null;

  function hideTip() {
    tip?.remove();
    tip = null;
  }

  function showTip(column) {
    hideTip();
    const words = column.dataset.tip;
    const cut = words.indexOf(": ");
    tip = document.createElement("div");
    tip.className = "tip";
    tip.setAttribute("aria-hidden", "true");  // The bar's own label says the same.
    const head = document.createElement("b");
    head.textContent = words.slice(0, cut);
    tip.append(head);
    for (const part of words.slice(cut + 2).split(/, (?=\d)/).reverse()) {
      const line = document.createElement("span");
      const [, number, label] = part.match(/^([\d,]+) (.*)$/) || [null, "", part];
      line.append(Object.assign(document.createElement("span"), { textContent: label }),
        Object.assign(document.createElement("b"), { textContent: number }));
      tip.append(line);
    }
    document.body.append(tip);
    const bar = column.querySelector(".slot").getBoundingClientRect();
    const left = Math.min(innerWidth - tip.offsetWidth - 8, Math.max(8, bar.left + bar.width / 2 - tip.offsetWidth / 2));
    const above = bar.top - tip.offsetHeight - 8;
    tip.style.left = `${left}px`;
    tip.style.top = `${above > 8 ? above : bar.bottom + 8}px`;
  }

  function prepare(root) {
    for (const chart of root.querySelectorAll("svg[data-bars]:not([data-ready])")) {
      chart.dataset.ready = "";
      const bars = [...chart.querySelectorAll("a.bar")];
      bars.forEach((bar, index) => bar.setAttribute("tabindex", index === bars.length - 1 ? "0" : "-1"));
      for (const column of chart.querySelectorAll(".column")) {
        column.dataset.tip = column.querySelector("title").textContent;
        for (const title of column.querySelectorAll("title")) title.remove();
        column.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && showTip(column));
        column.addEventListener("pointerleave", hideTip);
        column.addEventListener("focusin", () => column.querySelector(":focus-visible") && showTip(column));
        column.addEventListener("focusout", hideTip);
      }
      chart.addEventListener("keydown", (event) => {
        const at = bars.indexOf(document.activeElement);
        const next = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: bars.length - 1 }[event.key];
        if (at < 0 || next === undefined || !bars[next]) return;
        event.preventDefault();
        bars[at].setAttribute("tabindex", "-1");
        bars[next].setAttribute("tabindex", "0");
        bars[next].focus();
      });
    }
  }
  document.addEventListener("htmx:load", (event) => prepare(event.detail.elt.parentElement || document));
  document.addEventListener("htmx:beforeSwap", hideTip);
  prepare(document);
})();
