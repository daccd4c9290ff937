// The reviewer's page: the queue, the report, decisions by mouse and keys.
import { drawText, selectedSpan } from "./text.js";
import { drawForm, drawRecord, headline, make, plain } from "./record.js";

const at = (id) => document.getElementById(id);
const state = {
  queue: null, words: null, view: null, units: null,
  record: null, mention: null, span: null, form: null, busy: 0,
};

async function ask(path, body) {
  const options = body === undefined ? {} : {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
  };
  const answer = await fetch(`api/${path}`, options).catch(() => null);
  if (answer === null) throw new Error("hasila review has ended; start it again.");
  if (answer.status === 403) throw new Error(await answer.text());
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.error);
  return found;
}

function say(text) {
  at("message").textContent = text;
  at("message").hidden = !text;
}

// Run act, say what goes wrong; keys wait meanwhile, lest one decision is made twice.
const trying = (act) => async (...given) => {
  state.busy += 1;
  document.body.setAttribute("aria-busy", "true");
  try {
    say("");
    await act(...given);
  } catch (error) {
    say(error.message);
  } finally {
    state.busy -= 1;
    if (!state.busy) document.body.removeAttribute("aria-busy");
  }
};

// A report with what a page needs to look up in it.
function viewOf(found) {
  const { reading, report } = found;
  const points = Array.from(report.text);
  const mentions = new Map(reading.mentions.map((m) => [m.id, m]));
  const records = new Map(reading.records.map((r) => [r.id, r]));
  return {
    ...found, mentions, records,
    words: (m) => points.slice(m.start, m.end).join(""),
    links: (record) => reading.links.filter((x) => x.head === record.anchor),
    tails: (record, type) => reading.links
      .filter((x) => x.head === record.anchor && x.type === type).map((x) => mentions.get(x.tail)),
    name: (id) => {
      const record = records.get(id);
      return record ? `${headline(record)} (${reading.records.indexOf(record) + 1})` : "";
    },
  };
}

function drawQueue() {
  const { rows, who, progress, agreement } = state.queue;
  at("progress").replaceChildren(
    make("progress", { value: progress.done, max: Math.max(progress.all, 1),
      "aria-label": "Reports finished" }),
    ` ${progress.done} of ${progress.all} finished by ${who}`,
    ...agreement.map((a) => make("span", { class: "agreement",
      title: "F1 over the reports that both finished" },
      `Agreement of ${a.first} and ${a.second} over ${a.reports} reports: mentions ` +
      `${a.mentions.toFixed(2)}, records ${a.records.toFixed(2)}, all values ${a.values.toFixed(2)}`)));
  at("queue").replaceChildren(...rows.map((row) => {
    const mine = row.people_status[who];
    const others = Object.keys(row.people_status).filter((name) => name !== who);
    return make("button", {
      class: `row ${mine ?? ""}`, "data-id": row.report_id, onclick: () => open(row.report_id),
      title: "doubt: uncertainty times toll, in people, over its records",
      "aria-current": state.view?.report.report_id === row.report_id ? "true" : null,
    },
      make("strong", { dir: "auto" }, row.title || row.report_id),
      make("small", {}, `${row.records} records, ${row.people.toLocaleString("en")} people, ` +
        `doubt ${row.priority.toLocaleString("en", { maximumFractionDigits: 1 })}` +
        (others.length ? `; also ${others.join(", ")}` : "")),
      mine ? make("span", { class: "chip" }, mine === "done" ? "finished" : "begun") : null);
  }));
}

