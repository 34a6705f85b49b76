// A list under headings, of which one row is chosen. The choice follows the row's id, never its place.

import { drawActs, openText, perform } from "./acts.js";
import { el, keep, say, set } from "./dom.js";
import { agentLink, beadLink, go } from "./router.js";
import { age, ageInWords } from "./times.js";
import { drawWaves } from "./waves.js";

/** Where all of it is shown: a page, or null where it is opened over this one. */
export function linkOf(row) {
  const [kind] = row.id.split(" ");
  if (kind === "need") return `/approvals?of=${encodeURIComponent(row.id)}`;
  if (kind === "agent") return agentLink(row.agent ?? row.head);
  if (kind === "bead" || kind === "request") return row.bead ? beadLink(row.bead) : null;
  return null;
}

export class RowList {
  element = el("div", { class: "lists" });
  chosen = null;
  #rows = [];
  #sections = new Map();
  #moved = new Map();
  #before = new Map();
  #empty;
  #filter = "";

  /** `details(row)` may say how many of its acts are its own (`own`; the others show once it is chosen), and a `text`. */
  constructor(empty = "nothing here", details = () => null) {
    this.details = details;
    this.#empty = el("p", { class: "empty" }, empty);
  }

  get row() {
    return this.shown.find((row) => row.id === this.chosen) ?? null;
  }

  get shown() {
    const words = this.#filter.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return this.#rows;
    const text = (row) => Object.values(row).filter((each) => typeof each === "string").join(" ").toLowerCase();
    return this.#rows.filter((row) => words.every((word) => text(row).includes(word)));
  }

  filter(words) {
    this.#filter = words;
    this.#draw();
  }

  take(rows) {
    const before = this.#rows;
    this.#rows = rows;
    this.#note(before);
    if (this.chosen && !rows.some((row) => row.id === this.chosen)) {
      // What it was about is gone: what took its place is chosen.
      const place = before.findIndex((row) => row.id === this.chosen);
      this.chosen = rows[Math.min(place, rows.length - 1)]?.id ?? null;
    }
    this.#draw();
  }

  /** When what stands at a row, or above it, last changed by itself. */
  movedAt(id) {
    return this.#moved.get(id) ?? 0;
  }

  move(step) {
    const rows = this.shown;
    if (!rows.length) return;
    const place = rows.findIndex((row) => row.id === this.chosen);
    const next = place < 0 ? (step < 0 ? rows.length - 1 : 0) : Math.min(Math.max(place + step, 0), rows.length - 1);
    this.choose(rows[next].id);
    this.#focus();
  }

  choose(id) {
    this.chosen = id;
    this.#mark();
  }

  open() {
    const row = this.row;
    if (!row) return;
    const link = linkOf(row);
    if (link) go(link);
    else if (row.opens?.length) openText({ row: row.id });
  }

  /** What the key does to the chosen row; whether it does anything. */
  press(key) {
    const act = this.row?.acts?.find((each) => each.key === key);
    if (act) perform(act, this.movedAt(this.chosen));
    return Boolean(act);
  }

