// What every page gains from script: fresh times, live regions, toasts, questions before dangerous buttons, copying.
// Every page works without it. Nothing here builds markup from strings: the content security policy and recorded bodies forbid it.
"use strict";

(() => {
  const DAY = 86400, HOUR = 3600, MINUTE = 60;

  // --- Times: the same words as responses/templatetags/times.py ---

  function relative(seconds) {
    const size = Math.abs(seconds);
    if (size < 2) return "just now";
    const [unit, name] = size >= DAY ? [DAY, "d"] : size >= HOUR ? [HOUR, "h"] : size >= MINUTE ? [MINUTE, "m"] : [1, "s"];
    const words = `${Math.floor(size / unit)} ${name}`;
    return seconds > 0 ? `${words} ago` : `in ${words}`;
  }

  function span(seconds) {
    for (const [unit, name, below, belowName] of [[DAY, "d", HOUR, "h"], [HOUR, "h", MINUTE, "m"]]) {
      if (seconds >= unit) {
        const rest = Math.floor((seconds % unit) / below);
        return rest ? `${Math.floor(seconds / unit)} ${name} ${rest} ${belowName}` : `${Math.floor(seconds / unit)} ${name}`;
      }
    }
    return seconds >= MINUTE ? `${Math.floor(seconds / MINUTE)} m` : `${seconds} s`;
  }

  function urgency(seconds) {
    if (seconds <= 0) return "over";
    return seconds <= HOUR ? "critical" : seconds <= 4 * HOUR ? "soon" : seconds <= 12 * HOUR ? "fair" : "calm";
  }

  // The server's clock counts: a device whose clock is wrong must not show a wrong deadline.
  const served = document.querySelector("meta[name=served-at]");
  const drift = served ? Date.parse(served.content) - performance.timeOrigin - performance.now() : 0;
  const now = () => performance.timeOrigin + performance.now() + drift;

  function put(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  function refreshTimes() {
    if (document.hidden) return;
    for (const element of document.querySelectorAll("time[data-ago]")) {
      put(element, relative(Math.trunc((now() - Date.parse(element.dateTime)) / 1000)));
    }
    for (const element of document.querySelectorAll("time[data-left]")) {
      const seconds = Math.trunc((Date.parse(element.dateTime) - now()) / 1000);
      const level = urgency(seconds);
      put(element.querySelector("span"), level === "over" ? `expired ${span(-seconds)} ago` : `${span(seconds)} left`);
      element.className = `left left-${level}`;
    }
  }

  function countedDown(seconds) {
    if (seconds <= 0) return "due";
    if (seconds >= MINUTE && seconds < 10 * MINUTE) return `in ${Math.floor(seconds / MINUTE)} m ${seconds % MINUTE} s`;
    return `in ${span(seconds)}`;
  }

  function countDown() {
    if (document.hidden) return;
    for (const element of document.querySelectorAll("[data-due]")) {
      put(element, countedDown(Math.ceil((Date.parse(element.parentElement.dateTime) - now()) / 1000)));
    }
  }

  // --- Toasts ---

  function toast(text, tone = "brand", stay = 7000) {
    const list = document.getElementById("toasts");
    const template = document.getElementById("toast-template");
    if (!list || !template) return;
    for (const other of list.children) if (other.querySelector("span").textContent === text) other.remove();
    const note = template.content.firstElementChild.cloneNode(true);
    note.classList.add(`tone-${{ error: "needs_fix", warning: "partial", success: "success" }[tone] || "brand"}`);
    note.querySelector("span").textContent = text;
    list.append(note);
    if (stay && tone !== "error") setTimeout(() => note.remove(), stay);
  }
  // A view says something with the header HX-Trigger: {"toast": {"text": "...", "tone": "success"}}.
  document.addEventListener("toast", (event) => toast(event.detail.text, event.detail.tone));

  // --- Live regions: see templates/shared/_live.html ---

  const due = new WeakMap();
  let failures = 0;

  function isBusy(region) {
    const focused = document.activeElement;
    const chosen = getSelection();
    return region.classList.contains("htmx-request")
      || document.querySelector("dialog[open]") !== null
      || (region.contains(focused) && focused.matches("input, select, textarea"))
      || (!chosen.isCollapsed && region.contains(chosen.anchorNode));
  }

  function tick(isReturning) {
    if (document.hidden) return;
    for (const region of document.querySelectorAll("[data-live]")) {
      const every = Number(region.dataset.live) * 1000 * Math.min(2 ** failures, 16);
      if (!due.has(region)) due.set(region, performance.now() + every);
      if ((isReturning || performance.now() >= due.get(region)) && !isBusy(region)) {
        due.set(region, performance.now() + every);
        region.dispatchEvent(new CustomEvent("live"));
      }
    }
  }

  // A swap must not close what a person opened, nor take the focus away.
  let kept = null;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, xhr, requestConfig } = event.detail;
    const login = document.body.dataset.login;
    if (login && xhr.responseURL && new URL(xhr.responseURL).pathname === login) {
      event.detail.shouldSwap = false;
      location.reload();
      return;
    }
    if (!requestConfig.elt.matches("[data-live]")) return;
    const focused = document.activeElement;
    kept = {
      open: [...target.querySelectorAll("details[open][id]")].map((element) => element.id),
      focus: target.contains(focused) ? focused.id && `#${CSS.escape(focused.id)}` || focused.getAttribute("href") : null,
    };
  });
  document.addEventListener("htmx:afterSettle", () => {
    if (!kept) return;
    for (const id of kept.open) document.getElementById(id)?.setAttribute("open", "");
    if (kept.focus && !document.activeElement?.isConnected || kept?.focus && document.activeElement === document.body) {
      const same = kept.focus.startsWith("#") ? document.querySelector(kept.focus)
        : [...document.querySelectorAll("main a[href]")].find((link) => link.getAttribute("href") === kept.focus);
      same?.focus({ preventScroll: true });
    }
    kept = null;
  });

  // --- What the server did not answer as hoped ---

  const WORDS = {
    0: "The monitor does not answer. Reload the page before you try again.",
    403: "You may not do that, or this page is too old: reload it.",
    404: "That is no longer there.",
    409: "Somebody or something else was faster: reload the page to see what is true now.",
    429: "Too many requests from here. Wait a minute.",
  };

  function failed(event) {
    const status = event.detail.xhr ? event.detail.xhr.status : 0;
    const isLive = event.detail.requestConfig?.elt?.matches("[data-live]");
    if (isLive) {
      failures += 1;
      document.body.classList.add("is-stale");
      if (failures === 2) toast("This page is no longer up to date: the monitor does not answer. It keeps trying.", "warning", 0);
      return;
    }
    toast(WORDS[status] || `The monitor could not do that (error ${status}). Reload the page to see what is true now.`, "error");
  }
  for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) document.addEventListener(name, failed);
  document.addEventListener("htmx:afterOnLoad", (event) => {
    if (event.detail.xhr.status < 400 && failures) {
      failures = 0;
      document.body.classList.remove("is-stale");
      toast("Up to date again.", "success");
    }
  });

  // --- A question first ---

  function ask(text, yes, isDangerous) {
    const dialog = document.getElementById("confirm");
    const button = document.getElementById("confirm-yes");
    document.getElementById("confirm-text").textContent = text;
    button.textContent = yes || "Continue";
    button.className = `btn ${isDangerous ? "btn-danger" : "btn-primary"}`;
    dialog.returnValue = "no";
    dialog.showModal();
    return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
  }
  document.addEventListener("htmx:confirm", (event) => {
    if (!event.detail.question) return;
    event.preventDefault();
    const from = event.detail.elt.dataset;
    ask(event.detail.question, from.yes, "danger" in from).then((isSure) => isSure && event.detail.issueRequest(true));
  });
  const sure = new WeakSet();
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset.confirm || sure.has(form)) return;
    event.preventDefault();
    ask(form.dataset.confirm, form.dataset.yes, "danger" in form.dataset).then((isSure) => {
      if (!isSure) return;
      sure.add(form);
      form.requestSubmit(event.submitter);
    });
  });

  // --- Buttons and menus ---

  async function copy(text) {
    if (navigator.clipboard && isSecureContext) return navigator.clipboard.writeText(text);
    const area = document.createElement("textarea");  // Plain http on another host has no clipboard.
    area.value = text;
    (document.querySelector("dialog[open]") || document.body).append(area);
    area.select();
    const isCopied = document.execCommand("copy");
    area.remove();
    if (!isCopied) throw new Error("refused");
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    for (const menu of document.querySelectorAll("details.drop[open]")) if (!menu.contains(event.target)) menu.open = false;
    if (!button) return;
    if (button.dataset.copy) {
      const source = document.querySelector(button.dataset.copy);
      copy(source.value ?? source.textContent.trimEnd()).then(
        () => toast("Copied.", "success", 2500),
        () => toast("The browser refused to copy: select the text instead.", "warning"),
      );
    } else if ("dismiss" in button.dataset) button.closest(".toast-note").remove();
    else if ("help" in button.dataset) document.getElementById("help").showModal();
    else if ("close" in button.dataset) button.closest("dialog").close();
  });
  document.addEventListener("change", (event) => {
    if ("submit" in event.target.dataset) event.target.form.requestSubmit();
  });
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close("no"));  // The backdrop.
  }

  // What only works with script is hidden until the script says that it works.
  function reveal(root) {
    for (const element of root.querySelectorAll("[data-copy][hidden], [data-help][hidden], [data-dismiss][hidden]")) element.hidden = false;
  }
  document.addEventListener("htmx:load", (event) => reveal(event.detail.elt));
  document.addEventListener("visibilitychange", () => { refreshTimes(); countDown(); if (!document.hidden) tick(true); });
  reveal(document);
  refreshTimes();
  setInterval(refreshTimes, 5000);
  setInterval(countDown, 1000);
  setInterval(tick, 1000);
  setTimeout(() => { for (const note of document.querySelectorAll(".toast-note.tone-success, .toast-note.tone-brand")) note.remove(); }, 9000);
})();
