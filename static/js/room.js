/* What our pages do beside live.js and words.js, in sections, each with a head of its own. Without this file all of it still works, with plain forms.

   data-ends="<ISO time>"      minutes left, by the server's clock: words in data-left, with %s; when none are left, those of data-late
   data-clock                  the present minute, in the team's own time
   data-due="<ISO time>"       hidden until then (data-early="10": ten minutes before); appears between keystrokes
   data-of="id" data-key="k"   says what data-k of that element says
   data-keeps                  a tick that is kept as soon as it is made; the form's button is for pages without scripts. Beside it,
                               unseen, "was" says whether it was ticked before
   data-full="6"               a code field: its form goes by itself when full
   data-autosend="400"         the pen: its form goes while somebody types, at most once in so many ms
   data-counts                 a button of which each tap counts: one more while the first is under way waits, and goes too
   data-fresh, data-waits      a creating form, sent by words.js, late if need be: then its fields are empty and its key is new
   data-fold="10"              a <details> that closes after so many seconds in which nobody types in it
   data-say="…"                what is said once, politely, in #say, when it is new here and not hidden; what stood here at first is read with the page.
                               With data-say="" its own words. data-lesser: only where nothing else is new
   data-unsent="…"             on a piece whose form has gone: what is said above words that were in it and that nobody has yet
   <template id="notice-…">    signed-out, someone-else, gone, error, not-done, no-connection: shown in #notices
   <html data-out>             while nobody or somebody else is signed in: what is private here is hidden
   #beside, <template id="notice-closed">, <template id="notice-unsent">: what stays until it is put away */
