// The editor of a failed request: values and JSON in step, live checks, one send for two clicks. The page works without it.
"use strict";

(() => {
  const form = document.getElementById("correction");
  if (!form) return;
  const nonce = document.currentScript.nonce;
  const textarea = document.getElementById("text");
  const fold = document.getElementById("json");
  const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
  let editor = null;
  let timer = 0;

  const values = () => [...form.querySelectorAll("[data-pointer]")];
  const was = (input) => input.previousElementSibling;

  // --- Live checks: the server says what is to be said, when nobody has typed for a moment ---

  function check() {
    clearTimeout(timer);
    timer = setTimeout(() => document.getElementById("verdict").dispatchEvent(new CustomEvent("typed")), 400);
  }

  function dress() {
    const verdict = document.getElementById("verdict");
    const reason = document.getElementById("reason");
    document.getElementById("why").hidden = !verdict.dataset.needsReason && !reason.value;
    for (const button of verdict.querySelectorAll("[data-show]")) button.hidden = false;
    const wrong = new Set([...verdict.querySelectorAll("[data-problem]")].map((line) => line.dataset.problem));
    for (const input of values()) {
      if (wrong.has(input.dataset.pointer)) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    }
  }

  for (const input of values()) input.dataset.begun = was(input).value;

  // --- Values and JSON. Until the editor is opened the server puts the values into the text ---

  function literal(input) {
    const typed = input.dataset.kind === "text" ? input.value : input.value.trim();
    const isItself = input.dataset.kind === "number" ? NUMBER.test(typed)
      : input.dataset.kind === "boolean" && (typed === "true" || typed === "false");
    return isItself ? typed : JSON.stringify(typed);
  }

  function intoJson(input) {
    if (editor.isBroken()) return;
    if (!input.value && "missing" in input.dataset) editor.remove(input.dataset.pointer);
    else if (!input.value && input.dataset.hidden) editor.put(input.dataset.pointer, JSON.stringify(input.dataset.hidden));
    else editor.put(input.dataset.pointer, literal(input));
    was(input).value = input.value;
  }

  function intoValues() {
    if (editor.isBroken()) return;
    for (const input of values()) {
      const found = editor.valueAt(input.dataset.pointer);
      if (found !== null && typeof found === "object") continue;
      const shown = found === undefined || found === null || found === input.dataset.hidden ? "" : typeof found === "string" ? found : editor.literalAt(input.dataset.pointer);
      if (shown !== input.value) input.value = shown;
      was(input).value = input.value;
    }
  }

  function openEditor() {
    if (editor || !fold.open || !window.JsonEditor) return;
    const isWide = form.clientWidth >= 900;
    editor = window.JsonEditor.open({
      textarea, original: document.getElementById("original").value, nonce, isWide,
      changed: () => { intoValues(); check(); },
    });
    form.classList.add("is-editing");
    fold.querySelector(".json-label").hidden = true;
    fold.querySelector(".json-heads").hidden = !isWide;
    for (const input of values()) if (input.value !== was(input).value) intoJson(input);
  }
  fold.addEventListener("toggle", openEditor);
  openEditor();

  form.addEventListener("input", (event) => {
    const input = event.target;
    if (input.matches("[data-pointer]")) {
      input.closest(".value").classList.toggle("is-changed", input.value !== input.dataset.begun);
      if (editor) intoJson(input);
    }
    if (input.matches("[data-pointer], #text, #order-id, [name=override]")) check();
  });

  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches("input[data-pointer]")) return;
    event.preventDefault();
    check();
    document.getElementById("send")?.focus();
  });

  form.addEventListener("click", (event) => {
    const pointer = event.target.closest("[data-show]")?.dataset.show;
    if (!pointer) return;
    const input = values().find((one) => one.dataset.pointer === pointer);
    if (input && !editor) {
      input.closest("details")?.setAttribute("open", "");
      input.focus();
      return;
    }
    fold.open = true;
    openEditor();
    editor?.show(pointer);
  });

  // --- One send for two clicks ---

  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    clearTimeout(timer);
    event.submitter?.setAttribute("aria-busy", "true");
  });
  // The back button shows the page as it was left.
  window.addEventListener("pageshow", () => { delete form.dataset.sent; });

  document.addEventListener("htmx:load", (event) => { if (event.detail.elt.id === "verdict") dress(); });
  dress();
})();
