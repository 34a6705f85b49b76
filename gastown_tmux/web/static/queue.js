// The merge queue with the gate that runs now, and the digest: what became of the work since some time.

import { get } from "./api.js";
import { complain } from "./acts.js";
import { el, keep, say, set } from "./dom.js";
import { RowList } from "./rows.js";

const SINCES = { last: "since you looked last", "8h": "8 hours", "24h": "a day", "7d": "a week" };
const GATES_EVERY = 1000;

export function showQueue(main, { town, query }) {
  const list = new RowList("no rigs yet: gt rig add NAME URL|PATH");
  const gates = el("div", {});
  const digest = el("pre", { class: "text", tabindex: "0" });
  const since = SINCES[query.get("since")] ? query.get("since") : "last";
  const choice = el("nav", { class: "tabs", "aria-label": "since when" });
  for (const [word, name] of Object.entries(SINCES)) {
    choice.append(set(el("a", { href: `/queue?since=${word}` }, name), { "aria-current": word === since ? "page" : null }));
  }
  const first = el("section", { "aria-label": "queue" }, list.element, gates);
  const second = el("section", { "aria-label": "digest" }, el("h2", {}, "digest"), choice, digest);
  main.append(el("h1", {}, "Merge queue"), el("div", { class: "two" }, first, second));
  let timer = 0;

  const loadGates = async () => {
    clearTimeout(timer);
    if (document.hidden) return;
    try {
      const { gates: found } = await get("/api/queue");
      keep(gates, Object.entries(found), ([id]) => id, drawGate, (box, [, text]) => {
        const atEnd = box.text.scrollTop + box.text.clientHeight >= box.text.scrollHeight - 24;
        say(box.text, text);
        if (atEnd) box.text.scrollTop = box.text.scrollHeight;
      });
      if (Object.keys(found).length) timer = setTimeout(loadGates, GATES_EVERY);
    } catch (failed) {
      if (failed.status) complain(failed);
    }
  };
  const loadDigest = async () => {
    say(digest, "it is counted …");
    try {
      say(digest, (await get("/api/digest", { since })).text);
    } catch (failed) {
      say(digest, "");
      complain(failed);
    }
  };
  const draw = () => list.take(town.list("queue"));
  draw();
  loadGates();
  loadDigest();
  return {
    list,
    changed(names) {
      if (!names.has("queue")) return;
      draw();
      loadGates();
    },
    close: () => clearTimeout(timer),
  };
}

function drawGate([id]) {
  const text = el("pre", { class: "text", tabindex: "0", "aria-label": `what the gate of ${id} prints` });
  return Object.assign(el("section", {}, say(el("h2"), `${id} is tested`), text), { text });
}
