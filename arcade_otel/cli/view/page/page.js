// The page of `usage view`. It asks its own server for events.json and nobody for anything else.
// Whatever is shown was written by programs, so it is put in as text: never as markup.
"use strict";

const STATES = [["all", "All"], ["queued", "Queued"], ["sent", "Sent"], ["dropped", "Dropped"]];
const OUTCOMES = [["all", "All"], ["succeeded", "Succeeded"], ["failed", "Failed"]];
const TONES = { sent: "good", queued: "wait", dropped: "bad", succeeded: "good", failed: "bad", on: "good", off: "bad", log: "wait" };
const BARS = 60;
const SVG = "http://www.w3.org/2000/svg";
const FRESH_MS = 2000;

const $ = (id) => document.getElementById(id);

let raw = "";
let status = null;
let rows = []; // each event with its list item, the day it is under, and what the search looks at
let openKeys = new Set();
let askedAt = 0;

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") element.className = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// --- words ---------------------------------------------------------------------------------------------------------------------

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "long", year: "numeric", month: "long", day: "numeric" });
const both = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

function dateOf(text) {
  const date = new Date(text ?? NaN);
  return Number.isNaN(date.getTime()) ? null : date;
}

function time(text, format = both) {
  const date = dateOf(text);
  return date === null ? make("time", {}, "at an unknown time") : make("time", { datetime: text, title: both.format(date) }, format.format(date));
}

function dayOf(text) {
  const date = dateOf(text);
  if (date === null) return "At an unknown time";
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(date).setHours(0, 0, 0, 0)) / 864e5);
  if (days === 0) return "Today";
  return days === 1 ? "Yesterday" : day.format(date);
}

