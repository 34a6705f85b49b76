// What a person can do about a thing with one key or tap: the server's own table, drawn as buttons.

import { Refusal, post } from "./api.js";
import { askWhether, askWords, copyLine, show, showText } from "./dialogs.js";
import { el, say } from "./dom.js";
import { go } from "./router.js";

//: After things moved under a finger, what acts is not heard for so long.
export const DEAF = 400;

/** One line at the foot of the page. */
export function tell(text, failed = false) {
  const line = document.getElementById("said");
  line.classList.toggle("bad", failed);
  say(line, text);
  clearTimeout(line.timer);
  if (!failed) line.timer = setTimeout(() => say(line, ""), 8000);
}

/** A refusal is told; anything else is a fault of this script, and belongs on the console besides. */
export function complain(failed) {
  if (!(failed instanceof Refusal)) console.error(failed);
  tell([failed.message, failed.hint].filter(Boolean).join(" — "), true);
}

/** What came of a verb. Returns whether it did what it should. */
export function report({ said, hint, failed }) {
  const text = [said, failed ? hint : ""].filter(Boolean).join(" — ");
  if (text.split("\n").length > 3) showText(failed ? "it failed" : "done", text.split("\n"));
  else tell(text || "done", failed);
  return !failed;
}

let busy = false;

/** Carries it out; asks first what must be asked. `moved`: when what it stands on last changed its place. */
export async function perform(act, moved = 0) {
  if (!act.shows && performance.now() - moved < DEAF) return tell("it moved just now: look, and press again", true);
  if (act.goes) return show(act.words, el("p", {}, "In a terminal of this machine:"), copyLine(`gt ${act.line.join(" ")}`));
  if (act.shows && act.line[0] === "diff") return go(`/approvals?of=${encodeURIComponent(act.line[1])}`);
  if (busy) return tell("the last one is not done yet");
  busy = true;
  try {
    if (act.shows) return await openText({ act: act.act });
    if (act.confirms && !(await askWhether(act.confirms))) return tell("nothing done");
    const words = act.asks ? await askWords(act.asks, act.may_be_empty) : "";
    if (words === null) return tell("nothing done");
    tell(`${act.words} …`);
    return report(await post("/api/act", { act: act.act, words }));
  } catch (failed) {
    complain(failed);
  } finally {
    busy = false;
  }
}

/** What the feed shows at enter: of a row, or of an act that shows. */
export async function openText(what) {
  try {
    const { title, lines, acts } = await post("/api/open", what);
    showText(title, lines, drawActs(acts ?? [], () => 0));
  } catch (failed) {
    complain(failed);
  }
}

/** Buttons in the table's order. `movedAt()` says when they last moved. */
export function drawActs(acts, movedAt, given = {}) {
  const box = el("div", { class: "acts", ...given });
  for (const act of acts) {
    const button = el("button", { type: "button", "aria-keyshortcuts": act.key }, el("kbd", { "aria-hidden": "true" }, act.key));
    button.append(say(el("span"), act.words));
    button.addEventListener("click", () => perform(act, movedAt()));
    box.append(button);
  }
  return box;
}