function drawReport() {
  const { view, words } = state;
  const { report } = view;
  at("about").replaceChildren(
    make("h2", { dir: "auto" }, report.title || report.report_id),
    make("p", {}, [report.report_id, report.published, report.source].filter(Boolean).join(" · ")),
    ...view.warnings.map((text) => make("p", { class: "fault" }, text)),
    ...view.agreement.map((a) => make("p", { class: "agreement" },
      `Agreement of ${a.first} and ${a.second}: mentions ${a.mentions.toFixed(2)}, ` +
      `records ${a.records.toFixed(2)}, all values ${a.values.toFixed(2)}`)));
  state.units = drawText(at("text"), report.text, view.reading.mentions, (m) => plain(m.label.toLowerCase()));
  at("undo").disabled = !view.decisions.length;
  at("done").disabled = view.reading.done;
  at("done").firstChild.textContent = view.reading.done ? "Finished " : "Finish report ";
  drawMarks();
  drawRecords();
  drawBar();
}

// Which words belong to the chosen record, and which mention is chosen.
function drawMarks() {
  const record = state.view.records.get(state.record);
  const linked = new Map(record ? state.view.links(record).map((x) => [x.tail, x.type]) : []);
  for (const mark of at("text").querySelectorAll("mark")) {
    const id = mark.dataset.id;
    mark.classList.toggle("linked", linked.has(id));
    mark.classList.toggle("anchor", record?.anchor === id);
    mark.classList.toggle("picked", state.mention === id);
  }
}

function drawRecords() {
  const { view, words } = state;
  const groups = view.events.map((ids, n) => {
    const own = ids.map((id) => view.records.get(id));
    const places = view.tails(own[0], "place").map(view.words).join("، ");
    return make("section", { class: "event" },
      make("h3", {}, `Event ${n + 1}`, make("small", { dir: "auto" },
        [plain(own[0].scope), own[0].date_start, places].filter(Boolean).join(" · "))),
      ...own.map((record) => state.form === record.id
        ? drawForm(record, view, words, (values) => decide("set", { record: record.id, values }),
          () => { state.form = null; drawRecords(); })
        : drawRecord(record, view, words, state.record === record.id, acts)));
  });
  if (!groups.length) groups.push(make("p", { class: "hint" },
    "No casualties were found here. Select words in the text to mark a number, a victim or an outcome; then add a record."));
  at("records").replaceChildren(...groups);
  at("records").querySelector(".chosen")?.scrollIntoView({ block: "nearest" });
}

function choose(record) {
  if (state.form && state.form !== record.id) state.form = null;
  state.record = record.id;
  drawMarks();
  drawRecords();
  drawBar();
  at("text").querySelector("mark.anchor")?.scrollIntoView({ block: "nearest" });
}

const acts = {
  choose,
  accept: (record) => decide("accept", { record: record.id }, () => step(1)),
  edit: (record) => {
    state.form = state.record = record.id;
    drawRecords();
    at("records").querySelector("form select, form input")?.focus();
  },
  reject: (record) => decide("reject", { record: record.id }),
  merge: (record) => pick("Merge into", state.view.reading.records
    .filter((other) => other.id !== record.id).map((other) => [other.id, state.view.name(other.id)]),
    (into) => decide("merge", { record: record.id, into })),
  split: (record) => pick("These people were also", state.words.outcomes
    .filter((outcome) => outcome !== record.outcome).map((outcome) => [outcome, plain(outcome)]),
    (outcome) => decide("split", { record: record.id, outcome })),
};

// A list under the chosen record to pick one of.
function pick(title, choices, act) {
  if (!choices.length) return say("There is nothing to choose from here.");
  const card = at("records").querySelector(".record.chosen");
  card?.querySelector(".pick")?.remove();
  const list = make("div", { class: "pick", role: "group", "aria-label": title }, `${title}: `,
    ...choices.map(([value, text]) =>
      make("button", { onclick: (event) => { event.stopPropagation(); act(value); } }, text)));
  card?.append(list);
  list.querySelector("button").focus();
}

