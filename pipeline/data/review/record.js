// One record: its card, and the form that corrects its values.

const SIGNS = { exact: "", at_least: "≥ ", at_most: "≤ ", approximate: "~ " };

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined)
      element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

export const plain = (code) => String(code).replaceAll("_", " ");

export function countText(count) {
  if (count.qualifier === "vague") return "some";
  if (count.qualifier === "range") return `${count.low} to ${count.high}`;
  return SIGNS[count.qualifier] + count.value.toLocaleString("en");
}

export const headline = (record) => `${plain(record.outcome)} ${countText(record.count)}`;

const days = (record) =>
  [...new Set([record.date_start, record.date_end].filter(Boolean))].join(" to ");

// What a card says of a record, a line each: [name, value as text].
function lines(record, view, words) {
  const names = (ids) => ids.map((id) => words.partyNames.get(id) ?? id).join(", ");
  const told = (type) => view.tails(record, type).map((m) => view.words(m));
  const both = (value, type) =>
    [value, ...told(type).map((text) => `“\u2068${text}\u2069”`)].filter(Boolean).join(" ");
  return [
    ["who", both([plain(record.category), names(record.victim_parties)].filter(Boolean).join(", "),
      "victims")],
    ["also", record.demographics.map(plain).join(", ")],
    ["by", both(names(record.perpetrators), "perpetrator")],
    ["where", both("", "place")],
    ["when", both(days(record), "date")],
    ["how", both(record.cause ? plain(record.cause) : "", "cause")],
    ["said by", both("", "source")],
    ["part of", view.name(record.subset_of)],
    ["same as", view.name(record.same_as)],
  ].filter(([, value]) => value);
}

// The fields in which a corrected record differs from the machine's, as the machine had them.
function before(record, machine) {
  if (!machine) return [];
  const shown = (name, value) =>
    name === "count" ? countText(value) : Array.isArray(value) ? value.join(", ") : value;
  return Object.keys(machine)
    .filter((name) => !["status", "confidence"].includes(name))
    .filter((name) => JSON.stringify(machine[name]) !== JSON.stringify(record[name]))
    .map((name) => `${plain(name)}: ${shown(name, machine[name]) || "none"}`);
}

export function drawRecord(record, view, words, chosen, acts) {
  const machine = view.machine.records.find((other) => other.id === record.id);
  const button = (text, key, act) =>
    make("button", { onclick: (event) => { event.stopPropagation(); act(record); } },
      `${text} `, make("kbd", {}, key));
  const rows = lines(record, view, words).flatMap(([name, value]) => [
    make("dt", {}, name), make("dd", { dir: "auto" }, value)]);
  const was = before(record, machine);
  const faults = view.faults[record.id] ?? [];
  return make("article",
    { class: `record ${record.status}${chosen ? " chosen" : ""}`, "data-id": record.id,
      tabindex: 0, onclick: () => acts.choose(record), "aria-current": chosen ? "true" : null },
    make("h4", {}, make("span", { class: `outcome ${record.outcome}` }, headline(record)),
      make("span", { class: "status" }, record.status === "machine"
        ? `${Math.round(100 * record.confidence)} % sure` : record.status)),
    make("dl", {}, ...rows),
    was.length ? make("p", { class: "was" }, `Machine’s: ${was.join("; ")}`) : null,
    faults.length ? make("p", { class: "fault" }, `${faults.join("; ")}: click it in the text`)
      : null,
    chosen ? make("div", { class: "acts" },
      button("Accept", "a", acts.accept), button("Correct", "e", acts.edit),
      button("Reject", "x", acts.reject), button("Merge", "m", acts.merge),
      button("Split", "s", acts.split)) : null);
}

function field(name, control) {
  return make("label", {}, make("span", {}, name), control);
}

function choice(name, values, chosen, none) {
  const options = values.map(([value, text]) =>
    make("option", { value, selected: value === chosen }, text));
  if (none !== undefined)
    options.unshift(make("option", { value: "", selected: !chosen }, none));
  return make("select", { name }, ...options);
}

const codes = (list) => list.map((code) => [code, plain(code)]);

export function drawForm(record, view, words, save, leave) {
  const number = (name, value) =>
    make("input", { name, type: "number", min: 0, step: 1, value: value ?? "" });
  const list = (name, value) => make("input",
    { name, value: value.join(" "), list: "parties", autocomplete: "off", placeholder: "ids" });
  const others = view.reading.records.filter((other) => other.id !== record.id)
    .map((other) => [other.id, view.name(other.id)]);
  const count = record.count;
  const form = make("form", { class: "record chosen form", autocomplete: "off" },
    field("outcome", choice("outcome", codes(words.outcomes), record.outcome)),
    field("count is", choice("qualifier", codes(words.qualifiers), count.qualifier)),
    make("div", { class: "three" }, field("number", number("value", count.value)),
      field("low", number("low", count.low)), field("high", number("high", count.high))),
    field("told as", choice("kind", codes(words.kinds), count.kind)),
    field("category", choice("category", codes(words.categories), record.category)),
    field("victims’ party", list("victim_parties", record.victim_parties)),
    field("doer", list("perpetrators", record.perpetrators)),
    field("also", make("input", { name: "demographics", value: record.demographics.join(" "),
      placeholder: "child woman …", list: "demographics" })),
    field("cause", choice("cause", codes(words.causes), record.cause, "none")),
    make("div", { class: "two" },
      field("from", make("input", { name: "date_start", type: "date",
        value: record.date_start ?? "" })),
      field("to", make("input", { name: "date_end", type: "date",
        value: record.date_end ?? "" }))),
    field("scope", choice("scope", codes(words.scopes), record.scope)),
    field("part of", choice("subset_of", others, record.subset_of, "nothing")),
    field("same as", choice("same_as", others, record.same_as, "nothing")),
    make("p", { class: "hint" }, "Place, source and the words of every value: click them in the text."),
    make("div", { class: "acts" }, make("button", { class: "main" }, "Save ", make("kbd", {}, "Enter")),
      make("button", { type: "button", onclick: leave }, "Leave ", make("kbd", {}, "Esc"))));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save(changed(record, values(form, count)));
  });
  return form;
}

function values(form, count) {
  const raw = Object.fromEntries(new FormData(form));
  const integer = (text) => (text === "" ? null : Number(text));
  const several = (text) => text.split(/[\s,;،]+/).filter(Boolean);
  const { value, low, high, qualifier, kind, ...rest } = raw;
  const out = { count: { ...count, value: integer(value), low: integer(low),
    high: integer(high), qualifier, kind } };
  for (const [name, text] of Object.entries(rest))
    out[name] = ["victim_parties", "perpetrators", "demographics"].includes(name)
      ? several(text) : text || null;
  return out;
}

function changed(record, given) {
  return Object.fromEntries(Object.entries(given).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(record[name])));
}
