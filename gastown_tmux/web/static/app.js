// The beginning: a token, the stream, the page that the address names, and what stands around all of them.

import { complain, tell } from "./acts.js";
import { showAgent } from "./agent.js";
import { forget, hasToken, post, unlock } from "./api.js";
import { showApprovals } from "./approvals.js";
import { showBead } from "./bead.js";
import { copyLine, show } from "./dialogs.js";
import { clear, el, say, set } from "./dom.js";
import { startKeys } from "./keys.js";
import { Town } from "./model.js";
import { showNight } from "./night.js";
import { showOverview } from "./overview.js";
import { showQueue } from "./queue.js";
import { here, startRouter } from "./router.js";
import { Stream } from "./stream.js";
import { keepAges } from "./times.js";

const PAGES = {
  "/": ["overview", showOverview],
  "/approvals": ["approvals", showApprovals],
  "/agent": ["agent", showAgent],
  "/bead": ["bead", showBead],
  "/queue": ["queue", showQueue],
  "/night": ["night", showNight],
};
const LOCKED = "gt dashboard --link";

const byId = (id) => document.getElementById(id);
const town = new Town();
let page = { changed() {} };
let state = "starting";
const told = new Set();

const stream = new Stream(
  (event, data) => {
    if (event === "model") town.take(data);
    else if (event === "screen") {
      town.takeScreen(data);
      page.screen?.(data);
    }
  },
  (now) => {
    if (now === state) return;
    state = now;
    if (now === "locked") lock();
    drawBanner();
  },
);

function open({ path, query }) {
  page.close?.();
  tell("");
  const main = clear(byId("main"));
  const [name, fill] = PAGES[path] ?? PAGES["/"];
  document.body.dataset.page = name;
  drawTitle();
  for (const link of document.querySelectorAll("#pages a")) {
    set(link, { "aria-current": link.id === `to-${name}` ? "page" : null });
  }
  if (!hasToken()) {
    page = { changed() {} };
    return drawLocked(main);
  }
  if (!town.head || town.head.read === false) {
    page = { changed: (names) => names.has("head") && open(here()) };
    main.append(el("p", { class: "empty" }, "reading the town…"));
    return;
  }
  page = fill(main, { town, query, watch: (selected, visible) => stream.watch(selected, visible) });
  scrollTo(0, 0);
  if (document.activeElement === document.body || !document.activeElement) main.focus({ preventScroll: true });
}

function drawLocked(main) {
  const why = el("p", {}, "This tab has no token: it was opened without a link, its link was used already or is older than a minute, or the dashboard was started anew.");
  main.append(el("h1", {}, "Not unlocked"), why, el("p", {}, "In a terminal of the machine where the town is, outside of the town's own windows:"));
  main.append(copyLine(LOCKED), el("p", {}, "Then open the link that it prints."));
}

function lock() {
  forget();
  open(here());
}

function drawBanner() {
  const head = town.head;
  let words = "";
  if (state === "gone") words = "The dashboard does not answer: what you see is as it was. Trying again … (gt dashboard starts it)";
  else if (head?.trouble) words = `The town cannot be read now: ${head.trouble}. What you see is as it was.`;
  else if (head?.frozen) words = "Everything stands still: gt thaw";
  else if (head?.wanted === "down") words = "The town is down: gt up";
  else if (head && !head.alive) words = "tmux does not run: no agent has a window. gt up";
  else if (head?.read_only) words = "This page only shows: it was started with --read-only.";
  const banner = byId("banner");
  banner.hidden = !words || state === "locked";
  if (banner.textContent !== words) clear(banner).append(say(el("p"), words));
}

function drawTitle() {
  const waiting = town.list("needs").length;
  const named = new URLSearchParams(location.search).get("address") ?? new URLSearchParams(location.search).get("id");
  const name = named ?? document.body.dataset.page;
  document.title = `${waiting ? `(${waiting}) ` : ""}${name} · ${town.head?.town || "gt"}`;
}

function drawHead() {
  const head = town.head;
  const needs = town.list("needs");
  say(byId("town-name"), head.town || "gt");
  drawTitle();
  const counts = Object.entries(head.counts ?? {}).filter(([, count]) => count);
  clear(byId("counts")).append(...counts.map(([word, count]) => say(el("span", { class: `s-${word}` }), `${count} ${word}`)));
  say(byId("to-approvals"), needs.length ? `Approvals (${needs.length})` : "Approvals");
  // Said aloud once each, and not those that were there when the page was opened.
  const fresh = needs.filter((need) => !told.has(need.id + need.digest));
  const first = told.size === 0;
  for (const need of needs) told.add(need.id + need.digest);
  told.add("");
  if (!first && fresh.length) say(byId("news"), fresh.map((need) => `${need.kind}: ${need.title}`).join(". "));
  drawBanner();
}

town.follow((names) => {
  if (names.has("head") || names.has("needs") || names.has("workers")) drawHead();
  page.changed(names);
});

function startTheme() {
  const names = { "": "auto", light: "light", dark: "dark" };
  const apply = (name) => {
    set(document.documentElement, { "data-theme": name || null });
    set(say(byId("theme"), names[name]), { "aria-label": `theme: ${names[name]}` });
  };
  const order = Object.keys(names);
  let now = order.includes(localStorage.getItem("gt-theme")) ? localStorage.getItem("gt-theme") : "";
  apply(now);
  byId("theme").addEventListener("click", () => {
    now = order[(order.indexOf(now) + 1) % order.length];
    localStorage.setItem("gt-theme", now);
    apply(now);
  });
}

byId("link").addEventListener("click", async () => {
  try {
    const { link, seconds } = await post("/api/link");
    const words = `Whoever opens it first has your rights here. It is good once, for ${seconds} seconds.`;
    show("a link for another tab or device", el("p", {}, words), copyLine(new URL(link, location.origin).href));
  } catch (failed) {
    complain(failed);
  }
});

startTheme();
keepAges();
startKeys(() => page, town);
addEventListener("locked", () => hasToken() && lock());
async function begin() {
  try {
    await unlock();
  } catch (failed) {
    complain(failed);
  }
  open(here());
  if (hasToken()) stream.start();
}

startRouter(open);
// A fresh link in a tab that is open loads nothing: only the fragment is another.
addEventListener("hashchange", () => location.hash && begin());
await begin();
