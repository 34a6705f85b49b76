// What is not seen, or changes the order of letters, becomes a mark: a line reads as what it is.

const CONTROL = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;
const UNSEEN =
  /[\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|(?<=[\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?=[\x00-\x7f]|$)/gu;
const PLAIN = /^[\x20-\x7e]*$/;

/** As the terminal's faces show it: control characters as ?, the unseen as <U+202E>. */
export function harmless(text) {
  if (PLAIN.test(text)) return text;
  return text
    .replace(CONTROL, "?")
    .replace(UNSEEN, (letter) => `<U+${letter.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}>`);
}
