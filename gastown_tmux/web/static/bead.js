// One bead: what it is, what it waits for, its life as a timeline, and what was changed for it.

import { get, post } from "./api.js";
import { complain, drawActs } from "./acts.js";
import { clear, el, keep, say, set } from "./dom.js";
import { Patch } from "./patch.js";
import { agentLink, beadLink } from "./router.js";
import { clock } from "./times.js";

//: What changes at once is read at once, and a flood once in a while.
const LOAD_AFTER = 400;

export function showBead(main, { town, query }) {
  const id = query.get("id") ?? "";
  const title = say(el("h1"), id);
  const facts = el("p", {});
  const body = el("pre", { class: "text", tabindex: "0" });
  const waits = el("ul", {});
  const acts = el("div", {});
  const answer = el("a", { class: "button", hidden: true });
  const life = el("ol", { class: "time-line" });
  const family = el("ul", {});
  const change = el("div", {});
  const button = el("button", { type: "button" }, "show the diff");
  const about = el("section", { "aria-label": "the bead" }, facts, answer, acts, waits, body, family, button, change);
  main.append(title, el("div", { class: "two" }, about, el("section", {}, el("h2", {}, "its life"), life)));

  const seen = { patch: null, moved: performance.now(), acts: [], drawn: "", known: "" };
  const draw = ({ bead, acts: found }) => {
    say(title, `${bead.id} ${bead.title}`);
    const parts = [el("strong", { class: `s-${bead.state}` }, say(el("span"), bead.state))];
    const cost = bead.cost !== undefined && bead.cost !== null ? `$${Number(bead.cost).toFixed(2)}` : "";
    const tokens = bead.tokens ? `${Number(bead.tokens).toLocaleString("en")} tokens` : "";
    for (const word of [bead.reason, `priority ${bead.priority}`, bead.rig, bead.convoy, tokens, cost]) {
      if (word) parts.push(say(el("span"), String(word)));
    }
    if (bead.assignee) parts.push(say(el("a", { href: agentLink(bead.assignee) }), bead.assignee));
    if (bead.merged_commit) parts.push(say(el("code"), bead.merged_commit.slice(0, 12)));
    clear(facts).append(...parts.flatMap((part) => [part, " · "]).slice(0, -1));
    say(body, [bead.body, bead.report ? `\nreport:\n${bead.report}` : ""].join("")).hidden = !bead.body && !bead.report;
    const told = [...(bead.waits ? [`waits: ${bead.waits}`] : []), ...(bead.next ?? []).map((step) => `next: ${step}`)];
    const need = town.list("needs").find((each) => each.bead === id);
    say(answer, need ? `it waits for you: ${need.title}` : "").hidden = !need;
    set(answer, { href: need ? `/approvals?of=${encodeURIComponent(need.id)}` : null });
    keep(waits, told, (line) => line, (line) => say(el("li"), line), () => {});
    const kin = [...(bead.needs ?? []).map((each) => ["needs", each]), ...(bead.children ?? []).map((each) => ["has", each])];
    keep(family, kin, String, ([word, each]) => kinLine(word, each, bead.titles ?? {}), () => {});
    keep(life, bead.timeline ?? [], (moment) => moment.time + moment.what, drawMoment, () => {});
    const drawn = JSON.stringify(found);
    if (drawn !== seen.drawn) {
      Object.assign(seen, { drawn, acts: found, moved: performance.now() });
      clear(acts).append(drawActs(found.filter((act) => act.line[0] !== "diff"), () => seen.moved));
    }
  };
  const load = async () => {
    try {
      draw(await get("/api/bead", { id }));
    } catch (failed) {
      if (failed.status === 404) say(facts, "there is no such bead: gt bead list shows them");
      else complain(failed);
    }
  };
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const diff = await post("/api/diff", { of: id });
      seen.patch = new Patch(diff);
      clear(change).append(el("h2", {}, "diff"), drawActs(diff.acts ?? [], () => seen.moved), seen.patch.element);
    } catch (failed) {
      complain(failed);
    }
    button.disabled = false;
  });
  load();
  return {
    changed(names) {
      if (!["beads", "needs", "queue", "workers", "events"].some((name) => names.has(name))) return;
      const told = town.list("events").find((row) => row.title.includes(id) || row.more.includes(id));
      const known = JSON.stringify([town.find("beads", `bead ${id}`), told?.id]);
      if (known === seen.known) return;
      seen.known = known;
      seen.timer ||= setTimeout(() => {
        seen.timer = 0;
        load();
      }, LOAD_AFTER);
    },
    get patch() {
      return seen.patch;
    },
    press(key) {
      if (key === "d") button.click();
      const found = [...acts.querySelectorAll("button")].find((each) => each.getAttribute("aria-keyshortcuts") === key);
      found?.click();
      return key === "d" || Boolean(found);
    },
    close: () => clearTimeout(seen.timer),
  };
}

function drawMoment({ time, what }) {
  return el("li", {}, say(el("time", { datetime: time, title: time }), clock(time)), say(el("span"), what));
}

function kinLine(word, given, titles) {
  const id = typeof given === "string" ? given : given.id;
  const name = given.title ?? titles[id] ?? "";
  return el("li", {}, `${word} `, say(el("a", { href: beadLink(id) }), id), say(el("span"), ` ${name}`));
}
