// Any verb by its words, as behind gt: what may come next is the server's own table, and with it what a page may do.

import { complain, perform, report } from "./acts.js";
import { post, Refusal } from "./api.js";
import { askWhether, copyLine, openDialog, show, showText } from "./dialogs.js";
import { el, say, set } from "./dom.js";
import { go } from "./router.js";

const REACH = {
  shown: "enter shows it here",
  done: "enter does it",
  elsewhere: "a page does not do this: enter gives the command to copy",
};

/** `list` is the page's, whose chosen row's acts come first. */
export function openPalette(list) {
  const acts = list?.row?.acts ?? [];
  const moved = list?.row ? list.movedAt(list.row.id) : 0;
  const field = el("input", {
    type: "text", role: "combobox", autocomplete: "off", autocapitalize: "off", spellcheck: "false", autofocus: true,
    "aria-labelledby": "dialog-title", "aria-controls": "choices", "aria-expanded": "true", "aria-describedby": "usage",
    class: "id",
  });
  const choices = el("ul", { id: "choices", role: "listbox", "aria-label": "what may come next" });
  const usage = el("p", { id: "usage", class: "faint" });
  const trouble = el("p", { class: "bad", role: "alert" });
  let offered = [];
  let chosen = -1;
  let asked = 0;

  const mark = () => {
    [...choices.children].forEach((item, place) => set(item, { "aria-selected": place === chosen ? "true" : "false" }));
    set(field, { "aria-activedescendant": chosen < 0 ? null : `choice-${chosen}` });
    choices.children[chosen]?.scrollIntoView({ block: "nearest" });
  };
  const draw = (told) => {
    const words = field.value.trim().toLowerCase();
    const fitting = field.value.includes(" ") && words ? [] : acts.filter((act) => act.words.toLowerCase().includes(words));
    offered = [
      ...fitting.map((act) => ({ word: act.words, meaning: `${list.row.head}  (${act.key})`, act })),
      ...told.choices,
    ];
    chosen = -1;
    choices.replaceChildren(...offered.map((each, place) => {
      const item = el("li", { role: "option", id: `choice-${place}` });
      item.append(say(el("strong", { class: "id" }), each.word), say(el("span", { class: "faint" }), each.meaning));
      item.addEventListener("click", () => take(each));
      return item;
    }));
    say(usage, [told.usage, REACH[told.reach]].filter(Boolean).join(" — ") || "tab completes, enter carries it out");
    mark();
  };
  const ask = async () => {
    const mine = ++asked;
    say(trouble, "");
    try {
      const told = await post("/api/palette", { line: field.value });
      if (mine === asked) draw(told);
    } catch (failed) {
      if (mine === asked) say(trouble, failed.message);
    }
  };
  const dialog = () => field.closest("dialog");
  const take = (each) => {
    if (each.act) {
      dialog().close();
      return perform(each.act, moved);
    }
    field.value = each.line;
    field.focus();
    return ask();
  };
  const run = async () => {
    if (chosen >= 0) return take(offered[chosen]);
    const line = field.value;
    if (!line.trim()) return;
    say(usage, "…");
    try {
      await carryOut(line, () => dialog()?.close());
    } catch (failed) {
      if (!(failed instanceof Refusal)) complain(failed);
      say(trouble, [failed.message, failed.hint].filter(Boolean).join(" — "));
      say(usage, "");
    }
  };
  field.addEventListener("input", ask);
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && offered.length) {
      chosen = Math.min(Math.max(chosen + step, -1), offered.length - 1);
      mark();
    } else if (event.key === "Tab" && !event.shiftKey && offered.length && !field.value.endsWith("  ")) {
      take(offered[Math.max(chosen, 0)]);
    } else if (event.key === "Enter") {
      run();
    } else return;
    event.preventDefault();
  });
  const buttons = el("div", { class: "acts" });
  buttons.append(
    el("button", { type: "button", on: { click: () => dialog().close() } }, "cancel"),
    el("button", { type: "button", class: "first", on: { click: run } }, "go"),
  );
  openDialog("any verb, as behind gt", field, usage, trouble, choices, buttons);
  ask();
}

async function carryOut(line, done) {
  let told = await post("/api/line", { line });
  done();
  if (told.confirms) {
    if (!(await askWhether(told.confirms))) return;
    told = await post("/api/line", { line, sure: true });
  }
  if (told.reach === "elsewhere") show("in a terminal of this machine", copyLine(told.command));
  else if (told.diff) go(`/approvals?of=${encodeURIComponent(told.diff)}`);
  else if (told.reach === "shown") showText(told.title, told.lines);
  else report(told);
}
