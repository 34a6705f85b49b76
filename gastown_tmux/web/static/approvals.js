// What waits for a person, made for a phone: one after the other, with the diff, and answers in a thumb's reach.

import { post } from "./api.js";
import { complain, drawActs } from "./acts.js";
import { clear, el, keep, say, set } from "./dom.js";
import { Patch } from "./patch.js";
import { agentLink, beadLink, go } from "./router.js";
import { age, ageInWords } from "./times.js";

//: What is about a merge request is answered with its diff before the eyes, and by its buttons.
const atRequest = (need) => need?.kind === "merge" || need?.kind === "proposal";
const linkOf = (id) => `/approvals?of=${encodeURIComponent(id)}`;

export function showApprovals(main, given) {
  return given.query.get("of") ? showOne(main, given) : showAll(main, given);
}

function showAll(main, { town }) {
  const list = el("ul", { class: "rows" });
  const empty = el("p", { class: "empty" }, "nothing waits for you");
  main.append(el("h1", {}, "What waits for you"), empty, list);
  let chosen = null;
  const links = () => [...list.querySelectorAll("a")];
  const draw = () => {
    const needs = town.list("needs");
    empty.hidden = needs.length > 0;
    keep(list, needs, (need) => need.id, make, (item, need) => {
      say(item.parts.head, `${need.kind} ${need.thing}`);
      say(item.parts.title, need.title);
      say(item.parts.more, need.kind === "approval" ? "" : need.reason);
      set(say(item.parts.since, age(need.since)), { "data-since": need.since, title: ageInWords(need.since) });
      say(item.parts.sign, need.urgency === "high" ? "▲" : "△");
    });
  };
  const make = (need) => {
    const parts = {
      sign: el("span", { class: "sign s-waiting", "aria-hidden": "true" }),
      head: el("a", { class: "id", href: linkOf(need.id) }),
      title: el("span", { class: "title" }),
      since: el("span", { class: "since" }),
      more: el("p", { class: "more" }),
    };
    const item = el("li", { class: "row need" }, parts.sign, el("div", { class: "head" }, parts.head, parts.title));
    item.append(parts.since, parts.more);
    item.addEventListener("click", (event) => event.target.closest("a") ?? go(linkOf(need.id)));
    return Object.assign(item, { parts });
  };
  draw();
  return {
    changed: (names) => names.has("needs") && draw(),
    move(step) {
      const all = links();
      const place = all.indexOf(document.activeElement);
      chosen = all[Math.min(Math.max(place + step, 0), all.length - 1)];
      chosen?.focus();
    },
  };
}

function showOne(main, { town, query }) {
  const wanted = query.get("of");
  // A bead's, agent's or request's name will do: what is asked about it, if anything is, is answered here.
  const find = () =>
    town.list("needs").find((each) => each.id === wanted || each.thing === wanted || each.bead === wanted) ?? null;
  const seen = { need: find(), moved: performance.now(), patch: null, diff: null };
  const title = el("h1");
  const about = el("p", { class: "faint" });
  const asked = el("pre", { class: "text", tabindex: "0" });
  const steps = el("ul", { class: "steps" });
  const change = el("div");
  const bar = el("div", { class: "bar" });
  const where = el("p", {}, el("a", { href: "/approvals" }, "all that waits"), " ", el("a", { id: "next-need" }));
  main.append(where, title, about, asked, steps, change, bar);

  const drawBar = () => {
    const acts = seen.diff?.acts?.length ? seen.diff.acts : (seen.need?.acts ?? []);
    const drawn = JSON.stringify(acts);
    if (bar.drawn === drawn) return;
    bar.drawn = drawn;
    clear(bar).append(drawActs(acts.filter((act) => !(act.shows && act.line[0] === "diff")), () => seen.moved));
    if (seen.diff && acts.length) bar.append(el("p", { class: "faint" }, "Answers are for just what is shown here."));
  };
  const draw = () => {
    const now = find();
    const others = town.list("needs");
    const place = others.findIndex((each) => each.id === now?.id);
    const next = others[place + 1] ?? others[0];
    set(where.lastChild, { href: next && next.id !== now?.id ? linkOf(next.id) : null });
    say(where.lastChild, next && next.id !== now?.id ? `next: ${next.kind} ${next.thing}` : "");
    if (now?.id !== seen.need?.id || now?.digest !== seen.need?.digest) {
      seen.moved = performance.now();
      if (seen.diff && now?.digest !== seen.need?.digest) loadDiff();
    }
    seen.need = now;
    seen.asked ||= Boolean(now);
    if (now) {
      say(title, `${now.kind} ${now.thing}: ${now.title}`);
      clear(about).append(...links(now), " ", el("span", { "data-since": now.since }, age(now.since)));
    } else {
      if (!seen.asked) say(title, seen.diff ? `diff of ${seen.diff.title || wanted}` : wanted);
      say(about, seen.diff && !seen.asked ? "" : "It does not wait for you any more: it was answered, or has changed.");
    }
    say(asked, now?.reason ?? "").hidden = !now?.reason;
    keep(steps, atRequest(now) ? [] : (now?.next ?? []), (step) => step, () => el("li"), (item, step) => {
      clear(item).append(say(el("code"), step));
    });
    drawBar();
  };
  const loadDiff = async () => {
    const need = seen.need;
    const of = atRequest(need) ? need.thing : need ? need.bead : wanted;
    if (!of) return;
    say(clear(change), "the diff is made …");
    try {
      seen.diff = await post("/api/diff", { of });
      seen.patch = new Patch(seen.diff);
      clear(change).append(el("h2", {}, say(el("span"), `diff of ${seen.diff.title || of}`)), seen.patch.element);
    } catch (failed) {
      seen.diff = seen.patch = null;
      say(clear(change), "");
      complain(failed);
    }
    seen.moved = performance.now();
    draw();
  };
  draw();
  if (!seen.need || atRequest(seen.need)) loadDiff();
  else if (seen.need.bead) change.append(el("button", { type: "button", on: { click: loadDiff } }, "show the diff"));
  return {
    changed: (names) => names.has("needs") && draw(),
    get patch() {
      return seen.patch;
    },
    press(key) {
      const button = [...bar.querySelectorAll("button")].find((each) => each.getAttribute("aria-keyshortcuts") === key);
      button?.click();
      return Boolean(button);
    },
  };
}

function links(need) {
  const found = [];
  if (need.agent) found.push(say(el("a", { href: agentLink(need.agent) }), need.agent), " ");
  if (need.bead) found.push(say(el("a", { href: beadLink(need.bead) }), need.bead));
  return found;
}
