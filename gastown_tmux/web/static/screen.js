// A screen as the server read it from tmux: lines of runs, each a text with a style in a few letters.

import { el } from "./dom.js";

//: tmux's first sixteen, for a dark ground whatever the page's theme is.
const FIRST = [
  "#4b5263", "#e8706a", "#8ac27a", "#e0b568", "#6cabf0", "#c98be0", "#5cc2c9", "#d7dae0",
  "#7b8496", "#ff8f88", "#a6e08f", "#f5d087", "#8fc5ff", "#dfa8f2", "#7fe0e6", "#ffffff",
];
const STEPS = [0, 95, 135, 175, 215, 255];
const HEX = /^#[0-9a-f]{6}$/i;
const LINES = { u: "solid", u2: "double", u3: "wavy", u4: "dotted", u5: "dashed" };
const INK = "#d7dae0";
const PAPER = "#101317";

/** The CSS of tmux's colour: a number of 256, or #rrggbb; null for anything else. */
export function colour(word) {
  if (HEX.test(word)) return word;
  if (!/^\d{1,3}$/.test(word)) return null;
  const number = Number(word);
  if (number < 16) return FIRST[number];
  if (number > 255) return null;
  if (number >= 232) {
    const grey = 8 + 10 * (number - 232);
    return `rgb(${grey},${grey},${grey})`;
  }
  const place = number - 16;
  return `rgb(${STEPS[Math.floor(place / 36)]},${STEPS[Math.floor(place / 6) % 6]},${STEPS[place % 6]})`;
}

function drawRun([text, style, columns]) {
  if (!style && columns === undefined) return document.createTextNode(text);
  const span = el("span");
  span.textContent = text;
  const css = span.style;
  let ink = null;
  let paper = null;
  let reverse = false;
  const decorations = [];
  for (const word of style.split(" ")) {
    if (word === "b") css.fontWeight = "700";
    else if (word === "d") css.opacity = "0.7";
    else if (word === "i") css.fontStyle = "italic";
    else if (word === "r") reverse = true;
    else if (word === "h") css.visibility = "hidden";
    else if (word === "s") decorations.push("line-through");
    else if (word === "o") decorations.push("overline");
    else if (word === "l") decorations.push("underline");
    else if (word in LINES) {
      decorations.push("underline");
      css.textDecorationStyle = LINES[word];
    } else if (word[0] === "f") ink = colour(word.slice(1));
    else if (word[0] === "g") paper = colour(word.slice(1));
    else if (word[0] === "c") css.textDecorationColor = colour(word.slice(1)) ?? "";
  }
  if (reverse) [ink, paper] = [paper ?? PAPER, ink ?? INK];
  if (ink) css.color = ink;
  if (paper) css.backgroundColor = paper;
  if (decorations.length) css.textDecorationLine = decorations.join(" ");
  if (Number.isInteger(columns)) {
    span.className = "wide";
    css.width = `${columns}ch`;
  }
  return span;
}

function drawLine(line, runs) {
  line.replaceChildren(...runs.map(drawRun));
}

/** `<pre>` that follows what the server says of one agent's window; it stays at its end while that is in sight. */
export class Screen {
  element = el("pre", { class: "screen", tabindex: "0", role: "group" });
  #lines = [];
  #atEnd = true;
  #asked = 0;

  constructor(agent, name = "") {
    this.agent = agent;
    this.element.className = `screen ${name}`;
    this.element.setAttribute("aria-label", `the window of ${agent}`);
    const box = this.element;
    box.addEventListener("scroll", () => {
      this.#atEnd = box.scrollTop >= this.#end() - 24;
    });
  }

  take({ lines_total: total, lines = {}, whole, gone }) {
    if (gone) {
      this.#resize(1);
      drawLine(this.#lines[0], [["its window is gone", "d"]]);
      return;
    }
    if (whole) this.#resize(0);
    this.#resize(total ?? this.#lines.length);
    for (const [place, runs] of Object.entries(lines)) {
      const line = this.#lines[Number(place)];
      if (line) drawLine(line, runs);
    }
    // Where it stands is asked once a frame: each asking lays the page out anew.
    if (this.#atEnd && !this.#asked) {
      this.#asked = requestAnimationFrame(() => {
        this.#asked = 0;
        this.element.scrollTop = this.#end();
      });
    }
  }

  /** Where the last line with words is in sight: below it a fresh window is blank. */
  #end() {
    const last = this.#lines.findLast((line) => line.textContent.trim()) ?? this.#lines.at(-1);
    const box = this.element;
    const foot = last ? last.offsetTop - this.#lines[0].offsetTop + 2 * last.offsetHeight : 0;
    return Math.max(0, Math.min(foot, box.scrollHeight) - box.clientHeight);
  }

  #resize(count) {
    while (this.#lines.length > count) this.#lines.pop().remove();
    while (this.#lines.length < count) this.#lines.push(this.element.appendChild(el("div")));
  }
}

/** Lines that do not change any more. */
export function drawHistory(agent, lines) {
  const box = el("pre", { class: "screen big", tabindex: "0", role: "group", "aria-label": `what ${agent} printed` });
  for (const runs of lines) drawLine(box.appendChild(el("div")), runs);
  return box;
}
