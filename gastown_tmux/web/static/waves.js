// What belongs together, as waves: beside each other what may be done at the same time, behind it what needs that.

import { el, say } from "./dom.js";
import { beadLink } from "./router.js";

/** `waves` as the server tells them; of more than can be looked at it tells a sum, which is words. */
export function drawWaves(waves) {
  if (typeof waves === "string") return say(el("p", { class: "waves sum" }), waves);
  return el("ol", { class: "waves" }, waves.map((wave, place) => {
    const members = el("ul", {}, wave.map(drawMember));
    return el("li", { "aria-label": `wave ${place + 1}` }, members);
  }));
}

function drawMember(member) {
  const name = member.bead ? el("a", { href: beadLink(member.bead), class: "id" }) : el("span", { class: "id" });
  const head = el("p", {}, say(el("span", { class: `s-${member.state}`, "aria-hidden": "true" }), member.sign), " ");
  head.append(say(name, member.id), " ", say(el("span", { class: `word s-${member.state}` }), member.state));
  const item = el("li", {}, head, say(el("p", {}), member.title));
  if (member.needs.length) item.append(say(el("p", { class: "faint" }), `after ${member.needs.join(", ")}`));
  if (member.note) item.append(say(el("p", { class: "faint" }), member.note));
  return item;
}
