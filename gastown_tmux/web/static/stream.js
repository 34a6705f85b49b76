// News from the server: a stream while the page is seen, polling where there are too many, and back again.

import { post, request } from "./api.js";

const FIRST_WAIT = 250;
const LONGEST_WAIT = 10_000;
//: The server says something each 15 s. A stream that is silent for longer is dead, whatever TCP thinks.
const SILENCE = 40_000;

/** Not secret: it tells the server which streams share the six connections of one browser. */
function browserId() {
  const known = localStorage.getItem("gt-browser");
  if (known) return known;
  const made = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
  localStorage.setItem("gt-browser", made);
  return made;
}

/** `tell(event, data)` gets each message; `turn(state)` is told "live", "polling", "hidden", "gone" or "locked". */
export class Stream {
  #tell;
  #turn;
  #after = "";
  #id = null;
  #selected = null;
  #visible = [];
  #watched = "";
  #running = null;
  #wait = FIRST_WAIT;
  #timer = 0;
  #failures = 0;

  constructor(tell, turn) {
    this.#tell = tell;
    this.#turn = turn;
    document.addEventListener("visibilitychange", () => this.#seen());
    addEventListener("pagehide", () => this.#end());
    addEventListener("pageshow", (event) => event.persisted && this.#seen());
    addEventListener("online", () => this.start());
    // Who is looked at has a stream; the tab that was looked at longest ago polls then.
    addEventListener("focus", () => this.start());
  }

  start() {
    clearTimeout(this.#timer);
    if (document.hidden || this.#running) return;
    const running = new AbortController();
    this.#running = running;
    this.#run(running).then(
      (next) => this.#ended(running, next),
      (failed) => this.#failed(running, failed),
    );
  }

  /** Which screens are drawn: one often, the others now and then, all else never. */
  watch(selected, visible) {
    this.#selected = selected;
    this.#visible = [...new Set(visible)].sort();
    clearTimeout(this.watching);
    this.watching = setTimeout(() => this.#sendWatch(), 60);
  }

  #query() {
    const query = { browser: browserId(), visible: this.#visible.join(",") };
    if (this.#after) query.after = this.#after;
    if (this.#selected) query.selected = this.#selected;
    return query;
  }

  #sendWatch() {
    const wanted = JSON.stringify([this.#selected, this.#visible]);
    if (!this.#id || wanted === this.#watched) return;
    this.#watched = wanted;
    post("/api/watch", { stream: this.#id, selected: this.#selected, visible: this.#visible }).catch(() => {});
  }

  #seen() {
    if (document.hidden) {
      this.#end();
      this.#turn("hidden");
    } else {
      this.#wait = FIRST_WAIT;
      this.start();
    }
  }

  #end() {
    clearTimeout(this.#timer);
    this.#running?.abort();
    this.#running = null;
    this.#id = null;
  }

  #again(wait) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.start(), wait);
  }

  #ended(running, next) {
    if (this.#running !== running) return;
    this.#running = this.#id = null;
    if (next?.every) {
      this.#turn("polling");
      this.#poll(next.every * 1000);
    } else {
      this.#again(this.#wait);
    }
  }

  #failed(running, failed) {
    if (this.#running !== running) return;
    running.abort();
    this.#running = this.#id = null;
    if (failed.status === 401) return this.#turn("locked");
    // One break is nothing to tell of: a laptop that changes its network has it.
    this.#failures += 1;
    if (this.#failures > 1) this.#turn("gone");
    this.#again(this.#wait * (0.75 + Math.random() / 2));
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT);
  }

  async #run(running) {
    const watched = JSON.stringify([this.#selected, this.#visible]);
    let silent = setTimeout(() => running.abort(), SILENCE);
    try {
      const response = await request("/api/stream", { signal: running.signal, query: this.#query() });
      this.#watched = watched;
      this.#turn("live");
      for await (const message of readMessages(response.body)) {
        clearTimeout(silent);
        silent = setTimeout(() => running.abort(), SILENCE);
        if (this.#running !== running) return null;
        this.#wait = FIRST_WAIT;
        this.#failures = 0;
        if (message.event === "poll") return message.data;
        if (message.event === "hello") {
          this.#id = message.data.stream;
          this.#sendWatch();
        } else if (message.event === "bye") {
          this.#turn("gone");
        } else if (message.event) {
          this.#take(message);
        }
      }
      throw new Error("the stream has ended");
    } catch (failed) {
      // Ended by silence: the same as gone.
      throw failed.name === "AbortError" && this.#running === running ? new Error("silence") : failed;
    } finally {
      clearTimeout(silent);
    }
  }

  #take({ id, event, data }) {
    if (id) this.#after = id;
    try {
      this.#tell(event, data);
    } catch (fault) {
      console.error(fault); // of this script: the stream is well, and goes on
    }
  }

  #poll(every) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(async () => {
      if (document.hidden || this.#running) return;
      try {
        const found = await (await request("/api/poll", { query: this.#query(), signal: AbortSignal.timeout(10_000) })).json();
        if (found.id) this.#after = found.id;
        for (const { event, data } of found.messages) this.#take({ event, data });
        this.#turn("polling");
      } catch (failed) {
        if (failed.status === 401) return this.#turn("locked");
        this.#turn("gone");
      }
      this.#poll(every);
    }, every);
  }
}

/** Each message of a body in the form of server-sent events; a comment is one without an event. */
export async function* readMessages(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const parts = (text + value).split("\n\n");
      text = parts.pop();
      for (const part of parts) yield readMessage(part);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function readMessage(part) {
  const found = { id: "", event: "", data: "" };
  const data = [];
  for (const line of part.split("\n")) {
    const at = line.indexOf(":");
    if (at <= 0) continue;
    const value = line.slice(line[at + 1] === " " ? at + 2 : at + 1);
    const name = line.slice(0, at);
    if (name === "data") data.push(value);
    else if (name in found) found[name] = value;
  }
  found.data = data.length ? JSON.parse(data.join("\n")) : {};
  return found;
}
