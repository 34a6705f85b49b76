// Moments as a person reads them.

const UNITS = [
  ["d", 86400],
  ["h", 3600],
  ["m", 60],
];

/** How long ago: 4s, 12m, 3h, 2d; empty for what is no moment. */
export function age(moment, now = Date.now()) {
  const then = Date.parse(moment);
  if (Number.isNaN(then)) return "";
  const seconds = Math.max((now - then) / 1000, 0);
  for (const [unit, length] of UNITS) if (seconds >= length) return `${Math.floor(seconds / length)}${unit}`;
  return `${Math.floor(seconds)}s`;
}

/** The same for ears. */
export function ageInWords(moment, now = Date.now()) {
  const names = { s: "seconds", m: "minutes", h: "hours", d: "days" };
  const short = age(moment, now);
  return short ? `${short.slice(0, -1)} ${names[short.slice(-1)]} ago` : "";
}

/** In the reader's own zone: the time of a day, with the day where it is another. */
export function clock(moment) {
  const then = new Date(moment);
  if (Number.isNaN(then.getTime())) return "";
  const time = then.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const today = new Date().toDateString() === then.toDateString();
  return today ? time : `${then.toLocaleDateString([], { day: "numeric", month: "short" })} ${time}`;
}

/** Keeps every element with `data-since` at its age, once a second while anybody looks. */
export function keepAges() {
  setInterval(() => {
    if (document.hidden) return;
    for (const element of document.querySelectorAll("[data-since]")) {
      const words = age(element.dataset.since);
      if (element.textContent !== words) element.textContent = words;
    }
  }, 1000);
}
