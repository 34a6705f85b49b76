// The overview: what needs you first, then who works, what waits and why, what landed; and the live screens.

import { el, keep, say, set } from "./dom.js";
import { PANELS } from "./model.js";
import { agentLink, go } from "./router.js";
import { RowList } from "./rows.js";
import { Screen } from "./screen.js";

const EMPTY = {
  town: "nothing to do yet: gt sling -m WORDS RIG",
  agents: "no agents yet: gt sling BEAD makes one",
  beads: "no beads yet: gt bead create TITLE --rig RIG",
  convoys: "no convoys and no runs yet: gt convoy create NAME, gt formula run NAME",
  queue: "no rigs yet: gt rig add NAME URL|PATH",
  mail: "no mail",
  events: "nothing happened since this was opened",
};

export function showOverview(main, { town, query, watch }) {
  const panel = PANELS.includes(query.get("panel")) ? query.get("panel") : "town";
  const list = new RowList(EMPTY[panel], (row) => {
    const need = town.find("needs", row.id);
    return need && { own: need.acts.length, text: need.kind === "approval" ? need.reason : "" };
  });
  const filter = el("input", { type: "search", "aria-label": "filter", placeholder: "filter  ( / )", autocomplete: "off", id: "filter" });
  filter.addEventListener("input", () => list.filter(filter.value));
  const tabs = el("nav", { class: "tabs", "aria-label": "lists" });
  PANELS.forEach((name, place) => {
    const link = el("a", { href: name === "town" ? "/" : `/?panel=${name}`, "aria-keyshortcuts": place + 1 }, name);
    set(link, { "aria-current": name === panel ? "page" : null });
    tabs.append(link);
  });
  const heading = el("h1", { class: "unseen" }, panel === "town" ? "Overview" : panel);
  const lists = el("div", {}, tabs, el("search", {}, filter), list.element);
  main.append(heading);
  const grid = panel === "town" || panel === "agents" ? new Grid(town, watch) : null;
  if (grid) main.append(el("div", { class: "two" }, lists, grid.element));
  else main.append(lists);

  const draw = () => {
    list.take(town.list(panel));
    grid?.take(town.list("workers").filter((worker) => worker.live));
  };
  draw();
  return {
    list,
    filter,
    changed(names) {
      if (names.has(panel) || names.has("workers")) draw();
    },
    screen: (message) => grid?.screen(message),
    close: () => grid?.close(),
  };
}

/** A screen for each agent that has a window; only those in sight are asked for. */
class Grid {
  element = el("section", { "aria-labelledby": "screens" });
  #tiles = el("div", { class: "grid" });
  #screens = new Map();
  #inSight = new Set();
  #town;
  #watch;
  #sight = new IntersectionObserver((seen) => this.#look(seen), { rootMargin: "100px" });

  constructor(town, watch) {
    this.#town = town;
    this.#watch = watch;
    this.element.append(el("h2", { id: "screens" }, "live screens"), this.#tiles);
  }

  take(workers) {
    this.element.hidden = !workers.length;
    keep(this.#tiles, workers, (worker) => worker.id, (worker) => this.#make(worker), (tile, worker) => {
      say(tile.word, worker.state);
      tile.word.className = `s-${worker.state}`;
      say(tile.work, worker.title);
    });
    const there = new Set(workers.map((worker) => worker.address));
    for (const agent of this.#screens.keys()) {
      if (!there.has(agent)) {
        this.#screens.delete(agent);
        this.#inSight.delete(agent);
      }
    }
    this.#ask();
  }

  screen(message) {
    this.#screens.get(message.agent)?.take(message);
  }

  close() {
    this.#sight.disconnect();
    this.#watch(null, []);
  }

  #make(worker) {
    const screen = new Screen(worker.address);
    this.#screens.set(worker.address, screen);
    const known = this.#town.screen(worker.address);
    if (known) screen.take(known);
    const link = say(el("a", { href: agentLink(worker.address), class: "id cut" }), worker.address);
    const word = el("span");
    const work = el("p", { class: "cut faint" });
    const tile = el("article", { class: "tile" }, el("h3", {}, link, word), work, screen.element);
    screen.element.addEventListener("dblclick", () => go(agentLink(worker.address)));
    Object.assign(tile, { word, work, agent: worker.address });
    this.#sight.observe(tile);
    return tile;
  }

  #look(seen) {
    for (const { target, isIntersecting } of seen) {
      if (isIntersecting && target.isConnected) this.#inSight.add(target.agent);
      else this.#inSight.delete(target.agent);
    }
    this.#ask();
  }

  #ask() {
    this.#watch(null, [...this.#inSight]);
  }
}