function durationOf(ms) {
  if (ms === null) return "–";
  if (ms < 1) return "< 1 ms";
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59995) return `${(ms / 1000).toFixed(2)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

function count(number, one, many) {
  return `${number.toLocaleString()} ${number === 1 ? one : many}`;
}

// --- status --------------------------------------------------------------------------------------------------------------------

function showStatus() {
  const alone = status.program === "arcade-otel";
  const badge = $("tracking");
  badge.textContent = { on: "On", off: "Off", log: "Shown, not sent" }[status.tracking] ?? status.tracking;
  badge.className = `badge ${TONES[status.tracking] ?? ""}`;
  const whose = alone ? "the programs of this directory" : status.program;
  const verb = { on: "is collected", off: "is not collected", log: "is shown and not sent" }[status.tracking] ?? "";
  $("why").textContent = `Usage data of ${whose} ${verb}: ${status.detail}.`;
  $("config-dir").textContent = status.config_dir ?? "no directory (HOME is not set)";
  const facts = [];
  const who = status.distinct_id === null ? ["none yet"]
    : [make("bdi", { class: "mono" }, status.distinct_id), status.anonymous ? "anonymous" : "your account"];
  facts.push(["Identity", who]);
  if (status.scope) facts.push(["Your choice counts for", ["every program that uses ", make("bdi", { class: "mono" }, status.scope)]]);
  facts.push(["PostHog", [status.posthog ?? (alone ? "set by each program" : "not used")]]);
  facts.push(["Queued events", [count(status.waiting, "event", "events")]]);
  facts.push(["Last sent", status.last_sent ? [time(status.last_sent.at), " to ", make("bdi", {}, status.last_sent.lane)] : ["never"]]);
  facts.push(["Last problem", status.last_problem ? [make("bdi", {}, status.last_problem.why ?? "unknown"), ", ", time(status.last_problem.at)] : ["none"]]);
  if (status.sender_problem) facts.push(["Sender", ["cannot run: ", make("bdi", {}, status.sender_problem.why), ", ", time(status.sender_problem.at)]]);
  const missing = status.exporters.filter((each) => !each.installed).map((each) => each.name);
  if (missing.length) facts.push(["Not installed", [missing.join(", ")]]);
  $("facts").replaceChildren(...facts.map(([name, words]) => make("div", {}, make("dt", {}, name), make("dd", {}, ...words))));
}

// --- events --------------------------------------------------------------------------------------------------------------------

function outcomeWords(event) {
  if (event.outcome === null) return "not known";
  return event.outcome === "failed" ? `failed (${event.exit_code})` : "succeeded";
}

function errorWords(event) {
  return [event.error_type, event.error_message].filter(Boolean).join(": ");
}

function stateParts(event) {
  const badge = make("b", { class: TONES[event.state] ?? "" }, event.state);
  if (event.state === "sent") return [badge, " ", time(event.at, clock)];
  const why = event.why ? make("bdi", {}, event.why) : null;
  if (event.state === "queued") return why ? [badge, " ", why] : [badge];
  return why ? [badge, " ", time(event.at, clock), ", ", why] : [badge, " ", time(event.at, clock)];
}

function label(text) {
  return make("span", { class: "unseen" }, text);
}

function itemOf(event, index, longest) {
  const key = `${event.lane} ${event.id}`;
  const error = errorWords(event);
  const bar = make("i", { "aria-hidden": "true" });
  // A millisecond and an hour are both to be seen.
  bar.style.width = event.duration === null ? "0" : `${Math.max(3, (100 * Math.log1p(event.duration)) / Math.log1p(longest))}%`;
  const button = make(
    "button",
    { type: "button", class: "row", "aria-expanded": "false", "aria-controls": `details-${index}` },
    time(event.ran, clock),
    make("bdi", { class: "command" }, event.command || "(no command)"),
    make("span", { class: `outcome ${TONES[event.outcome] ?? ""}` }, label(", outcome: "), outcomeWords(event)),
    make("span", { class: "duration" }, label(", duration: "), durationOf(event.duration), bar),
    make("span", { class: "state" }, label(", delivery status: "), ...stateParts(event)),
    error ? make("bdi", { class: "error" }, label(", error: "), error) : null,
  );
  const details = make("div", { id: `details-${index}`, class: "details", hidden: "" });
  const item = make("li", {}, button, details);
  button.addEventListener("click", () => toggle(key, event, button, details, button.getAttribute("aria-expanded") !== "true"));
  if (openKeys.has(key)) toggle(key, event, button, details, true);
  return { event, key, item, button, searched: [event.command, event.state, event.outcome, error, event.why, event.lane, event.id, event.payload].join("\n").toLowerCase() };
}

function toggle(key, event, button, details, open) {
  button.setAttribute("aria-expanded", String(open));
  details.hidden = !open;
  if (open) openKeys.add(key);
  else openKeys.delete(key);
  if (open && !details.firstChild) details.append(...detailsOf(event)); // only now: a thousand payloads are a long page
}

function detailsOf(event) {
  const facts = [["Command began", [time(event.ran)]], ["Lane", [make("bdi", { class: "mono" }, event.lane ?? "")]], ["Event", [make("bdi", { class: "mono" }, event.id ?? "")]]];
  if (event.state === "queued") {
    if (event.why) facts.push(["It waits because of", [make("bdi", {}, event.why)]]);
    facts.push(["It is tried again", event.pauses_until ? ["after ", time(event.pauses_until)] : ["by the next command"]]);
  } else {
    facts.push([event.state === "sent" ? "Sent" : "Dropped", [time(event.at)]]);
    if (event.why) facts.push(["Why", [make("bdi", {}, event.why)]]);
  }
  const list = make("dl", {}, ...facts.map(([name, words]) => make("div", {}, make("dt", {}, name), make("dd", {}, ...words))));
  const title = { queued: "Exactly what will be sent", sent: "Exactly what was sent" }[event.state] ?? "Exactly what was dropped";
  if (event.payload === null) {
    const reason = event.too_large ? "It was too large to be kept here." : "What it held is not known any more.";
    return [list, make("h4", {}, title), make("p", {}, reason)];
  }
  const copy = make("button", { type: "button" }, "Copy");
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(event.payload);
      copy.textContent = "Copied";
    } catch {
      copy.textContent = "Select and copy it yourself";
    }
  });
  const payload = make("pre", { tabindex: "0", role: "region", "aria-label": `${title}: ${event.command ?? "no command"}` }, event.payload);
  return [list, make("h4", {}, title, copy), payload];
}

function showEvents(events) {
  const focused = rows.find((each) => each.button === document.activeElement)?.key;
  const longest = Math.max(10, ...events.map((each) => each.duration ?? 0));
  rows = events.map((event, index) => itemOf(event, index, longest));
  const known = new Set(rows.map((each) => each.key));
  openKeys = new Set([...openKeys].filter((key) => known.has(key)));
  const days = [];
  let last = null;
  for (const each of rows) {
    const name = dayOf(each.event.ran);
    if (last === null || last.name !== name) {
      last = { name, list: make("ol", { "aria-label": name }) };
      last.section = make("div", { class: "day" }, make("h3", {}, name), last.list);
      days.push(last);
    }
    each.day = last;
    last.list.append(each.item);
  }
  $("events").replaceChildren(...days.map((each) => each.section));
  rows.find((each) => each.key === focused)?.button.focus({ preventScroll: true });
}

// --- filter --------------------------------------------------------------------------------------------------------------------

function choices(id, all) {
  for (const [value, name] of all) {
    const input = make("input", { type: "radio", name: id, value });
    input.defaultChecked = value === "all"; // what a reset goes back to
    $(id).append(make("label", { class: "choice" }, input, make("span", {}, name, " ", make("small", { "data-count": value }))));
  }
}

function chosen() {
  const form = new FormData($("filter"));
  return { words: $("text").value.toLowerCase().split(/\s+/).filter(Boolean), state: form.get("state"), outcome: form.get("outcome") };
}

function visible() {
  const { words, state, outcome } = chosen();
  return rows.filter(
    ({ event, searched }) =>
      (state === "all" || event.state === state) &&
      (outcome === "all" || event.outcome === outcome) &&
      words.every((word) => searched.includes(word)),
  );
}

function filter() {
  const shown = new Set(visible());
  const busy = new Set();
  for (const each of rows) {
    each.item.hidden = !shown.has(each);
    if (shown.has(each)) busy.add(each.day);
  }
  for (const { day } of rows) day.section.hidden = !busy.has(day);
  showCounts(shown.size);
  showChart([...shown].map(({ event }) => event));
}

function showCounts(shown) {
  const filtered = shown !== rows.length;
  $("count").textContent = filtered ? `${shown.toLocaleString()} of ${count(rows.length, "event", "events")}` : count(rows.length, "event", "events");
  for (const [name, field] of [["state", "state"], ["outcome", "outcome"]]) {
    for (const small of $(name).querySelectorAll("small")) {
      const value = small.dataset.count;
      const number = value === "all" ? rows.length : rows.filter(({ event }) => event[field] === value).length;
      small.textContent = number.toLocaleString();
    }
  }
  $("export").disabled = shown === 0;
  $("filter").hidden = rows.length === 0;
  $("empty").hidden = shown !== 0;
  $("clear").hidden = rows.length === 0;
  if (rows.length) $("empty-text").textContent = "No event matches the filter.";
  else if (status.tracking === "off") $("empty-text").textContent = `There is nothing here, and nothing is collected: ${status.detail}.`;
  else $("empty-text").textContent = "Nothing has been collected yet. Run a command of a program that uses arcade-otel, then look here again: its event appears with everything that is in it.";
}

function showChart(events) {
  const dated = events.map((event) => [dateOf(event.ran)?.getTime(), event.outcome ?? "unknown"]).filter(([at]) => at !== undefined);
  const chart = $("chart");
  chart.toggleAttribute("hidden", dated.length === 0);
  $("span").hidden = dated.length === 0;
  if (!dated.length) {
    chart.replaceChildren();
    return;
  }
  const times = dated.map(([at]) => at);
  const first = times.reduce((one, other) => Math.min(one, other));
  const last = times.reduce((one, other) => Math.max(one, other));
  const bins = Array.from({ length: BARS }, () => ({ succeeded: 0, failed: 0, unknown: 0 }));
  for (const [at, outcome] of dated) bins[Math.min(BARS - 1, Math.floor(((at - first) / (last - first || 1)) * BARS))][outcome] += 1;
  const most = Math.max(...bins.map((bin) => bin.succeeded + bin.failed + bin.unknown));
  const bars = [];
  bins.forEach((bin, index) => {
    let top = 56;
    for (const outcome of ["succeeded", "unknown", "failed"]) {
      const height = (bin[outcome] / most) * 52;
      if (!height) continue;
      top -= height;
      const bar = document.createElementNS(SVG, "rect");
      for (const [name, value] of Object.entries({ x: index * 10 + 1, y: top, width: 8, height, class: outcome })) bar.setAttribute(name, value);
      bars.push(bar);
    }
  });
  chart.replaceChildren(...bars);
  const failed = dated.filter(([, outcome]) => outcome === "failed").length;
  chart.setAttribute("aria-label", `${count(dated.length, "command", "commands")} from ${both.format(first)} to ${both.format(last)}, ${failed.toLocaleString()} failed`);
  const [begin, end] = $("span").children;
  begin.textContent = both.format(first);
  end.textContent = both.format(last);
}

// --- export --------------------------------------------------------------------------------------------------------------------

function exported() {
  const texts = visible().map(({ event }) => {
    const { at, ran, state, why, lane, command, id } = event;
    // The payload goes in as the server wrote it: parsed and written again here, 1.0 would become 1.
    return `${JSON.stringify({ at, ran, state, why, lane, command, id }).slice(0, -1)},"payload":${event.payload ?? "null"}}`;
  });
  return `{"events":[\n${texts.join(",\n")}\n]}\n`;
}

function save() {
  const url = URL.createObjectURL(new Blob([exported()], { type: "application/json" }));
  const link = make("a", { href: url, download: `usage-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.json` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

// --- load ----------------------------------------------------------------------------------------------------------------------

async function load() {
  askedAt = Date.now();
  try {
    const answer = await fetch("events.json", { cache: "no-store" });
    const text = await answer.text();
    if (!answer.ok) throw new Error(text.trim());
    $("trouble").hidden = true;
    if (text === raw) return;
    const told = JSON.parse(text);
    raw = text;
    status = told.status;
    showStatus();
    showEvents(told.events);
    filter();
  } catch (error) {
    const gone = error instanceof TypeError;
    $("trouble").textContent = gone ? "The program that served this page has ended; what you see is as old as that. Run it again for a new address." : `It cannot be shown: ${error.message}`;
    $("trouble").hidden = false;
  } finally {
    document.body.dataset.ready = "true";
  }
}

function loadIfOld() {
  if (document.visibilityState === "visible" && Date.now() - askedAt > FRESH_MS) load();
}

choices("state", STATES);
choices("outcome", OUTCOMES);
$("filter").addEventListener("submit", (event) => event.preventDefault());
$("filter").addEventListener("input", filter);
$("reload").addEventListener("click", load);
$("export").addEventListener("click", save);
$("clear").addEventListener("click", () => {
  $("filter").reset();
  filter();
  $("text").focus();
});
window.addEventListener("focus", loadIfOld); // somebody comes back from the terminal
document.addEventListener("visibilitychange", loadIfOld);
load();
