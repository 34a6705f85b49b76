// What is known of the town: a head, and lists of items that each have an id. The server says what changed.

export const PANELS = ["town", "agents", "beads", "convoys", "queue", "mail", "events"];

export class Town {
  head = null;
  #parts = new Map();
  #listeners = new Set();

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
