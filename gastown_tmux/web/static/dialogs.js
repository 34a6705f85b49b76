// What is asked before something is done, and what is only read. One at a time, closed by escape.

import { clear, el, say } from "./dom.js";

const box = () => document.getElementById("dialog");

/** Whether keys belong to a dialog now. */
export const isOpen = () => box().open;

/** Whatever it holds; escape closes it. */
export function openDialog(title, ...content) {
  const dialog = clear(box());
  const heading = el("h2", { id: "dialog-title" });
  say(heading, title);
  dialog.append(heading, ...content);
  if (!dialog.open) dialog.showModal();
  return dialog;
}

/** Resolves to what `finish` was called with, or null where it is closed in another way. */
function ask(title, fill) {
  return new Promise((resolve) => {
    const close = el("button", { type: "button", on: { click: () => dialog.close() } }, "cancel");
    let answer = null;
    const finish = (given) => {
      answer = given;
      dialog.close();
    };
    const dialog = openDialog(title, ...fill(finish, close));
    dialog.addEventListener("close", () => resolve(answer), { once: true });
  });
}

/** The words, or null. */
export function askWords(question, mayBeEmpty) {
  return ask(question, (finish, close) => {
    const words = el("textarea", { rows: "3", "aria-labelledby": "dialog-title", autofocus: true });
    const send = () => {
      const given = words.value.trim();
      if (given || mayBeEmpty) finish(given);
      else words.focus();
    };
    words.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send();
    });
    const note = el("p", { class: "faint" }, mayBeEmpty ? "It may be left empty. Ctrl+Enter sends." : "Ctrl+Enter sends.");
    const button = el("button", { type: "button", class: "first", on: { click: send } }, "send");
    return [words, note, el("div", { class: "acts" }, close, button)];
  });
}

/** True, or null. */
export function askWhether(question) {
  return ask(question, (finish, close) => [
    el("p", {}, "It cannot be undone."),
    el("div", { class: "acts" }, close, el("button", { type: "button", class: "first", on: { click: () => finish(true) } }, "yes")),
  ]);
}

export function show(title, ...content) {
  const close = el("button", { type: "button", autofocus: true, on: { click: () => box().close() } }, "close");
  openDialog(title, ...content, el("div", { class: "acts" }, close));
}

export function showText(title, lines, ...more) {
  const text = el("pre", { class: "text", tabindex: "0" });
  say(text, lines.join("\n"));
  show(title, text, ...more);
}

/** A command to be typed elsewhere, with a button that copies it. */
export function copyLine(words) {
  const code = say(el("code"), words);
  const button = el("button", { type: "button" }, "copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(words);
      button.textContent = "copied";
    } catch {
      getSelection().selectAllChildren(code); // no clipboard without https: it is marked instead
      button.textContent = "marked: copy it";
    }
  });
  return el("div", { class: "copy" }, code, button);
}

export function showHelp(keys) {
  const list = el("dl");
  for (const [key, words] of keys) list.append(el("dt", {}, el("kbd", {}, key)), el("dd", {}, words));
  show("keys", list);
}
