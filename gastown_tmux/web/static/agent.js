// One agent: its live screen with what it printed before, words typed into its window, answers, and how to go there.

import { get, post } from "./api.js";
import { complain, drawActs, perform, report, tell } from "./acts.js";
import { copyLine } from "./dialogs.js";
import { clear, el, keep, say, set } from "./dom.js";
import { beadLink } from "./router.js";
import { Screen, drawHistory } from "./screen.js";
import { age, ageInWords } from "./times.js";

const HISTORY = 2000;
//: The key of the act that types words.
const TYPE = "t";

export function showAgent(main, { town, query, watch }) {
  const address = query.get("address") ?? "";
  const find = () => town.find("workers", address);
  const screen = new Screen(address, "big");
  const title = say(el("h1"), address);
  const facts = el("p", {});
  const needs = el("div", {});
  const before = el("div", { class: "before" });
  const older = el("button", { type: "button" }, "what it printed before");
  const acts = el("div", {});
  const attach = el("div", {});
  const health = el("ul", {});
  const words = typing(() => find());
  const none = el("p", { class: "empty" });
  const first = el("section", { "aria-label": "window" }, needs, older, before, none, screen.element, words.element);
  const second = el("section", { "aria-label": "about it" }, el("h2", {}, "what can be done"), acts);
  second.append(el("h2", {}, "go there"), attach, el("h2", {}, "what is known of it"), health);
  main.append(title, facts, el("div", { class: "two" }, first, second));

  let moved = performance.now();
  let drawnActs = "";
  const draw = () => {
    const worker = find();
    if (!worker) {
      say(none, town.head ? "there is no such agent now: gt agents lists them" : "reading the town…").hidden = false;
      screen.element.hidden = older.hidden = words.element.hidden = true;
      return;
    }
    const parts = [el("strong", { class: `s-${worker.state}` }, say(el("span"), worker.state))];
    const { title: work, bead, provider, cost, reason, since } = worker;
    if (bead) parts.push(say(el("a", { href: beadLink(bead) }), `${bead} ${work}`));
    for (const word of [provider, cost, reason]) if (word) parts.push(say(el("span"), word));
    parts.push(set(say(el("span", { title: ageInWords(since) }), age(since)), { "data-since": since }));
    clear(facts).append(...parts.flatMap((part) => [part, " · "]).slice(0, -1));
    say(none, "it has no window now").hidden = worker.live;
    screen.element.hidden = !worker.live;
    older.hidden = !worker.live || before.childElementCount > 0;
    words.element.hidden = !worker.live;
    const asked = town.list("needs").filter((need) => need.agent === address);
    if (keep(needs, asked, (need) => need.id + need.digest, () => el("div", { class: "need card" }), drawNeed)) moved = performance.now();
    const drawn = JSON.stringify(worker.acts);
    if (drawn !== drawnActs) {
      drawnActs = drawn;
      clear(acts).append(drawActs(worker.acts, () => moved));
    }
  };
  const drawNeed = (box, need) => {
    clear(box).append(say(el("h3"), `${need.kind}: ${need.title}`));
    if (need.reason && need.reason !== need.title) box.append(say(el("pre", { class: "text", tabindex: "0" }), need.reason));
    box.append(drawActs(need.acts, () => moved));
  };
  older.addEventListener("click", async () => {
    older.disabled = true;
    try {
      const found = await get("/api/screen", { agent: address, lines: HISTORY });
      const box = drawHistory(address, found.lines);
      clear(before).append(el("h2", {}, "before"), box, el("h2", {}, "now"));
      box.scrollTop = box.scrollHeight;
      older.hidden = true;
    } catch (failed) {
      complain(failed);
    }
    older.disabled = false;
  });
  const look = async () => {
    try {
      const found = await get("/api/agent", { address });
      clear(attach).append(copyLine(found.attach));
      keep(health, found.health ?? [], (line) => line, (line) => say(el("li"), line), () => {});
    } catch (failed) {
      if (failed.status !== 404) complain(failed);
    }
  };
  const known = town.screen(address);
  if (known) screen.take(known);
  watch(address, []);
  draw();
  look();
  return {
    changed: (names) => (names.has("workers") || names.has("needs")) && draw(),
    screen: (message) => message.agent === address && screen.take(message),
    get acts() {
      const asked = town.list("needs").filter((need) => need.agent === address).flatMap((need) => need.acts);
      const keys = new Set(asked.map((act) => act.key));
      return [...asked, ...(find()?.acts ?? []).filter((act) => !keys.has(act.key))];
    },
    press(key) {
      const act = this.acts.find((each) => each.key === key);
      if (act) act.key === TYPE && !words.element.hidden ? words.focus() : perform(act, moved);
      return Boolean(act);
    },
    close: () => watch(null, []),
  };
}

/** Words for its window, by the one function that types: it looks first, and says whether they arrived. */
function typing(find) {
  const words = el("textarea", { rows: "2", id: "words", placeholder: "words for its composer" });
  const send = el("button", { type: "submit", class: "first" }, "type");
  const label = el("label", { for: "words" }, "Type words into its window");
  const note = el("span", { class: "faint" }, "Ctrl+Enter types them, once it is idle.");
  const element = el("form", { class: "typing" }, label, words, el("div", { class: "acts" }, note, send));
  words.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) element.requestSubmit();
  });
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    const act = find()?.acts.find((each) => each.key === TYPE);
    const given = words.value.trim();
    if (!given || send.disabled) return words.focus();
    if (!act) return tell("words cannot be typed there now", true);
    send.disabled = true;
    tell("typing …");
    try {
      if (report(await post("/api/act", { act: act.act, words: given })) && words.value.trim() === given) words.value = "";
    } catch (failed) {
      complain(failed);
    }
    send.disabled = false;
  });
  return { element, focus: () => words.focus() };
}
