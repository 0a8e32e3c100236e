// The JSON editor: what was sent on the left, what will be sent on the right; on a narrow screen one below the other in
// one text. It knows JSON pointers and locked placeholders. What a field or a button does stands in static/js/resubmit.js.
import { Annotation, EditorState } from "@codemirror/state";
import { Decoration, EditorView, ViewPlugin, keymap, lineNumbers } from "@codemirror/view";
import { HighlightStyle, bracketMatching, syntaxHighlighting } from "@codemirror/language";
import { json, jsonLanguage } from "@codemirror/lang-json";
import { linter } from "@codemirror/lint";
import { MergeView, unifiedMergeView } from "@codemirror/merge";
import { search, searchKeymap } from "@codemirror/search";
import { tags } from "@lezer/highlight";
import { minimalSetup } from "codemirror";

const LOCKED = /"‹locked:[^"\n]*›"/g;
const MASKED = /"‹(?:locked|hidden):[^"\n]*›"/g;
const own = Annotation.define();
const colours = HighlightStyle.define([
  { tag: tags.propertyName, class: "tok-key" },
  { tag: tags.string, class: "tok-str" },
  { tag: tags.number, class: "tok-num" },
  { tag: [tags.bool, tags.null], class: "tok-lit" },
]);

function placesOf(pattern, text) {
  return [...text.matchAll(pattern)].map((found) => [found.index, found.index + found[0].length]);
}

function marks(text) {
  return Decoration.set(placesOf(MASKED, text).map(([from, to]) => Decoration.mark({ class: "masked" }).range(from, to)));
}

const lockedMarks = ViewPlugin.fromClass(class {
  constructor(view) { this.decorations = marks(view.state.doc.toString()); }
  update(update) { if (update.docChanged) this.decorations = marks(update.state.doc.toString()); }
}, { decorations: (plugin) => plugin.decorations });

// Typing cannot harm a placeholder. Whoever replaces one as a whole, with all the text say, is told so by the server.
const lockedRanges = EditorState.changeFilter.of((transaction) => {
  if (transaction.annotation(own)) return true;
  const changed = [];
  transaction.changes.iterChangedRanges((from, to) => changed.push([from, to]));
  const isReplaced = ([from, to]) => changed.some(([begin, end]) => begin <= from && end >= to);
  return placesOf(LOCKED, transaction.startState.doc.toString()).filter((place) => !isReplaced(place)).flat();
});

function firstError(text) {
  let at = null;
  jsonLanguage.parser.parse(text).iterate({
    enter: (node) => { if (at === null && node.type.isError) at = node.from; return at === null; },
  });
  return Math.min(at ?? text.length, Math.max(text.length - 1, 0));
}

const lint = linter((view) => {
  const text = view.state.doc.toString();
  try {
    JSON.parse(text);
    return [];
  } catch {
    const from = firstError(text);
    const message = "Here a comma, a quotation mark or a bracket is missing, or there is one too many.";
    return [{ from, to: Math.min(from + 1, text.length), severity: "error", message }];
  }
});

// --- JSON pointers ---

function keysOf(pointer) {
  return pointer.split("/").slice(1).map((key) => key.replace(/~1/g, "/").replace(/~0/g, "~"));
}

function childOf(text, node, key) {
  if (node.name === "Object") {
    for (const property of node.getChildren("Property")) {
      const name = property.getChild("PropertyName");
      if (JSON.parse(text.slice(name.from, name.to)) === key) return { property, value: property.lastChild };
    }
    return null;
  }
  if (node.name !== "Array" || !/^\d+$/.test(key)) return null;
  let at = -1;
  for (let child = node.firstChild; child; child = child.nextSibling) {
    if (!/^(\[|\]|,|⚠)$/.test(child.name) && ++at === Number(key)) return { property: child, value: child };
  }
  return null;
}

// The value that a pointer names; where it is missing, the innermost object or list that is there and what is missing in it.
function find(text, pointer) {
  let found = { value: jsonLanguage.parser.parse(text).topNode.firstChild, property: null };
  const keys = keysOf(pointer);
  for (const [at, key] of keys.entries()) {
    const next = found.value && childOf(text, found.value, key);
    if (!next) return { container: found.value, missing: keys.slice(at) };
    found = next;
  }
  return found;
}

