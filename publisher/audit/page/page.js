"use strict";
// The list of all old addresses. Every text in `data` is hostile: it becomes text nodes only, and
// a link only if it leads to the site itself. Only the rows that can be seen are in the document.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const by = (id) => document.getElementById(id);
  const OVERSCAN = 6;
  // Browsers can't lay out boxes much higher than 16 million pixels.
  const HEIGHT_MAX = 15e6;
  const TEXT_MAX = 300;
  const CHANGES = data.changes.map(([name]) => name);

  const say = (key, values = {}) => {
    const one = `${key}.one`;
    const text = data.text[values.n === 1 && one in data.text ? one : key];
    return fill(text, values);
  };
  const fill = (text, values) =>
    text.replace(/\{(\w+)\}/g, (_, name) =>
      !Object.hasOwn(values, name) ? "…"
        : typeof values[name] === "number" ? number(values[name]) : values[name]);
  const number = (value) => value.toLocaleString("en-US");

  // ---- columns

  const column = (name) => {
    const values = data.columns[name];
    return Array.isArray(values) ? (row) => values[row] : () => values;
  };
  const at = Object.fromEntries(Object.keys(data.columns).map((name) => [name, column(name)]));
  const text = (name) => (row) => data.texts[at[name](row)];
  const target = text("target"), title = text("title"), rule = text("rule"), origin = text("origin");
  const findings = (row) => data.findings[at.findings(row)];
  const fix = (row) => data.fixes[at.fix(row)];
  // A bit for each kind and severity of a list of findings.
  const kindBits = data.findings.map((list) => list.reduce((bits, one) => bits | (1 << one[0]), 0));
  const severityBits = data.findings.map((list) => list.reduce((bits, one) => bits | (1 << one[1]), 0));
  const gravest = (row) => severityBits[at.findings(row)] ? Math.clz32(reversed(severityBits[at.findings(row)])) : 9;
  const reversed = (bits) => ((bits & 1) << 31) | ((bits & 2) << 29) | ((bits & 4) << 27);

  // ---- hostile texts

  // The same as `publisher.audit.shown`.
  const UNSEEN = /(?! )[\p{C}\p{Z}\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/gu;
  const USUAL_IN_TITLES = "\u3000\u200d";
  const decoded = (url) => url.replace(/(?:%[89a-f][0-9a-f])+/gi, (found) => {
    try { return decodeURIComponent(found); } catch { return found; }
  });

  const make = (tag, kind, ...inside) => {
    const made = document.createElement(tag);
    if (kind) made.className = kind;
    made.append(...inside);
    return made;
  };
  const visible = (kind, value, max = TEXT_MAX) => {
    const made = make("bdi", kind);
    if (!value && kind === "url") made.append("∅");
    const cut = value.slice(0, max);
    let from = 0;
    for (const found of cut.matchAll(UNSEEN)) {
      if (kind === "text" && USUAL_IN_TITLES.includes(found[0])) continue;
      const code = found[0].codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
      made.append(cut.slice(from, found.index), make("span", "unseen", `U+${code}`));
      from = found.index + found[0].length;
    }
    made.append(cut.slice(from), value.length > max ? "…" : "");
    return made;
  };
  const address = (url, max) => visible("url", decoded(url), max);

  const site = (() => { try { return new URL(data.site); } catch { return null; } })();
  const link = (url) => {
    if (!site || !/^(\/|https?:)/i.test(url)) return "";
    try {
      const found = new URL(url, site);
      return /^https?:$/.test(found.protocol) && found.origin === site.origin ? found.href : "";
    } catch { return ""; }
  };

  // ---- what is filtered and sorted

  const hay = new Array(data.rows);
  const plain = (value) => decoded(value).normalize("NFKC").toLowerCase();
  const hayOf = (row) => hay[row] ??= plain(`${at.url(row)}\n${target(row)}\n${title(row)}\n${rule(row)}`);
  // Made while nothing else is to be done, so that the first key is not slower than the others.
  const prepare = (from = 0) => {
    const end = Math.min(from + 1000, data.rows);
    for (let row = from; row < end; row++) hayOf(row);
    if (end < data.rows) setTimeout(prepare, 4, end);
  };

  const FILTERS = ["outcome", "finding", "severity", "source", "change"];
  const state = { q: "", outcome: "", finding: "", severity: "", source: "", change: "", sort: "" };
  const place = (list, name) => list.findIndex((one) => one[0] === name);
  const bits = (list, value) => value.split(",").reduce((all, name) => all | (1 << place(list, name)), 0);

  const matcher = () => {
    const tests = [];
    if (state.outcome) { const all = bits(data.outcomes, state.outcome); tests.push((row) => all & (1 << at.outcome(row))); }
    if (state.finding) { const all = bits(data.kinds, state.finding); tests.push((row) => all & kindBits[at.findings(row)]); }
    if (state.severity) { const all = bits(data.severities, state.severity); tests.push((row) => all & severityBits[at.findings(row)]); }
    if (state.source) { const all = bits(data.sources, state.source); tests.push((row) => all & at.sources(row)); }
    if (state.change) { const change = CHANGES.indexOf(state.change); tests.push((row) => at.change(row) === change); }
    const words = plain(site && state.q.startsWith(site.origin) ? state.q.slice(site.origin.length) : state.q);
    for (const word of words.split(/\s+/)) if (word) tests.push((row) => hayOf(row).includes(word));
    return (row) => tests.every((test) => test(row));
  };

  const KEYS = {
    url: (row) => plain(at.url(row)), outcome: (row) => at.outcome(row), finding: gravest,
    hits: (row) => at.hits(row), clicks: (row) => at.clicks(row), domains: (row) => at.domains(row),
    shares: (row) => at.shares(row), lost: (row) => at.lost(row),
    change: (row) => ["worse", "new", "better", ""].indexOf(CHANGES[at.change(row)]),
  };
  const orders = new Map();
  const order = (sort) => {
    if (!orders.has(sort)) {
      const rows = Uint32Array.from({ length: data.rows }, (_, row) => row);
      const key = Object.hasOwn(KEYS, sort.replace("-", "")) && KEYS[sort.replace("-", "")];
      if (key) {
        const keys = Array.from(rows, key);
        const sign = sort.startsWith("-") ? -1 : 1;
        rows.sort((a, b) => (keys[a] < keys[b] ? -sign : keys[a] > keys[b] ? sign : a - b));
      }
      orders.set(sort, rows);
    }
    return orders.get(sort);
  };

  // ---- the table

  const table = by("table"), body = by("body"), space = by("space");
  const shown = new Map(); // place in the table -> its element
  let rows = order(""), height = 56, open = -1, extra = 0, current = 0, fits = 0;

  const top = (index) => index * height + (open >= 0 && index > open ? extra : 0);
  const indexAt = (y) => {
    if (open < 0 || y < top(open)) return Math.floor(y / height);
    return Math.max(open, Math.floor((y - extra) / height));
  };

  const draw = () => {
    const first = Math.max(0, indexAt(body.scrollTop) - OVERSCAN);
    const last = Math.min(fits, indexAt(body.scrollTop + body.clientHeight) + OVERSCAN + 1);
    const had = document.activeElement?.closest?.("#space > [role=row]");
    for (const [index, element] of shown) {
      if (index < first || index >= last) { element.remove(); shown.delete(index); }
    }
    const fresh = document.createDocumentFragment();
    for (let index = first; index < last; index++) {
      if (!shown.has(index)) {
        const made = line(index);
        shown.set(index, made);
        fresh.append(made);
      }
    }
    space.append(fresh);
    for (const [index, element] of shown) element.style.transform = `translateY(${top(index)}px)`;
    // Where Tab goes: the row that was used last, or the first that can be seen.
    const stop = shown.has(current) ? current : indexAt(body.scrollTop + height - 1);
    for (const [index, element] of shown) element.querySelector("button").tabIndex = index === stop ? 0 : -1;
    if (had && !had.isConnected) body.focus({ preventScroll: true });
  };

  const line = (index) => {
    const row = rows[index];
    const made = make("div", "row");
    made.setAttribute("role", "row");
    made.setAttribute("aria-rowindex", String(index + 2));
    made.dataset.index = String(index);
    const cell = (kind, ...inside) => {
      const one = make("div", `c-${kind}`, ...inside);
      one.setAttribute("role", "cell");
      made.append(one);
    };
    const button = make("button", "toggle", address(at.url(row)));
    button.type = "button";
    button.setAttribute("aria-expanded", String(index === open));
    const where = make("span", "where");
    if (target(row)) where.append("→ ", address(target(row)), title(row) ? make("span", "name", " ", visible("text", title(row))) : "");
    cell("url", button, where);
    const [outcome, name] = data.outcomes[at.outcome(row)];
    cell("outcome", make("span", `outcome o-${outcome}`, name), make("span", "status", statusOf(row)));
    const list = findings(row);
    cell("finding", ...(list.length ? [
      make("span", `severity s-${data.severities[list[0][1]][0]}`, data.kinds[list[0][0]][1]),
      list.length > 1 ? make("span", "more", ` +${list.length - 1}`) : "",
    ] : []));
    for (const name of ["hits", "clicks", "domains", "shares"]) {
      if (table.querySelector(`.head .c-${name}`)) cell(name, at[name](row) ? number(at[name](row)) : "–");
    }
    cell("lost", !at.lost(row) ? "–" : at.lost(row) < 0.001 ? "< 0.001" : at.lost(row).toFixed(3));
    if (table.classList.contains("has-change")) {
      const change = CHANGES[at.change(row)];
      cell("change", change ? make("span", `change is-${change}`, data.changes[at.change(row)][1]) : "");
    }
    if (index === open) {
      made.classList.add("is-open");
      const details = detail(row);
      details.id = "details";
      details.setAttribute("role", "cell");
      button.setAttribute("aria-controls", "details");
      made.append(details);
    }
    return made;
  };
  const statusOf = (row) => at.status(row) ? `${at.status(row)}${at.hops(row) > 1 ? ` ×${at.hops(row)}` : ""}` : "";

  const redraw = () => {
    for (const element of shown.values()) element.remove();
    shown.clear();
    height = parseFloat(getComputedStyle(table).getPropertyValue("--row")) || 56;
    fits = Math.min(rows.length, Math.floor(HEIGHT_MAX / height));
    extra = 0;
    const size = () => { space.style.height = `${fits * height + extra}px`; };
    size();
    draw();
    if (shown.has(open)) measure();
    size();
  };
  const measure = () => {
    extra = shown.get(open).offsetHeight - height;
    space.style.height = `${fits * height + extra}px`;
    draw();
  };

  const toggle = (index) => {
    const had = body.scrollTop;
    const before = open >= 0 && open < index ? extra : 0;
    open = open === index ? -1 : index;
    current = index;
    redraw();
    body.scrollTop = had - before;
    draw();
    shown.get(index)?.querySelector("button").focus({ preventScroll: true });
  };
  const go = (index) => {
    current = Math.max(0, Math.min(fits - 1, index));
    const y = top(current);
    const tall = current === open ? height + extra : height;
    if (y < body.scrollTop) body.scrollTop = y;
    else if (y + tall > body.scrollTop + body.clientHeight) body.scrollTop = y + Math.min(tall, body.clientHeight) - body.clientHeight;
    draw();
    shown.get(current)?.querySelector("button").focus({ preventScroll: true });
  };

  // ---- a row in full

  const detail = (row) => {
    const list = make("dl", "");
    const say1 = (term, ...inside) => list.append(make("div", "", make("dt", "", say(term)), make("dd", "", ...inside)));
    const url = at.url(row);
    const raw = make("code", "raw", visible("url", url, 4000));
    const href = link(url);
    const anchor = make("a", "", say("js.open"));
    if (href) { anchor.href = href; anchor.rel = "noreferrer noopener"; anchor.target = "_blank"; }
    say1("js.raw", raw, " ", copyButton(() => clean(url)), ...(href ? [" ", anchor] : []));
    const hops = at.hops(row);
    say1("js.answer", String(at.status(row)), hops ? ` · ${say("js.hops", { n: hops })}` : "", ` · ${data.outcomes[at.outcome(row)][2]}`);
    if (target(row)) say1("js.target", address(target(row), 1000), decoded(target(row)) === target(row) ? "" : make("code", "raw second", visible("url", target(row), 1000)));
    if (title(row)) say1("js.title", visible("text", title(row), 1000));
    say1("js.rule", ...(rule(row) ? [make("code", "", address(rule(row), 1000))] : [say("js.no_rule")]),
      ...(origin(row) ? [" ", visible("text", say("js.origin", { origin: origin(row) }))] : []));
    say1("js.sources", data.sources.filter((_, bit) => at.sources(row) & (1 << bit)).map((one) => one[1]).join(" · "));
    const worth = ["hits", "clicks", "domains", "shares"].filter((name) => at[name](row)).map((name) => say(`loss.${name}`, { n: at[name](row) }));
    say1("js.worth", worth.join(" · ") || say("loss.nothing"), at.lost(row) ? ` · ${say("js.lost", { n: at.lost(row) < 0.0001 ? "< 0.0001" : at.lost(row).toFixed(4) })}` : "");
    const live = data.lives[at.live(row)];
    say1("js.live", ...(live ? liveWords(live) : [say("js.live.not_asked")]));
    return make("div", "detail", findingList(row), list);
  };
  const liveWords = ([status, hops, last, where, problem]) => status
    ? [String(status), hops ? ` · ${say("js.hops", { n: hops })} · ${last} ` : " ", where ? address(where, 1000) : ""]
    : [visible("text", say("js.live.failed", { problem }), 1000)];
  const findingList = (row) => {
    const made = make("div", "found");
    for (const [kind, severity, pairs] of findings(row)) {
      const [, name, words, advice] = data.kinds[kind];
      const values = Object.fromEntries(pairs.map(([key, value]) => [key, decoded(value)]));
      if (Object.hasOwn(data.agents, values.agent ?? "")) values.agent = data.agents[values.agent];
      made.append(make("div", "one",
        make("p", "", make("span", `severity s-${data.severities[severity][0]}`, data.severities[severity][1]), " ", make("strong", "", name)),
        make("p", "", visible("text", fill(words, values), 2000)),
        make("p", "quiet", visible("text", fill(advice, values), 2000))));
    }
    if (!findings(row).length) made.append(make("p", "quiet", say("js.no_findings")));
    const mend = fix(row);
    if (mend) {
      const [from, to, status, isGuess, reason] = mend;
      made.append(make("div", "one mend",
        make("p", isGuess ? "guess" : "quiet", say(isGuess ? "js.guess" : "js.fix")),
        make("p", "rule", make("code", "", address(from), make("span", "to", " → "), address(to), ` ${status}`), " ", copyButton(() => csv(from, to, status))),
        isGuess && reason ? make("p", "quiet", visible("text", say("js.because", { reason }))) : ""));
    }
    return made;
  };

  // ---- copying

  // A line break or another control in what is pasted could run as a command.
  const clean = (value) => value.replace(/\p{Cc}/gu, "");
  const csv = (...cells) => cells.map((value) => {
    const cell = clean(String(value));
    return /[",#]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
  }).join(",");
  const copy = async (button, value, done = say("js.copied")) => {
    const said = button.dataset.says ??= button.textContent;
    try {
      await navigator.clipboard.writeText(value);
      button.textContent = done;
    } catch {
      const near = button.parentElement.querySelector("code");
      if (near) getSelection().selectAllChildren(near);
      button.textContent = say("js.select");
    }
    tell(button.textContent);
    setTimeout(() => { button.textContent = said; }, 2500);
  };
  const copyButton = (value) => {
    const button = make("button", "copy", say("copy"));
    button.type = "button";
    button.addEventListener("click", () => copy(button, value()));
    return button;
  };

  // ---- filters, and their state in the address

  const inputs = Object.fromEntries(["q", ...FILTERS].map((name) => [name, by(name)]));
  const options = { outcome: data.outcomes, finding: data.kinds, severity: data.severities, source: data.sources, change: data.changes.slice(1) };
  const MANY = { outcome: ["lost,broken", "kept,moved,elsewhere"] };
  const label = (name, value) => value.split(",").map((one) => options[name].find((it) => it[0] === one)?.[1] ?? one).join(" + ");
  const isKnown = (name, value) => value.split(",").every((one) => place(options[name], one) >= 0);

  const counts = () => {
    const found = Object.fromEntries(FILTERS.map((name) => [name, new Map()]));
    const count = (name, value) => found[name].set(value, (found[name].get(value) ?? 0) + 1);
    for (let row = 0; row < data.rows; row++) {
      count("outcome", data.outcomes[at.outcome(row)][0]);
      if (at.change(row)) count("change", CHANGES[at.change(row)]);
      data.sources.forEach(([name], bit) => at.sources(row) & (1 << bit) && count("source", name));
      const list = at.findings(row);
      if (!kindBits[list]) continue;
      data.kinds.forEach(([name], bit) => kindBits[list] & (1 << bit) && count("finding", name));
      data.severities.forEach(([name], bit) => severityBits[list] & (1 << bit) && count("severity", name));
    }
    return found;
  };
  const fillSelects = () => {
    const found = counts();
    for (const name of FILTERS) {
      const select = inputs[name];
      select.append(new Option(data.text["filter.all"], ""));
      for (const value of [...options[name].map((one) => one[0]), ...(MANY[name] ?? [])]) {
        const n = value.split(",").reduce((sum, one) => sum + (found[name].get(one) ?? 0), 0);
        if (n) select.append(new Option(`${label(name, value)} (${number(n)})`, value));
      }
      select.disabled = select.options.length < 2;
    }
  };

  let telling = 0;
  const tell = (words) => {
    clearTimeout(telling);
    telling = setTimeout(() => { by("count").textContent = words; }, 120);
  };
  const apply = () => {
    const matches = matcher();
    rows = order(state.sort).filter(matches);
    open = -1; current = 0;
    body.scrollTop = 0;
    redraw();
    table.setAttribute("aria-rowcount", String(rows.length + 1));
    const words = say("js.count", { n: rows.length, total: data.rows });
    tell(fits < rows.length ? `${words} ${say("js.cut", { n: fits })}` : words);
    by("none").hidden = rows.length > 0;
    body.hidden = rows.length === 0;
    by("clear").disabled = !Object.entries(state).some(([name, value]) => name !== "sort" && value);
    for (const header of table.querySelectorAll("[role=columnheader]")) {
      const name = header.dataset.column;
      const sort = state.sort || "-lost";
      if (sort.replace("-", "") === name) header.setAttribute("aria-sort", sort.startsWith("-") ? "descending" : "ascending");
      else header.removeAttribute("aria-sort");
    }
  };
  const save = () => {
    const kept = new URLSearchParams(Object.entries(state).filter(([, value]) => value));
    // Some browsers refuse this for a file; then the address says nothing, and all else works.
    try { history.replaceState(null, "", `#${kept.size ? kept : "rows"}`); } catch { /* see above */ }
  };
  const load = () => {
    if (!location.hash.includes("=")) return false;
    const kept = new URLSearchParams(location.hash.slice(1));
    for (const name of Object.keys(state)) state[name] = kept.get(name) ?? "";
    for (const name of FILTERS) {
      if (state[name] && !isKnown(name, state[name])) state[name] = "";
      const select = inputs[name];
      if (state[name] && ![...select.options].some((one) => one.value === state[name])) {
        select.append(new Option(label(name, state[name]), state[name]));
        select.disabled = false;
      }
      select.value = state[name];
    }
    if (!Object.hasOwn(KEYS, state.sort.replace("-", ""))) state.sort = "";
    inputs.q.value = state.q;
    return true;
  };
  const reach = () => { by("rows").scrollIntoView(); by("rows").focus({ preventScroll: true }); };

  // ---- what people do

  const FIRST_DOWN = ["url", "outcome", "finding", "change"]; // texts and grades; figures start with the most
  table.querySelector(".head").addEventListener("click", (event) => {
    const name = event.target.closest("[role=columnheader]")?.dataset.column;
    if (!name) return;
    const first = FIRST_DOWN.includes(name) ? name : `-${name}`;
    const other = first.startsWith("-") ? name : `-${name}`;
    state.sort = state.sort === first ? other : first;
    apply(); save();
  });
  inputs.q.addEventListener("input", () => { state.q = inputs.q.value; apply(); save(); });
  for (const name of FILTERS) inputs[name].addEventListener("change", () => { state[name] = inputs[name].value; apply(); save(); });
  by("filters").addEventListener("submit", (event) => event.preventDefault());
  by("clear").addEventListener("click", () => {
    for (const name of ["q", ...FILTERS]) { state[name] = ""; inputs[name].value = ""; }
    apply(); save(); inputs.q.focus();
  });
  by("rules").addEventListener("click", () => {
    const fixes = Array.from(rows, fix).filter(Boolean);
    const sure = fixes.filter((one) => !one[3]);
    const lines = ["from,to,status", ...sure.map(([from, to, status]) => csv(from, to, status))];
    copy(by("rules"), `${lines.join("\n")}\n`, say("js.rules", { n: sure.length, guesses: fixes.length - sure.length }));
  });
  body.addEventListener("scroll", () => requestAnimationFrame(draw), { passive: true });
  body.addEventListener("click", (event) => {
    const element = event.target.closest(".row");
    if (!element || event.target.closest("a, .copy, .detail") || String(getSelection())) return;
    toggle(Number(element.dataset.index));
  });
  body.addEventListener("keydown", (event) => {
    if (event.target !== body && !event.target.classList.contains("toggle")) return;
    const page = Math.max(1, Math.floor(body.clientHeight / height) - 1);
    const moves = { ArrowDown: current + 1, ArrowUp: current - 1, PageDown: current + page, PageUp: current - page, Home: 0, End: fits - 1 };
    if (!Object.hasOwn(moves, event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    go(moves[event.key]);
  });
  space.addEventListener("focusin", (event) => {
    const element = event.target.closest(".row");
    if (element) current = Number(element.dataset.index);
  });
  for (const button of document.querySelectorAll("button.copy[hidden]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button, csv(button.dataset.from, button.dataset.to, button.dataset.status)));
  }
  addEventListener("hashchange", () => { if (load()) { apply(); reach(); } });
  let width = innerWidth;
  addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; redraw(); } });

  by("list").hidden = false;
  by("none").textContent = say("js.none");
  document.documentElement.classList.add("has-script");
  const names = [...table.querySelectorAll("[role=columnheader]")].map((one) => one.dataset.column);
  const WIDTHS = { url: "minmax(10rem, 1fr)", outcome: "7rem", finding: "minmax(8rem, 12rem)", lost: "5.6rem", change: "4rem" };
  table.style.setProperty("--columns", names.map((name) => WIDTHS[name] ?? "4.4rem").join(" "));
  table.setAttribute("aria-colcount", String(names.length));
  fillSelects();
  const isAsked = load();
  apply();
  if (isAsked) reach();
  prepare();
})();
