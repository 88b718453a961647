/* Small comforts of every page. Without this file all of it still works, with plain forms.

   data-ends="<ISO time>"      minutes left, by the server's clock; words in data-left and data-late, with %s
   data-full="6"               a code field: its form goes by itself when full
   data-autosend="400"         the pen: its form goes while somebody types, at most once in so many ms
   data-fresh                  a creating form: after success its fields are empty and its key is new
   data-fold="10"              a <details> that closes after so many seconds in which nobody types in it
   data-say="…"                in a swapped fragment: said once, politely, in #say
   <template id="notice-…">    signed-out, gone, error, no-connection: shown in #notices */
"use strict";
(() => {
  const all = (selector, root = document) => root.querySelectorAll(selector);
  const closest = (event, selector) => event.target instanceof Element && event.target.closest(selector);

  // --- minutes, never seconds ---
  let ahead = Date.parse(document.documentElement.dataset.now || "") - Date.now() || 0;
  const minutes = () => {
    for (const shown of all("[data-ends]")) {
      const left = Math.round((Date.parse(shown.dataset.ends) - Date.now() - ahead) / 60000), late = left < 0;
      const words = late ? shown.dataset.late : shown.dataset.left;
      if (!words) continue;
      const text = words.replace("%s", late ? -left : Math.max(left, 1));
      if (shown.textContent !== text) shown.textContent = text;
      shown.classList.toggle("late", late);
    }
  };
  document.addEventListener("app:clock", ({ detail }) => { ahead = detail - Date.now(); minutes(); });
  setInterval(minutes, 5000);

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

  const dress = () => { minutes(); say(); all("textarea").forEach(grow); };

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
    ctx.typed = new Map([...form.elements].filter((f) => f.matches("textarea, input:not([type=hidden])")).map((f) => [f, f.value]));
  });
  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
    idle(ctx.sourceElement);
    if (ctx.response?.status < 300) return;
    for (const field of all("[data-autosend]", ctx.sourceElement)) delete field.dataset.sent;
  });
  document.addEventListener("htmx:error", ({ detail: { ctx } }) => { if (ctx?.request.method !== "GET") notice("no-connection"); });

  // What came back. 422: the form with its message, in its place. A refusal: its sentence among the notices, the words stay.
  document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
    const { status } = ctx.response, form = ctx.sourceElement;
    const whole = /<(html|body)[\s>]/i.test(ctx.text);
    if (status === 401) notice("signed-out");
    else if (!whole && ctx.text.trim() && !ctx.hx.retarget &&
             ([400, 403, 404, 409].includes(status) || (status === 422 && ctx.swap === "none"))) {
      ctx.target = document.getElementById("notices");
      ctx.swap = "innerHTML";
      return;
    } else if (status >= 400 && status !== 422) notice("error");
    if (status === 401 || whole || (status >= 400 && status !== 422 && !ctx.hx.retarget)) ctx.swap = "none";
    if (status >= 300 || !form.matches("form")) return;
    document.getElementById("notices")?.replaceChildren();
    if (!form.hasAttribute("data-fresh")) return;
    for (const key of all("[name=key]", form)) key.value = newKey();
    for (const [field, value] of ctx.typed || []) {
      if (field.matches("[type=checkbox], [type=radio]")) continue;
      field.value = field.value.startsWith(value) ? field.value.slice(value.length) : field.value;
      if (field.matches("textarea")) grow(field);
    }
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

  dress();
})();
