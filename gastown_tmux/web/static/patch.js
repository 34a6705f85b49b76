// A diff as it is read: by file and hunk, coloured and signed; words on a line go to its author.

import { post } from "./api.js";
import { complain, report, tell } from "./acts.js";
import { el, say } from "./dom.js";

//: A file with more lines is closed until somebody opens it.
const LONG = 400;
const CLASS = { "+": "added", "-": "removed", " ": "same" };
const IN_WORDS = { "+": "added", "-": "removed", " ": "line" };

export class Patch {
  element = el("div", { class: "patch" });
  #diff;

  constructor(diff) {
    this.#diff = diff;
    const { files, head_lines: head = [], cut } = diff;
    if (head.length) this.element.append(say(el("pre", { class: "text" }), head.join("\n")));
    if (!files.length && !head.length) this.element.append(el("p", { class: "empty" }, "nothing is changed"));
    for (const file of files) this.element.append(this.#file(file));
    if (cut) this.element.append(el("p", { class: "bad" }, say(el("span"), `More is not shown here: gt diff ${diff.of}`)));
  }

  /** To the hunk, file or line before or after where the focus is. */
  step(kind, forward) {
    const selector = { line: "li > button", hunk: "li.hunk > button", file: "summary" }[kind];
    const places = [...this.element.querySelectorAll(selector)].filter((place) => place.checkVisibility());
    const from = this.element.contains(document.activeElement) ? document.activeElement : null;
    const after = (place) => from.compareDocumentPosition(place) & Node.DOCUMENT_POSITION_FOLLOWING;
    const before = (place) => from.compareDocumentPosition(place) & Node.DOCUMENT_POSITION_PRECEDING;
    const next = !from ? places[forward ? 0 : places.length - 1] : forward ? places.find(after) : places.findLast(before);
    next?.focus({ preventScroll: true });
    next?.scrollIntoView({ block: "center" });
  }

  /** Words on the line that has the focus; whether there is one. */
  comment() {
    const line = document.activeElement?.closest?.(".patch li");
    line?.querySelector("button")?.click();
    return Boolean(line);
  }

  #file(file) {
    const lines = file.hunks.reduce((sum, hunk) => sum + hunk.lines.length, 0);
    const name = say(el("strong", { class: "id" }), file.name);
    const counts = el("span", { class: "faint" }, ` +${Number(file.added)} −${Number(file.removed)}`);
    const box = el("details", { open: lines <= LONG }, el("summary", {}, name, counts));
    const notes = (file.notes ?? []).filter((note) => !/^(index |--- |\+\+\+ )/.test(note)).join("\n");
    const fill = () => {
      if (box.open && !box.filled) {
        box.filled = true;
        if (notes) box.append(say(el("pre", { class: "notes" }), notes));
        box.append(this.#lines(file));
      }
    };
    box.addEventListener("toggle", fill);
    fill();
    return box;
  }

  #lines(file) {
    const list = el("ol");
    for (const hunk of file.hunks) {
      const at = Number(/\+(\d+)/.exec(hunk.head)?.[1] ?? 0);
      list.append(this.#line(file, "hunk", "", at, hunk.head));
      for (const [sign, number, text] of hunk.lines) {
        list.append(this.#line(file, CLASS[sign] ?? "same", sign, number, text));
      }
    }
    return list;
  }

  #line(file, kind, sign, number, text) {
    const label = kind === "hunk" ? "words on this hunk" : `words on ${IN_WORDS[sign] ?? "line"} ${number}`;
    const button = el("button", { type: "button", "aria-label": label }, kind === "hunk" ? "@@" : String(number ?? ""));
    const code = el("code");
    code.textContent = `${sign}${say(el("i"), text).textContent}`;
    const item = el("li", { class: kind }, button, code);
    button.addEventListener("click", () => this.#write(item, file.name, number, button));
    return item;
  }

  #write(item, file, number, button) {
    const known = item.querySelector("form");
    if (known) return known.querySelector("textarea").focus();
    if (!this.#diff.author) return tell("nobody is known who wrote this", true);
    const words = el("textarea", { rows: "2", "aria-label": `to ${this.#diff.author}, about ${file}:${number}` });
    const send = el("button", { type: "submit", class: "first" }, "mail it to the author");
    const away = el("button", { type: "button" }, "cancel");
    const form = el("form", {}, words, el("div", { class: "acts" }, away, send));
    const close = () => {
      form.remove();
      button.focus();
    };
    away.addEventListener("click", close);
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close();
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    });
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (!words.value.trim() || send.disabled) return words.focus();
      send.disabled = true;
      try {
        const asked = { diff: this.#diff.diff, file, line: number, words: words.value.trim() };
        if (report(await post("/api/comment", asked))) close();
      } catch (failed) {
        complain(failed);
      }
      send.disabled = false;
    });
    item.append(form);
    words.focus();
  }
}