// What can be done with the selected words or the chosen mention.
function drawBar() {
  const { view, words, span, mention } = state;
  const chosen = view?.mentions.get(mention);
  const record = view?.records.get(state.record);
  const button = (text, key, act, kind) => make("button",
    { class: kind ?? "", onmousedown: (event) => event.preventDefault(), onclick: act }, text,
    key ? make("kbd", {}, key) : null);
  const rows = [];
  if (span || chosen) {
    const text = span ? view.words(span) : view.words(chosen);
    rows.push(make("div", {}, make("b", { dir: "auto" }, text),
      span ? ` [${span.start}, ${span.end})` : ` ${plain(chosen.label.toLowerCase())}`));
    rows.push(make("div", {}, span ? "Mark as " : "Change to ", ...words.labels.map((label, n) =>
      button(plain(label.toLowerCase()), String(n + 1), () => label_(label), `tag ${label}`))));
  }
  if (chosen) {
    const extra = [];
    const linked = record && view.links(record).find((x) => x.tail === mention);
    if (record && record.anchor !== mention)
      for (const type of linkTypes(chosen.label))
        extra.push(button(`${linked?.type === type ? "✓ " : ""}${plain(type)} of ${headline(record)}`,
          type === (linked?.type ?? linkTypes(chosen.label)[0]) ? "l" : null, () => link(type)));
    if (words.anchors.includes(chosen.label)) extra.push(button("New record here", "r", add));
    if (span) extra.push(button("Move to the selection", "b", move));
    extra.push(button("Unmark", "Del", unmark));
    rows.push(make("div", {}, ...extra));
  }
  if (!rows.length) rows.push(make("div", { class: "hint" },
    "Select words to mark them; click marked words to link, relabel or unmark them."));
  at("bar").replaceChildren(...rows);
}

const decide = trying(async (action, body = {}, after = null) => {
  const before = new Set(state.view.records.keys());
  const report_id = state.view.report.report_id;
  const found = await ask("decide", { report_id, action, body });
  state.view = viewOf(found);
  state.form = null;
  if (action === "add" || action === "split")
    state.record = [...state.view.records.keys()].find((id) => !before.has(id)) ?? state.record;
  if (!state.view.records.has(state.record)) state.record = found.reading.records[0]?.id ?? null;
  if (!state.view.mentions.has(state.mention)) state.mention = null;
  if (["mark", "move"].includes(action)) { state.span = null; getSelection().removeAllRanges(); }
  drawReport();
  if (action === "add") acts.edit(state.view.records.get(state.record));
  after?.();
  state.queue = await ask("queue");
  drawQueue();
});

const label_ = (label) => (state.span
  ? decide("mark", { ...state.span, label })
  : decide("move", { mention: state.mention, label }));
const move = () => decide("move", { mention: state.mention, ...state.span });
const unmark = () => decide("unmark", { mention: state.mention });
const add = () => decide("add", { mention: state.mention });

function link(type) {
  const record = state.view.records.get(state.record);
  const linked = state.view.links(record).find((x) => x.tail === state.mention);
  const body = { record: record.id, mention: state.mention };
  return linked?.type === type ? decide("unlink", body) : decide("link", { ...body, type });
}

const open = trying(async (report_id) => {
  const found = await ask(`report?id=${encodeURIComponent(report_id)}`);
  state.view = viewOf(found);
  Object.assign(state, { record: found.reading.records[0]?.id ?? null, mention: null, span: null, form: null });
  drawReport();
  drawQueue();
  at("queue").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  at("reading").scrollTop = 0;
});

function step(by) {
  const order = state.view.events.flat();
  const next = order[order.indexOf(state.record) + by];
  if (next) choose(state.view.records.get(next));
}

function stepReport(by) {
  const ids = state.queue.rows.map((row) => row.report_id);
  const next = ids[ids.indexOf(state.view?.report.report_id) + by];
  return next === undefined ? undefined : open(next);
}

const finish = async () => {
  await decide("done");
  if (state.view.reading.done) await stepReport(1);
};