"use strict";
(() => {
  const all = (selector, root = document) => root.querySelectorAll(selector);
  const closest = (event, selector) => event.target instanceof Element && event.target.closest(selector);

  // --- minutes, never seconds ---
  const now = document.documentElement.dataset.now || "", [, sign, hours, rest] = now.match(/([+-])(\d\d):(\d\d)$/) || [];
  const zone = sign ? Number(`${sign}1`) * (hours * 60 + Number(rest)) * 60000 : 0;
  let ahead = Date.parse(now) - Date.now() || 0, touched = 0, soon = 0;
  const moment = (shown) => `${shown.dataset.due} ${shown.dataset.early}`, shownDue = new Set([...all("[data-due]:not([hidden])")].map(moment));
  const put = (shown, text) => { if (shown.textContent !== text) shown.textContent = text; };
  const minutes = () => {
    const present = Date.now() + ahead;
    for (const shown of all("[data-ends]")) {
      const left = Math.round((Date.parse(shown.dataset.ends) - present) / 60000);
      const words = left < 0 ? shown.dataset.late : shown.dataset.left;
      if (words) put(shown, words.replace("%s", Math.max(left, 1)));
    }
    for (const shown of all("[data-clock]")) put(shown, now && new Date(present + zone).toISOString().slice(11, 16));
    for (const shown of all("[data-due][hidden]")) {
      const is = moment(shown), due = Date.parse(shown.dataset.due) - (shown.dataset.early || 0) * 60000;
      if (due > present) continue;
      if (!shownDue.has(is) && Date.now() - touched < 2000) { clearTimeout(soon); soon = setTimeout(minutes, 2000); continue; }
      shownDue.add(is);
      shown.hidden = false;
    }
  };
  for (const name of ["keydown", "input"]) document.addEventListener(name, () => { touched = Date.now(); }, true);
  document.addEventListener("pointerdown", () => { touched = Math.max(touched, Date.now() - 1500); }, true);
  document.addEventListener("app:clock", ({ detail }) => { ahead = detail - Date.now(); minutes(); });
  setInterval(() => { minutes(); say(); }, 3000);
  const hhmm = (at) => new Date(at + ahead + zone).toISOString().slice(11, 16);  // of this device's clock, as the team says it

  // --- notices: a word in the page's own language, in one place ---
  const notice = (name) => {
    const place = document.getElementById("notices"), words = document.getElementById(`notice-${name}`);
    if (place && words) place.replaceChildren(words.content.cloneNode(true));
    if (name === "signed-out" || name === "someone-else") document.documentElement.dataset.out = name;
    say();
  };
  const back = () => {  // the same person again
    if (!document.documentElement.dataset.out) return;
    delete document.documentElement.dataset.out;
    document.getElementById("notices")?.replaceChildren();
  };
  document.addEventListener("app:notice", ({ detail }) => notice(detail));

  // --- one polite live region: what is new, once ---
  const tidy = (text) => (text ?? "").replace(/\s+/g, " ").trim();
  const fresher = new Map();
  let known = null, saying = 0;
  const say = () => {
    const heard = new Map();
    for (const shown of all("[data-say]:not([hidden])")) {
      const words = shown.dataset.say || tidy((shown.querySelector("p") || shown).textContent);
      if (words) heard.set(`${shown.id} ${words}`, shown);
    }
    const reading = document.querySelector("#readback:is([data-state=point], [data-state=said])"); // then the room behind it is quiet
    const anew = [...heard].filter(([is, shown]) => known && !known.has(is) && !(reading && shown.closest(".room")));
    known = heard;
    const place = document.getElementById("say");
    if (!anew.length || !place) return;
    for (const [is, shown] of anew) fresher.set(shown.id || is, { words: is.slice(shown.id.length + 1), lesser: "lesser" in shown.dataset });
    place.textContent = ""; // so that the same words are heard again
    clearTimeout(saying);
    saying = setTimeout(() => {
      const all = [...fresher.values()], first = all.filter(({ lesser }) => !lesser);
      place.textContent = [...new Set((first.length ? first : all).map(({ words }) => words))].join(" ");
      fresher.clear();
    }, 300);
  };

  // --- growing fields ---
  const grow = (field) => {
    if (CSS.supports("field-sizing", "content")) return;
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight + 2}px`;
  };

  // --- keys: one for each thing that is made ---
  const newKey = () => {
    const b = crypto.getRandomValues(new Uint8Array(16));
    b[6] = (b[6] & 15) | 64;
    b[8] = (b[8] & 63) | 128;
    return [...b].map((n, i) => ([4, 6, 8, 10].includes(i) ? "-" : "") + n.toString(16).padStart(2, "0")).join("");
  };

  // --- a count or a time that stands elsewhere ---
  const copy = () => {
    for (const shown of all("[data-of]")) {
      const words = document.getElementById(shown.dataset.of)?.dataset[shown.dataset.key];
      if (words !== undefined) put(shown, words === "0" ? "" : words);
    }
  };

  const dress = () => { minutes(); copy(); say(); all("textarea").forEach(grow); };

  // --- typing: Control+Enter is the form's own button ---
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form && !event.isComposing) {
      event.preventDefault();
      event.target.form.requestSubmit();
    }
  });
  const pens = new WeakMap();
  const send = (field) => {
    pens.delete(field);
    const form = field.form;
    if (!form || field.value === field.dataset.sent) return;
    if (form.dataset.busy) return wait(field);
    field.dataset.sent = field.value;
    form.requestSubmit();
  };
  const wait = (field) => { if (!pens.has(field)) pens.set(field, setTimeout(send, Number(field.dataset.autosend), field)); };
  document.addEventListener("input", ({ target }) => {
    if (target.matches("textarea")) grow(target);
    if (target.dataset.autosend) wait(target);
    if (target.dataset.full) {
      const code = target.value.replace(/\s/g, "");
      if (code.length === Number(target.dataset.full)) { target.value = code; target.form.requestSubmit(); }
    }
  });

  // --- ticks: kept as they are made. What comes back meanwhile waits, so that no tick jumps back. ---
  const ticking = new WeakMap();
  const tick = (form) => {
    clearTimeout(ticking.get(form));
    ticking.set(form, setTimeout(() => {
      if (!form.isConnected) return;
      if (form.dataset.busy) return tick(form);
      ticking.delete(form);
      form.requestSubmit();
    }, 400));
  };
  document.addEventListener("change", ({ target }) => { if (target.matches("[data-keeps]")) tick(target.form); });
  document.addEventListener("htmx:before:swap", ({ detail: { tasks } }) => {
    for (let i = tasks.length - 1; i >= 0; i -= 1) {
      const place = tasks[i].target;
      if (place instanceof Element && [...all("form", place)].some((form) => ticking.has(form))) tasks.splice(i, 1);
    }
  });

  // --- forms: sent once; a tap while words are on their way waits for them; words that were typed meanwhile stay ---
  const next = new WeakMap(), more = new WeakMap();
  const busy = (form, by) => {
    clearTimeout(next.get(form)?.until);
    form.dataset.busy = "yes";
    next.set(form, { by, after: null, until: setTimeout(idle, 15000, form) });
  };
  const idle = (form) => {
    const { after, until } = next.get(form) || {};
    clearTimeout(until);
    delete form.dataset.busy;
    next.delete(form);
    if (after && form.isConnected) form.requestSubmit(after.isConnected ? after : null);
    const tapped = more.get(form)?.shift();
    if (tapped?.isConnected && form.isConnected) form.requestSubmit(tapped);
  };
  document.addEventListener("submit", (event) => {
    const form = event.target, by = event.submitter?.name ? event.submitter : null;
    if (form.dataset.busy) {
      event.preventDefault();
      event.stopImmediatePropagation();
      const under = next.get(form);
      if (event.submitter?.matches("[data-counts]")) more.set(form, [...(more.get(form) || []), event.submitter]);
      else if (by && under && under.by !== by) under.after = by;
      return;
    }
    for (const field of form.elements) { clearTimeout(pens.get(field)); pens.delete(field); }
    if (form.method !== "get") setTimeout(() => { if (!event.defaultPrevented) busy(form, by); });
  }, true);
  window.addEventListener("pageshow", () => all("form[data-busy]").forEach(idle));

  document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
    const token = ctx.sourceElement.closest("form")?.elements.csrfmiddlewaretoken || document.querySelector("[name=csrfmiddlewaretoken]");
    if (token && ctx.request.method !== "GET") ctx.request.headers["X-CSRFToken"] = token.value;
  });
  document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
    const form = ctx.sourceElement;
    if (!form.matches("form")) return;
    busy(form, ctx.sourceEvent?.submitter?.name ? ctx.sourceEvent.submitter : null);
    flying.set(form, []);
    ctx.posted = form;
    ctx.ticked = new Map([...all("[data-keeps]", form)].map((box) => [box, box.checked]));
    ctx.typed = new Map([...form.elements].filter((f) => f.matches("textarea, input:not([type=hidden])")).map((f) => [f, f.value]));
  });
  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
    const form = ctx.posted || ctx.sourceElement, was = flying.get(form) || [], well = ctx.response?.status < 300;
    flying.delete(form);
    if (!well) more.delete(form);
    idle(form);
    const told = ctx.hx.retarget === "#beside";  // the server has laid them aside itself
    was.filter(({ field, value }) => !told && (!well || kept.get(field) !== value)).forEach(laidAside);
    if (form.matches(".take") && (well || ctx.hx.retarget)) form.closest(".notice")?.remove();
    if (again.has(form)) {
      const submitter = again.get(form);
      again.delete(form);
      form.requestSubmit(submitter?.isConnected ? submitter : null);
    }
    if (well) return;
    for (const field of all("[data-autosend]", form)) delete field.dataset.sent;
  });
  document.addEventListener("htmx:error", ({ detail: { ctx } }) => {
    if (!ctx || ctx.request.method === "GET") return;
    const beside = ctx.sourceElement.querySelector("#offline");  // where a line is kept free for it, nothing moves
    if (!beside) return notice(ctx.sourceElement.querySelector("[data-autosend]") ? "no-connection" : "not-done");
    if (beside.hidden) beside.textContent = beside.dataset.words.replace("%s", hhmm(Date.now()));
    beside.hidden = false;
  });

  // --- words that nobody has yet: never wiped by what comes in ---
  const kept = new WeakMap(), flying = new Map();
  const WORDS = "form[method=post] :is(textarea, input:not([type=hidden], [type=checkbox], [type=radio]))";
  const isUnsent = (field) => field.value.trim() && (field.matches("[aria-invalid]") || field.value !== (kept.get(field) ?? field.defaultValue));
  const unsent = () => [...all(WORDS)].filter(isUnsent);
  const beside = (id) => {
    const words = document.getElementById(id)?.content.firstElementChild, place = document.getElementById("beside") || document.getElementById("notices");
    const shown = words && place ? place.appendChild(words.cloneNode(true)) : null;
    setTimeout(say); // when its words are in
    return shown;
  };
  const aside = new WeakSet();  // the forms of a pen whose words were
  const laidAside = ({ value, about, form, filled }) => {
    const pen = form?.matches(".pen") && about?.dataset.unsent;
    if (pen && aside.has(form)) return;
    const shown = beside(pen ? "notice-pen" : "notice-unsent");
    if (!shown) return;
    if (pen) {  // with a button that takes the pen and puts them in, beside what somebody else wrote
      const take = shown.querySelector("form");
      aside.add(form);
      value = filled.filter(([name]) => ["text", "applies", "action"].includes(name)).map(([, given]) => given).filter(Boolean).join(" · ");
      take.action = form.action;
      take.setAttribute("hx-post", form.getAttribute("action"));
      for (const [name, given] of filled) {
        if (name === "csrfmiddlewaretoken") continue;
        take.append(Object.assign(document.createElement("input"), { type: "hidden", name, value: given }));
      }
      htmx.process(take);
    }
    if (about?.dataset.unsent) shown.querySelector(".about").textContent = about.dataset.unsent;
    shown.querySelector(".words").textContent = value;
    if (form) document.dispatchEvent(new CustomEvent("app:aside", { detail: { form, about: about?.dataset.unsent || "" } }));
  };
  document.addEventListener("click", (event) => closest(event, "#beside [data-put-away], #notices [data-put-away]")?.closest(".notice").remove());
  document.addEventListener("htmx:before:swap", ({ detail: { ctx } }) => {
    ctx.unsent = unsent().map((field) => ({
      field, form: field.form, value: field.value, about: field.closest("[hx-get]"),
      mine: [field.defaultValue, kept.get(field), field.dataset.sent].map(tidy),
      filled: field.form.matches(".pen") ? [...new FormData(field.form)] : null,
    }));
    ctx.versions = new Map([...all("form.pen")].map((form) => [form.elements.version.id, form.elements.version.value]));
  });
  document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
    const refused = [409, 422].includes(ctx.response?.status);
    for (const [id, version] of ctx.versions || []) {  // what comes in may be older than the answer that the pen has had
      const now = document.getElementById(id);
      if (now && Number(now.value) < Number(version)) now.value = version;
    }
    for (const words of ctx.unsent || []) {
      const { field, form, value, mine } = words, same = field.isConnected ? field : field.id && document.getElementById(field.id);
      if (same && refused) kept.set(same, "");
      if (!same && flying.has(form)) flying.get(form).push(words);
      else if (!same) laidAside(words);
      else if (same.dataset.autosend && !mine.includes(tidy(same.defaultValue)) && !refused) {
        same.value = value;  // somebody else wrote here meanwhile: the server is asked with the version that was seen, and shows both
        same.form.elements.version.value = ctx.versions.get(same.form.elements.version.id) ?? "";
        wait(same);
      } else if (same.value !== value && (same !== field || document.activeElement !== field)) {
        same.value = value;
        if (same.dataset.autosend) wait(same);
      }
    }
  });

  // Two texts for one place (components/theirs.html): the other's words into the fields. While a person merges, nothing is repainted.
  document.addEventListener("click", (event) => {
    const use = closest(event, "[data-use]"), form = use && use.closest("form");
    if (!form) return;
    event.preventDefault();
    for (const shown of all("[data-theirs]", form)) {
      const field = form.elements[shown.dataset.theirs];
      if (!field) continue;
      if (field.type === "checkbox") field.checked = shown.dataset.value === "on";
      else field.value = shown.dataset.value;
      if (field.matches?.("textarea")) grow(field);
    }
    form.querySelector("textarea, input:not([type=hidden])")?.focus();
  });
  document.addEventListener("htmx:before:swap", ({ detail: { ctx, tasks } }) => {
    if (ctx.request?.method !== "GET") return;
    for (let i = tasks.length - 1; i >= 0; i -= 1) if (tasks[i].target?.querySelector?.("form.merging")) tasks.splice(i, 1);
  });

  // The page wants to go elsewhere, since the meeting is over: not while words are in a field.
  let elsewhere = "", going = false;
  window.addEventListener("pageshow", () => { going = false; });
  const stay = (address) => {
    if (!elsewhere) beside("notice-closed")?.querySelector("a").setAttribute("href", address);
    elsewhere = address;
  };

  // Signed in again in another tab: this page's token is an old one. The answer had a new one: the form goes once more.
  const again = new Map(), renewed = new WeakSet();
  const renew = (form, submitter, token) => {
    if (renewed.has(form)) return notice("error");
    for (const field of all("[name=csrfmiddlewaretoken]")) field.value = token;
    renewed.add(form);
    again.set(form, submitter);
  };

  // What came back. 422: the form with its message, in its place. A refusal: its sentence among the notices, the words stay.
  document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
    const { status } = ctx.response, form = ctx.sourceElement;
    const whole = /<(html|body)[\s>]/i.test(ctx.text), token = ctx.response.headers.get("X-CSRFToken");
    const person = ctx.response.headers.get("X-Person"), mine = document.querySelector("meta[name=person]")?.content;
    if (whole) ctx.text = "";
    if (person && mine && person !== mine) {
      notice("someone-else");
      delete ctx.hx.redirect;
      ctx.text = "";
      ctx.swap = "none";
      return;
    }
    if (ctx.hx.redirect && ctx.request.method === "GET") {
      ctx.swap = "none";
      const words = unsent().length;
      if (words) stay(ctx.hx.redirect);
      if (words || going) delete ctx.hx.redirect; // several pieces say so; one going is enough
      going ||= !words;
      return;
    }
    const version = ctx.response.headers.get("X-Version");
    if (version && form.elements?.version) form.elements.version.value = version;
    if (!token) renewed.delete(form);
    if (token) renew(form, ctx.sourceEvent?.submitter, token);
    else if (status === 401) notice("signed-out");
    else if (!whole && ctx.text.trim() && !ctx.hx.retarget &&
             ([400, 403, 404, 409, 413].includes(status) || (status === 422 && ctx.swap === "none"))) {
      ctx.target = document.getElementById("notices");
      ctx.swap = "innerHTML";
      return;
    } else if (status >= 400 && status !== 422 && !ctx.hx.retarget) notice("error");
    if (status === 401 || whole || (status >= 400 && status !== 422 && !ctx.hx.retarget)) ctx.swap = "none";
    if (ctx.hx.retarget === "#beside") for (const [field, value] of ctx.typed || []) kept.set(field, value);
    if (status < 300 && person) back();
    if (status >= 300 || !form.matches("form")) return;
    document.getElementById("notices")?.replaceChildren();
    for (const [field, value] of ctx.typed || []) kept.set(field, value);
    right(form);
    for (const [box, ticked] of ctx.ticked || []) box.parentElement.querySelector("[name=was]").disabled = !ticked;
    if (form.hasAttribute("data-fresh")) fresh(form, ctx.typed || []);
    leave();
  });
  const right = (form) => {  // what was wrong beside its fields is so no more
    for (const field of all("[aria-invalid]", form)) field.removeAttribute("aria-invalid");
    for (const place of all(".wrong", form)) place.classList.remove("wrong");
    for (const said of all(".error", form)) said.remove();
  };
  const leave = () => { if (elsewhere && !unsent().length) location.assign(elsewhere); };
  const fresh = (form, typed) => {
    for (const key of all("[name=key]", form)) key.value = newKey();
    for (const [field, value] of typed) {
      if (field.matches("[type=checkbox], [type=radio]")) continue;
      kept.delete(field);
      field.value = field.value.startsWith(value) ? field.value.slice(value.length) : field.value;
      if (field.matches("textarea")) grow(field);
    }
  };
  document.addEventListener("app:posted", () => { document.getElementById("notices")?.replaceChildren(); leave(); });
  document.addEventListener("htmx:after:swap", dress);

  // --- what folds ---
  const folds = new WeakMap();
  const fold = (shown) => {
    clearTimeout(folds.get(shown));
    if (shown.open) folds.set(shown, setTimeout(() => { shown.open = false; }, shown.dataset.fold * 1000));
  };
  document.addEventListener("toggle", (event) => { const shown = closest(event, "details[data-fold]"); if (shown) fold(shown); }, true);
  for (const name of ["input", "keydown", "pointerdown"]) {
    document.addEventListener(name, (event) => { const shown = closest(event, "details[data-fold]"); if (shown) fold(shown); }, true);
  }

  document.addEventListener("click", (event) => {  // a link to what is folded opens it
    const shown = document.getElementById(closest(event, "a[href^='#']")?.hash.slice(1) || "");
    if (shown?.matches("details")) { shown.open = true; shown.querySelector("summary").focus(); }
  });

  // --- a fold whose summary goes away when it opens: its first field has the focus; Escape folds it again ---
  const hides = (shown) => shown?.open && !shown.querySelector("summary").checkVisibility();
  document.addEventListener("toggle", ({ target }) => {
    if (hides(target) && (document.activeElement === document.body || target.firstElementChild === document.activeElement)) target.querySelector(":is(input:not([type=hidden]), textarea, select, button, a)")?.focus();
  }, true);
  document.addEventListener("keydown", (event) => {
    const shown = event.key === "Escape" && !event.isComposing && closest(event, "details[open]");
    if (!hides(shown)) return;
    event.preventDefault();
    shown.open = false;
    shown.querySelector("summary").focus();
  });

  // --- a tap on what keeps the words leaves the focus in the box, and a phone's keyboard where it is ---
  document.addEventListener("mousedown", (event) => {
    const form = closest(event, "form[data-fresh] button")?.form;
    if (form && document.activeElement.matches("textarea") && form.contains(document.activeElement)) event.preventDefault();
  });

  document.querySelector("textarea[autofocus]")?.setSelectionRange(9999, 9999);  // go on where the words end
  window.keeping = { all, notice, back, beside, newKey, hhmm, fresh, grow };  // for words.js
  dress();
})();

/* Small comforts: a sheet to print, a door that doesn't open under a finger, and a phone that stays awake while one keeps learning in mind.

   data-print              a button that prints the page
   data-awake              on what is there while the screen should stay awake; inside it [data-awake-says] and the switch [data-awake-switch] */
(() => {
  const closest = (event, selector) => event.target instanceof Element && event.target.closest(selector);

  document.addEventListener("click", (event) => { if (closest(event, "[data-print]")) window.print(); });

  // --- somebody at the door: shown between keystrokes, never under a finger ---
  const door = () => document.body.dispatchEvent(new CustomEvent("live:door", { bubbles: true }));
  let touched = 0, knocked = 0;
  for (const name of ["keydown", "input", "pointerdown"]) document.addEventListener(name, () => { touched = Date.now(); }, true);
  document.addEventListener("htmx:before:swap", ({ detail: { ctx, tasks } }) => {
    if (ctx?.sourceElement?.id !== "door" || Date.now() - touched > 2000) return;
    if (ctx.sourceElement.contains(document.activeElement)) return; // one's own tap at the door
    tasks.length = 0;
    clearTimeout(knocked);
    knocked = setTimeout(door, 2000);
  });

  // --- awake: asked for again whenever the page is seen; a device that can't shows nothing of it ---
  const KEY = "sleeps";
  let lock = null, asking = false;
  const wanted = () => { try { return localStorage.getItem(KEY) !== "yes"; } catch { return true; } };
  const show = () => {
    for (const place of document.querySelectorAll("[data-awake]")) {
      const box = place.querySelector("[data-awake-switch]");
      place.hidden = !("wakeLock" in navigator);
      if (box) box.checked = wanted();
    }
  };
  const tend = async () => {
    show();
    const should = "wakeLock" in navigator && !document.hidden && wanted() && document.querySelector("[data-awake]");
    if (!should) {
      const held = lock;
      lock = null;
      return held?.release().catch(() => {});
    }
    if (lock || asking) return;
    asking = true;
    try {
      lock = await navigator.wakeLock.request("screen");
      lock.addEventListener("release", () => { lock = null; });
    } catch { lock = null; } // a battery that is low may refuse: no harm
    asking = false;
  };
  document.addEventListener("visibilitychange", tend);
  document.addEventListener("htmx:after:swap", tend);
  document.addEventListener("change", (event) => {
    const box = closest(event, "[data-awake-switch]");
    if (!box) return;
    try { localStorage.setItem(KEY, box.checked ? "no" : "yes"); } catch { /* then it is so until the page is left */ }
    tend();
  });
  tend();
})();

/* data-copy="id": a button that copies what that field holds, and says so in #say and, for a moment, in its own words (data-done).
   Without the right to copy (no https) it selects the field, to be copied by hand. Without scripts the field is there all the same. */
document.addEventListener("click", async ({ target }) => {
  const button = target instanceof Element && target.closest("[data-copy]"), field = button && document.getElementById(button.dataset.copy);
  if (!field) return;
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    field.focus();
    field.select();
    return;
  }
  const words = button.firstChild, was = words.data;
  if (was === button.dataset.done) return;
  words.data = button.dataset.done;
  document.getElementById("say").textContent = button.dataset.done;
  setTimeout(() => { words.data = was; }, 3000);
});

/* What moves the meeting. Without scripts all of it works too, by the buttons.

   data-gone="<ISO time>"   in #undo: from then on the line is gone, by the server's clock. While it is being pressed it stays as it is
   data-order, data-drag    a list (data-order: the subject it follows) whose rows are dragged by a handle, with mouse, pen or finger. What is let go is posted by the row's
                            own form, its button data-place saying which place it is; Up and Down do the same for the keyboard */
(() => {
  // --- undo, for half a minute ---
  let ahead = Date.parse(document.documentElement.dataset.now || "") - Date.now() || 0, timer = 0;
  const gone = () => {
    clearTimeout(timer);
    const line = document.getElementById("undo"), until = line?.querySelector("[data-gone]")?.dataset.gone;
    if (!until) return;
    const left = Date.parse(until) - Date.now() - ahead;
    if (left > 0) { timer = setTimeout(gone, Math.min(left + 50, 40000)); return; }
    if (line.contains(document.activeElement)) document.getElementById("main")?.focus({ preventScroll: true });
    line.replaceChildren();
  };
  document.addEventListener("app:clock", ({ detail }) => { ahead = detail - Date.now(); gone(); });
  document.addEventListener("htmx:after:swap", gone);
  gone();
  let waits = false;  // another tap has landed under the finger: what was read is what is undone
  document.addEventListener("htmx:before:swap", ({ detail: { tasks } }) => {
    const line = document.getElementById("undo");
    for (let i = tasks.length - 1; i >= 0 && line?.matches(":active"); i -= 1) if (tasks[i].target === line) { tasks.splice(i, 1); waits = true; }
  });
  for (const name of ["click", "pointercancel", "pointerup", "keyup"]) {
    document.addEventListener(name, () => {
      if (waits) setTimeout(() => document.body.dispatchEvent(new CustomEvent("live:undo", { bubbles: true })), 100);
      waits = false;
    });
  }

  // --- dragging what is still to come ---
  let drag = null, late = false;
  const rows = (list) => [...list.children];
  const put = () => {
    const { row, list, from } = drag, to = rows(list).indexOf(row), place = row.querySelector("[data-place]");
    drag = null;
    row.classList.remove("dragged");
    if (to !== from && place?.form) {
      place.value = to + 1;
      place.form.requestSubmit(place);
    } else if (late) document.body.dispatchEvent(new CustomEvent(`live:${list.dataset.order}`, { bubbles: true }));
    late = false;
  };
  const back = () => {
    if (!drag) return;
    const { row, list, from } = drag;
    list.insertBefore(row, rows(list).filter((other) => other !== row)[from] || null);
    put();
  };
  document.addEventListener("pointerdown", (event) => {
    const row = event.button === 0 && event.target instanceof Element && event.target.closest("[data-drag]")?.closest("li");
    if (!row || drag) return;
    event.preventDefault();
    const list = row.parentElement;
    drag = { row, list, from: rows(list).indexOf(row), pointer: event.pointerId };
    row.classList.add("dragged");
  });
  document.addEventListener("pointermove", (event) => {
    if (!drag || event.pointerId !== drag.pointer) return;
    const { row, list } = drag, middle = (other) => { const box = other.getBoundingClientRect(); return box.top + box.height / 2; };
    let other; // the neighbours step aside: the row itself stays in the page, so that the finger keeps hold of it
    while ((other = row.previousElementSibling) && event.clientY < middle(other)) list.insertBefore(other, row.nextSibling);
    while ((other = row.nextElementSibling) && event.clientY > middle(other)) list.insertBefore(other, row);
  });
  document.addEventListener("pointerup", (event) => { if (event.pointerId === drag?.pointer) put(); });
  document.addEventListener("pointercancel", back);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") back(); });

  // What changes meanwhile waits until the row is let go; what had the focus has it again where its row went.
  let focus = "";
  document.addEventListener("htmx:before:swap", ({ detail: { tasks } }) => {
    focus = document.activeElement?.closest("#arrange, [data-order]") ? document.activeElement.id : "";
    for (let i = tasks.length - 1; drag && i >= 0; i -= 1) {
      if (tasks[i].target !== drag.list.closest("[hx-get]")) continue;
      tasks.splice(i, 1);
      late = true;
    }
  });
  const OPENS = { "open-case": "#add-presenter", "open-other": "#add-label", "open-order": "#order button", "open-none": "#open-case" };
  document.addEventListener("htmx:after:swap", () => {
    if (!focus || (document.activeElement && document.activeElement !== document.body)) return;
    (document.getElementById(focus) || document.querySelector(OPENS[focus] || "#order button, #open-none"))?.focus();
  });
})();

/* While a point is agreed. Without scripts it all works, with plain forms.

   A tick "Read: nobody could tell who" names the words that are on the screen at that moment; a refused one is no tick.
   "I see it differently" folds when the view is kept. */
(() => {
  const box = (target) => target instanceof Element && target.closest(".read-tick [name=read]");
  document.addEventListener("change", ({ target }) => {
    const ticked = box(target), shown = document.getElementById("readback");
    if (ticked && shown) ticked.form.querySelector("[data-version]").value = shown.dataset.version || "";
  }, true);
  document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
    const form = ctx.sourceElement, status = ctx.response.status;
    if (form.matches(".read-tick") && status >= 400) form.querySelector("[name=read]").checked = false;
  });
  document.addEventListener("htmx:after:swap", () => {  // other words than those that were ticked are not read
    const ticked = document.querySelector(".read-tick [name=read]:checked"), shown = document.getElementById("readback");
    if (!ticked || !shown?.dataset.version || shown.dataset.readBy || ticked.form.dataset.busy) return;
    const of = ticked.form.querySelector("[data-version]").value;
    if (of && of !== shown.dataset.version) ticked.checked = false;
  });
  document.addEventListener("app:posted", () => {  // words.js: it has gone, and the field is empty
    const shown = document.querySelector(".differently[open]");
    if (shown && !shown.querySelector("textarea").value) shown.open = false;
  });
})();

/* Whoever works with the keyboard keeps their place. Where what had the focus goes away in a swap, the same thing on the new piece has it;
   where there is none, what it stood in, so that the next Tab goes on from there, and a second Enter presses nothing. */
(() => {
  const seen = (each) => each?.isConnected && each.checkVisibility({ visibilityProperty: true });
  const is = (each) => each.getAttribute("href") || [each.form?.getAttribute("action"), each.name, each.value].join(" ");
  let last = null, timer = 0;
  document.addEventListener("focusin", ({ target }) => {
    const around = [];
    for (let place = target.parentElement; place; place = place.parentElement) if (place.id) around.push(place.id);
    last = { target, around, id: target.id, form: target.form?.getAttribute("action"), name: target.name, value: target.value, what: is(target), button: target.matches("button") };
  });
  document.addEventListener("pointerdown", () => { last = null; }, true);
  const same = ({ id, form, name, value, button }) => (id && document.getElementById(id)) ||
    (form && button && [...document.querySelectorAll("button")].find((each) => each.form?.getAttribute("action") === form && each.name === name && each.value === value));
  // A morph may make another button of the one that has the focus: a second Enter would do what nobody meant.
  let held = null;
  const body = () => !document.activeElement || document.activeElement === document.body;
  document.addEventListener("htmx:before:swap", () => { if (!body()) held = document.activeElement; });
  const became = () => {
    const now = document.activeElement;
    if (now?.matches("button, a") && now === last?.target && !last.id && is(now) !== last.what) {
      now.blur();
      last.target = null;
    }
  };
  const restore = () => {  // a little later: what can't be focused any more loses it only when the page is drawn
    const had = held;
    held = null;
    if (!last || !had || !body()) return;
    const there = [last.target, same(last), ...[...last.around, "main"].map((id) => document.getElementById(id))].find(seen);
    if (!there) return;
    if (there.tabIndex < 0) there.tabIndex = -1;
    there.focus({ preventScroll: there !== same(last) });
  };
  document.addEventListener("htmx:after:swap", () => { became(); clearTimeout(timer); timer = setTimeout(restore, 40); });
})();

/* Keys in the room: "?" shows them. Each stands on what it does, as aria-keyshortcuts="n"; a button is pressed, a field is gone to.

   They do nothing while somebody types, nor with Ctrl, Alt or ⌘, and can be turned off on this device (WCAG 2.1.4), "?" too: a button,
   [data-keys], opens the same. Without scripts there are no keys but the browser's own. */
(() => {
  const words = document.getElementById("keys"), OFF = "keys-off";
  if (!words) return;
  let shown = null, before = null;
  const isOff = () => { try { return localStorage.getItem(OFF) === "1"; } catch { return false; } };
  const turn = (off) => { try { localStorage.setItem(OFF, off ? "1" : "0"); } catch { /* it holds for this page */ } };
  const typing = (place) => place instanceof Element && place.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
  const seen = (each) => each.checkVisibility({ visibilityProperty: true }) && !each.disabled;
  const all = () => [...document.querySelectorAll("[aria-keyshortcuts]")].filter(seen);
  let posted = 0; // since then the line with Undo may not be the newest yet
  document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => { if (ctx.request.method !== "GET" && ctx.response.status < 300) posted = Date.now(); });
  document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => { if (ctx?.sourceElement?.id === "undo") posted = 0; });
  const press = (key) => {
    const does = all().find((each) => each.getAttribute("aria-keyshortcuts").toLowerCase() === key);
    if (does?.closest("#undo") && (document.querySelector("form[data-busy]") || Date.now() - posted < 1500)) setTimeout(press, 100, key);
    else if (does?.matches("input, textarea, select")) does.focus();
    else does?.click();
    return does;
  };

  const close = () => {
    shown?.remove();
    shown = null;
    before?.focus?.();
  };
  document.addEventListener("click", ({ target }) => { if (target instanceof Element && target.closest("[data-keys]")) (shown ? close : open)(); });
  const open = () => {
    before = document.activeElement;
    shown = words.content.firstElementChild.cloneNode(true);
    const list = shown.querySelector("dl"), model = list.lastElementChild, taken = new Set();
    for (const each of all()) {
      const key = each.getAttribute("aria-keyshortcuts");
      if (taken.has(key)) continue;
      taken.add(key);
      const row = model.cloneNode(true);
      row.querySelector("kbd").textContent = key;
      row.querySelector("dd").textContent = (each.dataset.keySays || each.labels?.[0]?.textContent || each.textContent).trim();
      list.insertBefore(row, model);
    }
    const off = shown.querySelector("input");
    off.checked = !isOff();
    off.addEventListener("change", () => turn(!off.checked));
    shown.querySelector("button").addEventListener("click", close);
    (document.getElementById("beside") || document.body).append(shown);
    shown.focus();
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Escape" && shown) return close();
    if (typing(event.target)) return;
    if (isOff() || event.repeat || event.key.length !== 1) return;
    if (event.key === "?") {
      event.preventDefault();
      return shown ? close() : open();
    }
    if (press(event.key.toLowerCase())) event.preventDefault();
  });
})();
