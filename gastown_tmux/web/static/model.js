// What is known of the town: a head, and lists of items that each have an id. The server says what changed.

export const PANELS = ["town", "agents", "beads", "convoys", "queue", "mail", "events"];

export class Town {
  head = null;
  #parts = new Map();
  #listeners = new Set();
  #screens = new Map();

  /** `listener(names)` is called with the names of what changed, "head" among them. */
  follow(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  list(name) {
    const part = this.#parts.get(name);
    return part ? part.order.map((id) => part.items[id]).filter(Boolean) : [];
  }

  find(name, id) {
    return this.#parts.get(name)?.items[id] ?? null;
  }

  /** A window as it was told last, whole: a page that begins to show it need not wait for a change. */
  screen(agent) {
    return this.#screens.get(agent) ?? null;
  }

  takeScreen(message) {
    const { agent, whole, gone, lines = {}, lines_total: total } = message;
    const known = (!whole && this.#screens.get(agent)) || { agent, whole: true, lines: {}, lines_total: 0 };
    for (const [place, runs] of Object.entries(lines)) known.lines[place] = runs;
    known.lines_total = total ?? known.lines_total;
    for (const place of Object.keys(known.lines)) if (Number(place) >= known.lines_total) delete known.lines[place];
    if (gone) this.#screens.delete(agent);
    else this.#screens.set(agent, known);
  }

  take({ whole, head, parts }) {
    const changed = new Set(Object.keys(parts ?? {}));
    if (whole) {
      for (const name of this.#parts.keys()) changed.add(name);
      this.#parts.clear();
    }
    for (const [name, { order, items }] of Object.entries(parts ?? {})) {
      const was = this.#parts.get(name)?.items ?? {};
      const now = Object.create(null);
      for (const id of order) now[id] = items[id] ?? was[id];
      this.#parts.set(name, { order, items: now });
    }
    if (head) {
      this.head = head;
      changed.add("head");
    }
    for (const listener of [...this.#listeners]) listener(changed);
  }
}
