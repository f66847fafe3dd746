// What makes a page live: it is rendered by kvmon, and what differs from what is shown is taken over. Without this file it shows the same.
"use strict";

const root = document.documentElement;
root.classList.add("js");

// Taking over a page that was rendered anew: nodes stay where they can, so that focus, selection and open details stay.
const keep = new Set(["open", "data-at"]);
const same = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && (a.id || "") === (b.id || "");

function take(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && !keep.has(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value && !keep.has(name)) old.setAttribute(name, value);
  if (old.matches("input, select, textarea")) return; // what somebody types is theirs
  const named = new Map([...old.children].filter((each) => each.id).map((each) => [each.id, each]));
  let at = old.firstChild;
  for (const next of [...fresh.childNodes]) {
    const moved = next.id ? named.get(next.id) : null;
    if (moved && moved !== at && same(moved, next)) old.insertBefore(moved, at);
    else if (!at || !same(at, next)) {
      old.insertBefore(document.importNode(next, true), at);
      continue;
    }
    const found = moved && same(moved, next) ? moved : at;
    take(found, next);
    at = found.nextSibling;
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

// Looking anew. One look at a time; what is asked for meanwhile is one more look.
let looking = false;
let again = false;

async function look() {
  if (looking) {
    again = true;
    return;
  }
  looking = true;
  try {
    const answer = await fetch(location.pathname + location.search, { cache: "no-store", signal: AbortSignal.timeout(15000) });
    if (!answer.ok) throw new Error(`${answer.status}`);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.title = fresh.title;
    for (const place of ["main", "header nav", "footer"]) take(document.querySelector(place), fresh.querySelector(place));
    point();
  } catch {
    stale("kvmon does not answer");
  } finally {
    looking = false;
    if (again) {
      again = false;
      look();
    }
  }
}

// Following. A page that hears nothing says so.
const QUIET = 12000;
const shown = document.getElementById("live");
let heard = performance.now();
let boot = "";

function fresh() {
  heard = performance.now();
  if (shown.textContent === "live") return;
  root.classList.remove("stale");
  shown.textContent = "live";
}

function stale(why) {
  if (root.classList.contains("stale")) return;
  root.classList.add("stale");
  shown.textContent = `stale since ${new Date().toISOString().slice(11, 19)} UTC: ${why}; trying again`;
}

let source = null;

function follow() {
  source = new EventSource("/v1/page/events");
  source.addEventListener("hello", ({ data }) => {
    const missed = boot !== "" || root.classList.contains("stale");
    boot = data;
    fresh();
    if (missed) look();
  });
  source.addEventListener("trouble", async () => {
    fresh();
    await look();
    document.getElementById("told").textContent = document.querySelector("h1").textContent; // for whoever listens instead of looking
  });
  source.addEventListener("beat", () => {
    fresh();
    if (!document.hidden) look();
  });
  source.onerror = () => {
    stale("the connection to kvmon is lost");
    if (source?.readyState === EventSource.CLOSED) setTimeout(follow, 2000);
  };
}

if (document.body.dataset.live === "yes") {
  follow();
  setInterval(() => source && performance.now() - heard > QUIET && stale("nothing was heard"), 1000);
  // Browsers allow a few connections to one host: pages that nobody looks at must not hold them all.
  let sleeping = 0;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(sleeping);
    if (document.hidden) {
      sleeping = setTimeout(() => {
        source.close();
        source = null;
      }, 60000);
      return;
    }
    heard = performance.now();
    if (!source) follow();
    look();
  });
}

// Lines: the values at a cursor that a pointer or the arrow keys move.
function point(chart = null, at = null) {
  for (const each of chart ? [chart] : document.querySelectorAll(".chart[data-times]")) {
    const times = each.dataset.times.split("|");
    if (chart) at === null ? delete each.dataset.at : (each.dataset.at = Math.max(0, Math.min(times.length - 1, at)));
    const place = each.dataset.at === undefined ? null : Math.min(times.length - 1, Number(each.dataset.at));
    if (place === null && !chart) continue;
    const index = place ?? times.length - 1;
    for (const value of each.querySelectorAll(".value")) value.querySelector("b").textContent = value.dataset.texts.split("|")[index] ?? "";
    const x = times.length > 1 ? (240 * index) / (times.length - 1) : 0;
    each.querySelector(".cursor").setAttribute("d", place === null ? "" : `M${x} 0V48`);
    each.querySelector(".at").textContent = place === null ? "" : `at ${times[index]} UTC`;
  }
}

