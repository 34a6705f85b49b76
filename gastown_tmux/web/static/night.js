// The night as one picture: who was in which state when, what landed, what it cost; and a table that says the same.

import { get } from "./api.js";
import { complain } from "./acts.js";
import { clear, el, say, set } from "./dom.js";
import { agentLink, beadLink } from "./router.js";
import { clock } from "./times.js";

const SINCES = { "4h": "4 hours", "8h": "8 hours", "12h": "12 hours", "24h": "a day", "7d": "a week" };
//: What heights and colours mean, in the order of their weight.
const LEGEND = [["working", "works"], ["waiting", "waits for somebody"], ["idle", "idle"], ["limited", "at a limit, or backs off"], ["dead", "dead or failed"]];
const SVG = "http://www.w3.org/2000/svg";

export function showNight(main, { query }) {
  const since = SINCES[query.get("since")] ? query.get("since") : "12h";
  const choice = el("nav", { class: "tabs", "aria-label": "how long" });
  for (const [word, name] of Object.entries(SINCES)) {
    choice.append(set(el("a", { href: `/night?since=${word}` }, name), { "aria-current": word === since ? "page" : null }));
  }
  const picture = el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "picture" });
  const words = el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "the same in words" });
  const landed = el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "what landed" });
  main.append(el("h1", {}, "The night"), choice, picture, drawLegend(), el("h2", {}, "in words"), words);
  main.append(el("h2", {}, "what landed"), landed);
  let open = true;
  const load = async () => {
    say(picture, "it is drawn …");
    try {
      const night = await get("/api/night", { since, zone: -new Date().getTimezoneOffset() });
      if (!open) return;
      clear(picture).append(readPicture(night.svg));
      const none = el("p", { class: "empty" }, "no agent was at work in this time");
      clear(words).append(night.rows.length ? drawTable(["agent", "states", "landed", "deaths", "cost"], night.rows.map(drawAgent)) : none);
      const rows = night.merges.map(drawMerge);
      clear(landed).append(rows.length ? drawTable(["when", "bead", "title", "author"], rows) : el("p", { class: "empty" }, "nothing landed"));
    } catch (failed) {
      say(picture, "");
      complain(failed);
    }
  };
  load();
  return { changed() {}, again: load, close: () => (open = false) };
}

/** Only what a picture needs is taken over, whatever else the text may hold. */
export function readPicture(text) {
  const read = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  return copy(read.namespaceURI === SVG && read.localName === "svg" ? read : document.createElementNS(SVG, "svg"));
}

const KINDS = new Set(["svg", "title", "desc", "path", "rect", "text"]);
const GIVEN = /^(class|id|viewBox|role|aria-labelledby|[xyd]|width|height|fill|stroke|stroke-width|text-anchor|font-size|font-family)$/;

function copy(read) {
  const made = document.createElementNS(SVG, read.localName);
  for (const { name, value } of read.attributes) if (GIVEN.test(name)) made.setAttribute(name, value);
  for (const child of read.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) made.append(child.data);
    else if (child.namespaceURI === SVG && KINDS.has(child.localName)) made.append(copy(child));
  }
  return made;
}

function drawLegend() {
  const list = el("ul", { class: "legend rows", "aria-hidden": "true" });
  for (const [state, word] of LEGEND) {
    const box = document.createElementNS(SVG, "svg");
    const bar = document.createElementNS(SVG, "rect");
    const tall = { idle: 4, limited: 10, waiting: 18, dead: 18 }[state] ?? 14;
    for (const [name, value] of Object.entries({ width: 14, height: tall, y: (18 - tall) / 2 })) bar.setAttribute(name, value);
    for (const [name, value] of Object.entries({ width: 14, height: 18, class: "night key" })) box.setAttribute(name, value);
    bar.setAttribute("class", `s-${state}`);
    box.append(bar);
    list.append(el("li", {}, box, ` ${word}`));
  }
  list.append(el("li", {}, "◆ landed"));
  return list;
}

function drawTable(names, rows) {
  const head = el("tr", {}, ...names.map((name) => el("th", { scope: "col" }, name)));
  return el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows));
}

const cell = (text) => say(el("td"), text);

function drawAgent({ agent, states, landed, deaths, cost }) {
  const name = el("th", { scope: "row" }, say(el("a", { href: agentLink(agent) }), agent));
  return el("tr", {}, name, cell(states), cell(landed || ""), cell(deaths || ""), cell(cost));
}

function drawMerge({ time, bead, title, author }) {
  const link = el("td", {}, say(el("a", { href: beadLink(bead) }), bead));
  return el("tr", {}, cell(clock(time)), link, cell(title), cell(author ?? "—"));
}
