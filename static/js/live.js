/* The page stays as the server has it: one stream, replay on return, questions where a proxy swallows streams.

   <main data-live="/live/12/" data-rev="41.3"> says what is watched and what is shown. Pushed fragments are swapped by htmx;
   then "live:<subject>" is dispatched on <body>, so that personal fragments fetch themselves anew. */
"use strict";
(() => {
  const room = document.querySelector("[data-live]");
  if (!room) return;
  const OPEN = 6000, SILENT = 25000, ASK = 4000, HIDE = 30000, LINE = 5000, AGAIN = 120000, TICK = 5000;
  const [path, query] = room.dataset.live.split("?");
  const address = (tail) => `${path}${tail}?rev=${room.dataset.rev}${query ? "&" + query : ""}`;
  let stream = null, heard = 0, ticked = 0, moved = 0, timer = 0, failures = 0, swallowed = 0, lostAt = 0, over = false, asking = null;
  let swaps = Promise.resolve();
  const missed = new Set();

  const state = (name) => { room.dataset.state = name; };
  const later = (work, ms) => { clearTimeout(timer); timer = setTimeout(work, ms); };
  const tell = (subject) => document.body.dispatchEvent(new CustomEvent(`live:${subject}`, { bubbles: true }));
  const spread = (ms) => ms * (0.5 + Math.random());

  // What came is shown in order; what is older than shown is dropped.
  const show = (revision, counter, subjects, html) => {
    swaps = swaps.then(async () => {
      const [shown, own] = room.dataset.rev.split(".").map(Number);
      if (revision !== null && revision <= shown && counter === null) return;
      const anew = revision !== null && revision > shown;
      if (anew && html) await htmx.swap({ text: html, sourceElement: document.body, target: document.body, swap: "none" });
      room.dataset.rev = `${Math.max(revision ?? 0, shown)}.${Math.max(counter ?? 0, own)}`;
      moved = Date.now();
      subjects.forEach(tell);
    }).catch((error) => {
      console.error(error);
      room.dataset.rev = "0.0"; // what is shown isn't known any more: the next answer brings everything
    });
    return swaps;
  };

  const well = () => {
    heard = Date.now();
    failures = lostAt = 0;
    line(false);
    const again = [...missed];
    missed.clear();
    again.forEach(tell);
  };

  // A personal piece that couldn't be fetched (no line, no server, signed out just then) is fetched again at the next sign of life.
  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
    if (ctx.request.method !== "GET" || ctx.response?.status < 400) return;
    for (const [, subject] of (ctx.sourceElement.getAttribute("hx-trigger") || "").matchAll(/live:(\w+)/g)) missed.add(subject);
  });

  // The line beside the field: small and late.
  const line = (lost) => {
    const shown = document.getElementById("offline");
    if (!shown) return;
    if (lost && shown.hidden) {
      const since = new Date(lostAt).toTimeString().slice(0, 5);
      shown.textContent = shown.dataset.words.replace("%s", since);
    }
    shown.hidden = !lost;
  };

  const lost = () => {
    lostAt ||= Date.now();
    setTimeout(() => { if (lostAt && Date.now() - lostAt >= LINE) line(true); }, LINE);
  };

  const hang = () => {
    stream?.close();
    stream = null;
  };

  // A server that is behind the page was restored from a backup: begin anew.
  const restored = (asked, said) => {
    const earlier = parseInt(said) < parseInt(asked);
    if (earlier) { over = true; location.reload(); }
    return earlier;
  };

  // One question, one answer: on the way back, after a POST that no push followed, and where streams don't get through.
  // Whoever comes back to this page asks anew: an answer that was under way may be to a session that had ended.
  let came = 0;
  const ask = () => asking ||= (async (from) => {
    const asked = room.dataset.rev;
    try {
      const answer = await fetch(address("now/"), { cache: "no-store", signal: AbortSignal.timeout(8000) });
      if (answer.status === 401 || answer.status === 404) {
        if (from !== came) return false;
        over = true;
        hang();
        state(answer.status === 401 ? "signed-out" : "gone");
        document.dispatchEvent(new CustomEvent("app:notice", { detail: room.dataset.state }));
        return false;
      }
      if (!answer.ok) throw new Error(answer.status);
      const now = await answer.json();
      const [revision, counter] = now.rev.split(".").map(Number);
      if (restored(asked, now.rev)) return false;
      document.dispatchEvent(new CustomEvent("app:clock", { detail: now.now }));
      await show(revision, counter, now.subjects, now.html);
      well();
      return true;
    } catch {
      failures += 1;
      lost();
      return false;
    } finally {
      if (from === came) asking = null;
    }
  })(came);

  // `doubt`: a stream was refused or said nothing. If the question is answered all the same, something on the way swallows streams.
  const back = async (doubt = false) => {
    hang();
    clearTimeout(timer);
    if (over) return;
    state("waiting");
    lost();
    const answered = await ask();
    if (over) return;
    if (answered && doubt) swallowed += 1;
    if (answered && swallowed > 2) poll();
    else later(connect, answered ? spread(400 * 3 ** swallowed) : patience());
  };

  // A restart takes seconds, so the first tries come soon, each at a moment of its own; later ones ever more slowly.
  const patience = () => spread(failures < 8 ? 900 : Math.min(900 * 1.5 ** (failures - 7), 10000));

  const poll = async () => {
    state("asking");
    const until = Date.now() + AGAIN;
    const round = async () => {
      if (await ask() && Date.now() > until) connect();
      else if (!over) later(round, Math.min(ASK * (1 + failures), 15000));
    };
    later(round, ASK);
  };

  const connect = () => {
    hang();
    if (over || document.hidden) return;
    const asked = room.dataset.rev;
    const mine = stream = new EventSource(address(""));
    let greeted = false;
    const on = (name, work) => mine.addEventListener(name, (event) => { if (mine === stream) { well(); work(event.data); } });
    state("opening");
    later(() => back(true), OPEN);
    on("hello", (data) => {
      if (restored(asked, data)) return;
      swallowed = 0;
      greeted = true;
      state("live");
      document.dispatchEvent(new CustomEvent("app:clock", { detail: Number(data.split(" ")[1]) }));
      watch();
    });
    on("update", (data) => {
      const end = (data + "\n").indexOf("\n");
      const [revision, ...subjects] = data.slice(0, end).split(" ");
      show(Number(revision), null, subjects, data.slice(end + 1));
    });
    on("yours", (data) => {
      const [counter, ...subjects] = data.split(" ");
      show(null, Number(counter), subjects, "");
    });
    on("beat", (data) => document.dispatchEvent(new CustomEvent("app:clock", { detail: Number(data) })));
    mine.onerror = () => {
      if (mine !== stream) return;
      if (!greeted) return back(true); // refused: signed out, too many, or a proxy that is picky; the question tells which
      hang(); // it ended as streams do, or the line is gone: another, each page at a moment of its own
      state("waiting");
      lost();
      later(connect, spread(400));
    };
  };

  // Nothing was heard for long; or this machine slept, since no clock of its own stands still otherwise.
  const watch = () => {
    ticked = Date.now();
    later(() => (Date.now() - heard > SILENT || Date.now() - ticked > 2 * TICK ? back() : watch()), TICK);
  };

  // A hidden page gives its connection back after a while (a browser has six), and is up to date again when it is seen.
  let hiding = 0;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiding);
    if (document.hidden) hiding = setTimeout(() => { clearTimeout(timer); hang(); state("hidden"); }, HIDE);
    else if (!stream || Date.now() - heard > SILENT) again();
  });
  const again = () => { over = false; failures = 0; came += 1; asking = null; back(); };
  window.addEventListener("online", again);
  window.addEventListener("offline", () => back()); // a stream may seem open for long when its line is gone
  window.addEventListener("pagehide", () => { clearTimeout(timer); hang(); });
  window.addEventListener("pageshow", (event) => { if (event.persisted) again(); });

  // After our own POST the push is usually here at once. If not (no stream, Redis away), ask.
  const posted = () => {
    const at = Date.now();
    if (over) again(); // signed in anew, in another tab
    else setTimeout(() => { if (moved < at) ask(); }, 700);
  };
  document.addEventListener("app:posted", posted);
  document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
    if (ctx.request.method !== "GET" && ctx.response.status < 300) posted();
  });

  // Answers overtake each other, and one may hold a fragment or another piece within itself. Shown is always the newest: of a fragment
  // by its revision, of a personal piece the answer that was asked for last.
  const askedAt = new WeakMap(), shownAt = new Map();
  let asks = 0;
  document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
    if (ctx.request.method === "GET") askedAt.set(ctx, asks += 1);
  });
  document.addEventListener("htmx:before:swap", ({ detail: { ctx, tasks } }) => {
    const at = askedAt.get(ctx);
    for (const { fragment } of tasks) {
      for (const part of fragment?.querySelectorAll("[id]") ?? []) {
        if (!fragment.contains(part)) continue; // within one that was replaced
        const shown = document.getElementById(part.id), fetched = !part.dataset.rev;
        const older = fetched ? at < shownAt.get(part.id) : Number(part.dataset.rev) < Number(shown?.dataset.rev);
        if (shown && older) part.replaceWith(shown.cloneNode(true));
        else if (at && fetched) shownAt.set(part.id, at);
      }
    }
  });

  connect();
})();