function insertion(text, container, missing, literal) {
  if (container?.name !== "Object") return null;
  const line = text.slice(text.lastIndexOf("\n", container.to - 1) + 1).match(/^ */)[0];
  const [name, ...deeper] = missing;
  const value = deeper.reduceRight((inner, key) => `{${JSON.stringify(key)}: ${inner}}`, literal);
  const last = container.getChildren("Property").at(-1);
  const from = last ? last.to : container.from + 1;
  const insert = `${last ? "," : ""}\n${line}  ${JSON.stringify(name)}: ${value}`;
  return { from, insert: last ? insert : `${insert}\n${line}` };
}

function removal(text, property) {
  const before = text.slice(0, property.from).match(/,\s*$/);
  if (before) return { from: property.from - before[0].length, to: property.to };
  const after = text.slice(property.to).match(/^\s*,\s*/);
  return { from: property.from, to: property.to + (after ? after[0].length : 0) };
}

// --- The editor ---

function common(label) {
  return [
    minimalSetup, lineNumbers(), bracketMatching(), json(), syntaxHighlighting(colours), lockedMarks,
    EditorView.lineWrapping, EditorView.contentAttributes.of({ "aria-label": label }),
  ];
}

/**
 * Puts an editor in the place of a textarea and keeps the textarea's value in step.
 * `changed` is called after every change that a person made in the editor.
 */
export function open({ textarea, original, nonce, isWide, changed }) {
  const parent = document.createElement("div");
  parent.className = isWide ? "editor editor-wide" : "editor";
  textarea.after(parent);
  textarea.hidden = true;
  const withNonce = nonce ? [EditorView.cspNonce.of(nonce)] : [];
  const editable = [
    ...common("What will be sent, as JSON"), ...withNonce, EditorView.contentAttributes.of({ tabindex: "0" }), keymap.of(searchKeymap), search({ top: true }), lint, lockedRanges,
    EditorView.updateListener.of((update) => {
      if (!update.docChanged) return;
      textarea.value = update.state.doc.toString();
      if (!update.transactions.some((one) => one.annotation(own))) changed();
    }),
  ];
  const readable = [
    ...common("What was sent, as JSON"), ...withNonce, EditorState.readOnly.of(true), EditorView.editable.of(false),
    EditorView.contentAttributes.of({ tabindex: "0", role: "textbox", "aria-readonly": "true", "aria-multiline": "true" }),
  ];
  const view = isWide
    ? new MergeView({ a: { doc: original, extensions: readable }, b: { doc: textarea.value, extensions: editable }, parent }).b
    : new EditorView({
      doc: textarea.value, parent,
      extensions: [...editable, unifiedMergeView({ original, mergeControls: false, allowInlineDiffs: true })],
    });
  const text = () => view.state.doc.toString();
  const apply = (changes) => changes && view.dispatch({ changes, annotations: own.of(true) });
  return {
    valueAt(pointer) {
      const { value } = find(text(), pointer);
      try { return value && JSON.parse(text().slice(value.from, value.to)); } catch { return undefined; }
    },
    literalAt(pointer) {
      const { value } = find(text(), pointer);
      return value ? text().slice(value.from, value.to) : "";
    },
    isBroken() {
      try { JSON.parse(text()); return false; } catch { return true; }
    },
    // `literal` is JSON already: a number keeps its digits.
    put(pointer, literal) {
      const found = find(text(), pointer);
      if (found.value) apply({ from: found.value.from, to: found.value.to, insert: literal });
      else apply(insertion(text(), found.container, found.missing, literal));
    },
    remove(pointer) {
      const { property } = find(text(), pointer);
      if (property) apply(removal(text(), property));
    },
    show(pointer) {
      const found = find(text(), pointer), node = found.value || found.container;
      if (!node) return;
      view.dispatch({ selection: { anchor: node.from, head: found.value ? node.to : node.from },
        effects: EditorView.scrollIntoView(node.from, { y: "center" }) });
      view.focus();
    },
  };
}
