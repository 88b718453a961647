/* Small comforts of every page. Without this file all of it still works, with plain forms.

   data-ends="<ISO time>"      minutes left, by the server's clock: words in data-left, with %s; when none are left, those of data-late
   data-clock                  the present minute, in the team's own time
   data-due="<ISO time>"       hidden until then (data-early="10": ten minutes before); appears between keystrokes
   data-of="id" data-key="k"   says what data-k of that element says
   data-keeps                  a tick that is kept as soon as it is made; the form's button is for pages without scripts. Beside it,
                               unseen, "was" says whether it was ticked before
   data-full="6"               a code field: its form goes by itself when full
   data-autosend="400"         the pen: its form goes while somebody types, at most once in so many ms
   data-fresh                  a creating form: after success its fields are empty and its key is new
   data-fold="10"              a <details> that closes after so many seconds in which nobody types in it
   data-say="…"                in a swapped fragment: said once, politely, in #say
   data-unsent="…"             on a piece whose form has gone: what is said above words that were in it and that nobody has yet
   <template id="notice-…">    signed-out, someone-else, gone, error, no-connection: shown in #notices
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
  setInterval(minutes, 3000);

  // --- notices: a word in the page's own language, in one place ---
  const notice = (name) => {
    const place = document.getElementById("notices"), words = document.getElementById(`notice-${name}`);
    if (place && words) place.replaceChildren(words.content.cloneNode(true));
  };
  document.addEventListener("app:notice", ({ detail }) => notice(detail));

  // --- one polite live region ---
  let said = "", saying = 0;
  const say = () => {
    const words = [...all("[data-say]")].map((shown) => shown.dataset.say).filter(Boolean).join(" ");
    if (words === said) return;
    said = words;
    clearTimeout(saying);
    saying = setTimeout(() => { const place = document.getElementById("say"); if (place) place.textContent = said; }, 300);
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

  // --- typing ---
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
  const next = new WeakMap();
  const busy = (form, by) => {
    form.dataset.busy = "yes";
    next.set(form, { by, after: null });
    setTimeout(idle, 15000, form);
  };
  const idle = (form) => {
    const { after } = next.get(form) || {};
    delete form.dataset.busy;
    next.delete(form);
    if (after && form.isConnected) form.requestSubmit(after.isConnected ? after : null);
  };
  document.addEventListener("submit", (event) => {
    const form = event.target, by = event.submitter?.name ? event.submitter : null;
    if (form.dataset.busy) {
      event.preventDefault();
      event.stopImmediatePropagation();
      const under = next.get(form);
      if (by && under && under.by !== by) under.after = by;
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
    idle(form);
    was.filter(({ field, value }) => !well || kept.get(field) !== value).forEach(laidAside);
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
    if (!beside) return notice("no-connection");
    if (beside.hidden) beside.textContent = beside.dataset.words.replace("%s", new Date(Date.now() + ahead + zone).toISOString().slice(11, 16));
    beside.hidden = false;
  });

  // --- words that nobody has yet: never wiped by what comes in ---
  const kept = new WeakMap(), flying = new Map();
  const WORDS = "form[method=post] :is(textarea, input:not([type=hidden], [type=checkbox], [type=radio]))";
  const isUnsent = (field) => field.value.trim() && (field.matches("[aria-invalid]") || field.value !== (kept.get(field) ?? field.defaultValue));
  const unsent = () => [...all(WORDS)].filter(isUnsent);
  const tidy = (text) => (text ?? "").replace(/\s+/g, " ").trim();
  const beside = (id) => {
    const words = document.getElementById(id)?.content.firstElementChild, place = document.getElementById("beside");
    return words && place ? place.appendChild(words.cloneNode(true)) : null;
  };
  const laidAside = ({ value, about }) => {
    const shown = beside("notice-unsent");
    if (!shown) return;
    if (about?.dataset.unsent) shown.querySelector(".about").textContent = about.dataset.unsent;
    shown.querySelector(".words").textContent = value;
  };
  document.addEventListener("click", (event) => closest(event, "#beside [data-put-away]")?.closest(".notice").remove());
  document.addEventListener("htmx:before:swap", ({ detail: { ctx } }) => {
    ctx.unsent = unsent().map((field) => ({
      field, form: field.form, value: field.value, about: field.closest("[hx-get]"),
      mine: [field.defaultValue, kept.get(field), field.dataset.sent].map(tidy),
    }));
  });
  document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
    for (const words of ctx.unsent || []) {
      const { field, form, value, mine } = words, same = field.isConnected ? field : field.id && document.getElementById(field.id);
      if (same && ctx.response?.status === 422) kept.set(same, "");
      if (!same && flying.has(form)) flying.get(form).push(words);
      else if (!same) laidAside(words);
      else if (same.dataset.autosend && !mine.includes(tidy(same.defaultValue)) && ctx.response?.status !== 422) {
        laidAside(words); // somebody else wrote here meanwhile: theirs stand
        same.value = same.defaultValue;
      } else if (same.value !== value && (same !== field || document.activeElement !== field)) {
        same.value = value;
        if (same.dataset.autosend) wait(same);
      }
    }
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
    if (!token) renewed.delete(form);
    if (token) renew(form, ctx.sourceEvent?.submitter, token);
    else if (status === 401) notice("signed-out");
    else if (!whole && ctx.text.trim() && !ctx.hx.retarget &&
             ([400, 403, 404, 409].includes(status) || (status === 422 && ctx.swap === "none"))) {
      ctx.target = document.getElementById("notices");
      ctx.swap = "innerHTML";
      return;
    } else if (status >= 400 && status !== 422) notice("error");
    if (status === 401 || whole || (status >= 400 && status !== 422 && !ctx.hx.retarget)) ctx.swap = "none";
    if (status >= 300 || !form.matches("form")) return;
    document.getElementById("notices")?.replaceChildren();
    for (const [field, value] of ctx.typed || []) kept.set(field, value);
    for (const [box, ticked] of ctx.ticked || []) box.parentElement.querySelector("[name=was]").disabled = !ticked;
    if (form.hasAttribute("data-fresh")) {
      for (const key of all("[name=key]", form)) key.value = newKey();
      for (const [field, value] of ctx.typed || []) {
        if (field.matches("[type=checkbox], [type=radio]")) continue;
        kept.delete(field);
        field.value = field.value.startsWith(value) ? field.value.slice(value.length) : field.value;
        if (field.matches("textarea")) grow(field);
      }
    }
    if (elsewhere && !unsent().length) location.assign(elsewhere);
  });
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

  document.querySelector("textarea[autofocus]")?.setSelectionRange(9999, 9999);  // go on where the words end
  dress();
})();
