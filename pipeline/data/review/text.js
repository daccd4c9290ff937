// The report's text: drawn with its mentions, and selections as code points of the raw text.
// Scripts count UTF-16 units, Hasila code points: the two differ behind every emoji.

// units[k] is where code point k begins in the string; one entry more for its end.
export function unitOffsets(text) {
  const units = [];
  let at = 0;
  for (const char of text) {
    units.push(at);
    at += char.length;
  }
  units.push(at);
  return units;
}

// The code point at (or over) a UTF-16 offset.
export function pointAt(units, offset) {
  let low = 0;
  let high = units.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (units[middle] <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

// Draw text and mentions into box; only text nodes and elements are made, never markup.
export function drawText(box, text, mentions, describe) {
  const units = unitOffsets(text);
  const parts = [];
  let at = 0;
  for (const mention of mentions) {
    parts.push(document.createTextNode(text.slice(at, units[mention.start])));
    const mark = document.createElement("mark");
    mark.className = mention.label;
    mark.dataset.id = mention.id;
    mark.tabIndex = 0;
    mark.setAttribute("role", "button");
    mark.title = describe(mention);
    mark.textContent = text.slice(units[mention.start], units[mention.end]);
    parts.push(mark);
    at = units[mention.end];
  }
  parts.push(document.createTextNode(text.slice(at)));
  box.replaceChildren(...parts);
  return units;
}

// {start, end} in code points of what is selected in box, or null.
export function selectedSpan(box, units) {
  const selection = getSelection();
  if (!selection.rangeCount || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0);
  if (!box.contains(range.startContainer) || !box.contains(range.endContainer)) return null;
  const before = document.createRange();
  before.selectNodeContents(box);
  before.setEnd(range.startContainer, range.startOffset);
  const first = before.toString().length;
  before.setEnd(range.endContainer, range.endOffset);
  const last = before.toString().length;
  if (first >= last) return null;
  return { start: pointAt(units, first), end: pointAt(units, last) };
}