  #note(before) {
    const now = new Map();
    let hash = 7;
    for (const row of this.#rows) {
      for (const letter of `${row.id} ${row.digest ?? ""}`) hash = (hash * 31 + letter.codePointAt(0)) | 0;
      now.set(row.id, hash);
      if (before.length && this.#before.get(row.id) !== hash) this.#moved.set(row.id, performance.now());
    }
    this.#before = now;
    for (const id of this.#moved.keys()) if (!now.has(id)) this.#moved.delete(id);
  }

  #draw() {
    const names = [];
    const bySection = Map.groupBy ? Map.groupBy(this.shown, (row) => row.section) : groupBy(this.shown);
    for (const [name, rows] of bySection) {
      let section = this.#sections.get(name);
      if (!section) {
        const list = el("ul", { class: "rows" });
        section = { element: el("section", {}, say(el("h2"), name), list), list };
        this.#sections.set(name, section);
      }
      names.push(section);
      keep(section.list, rows, (row) => row.id, (row) => this.#make(row), (item, row) => this.#fill(item, row));
    }
    const wanted = names.map((section) => section.element);
    if (!wanted.length) wanted.push(this.#empty);
    const there = [...this.element.children];
    if (there.length !== wanted.length || there.some((child, place) => child !== wanted[place])) {
      this.element.replaceChildren(...wanted);
    }
    this.#mark();
  }

  #make(row) {
    const link = linkOf(row);
    const open = { click: () => openText({ row: row.id }) };
    const parts = {
      sign: el("span", { "aria-hidden": "true" }),
      head: link ? el("a", { href: link, class: "id" }) : el("button", { type: "button", class: "id plain", on: open }),
      word: el("span", { class: "word" }),
      title: el("span", { class: "title" }),
      since: el("span", { class: "since" }),
      more: el("p", { class: "more" }),
      text: el("pre", { tabindex: "0", hidden: true }),
      waves: el("div", { hidden: true }),
      acts: el("div", { class: "acts" }),
    };
    const choose = () => this.choose(row.id);
    const item = el("li", { on: { focusin: choose, click: choose } }, parts.sign);
    item.append(el("div", { class: "head" }, parts.head, parts.word, parts.title), parts.since, parts.more, parts.text, parts.waves, parts.acts);
    item.parts = parts;
    return item;
  }

  /** Each part is touched only where it is another: a finger that is down must meet the same button when it rises. */
  #fill(item, row) {
    const parts = item.parts;
    set(item, { class: `row${row.id.startsWith("need ") ? " need" : ""}` });
    set(say(parts.sign, row.sign || "·"), { class: `sign s-${row.state}` });
    set(say(parts.word, row.state), { class: `word s-${row.state}` });
    // An event is named by what became of its thing, and a need stands among those that wait.
    parts.word.hidden = row.head.endsWith(row.state) || row.id.startsWith("need ");
    say(parts.head, row.head);
    say(parts.title, row.title);
    set(say(parts.since, age(row.since)), { "data-since": row.since, title: ageInWords(row.since) });
    say(parts.more, row.more).hidden = !row.more;
    if (parts.head.localName === "button") parts.head.disabled = !row.opens?.length;
    const details = this.details(row);
    say(parts.text, details?.text ?? "").hidden = !details?.text;
    const waves = JSON.stringify(row.waves ?? []);
    if (item.waves !== waves) {
      item.waves = waves;
      parts.waves.hidden = !row.waves?.length;
      parts.waves.replaceChildren(...(row.waves?.length ? [drawWaves(row.waves)] : []));
    }
    const acts = JSON.stringify([row.acts, details?.own]);
    if (item.acts !== acts) {
      item.acts = acts;
      const drawn = drawActs(row.acts ?? [], () => this.movedAt(row.id));
      for (const extra of [...drawn.children].slice(details?.own ?? drawn.children.length)) extra.classList.add("extra");
      parts.acts.replaceWith(drawn);
      parts.acts = drawn;
    }
  }

  #mark() {
    for (const { list } of this.#sections.values()) {
      for (const [id, held] of list.kept ?? []) set(held.child, { "aria-current": id === this.chosen ? "true" : null });
    }
  }

  #focus() {
    for (const { list } of this.#sections.values()) {
      const held = list.kept?.get(this.chosen);
      if (!held) continue;
      const target = held.child.querySelector("a, button:not(:disabled)") ?? set(held.child, { tabindex: "-1" });
      target.focus({ preventScroll: true });
      held.child.scrollIntoView({ block: "nearest" });
    }
  }
}

function groupBy(rows) {
  const found = new Map();
  for (const row of rows) found.set(row.section, [...(found.get(row.section) ?? []), row]);
  return found;
}