const plotted = (event) => event.target instanceof Element && event.target.closest(".plot");

document.addEventListener("pointermove", (event) => {
  const plot = plotted(event);
  if (!plot) return;
  const box = plot.getBoundingClientRect();
  const chart = plot.closest(".chart");
  point(chart, Math.round(((event.clientX - box.left) / box.width) * (chart.dataset.times.split("|").length - 1)));
});
document.addEventListener("pointerout", (event) => plotted(event) && point(plotted(event).closest(".chart"), null));
document.addEventListener("focusout", (event) => plotted(event) && point(plotted(event).closest(".chart"), null));
document.addEventListener("keydown", (event) => {
  const plot = plotted(event);
  if (plot) {
    const chart = plot.closest(".chart");
    const last = chart.dataset.times.split("|").length - 1;
    const now = Number(chart.dataset.at ?? last);
    const to = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: last }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      point(chart, to);
    } else if (event.key === "Escape") point(chart, null);
  } else if (event.key === "/" && !event.target.closest("input, select, textarea, dialog")) {
    const search = document.getElementById("q");
    if (search) {
      event.preventDefault();
      search.focus();
    }
  }
});

// Finding while one types.
let typing = 0;
document.addEventListener("input", (event) => {
  if (event.target.id !== "q") return;
  clearTimeout(typing);
  typing = setTimeout(() => {
    const given = new URLSearchParams(new FormData(event.target.form));
    if (!given.get("q")) given.delete("q");
    history.replaceState(null, "", `${location.pathname}${given.size ? "?" : ""}${given}`);
    look();
  }, 200);
});

// Deciding: silences and overrides, with the token that kvmon asks for. It is kept as long as the page is open, and nowhere else.
let token = "";

const ways = {
  silence: (form) => [
    "POST",
    "/api/v2/silences",
    {
      matchers: [...form.querySelectorAll("[name=matcher]:checked")].map((box) => ({ ...JSON.parse(box.value), isRegex: false, isEqual: true })),
      startsAt: new Date().toISOString(),
      endsAt: new Date(Date.now() + 1000 * form.elements.ttl.value).toISOString(),
      createdBy: form.elements.by.value,
      comment: form.elements.reason.value,
    },
  ],
  override: (form, path) => [
    "PUT",
    path,
    { state: form.elements.state.value, ttl: form.elements.ttl.value, reason: form.elements.reason.value, by: form.elements.by.value },
  ],
  release: (form, path) => ["DELETE", path],
  expire: (form, path) => ["DELETE", path],
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.closes !== undefined) button.closest("dialog").close();
  if (button.dataset.opens === undefined) return;
  const dialog = document.getElementById(button.dataset.opens);
  dialog.dataset.path = button.dataset.path ?? "";
  dialog.querySelector(".subject").textContent = button.dataset.subject ?? "";
  dialog.querySelector(".answer").textContent = "";
  const matchers = dialog.querySelector(".matchers");
  if (matchers) {
    matchers.querySelectorAll("label").forEach((each) => each.remove());
    for (const [name, value] of Object.entries(JSON.parse(button.dataset.labels))) {
      const [label, box] = [document.createElement("label"), document.createElement("input")];
      Object.assign(box, { type: "checkbox", name: "matcher", checked: true, value: JSON.stringify({ name, value }) });
      label.append(box, ` ${name} = ${value}`);
      matchers.append(label);
    }
  }
  const field = dialog.querySelector("[name=token]");
  if (field) field.value = token;
  dialog.showModal();
});

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const dialog = form.closest("dialog");
  if (!dialog) return;
  event.preventDefault();
  const [method, path, body] = ways[form.dataset.does](form, dialog.dataset.path);
  const headers = body ? { "Content-Type": "application/json" } : {};
  if (form.elements.token) {
    token = form.elements.token.value;
    headers.Authorization = `Bearer ${token}`;
  }
  const say = dialog.querySelector(".answer");
  say.textContent = "";
  try {
    const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
    if (answer.ok) {
      dialog.close();
      look();
      return;
    }
    const text = await answer.text();
    try {
      const told = JSON.parse(text);
      say.textContent = told.detail ?? told;
    } catch {
      say.textContent = text || `kvmon answers ${answer.status}`;
    }
  } catch {
    say.textContent = "kvmon does not answer.";
  }
});