function pickMention(id) {
  state.mention = state.mention === id ? null : id;
  const own = state.view.reading.records.find((record) => record.anchor === id);
  if (own && state.mention) choose(own);
  drawMarks();
  drawBar();
}

const KEYS = {
  j: () => step(1), k: () => step(-1), n: () => stepReport(1), p: () => stepReport(-1),
  u: () => decide("undo"), d: finish, "?": () => at("help").showModal(),
  r: () => state.mention && add(), b: () => state.mention && state.span && move(),
  Delete: () => state.mention && unmark(),
  l: () => state.mention && linkFirst(),
};

// The types of link that may point to words of a label, the usual one first.
const linkTypes = (label) => Object.entries(state.words.targets)
  .filter(([type, labels]) => labels.includes(label) && !["part_of", "same_as"].includes(type))
  .map(([type]) => type).sort((a, b) => (b === "perpetrator") - (a === "perpetrator"));

function linkFirst() {
  const record = state.view.records.get(state.record);
  const linked = record && state.view.links(record).find((x) => x.tail === state.mention);
  const type = linked?.type ?? linkTypes(state.view.mentions.get(state.mention).label)[0];
  if (record && type && record.anchor !== state.mention) link(type);
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    state.form = state.mention = state.span = null;
    at("records").querySelector(".pick")?.remove();
    if (state.view) drawReport();
    return;
  }
  const typing = event.target.closest?.("input, select, textarea, dialog[open]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !state.view || state.busy)
    return;
  const record = state.view.records.get(state.record);
  const own = { a: "accept", e: "edit", x: "reject", m: "merge", s: "split" }[event.key];
  const label = state.words.labels[Number(event.key) - 1];
  const mark = event.target.closest?.("mark");
  let act = null;
  if (mark && (event.key === "Enter" || event.key === " ")) act = () => pickMention(mark.dataset.id);
  else if (own && record) act = () => acts[own](record);
  else if (label && (state.span || state.mention)) act = () => label_(label);
  else act = KEYS[event.key];
  if (act) {
    event.preventDefault();
    act();
  }
});

document.addEventListener("selectionchange", () => {
  if (!state.view) return;
  const span = selectedSpan(at("text"), state.units);
  if (!span && getSelection().rangeCount && !at("text").contains(getSelection().anchorNode)) return;
  state.span = span;
  drawBar();
});
// Chromium starts no selection inside what takes the focus: while a button is down, marks do not.
const focusable = (so) => {
  for (const mark of at("text").querySelectorAll("mark"))
    if (so) mark.tabIndex = 0;
    else mark.removeAttribute("tabindex");
};
at("text").addEventListener("pointerdown", () => focusable(false));
for (const end of ["pointerup", "pointercancel"])
  addEventListener(end, () => focusable(true));
at("text").addEventListener("click", (event) => {
  const mark = event.target.closest("mark");
  if (mark && getSelection().isCollapsed) pickMention(mark.dataset.id);
});
at("undo").addEventListener("click", () => decide("undo"));
at("done").addEventListener("click", finish);
at("keys").addEventListener("click", () => at("help").showModal());

trying(async () => {
  [state.words, state.queue] = await Promise.all([ask("words"), ask("queue")]);
  state.words.partyNames = new Map(state.words.parties.map((party) => [party.id, party.name]));
  document.body.append(
    make("datalist", { id: "parties" }, ...state.words.parties.map((party) =>
      make("option", { value: party.id }, `${party.name} ${party.name_ar}`))),
    make("datalist", { id: "demographics" }, ...state.words.demographics.map((value) =>
      make("option", { value }))));
  at("legend").replaceChildren(...state.words.labels.map((label) =>
    make("mark", { class: label }, plain(label.toLowerCase()))));
  drawQueue();
  const first = state.queue.rows.find((row) => row.people_status[state.queue.who] !== "done");
  const row = first ?? state.queue.rows[0];
  if (row) await open(row.report_id);
  else say("This run has no reports to review.");
})();
