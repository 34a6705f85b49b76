// Keys, as the feed has them. What is typed into a field is never a key; a dialog has its own.

import { PANELS } from "./model.js";
import { isOpen, showHelp } from "./dialogs.js";
import { openPalette } from "./palette.js";
import { go } from "./router.js";

//: Behind the seven panels.
const PAGES = { 8: "/approvals", 9: "/night" };
const OWN = [
  ["8 9", "what waits for you, the night"],
  ["b", "back to the page before"],
];
const DIFF = [
  ["j k", "the next line, the one before"],
  ["[ ]", "the hunk before, the next"],
  ["{ }", "the file before, the next"],
  ["w", "words on this line, to its author"],
];
//: Of the feed's keys, those that have no meaning in a browser.
const LEFT_OUT = new Set(["tab", "space b"]);

/** `page()` is the page that is shown: what it has of list, patch, filter, press and move is what keys reach. */
export function startKeys(page, town) {
  const help = () => {
    const moves = (town.head?.moves ?? []).filter(([keys]) => !LEFT_OUT.has(keys));
    const acts = page().list?.row?.acts ?? page().acts ?? [];
    const told = acts.map((act) => [act.key, act.words]);
    showHelp([...told, ...moves, ...OWN, ...(page().patch ? DIFF : [])]);
  };
  document.getElementById("help").addEventListener("click", help);
  document.getElementById("verbs").addEventListener("click", () => openPalette(page().list));
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isOpen()) return;
    const field = event.target.closest?.("input, textarea, select");
    if (field) {
      if (event.key === "Escape" && field.id === "filter") {
        field.value = "";
        page().list?.filter("");
        field.blur();
      } else if (event.key === "Enter" && field.id === "filter") {
        page().list?.move(1);
      }
      return;
    }
    if (event.repeat && !"jk".includes(event.key)) return;
    if (press(page(), event.key, help, event.target)) event.preventDefault();
  });
}

function press(page, key, help, target) {
  if (/^[1-9]$/.test(key)) {
    const panel = PANELS[Number(key) - 1];
    go(PAGES[key] ?? (panel === "town" ? "/" : `/?panel=${panel}`));
    return true;
  }
  if (key === "?") return help(), true;
  if (key === ":") return openPalette(page.list), true;
  if (key === "b") return history.back(), true;
  if (key === "R") return page.again?.(), Boolean(page.again);
  if (key === "/" && page.filter) return page.filter.focus(), true;
  if (page.patch && pressInPatch(page.patch, key)) return true;
  const list = page.list;
  if (key === "j" || key === "k") {
    const step = key === "j" ? 1 : -1;
    return list ? list.move(step) : page.move?.(step), true;
  }
  if (list && (key === "g" || key === "G")) return list.move(key === "g" ? -1e6 : 1e6), true;
  if (list && key === "Enter" && !target.closest?.("a, button, summary")) return list.open(), true;
  if (key === "Escape" || key === "q") return go("/"), true;
  return Boolean((list ?? page).press?.(key));
}

function pressInPatch(patch, key) {
  const steps = { j: ["line", true], k: ["line", false], "]": ["hunk", true], "[": ["hunk", false], "}": ["file", true], "{": ["file", false] };
  if (key in steps) return patch.step(...steps[key]), true;
  return key === "w" && patch.comment();
}
