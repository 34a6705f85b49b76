// Elements made and kept in step. Words of others become text nodes and attributes, never markup.

import { harmless } from "./marks.js";

/** An element; `given` has attributes, and `on` with listeners; strings among the children are text. */
export function el(name, given = {}, ...children) {
  const made = document.createElement(name);
  set(made, given);
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export function set(element, given) {
  for (const [name, value] of Object.entries(given)) {
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (value === null || value === undefined || value === false) {
      element.removeAttribute(name);
    } else if (element.getAttribute(name) !== String(value)) {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  return element;
}

/** The text of an element, touched only where it is another. */
export function say(element, text) {
  const shown = harmless(String(text ?? ""));
  if (element.textContent !== shown) element.textContent = shown;
  return element;
}

/**
 * The children of `parent` become those of `items`, in their order. A child stays itself as long as its item's key is
 * there, so that focus and selection stay on the thing; `draw(child, item)` is called where the item is another.
 * Returns whether any child came, went or moved.
 */
export function keep(parent, items, keyOf, make, draw) {
  const known = parent.kept ?? (parent.kept = new Map());
  const unique = new Map();
  for (const item of items) if (!unique.has(keyOf(item))) unique.set(keyOf(item), item);
  const focused = document.activeElement;
  let moved = false;
  for (const [key, held] of known) {
    if (!unique.has(key)) {
      held.child.remove();
      known.delete(key);
      moved = true;
    }
  }
  let place = parent.firstElementChild;
  for (const [key, item] of unique) {
    let held = known.get(key);
    if (!held) {
      held = { child: make(item), drawn: null };
      known.set(key, held);
    }
    const drawn = JSON.stringify(item);
    if (held.drawn !== drawn) {
      draw(held.child, item);
      held.drawn = drawn;
    }
    if (held.child === place) {
      place = place.nextElementSibling;
    } else {
      parent.insertBefore(held.child, place);
      moved = true;
    }
  }
  // An element that is moved loses the focus.
  if (moved && focused !== document.activeElement && parent.contains(focused)) focused.focus({ preventScroll: true });
  return moved;
}

export function clear(element) {
  element.replaceChildren();
  delete element.kept;
  return element;
}
