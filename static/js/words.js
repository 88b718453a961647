/* Never a word lost. What somebody types is kept on this device, at once and for that person alone, until the server has it.

   In IndexedDB (localStorage forgets what a killed browser had), "words" / "rows", each row of one person:
   draft   a form's text fields and ticks as they stand, written with each keystroke. Every text field of every form that posts, unless
           it says data-not-kept="why". Put back on load: into the field, or beside it where the server's words are newer.
   post    a new thing under its own key (data-fresh, data-waits: a jotting, an offer, a point …) that the server hasn't answered for.
           Sent again until it does, and never twice. Nothing else is ever sent late.
   A plain form takes the mark of its draft along; the server says that it took it by a cookie of that name (core/http.py).

   data-kept        where a form says what became of its words; else a line at its end
   data-leaves      the form that signs out: what was kept goes with it. data-unsent inside it: how many words that would be
   Words older than two weeks are forgotten. What is said stands in <template id="kept-words">. */
"use strict";
(() => {
  const person = document.querySelector("meta[name=person]")?.content;
  if (!person) return;
  const { all, notice, back, beside, newKey, hhmm, fresh, grow } = window.keeping;
  const FORTNIGHT = 14 * 86400000, SOON = 6000, PATIENT = 20000;
  const TYPED = "textarea, input:not([type=hidden], [type=checkbox], [type=radio], [type=password], [type=submit], [type=file])";
  const FIGURE = "[type=date], [type=time], [type=number]";  // one that was refused is no word to go on from, and looks like the server's own
  const TICKED = "[type=checkbox]:not([data-keeps]), [type=radio], select";
  const MOVING = /^(csrfmiddlewaretoken|key|version|shown|seen|edition|from|again|draft|merged|was|after|before)$/;
  const tab = newKey(), here = location.pathname;
  const words = document.getElementById("kept-words")?.dataset || {};

  // --- the rows ---
  const opened = new Promise((yes, no) => {
    const ask = indexedDB.open("words", 1);
    ask.onupgradeneeded = () => ask.result.createObjectStore("rows", { keyPath: "id" });
    ask.onsuccess = () => yes(ask.result);
    ask.onerror = () => no(ask.error);
  });
  const rows = async (work, mode = "readwrite", durability = "relaxed") => {  // a killed browser loses neither; a dead battery no "strict" one
    const doing = (await opened).transaction("rows", mode, { durability });
    return new Promise((yes, no) => {
      const asked = work(doing.objectStore("rows"));
      doing.oncomplete = () => yes(asked?.result);
      doing.onabort = doing.onerror = () => no(doing.error);
      if (mode === "readwrite") doing.commit?.();
    });
  };
  const mine = async () => (await rows((store) => store.getAll(), "readonly")).filter((row) => row.person === person);
  const alive = async () => new Set(((await navigator.locks?.query())?.held || []).map((lock) => lock.name));
  let end;
  navigator.locks?.request(tab, () => new Promise((yes) => { end = yes; }));  // for as long as this page lives
  window.addEventListener("pagehide", () => end?.());

  // --- a form, its fields, and its name: the same on the page, on its answer, and tomorrow ---
  const fieldsOf = (form) => [...form.elements].filter((f) => f.matches(TYPED) && !f.readOnly && f.autocomplete !== "one-time-code" && !f.closest("[data-not-kept]"));
  const named = (fields) => fields.map((f, i) => [f.name + (fields.findIndex((g) => g.name === f.name) < i ? `~${i}` : ""), f]);
  const ticksOf = (form) => [...form.elements].filter((f) => f.matches(TICKED));
  const now = (f) => (f.matches("select") ? f.value : f.checked);
  const first = (f) => (f.matches("select") ? ([...f.options].find((o) => o.defaultSelected) || f.options[0])?.value : f.defaultChecked);
  const nameOf = (form) => new URL(form.getAttribute("action") || "", location.href).pathname +
    [...form.elements].filter((f) => f.type === "hidden" && f.name && !MOVING.test(f.name)).map((f) => ` ${f.name}=${f.value}`).join("");
  const idOf = (form) => `${person} ${tab} ${nameOf(form)}`;
  const isOurs = (form) => form instanceof HTMLFormElement && form.method === "post" && fieldsOf(form).length > 0;
  const isEcho = (form) => Boolean(form.querySelector("[aria-invalid], .error"));  // the server's answer has the words, the server hasn't
  const bases = new Map(), marks = new Map();

  const rowOf = (form) => {
    const id = idOf(form), fields = named(fieldsOf(form)), echo = isEcho(form);
    if (!bases.has(id)) bases.set(id, Object.fromEntries(fields.map(([name, f]) => [name, echo ? "" : f.defaultValue])));
    const base = bases.get(id), typed = Object.fromEntries(fields.map(([name, f]) => [name, f.value]));
    if (!fields.some(([name, f]) => f.value !== (base[name] ?? f.defaultValue))) return { id };
    if (!marks.has(id)) marks.set(id, newKey());
    return {
      id, person, tab, base, typed, kind: "draft", form: nameOf(form), at: Date.now(), page: here + location.search, mark: marks.get(id),
      ticks: ticksOf(form).map((f) => [now(f), first(f)]),
      refused: fields.filter(([, f]) => f.matches(FIGURE) && f.matches("[aria-invalid]") && f.value === f.defaultValue).map(([name]) => name),
    };
  };

  // --- written at once; while one is being written, the newest waits ---
  const due = new Map();
  let writing = false, left = false;
  const write = async () => {
    if (writing) return;
    for (writing = true; due.size;) {
      const batch = [...due];
      due.clear();
      try {
        await rows((store) => { for (const [id, { row }] of batch) if (row.person) store.put(row); else store.delete(id); });
        for (const [, { form, row }] of batch) if (form) line(form, row.person ? "kept" : "");
      } catch {
        for (const [, { form }] of batch) if (form) line(form, "lost");
      }
    }
    writing = false;
  };
  const keep = (form) => {
    if (left) return;
    const row = rowOf(form);
    due.set(row.id, { form, row });
    write();
  };
  const forget = (id, form) => { due.set(id, { form, row: { id } }); return write(); };

  // --- what is said beside the button: small, in one place ---
  const waiting = new Map(), saved = new Map(), states = new Map();
  const line = (form, state = states.get(nameOf(form))) => {
    states.set(nameOf(form), state);
    let place = form.querySelector("[data-kept]");
    if (!place) {
      place = form.appendChild(document.createElement("p"));
      place.className = "state kept-line";
      place.dataset.kept = "";
    }
    const late = waiting.get(nameOf(form)), when = saved.get(nameOf(form));
    const is = state === "lost" ? state : late ? "waiting" : state || (when ? "saved" : "");
    const text = is === "waiting" ? words.waiting.replace("%s", hhmm(late.since)).replace("%n", late.n) : ((is === "saved" && form.dataset.thanks) || (words[is] ?? is)).replace("%s", hhmm(when || Date.now()));
    if (place.textContent !== text) place.textContent = text;
    place.dataset.kept = is;
  };
  const lines = () => { for (const form of document.forms) if (isOurs(form)) line(form); };
  // Its answer was lost, but it is on the server: the page shows it. Sent once more after it was deleted, it would come back.
  const isHere = (row) => document.querySelector(`[data-key="${CSS.escape(row.id.split(" ").pop())}"]`);
  const count = async () => {
    waiting.clear();
    for (const row of await mine()) {
      if (row.kind !== "post") continue;
      if (isHere(row)) { await forget(row.id); saved.set(row.form, Date.now()); continue; }
      const { n, since } = waiting.get(row.form) || { n: 0, since: row.at };
      waiting.set(row.form, { n: n + 1, since: Math.min(since, row.at) });
    }
    lines();
  };

  // --- beside the page: words that have no field, or whose field has newer ones ---
  const plainDay = (text) => (/^\d{4}-\d\d-\d\d$/.test(text) ? new Date(`${text}T12:00`).toLocaleDateString(document.documentElement.lang, { dateStyle: "long" }) : text);
  const setAside = (row, texts, form) => {
    const shown = beside("notice-unsent"), about = words.yours.replace("%s", hhmm(row.at));
    if (!shown) return;
    shown.dataset.words = texts.map(([, text]) => text).join(" · ");
    shown.querySelector(".about").textContent = row.why ? `${about} ${row.why}` : row.about || about;
    shown.querySelector(".words").textContent = texts.map(([, text]) => plainDay(text)).join(" · ");
    const link = shown.querySelector("a"), use = shown.querySelector("[data-put-in]");
    if (!form && row.page !== here + location.search) { link.href = row.page; link.hidden = false; }
    if (form) {
      use.hidden = false;
      use.addEventListener("click", () => { putIn(form, row, texts); shown.remove(); forget(row.id); });
    }
  };
  const putIn = (form, row, texts) => {
    const fields = new Map(named(fieldsOf(form)));
    bases.set(idOf(form), { ...row.base });
    for (const [name, text] of texts) {
      const field = fields.get(name);
      if (!field) continue;
      field.value = text;
      if (field.matches("textarea")) grow(field);
    }
    ticksOf(form).forEach((f, i) => {
      const [is, was] = row.ticks?.[i] || [];
      if (is === was || was !== first(f)) return;
      if (f.matches("select")) f.value = is;
      else f.checked = is;
    });
    const around = form.closest("details");
    if (around) around.open = true;
    keep(form);
  };

  const changed = (row) => Object.entries(row.typed || {}).filter(([name, text]) => text.trim() && text !== row.base[name]);

  // One draft onto this page. Whatever can't go into its field is shown: nothing is dropped.
  const putBack = (row) => {
    const form = [...document.forms].find((each) => isOurs(each) && nameOf(each) === row.form);
    const texts = changed(row);
    if (!form || row.kind === "aside") {
      if (row.why || row.page.split("?")[0] === here) setAside(row, texts);
      return;
    }
    const fields = new Map(named(fieldsOf(form))), echo = isEcho(form), own = due.has(idOf(form)) || bases.has(idOf(form));
    const refused = echo ? [] : texts.filter(([name, text]) => row.refused?.includes(name) && fields.has(name) && fields.get(name).defaultValue !== text);
    if (refused.length) {  // beside its field, which shows what stands; all the rest of the draft goes into its own
      const left = { ...row, typed: Object.fromEntries(refused), ticks: [], why: words.refused, figures: true }, rest = { ...row, refused: [], id: `${row.id} rest` };
      rest.typed = Object.fromEntries(Object.entries(row.typed).filter(([name]) => !row.refused.includes(name)));
      setAside(left, refused, form);
      due.set(left.id, { row: left });
      due.set(rest.id, { row: rest });
      write();
      return putBack(rest);
    }
    const newer = texts.filter(([name, text]) => {
      const field = fields.get(name);
      return !field || (field.defaultValue !== text && ((own && field.value !== field.defaultValue && field.value !== text) || (!echo && field.defaultValue !== (row.base[name] ?? ""))));
    });
    if (newer.length) return setAside(row, newer, form);
    if (echo || texts.some(([name, text]) => fields.get(name).defaultValue !== text)) putIn(form, row, texts);
    if (row.why) line(form, row.why);
    forget(row.id);  // it is in this page's own draft now, or on the server
  };
  const restore = async (again = true) => {
    const everybodys = await rows((store) => store.getAll(), "readonly"), living = await alive(), took = [], sent = new Set();
    let held = false;
    const taken = (row) => row.mark && document.cookie.includes(`kept-${row.mark}=`);
    for (const row of everybodys) {
      if (row.at < Date.now() - FORTNIGHT) forget(row.id);
      else if (row.person !== person || row.kind === "post" || row.tab === tab) continue;
      else if (taken(row)) {
        document.cookie = `kept-${row.mark}=; path=/; max-age=0`;
        saved.set(row.form, Date.now());
        sent.add(row.form);
        forget(row.id);
      } else if (living.has(row.tab)) held = true;
      else took.push(row);
    }
    for (const row of took.sort((a, b) => b.at - a.at)) if (row.figures && sent.has(row.form)) forget(row.id);  // another was taken since
      else putBack(row);
    if (again && held) setTimeout(() => restore(false).catch(() => {}), 1500);  // a page that was just left may not have let go yet
    return count();
  };

  // --- the outbox ---
  let timer = 0, failures = 0, draining = false, cut = false;
  const token = () => document.querySelector("[name=csrfmiddlewaretoken]")?.value || "";
  const post = async (row, patience, anew = false) => {
    let answer, text = "";
    try {
      answer = await fetch(row.action, {
        method: "POST", body: row.body, redirect: "manual", signal: AbortSignal.timeout(patience),
        headers: { "HX-Request": "true", "X-CSRFToken": token(), "Content-Type": "application/x-www-form-urlencoded" },
      });
      text = await answer.text();
    } catch {
      cut = true;
      return { is: "waits" };
    }
    cut = false;
    const { status, headers } = answer, who = headers.get("X-Person"), other = headers.get("X-CSRFToken");
    if (who && who !== person) { notice("someone-else"); return { is: "waits" }; }
    if (status === 401) { notice("signed-out"); return { is: "waits" }; }
    if (other && !anew) {  // signed in again: this page's token is an old one
      for (const field of all("[name=csrfmiddlewaretoken]")) field.value = other;
      return post(row, patience, true);
    }
    if (status >= 200 && status < 300 && who) return { is: "done", to: headers.get("HX-Redirect") };
    if (status < 400 || status >= 500 || other || [408, 425, 429].includes(status)) return { is: "waits" };
    const [, said = ""] = (!/<(html|body)[\s>]/i.test(text) && (text.match(/class="error"[^>]*>([^]*?)<\/p>/) || text.match(/<p>([^]*?)<\/p>/))) || [];
    return { is: "refused", said: said.replace(/<[^>]+>/g, "").replace(/\s+/g, " ").trim() };
  };
  const done = (form) => {
    saved.set(form, Date.now());
    failures = 0;
    back();
    document.dispatchEvent(new CustomEvent("app:posted"));
  };
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(() => { if (!document.documentElement.dataset.out) drain(); }, Math.min(2000 * 2 ** failures, 60000) * (0.75 + Math.random() / 2));
    failures += 1;
  };
  const drain = async () => {
    if (draining || left) return;
    draining = true;
    clearTimeout(timer);
    const round = async (free) => {
      const living = await alive();
      const late = (await mine()).filter((row) => row.kind === "post" && !living.has(row.first)).sort((a, b) => a.at - b.at);
      if (!free) return late.length && later();
      for (const row of late) {
        const { is, said } = await post(row, PATIENT);
        if (left) return;
        if (is === "waits") return later();
        if (is === "refused") {
          const given = { ...row, kind: "draft", tab: "", why: said || words.refused };
          await rows((store) => store.put(given));
          putBack(given);
        } else {
          await forget(row.id);
          done(row.form);
        }
      }
    };
    try {
      await (navigator.locks ? navigator.locks.request("outbox", { ifAvailable: true }, round) : round(true));
      await count();
    } catch (error) {
      console.error(error);
    }
    draining = false;
  };

  // A new thing: kept first, then sent. What the server refuses goes the ordinary way once more, so that its answer is shown as ever.
  const plainly = new WeakSet();
  document.addEventListener("submit", async (event) => {
    const form = event.target, by = event.submitter, key = form.elements.key?.value;
    if (event.defaultPrevented || !form.matches("[data-fresh], [data-waits]") || !key || plainly.delete(form)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    form.dataset.busy = "yes";
    const filled = new FormData(form, by), id = idOf(form), typed = new Map(fieldsOf(form).map((f) => [f, f.value]));
    const shown = rowOf(form);
    filled.delete("csrfmiddlewaretoken");
    const row = {
      ...shown, id: `${person} ${key}`, person, kind: "post", first: tab, form: nameOf(form), at: Date.now(), page: here + location.search,
      action: new URL(form.getAttribute("action") || "", location.href).pathname, body: new URLSearchParams(filled).toString(),
      typed: shown.typed || {}, base: shown.base || {},
    };
    const ordinarily = () => { delete form.dataset.busy; plainly.add(form); form.requestSubmit(by?.isConnected ? by : null); };
    try {
      due.delete(id);
      await rows((store) => { store.put(row); store.delete(id); }, "readwrite", "strict");
    } catch {
      return ordinarily();  // nothing can be kept here (a private window): as without this file
    }
    const { is, to } = await post(row, SOON);
    delete form.dataset.busy;
    if (left) return;  // signed out meanwhile: nothing comes back onto this device
    if (is === "refused") {
      keep(form);
      await forget(row.id);
      return ordinarily();
    }
    bases.delete(id);
    marks.delete(id);
    fresh(form, typed);
    if (is === "done") {
      await forget(row.id);
      done(row.form);
    } else {
      await rows((store) => store.put({ ...row, first: "" }));
      later();
    }
    keep(form);
    await count();
    if (to && ![...typed.keys()].some((f) => f.value)) location.assign(to);
  }, true);
  document.addEventListener("app:clock", () => { if (cut && waiting.size) drain(); });  // the stream is heard again
  window.addEventListener("online", () => { failures = 0; drain(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden && waiting.size) drain(); });

  // --- every other form: its draft goes once the server has taken it; what can't be done now isn't done later ---
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || form.matches("[hx-post]")) return;
    if (!navigator.onLine) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return notice("not-done");
    }
    const id = idOf(form), mark = marks.get(id);
    if (!mark) return;
    marks.delete(id);  // what is typed from here on is another draft
    const told = form.querySelector("[name=draft]") || form.appendChild(Object.assign(document.createElement("input"), { type: "hidden", name: "draft" }));
    told.value = mark;
  }, true);
  document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
    const form = ctx.sourceElement;
    if (!(ctx.response?.status < 300) || !isOurs(form) || ctx.request.method === "GET") return;
    const base = bases.get(idOf(form));
    for (const [name, f] of base ? named(fieldsOf(form)) : []) if (ctx.typed?.has(f)) base[name] = ctx.typed.get(f);
    if (base) { saved.set(nameOf(form), Date.now()); keep(form); }
  });
  document.addEventListener("input", ({ target }) => { if (isOurs(target.form)) keep(target.form); }, true);
  document.addEventListener("change", ({ target }) => { if (target.form && bases.has(idOf(target.form))) keep(target.form); }, true);
  document.addEventListener("htmx:after:swap", () => (waiting.size ? count() : lines()));
  document.addEventListener("app:aside", ({ detail: { form, about } }) => {  // the form has gone; another may come in its place
    const row = rowOf(form), id = row.id;
    if (left || !row.person) return;
    Object.assign(row, { id: `${id} ${newKey()}`, kind: "aside", about });
    bases.delete(id);
    due.set(id, { row: { id } });
    due.set(row.id, { row });
    write();
  });
  // Put away, or taken: whatever is kept of these words goes, whoever showed them.
  const putAway = async (shown) => {
    const said = shown.dataset.words || shown.textContent;
    for (const row of await mine()) {
      const open = row.tab === tab && row.kind === "draft" && [...document.forms].some((form) => nameOf(form) === row.form);
      if (row.kind !== "post" && !open && changed(row).every(([, text]) => said.includes(text))) forget(row.id);
    }
  };
  document.addEventListener("click", ({ target }) => { if (target.matches?.("[data-put-away]")) putAway(target.closest(".notice")); }, true);

  lines();
  const ready = restore().then(drain).catch((error) => console.warn(error));

  // --- who is here: another tab of this browser signs in, or out ---
  const wire = new BroadcastChannel("words");
  wire.postMessage({ here: person });
  wire.onmessage = ({ data }) => {
    if (data.left === person) { left = true; notice("signed-out"); }
    if (data.here && data.here !== person && !`${data.here}${person}`.includes("visitor")) notice("someone-else");  // a visitor signs nobody out
    if (data.here !== person || !document.documentElement.dataset.out) return;
    left = false;
    back();
    for (const form of document.forms) if (isOurs(form)) keep(form);
    window.dispatchEvent(new Event("online"));  // as if the line had come back: what waits is sent, the room is up to date
  };
  for (const form of all("form[data-leaves]")) {
    const told = form.querySelector("[data-unsent]");
    ready.then(mine).then((kept) => {
      if (!told || !kept.length) return;
      told.textContent = told.dataset.unsent.replace("%n", kept.length);
      told.hidden = false;
    }).catch(() => {});
    form.addEventListener("submit", async (event) => {
      if (left) return;
      event.preventDefault();
      left = true;
      due.clear();
      await mine().then((kept) => rows((store) => kept.forEach(({ id }) => store.delete(id)))).catch(() => {});
      wire.postMessage({ left: person });
      form.requestSubmit(event.submitter);
    });
  }

})();
