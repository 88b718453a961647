/* The page stays as the server has it: one stream, replay on return, questions where a proxy swallows streams.

   <main data-live="/live/12/" data-rev="41.3"> says what is watched and what is shown. Pushed fragments are swapped by htmx;
   then "live:<subject>" is dispatched on <body>, so that personal fragments fetch themselves anew. */
"use strict";
(() => {
  const room = document.querySelector("[data-live]");
  if (!room) return;
  const OPEN = 6000, SILENT = 25000, ASK = 4000, HIDE = 30000, LINE = 5000, AGAIN = 120000;
  const [path, query] = room.dataset.live.split("?");
  const address = (tail) => `${path}${tail}?rev=${room.dataset.rev}${query ? "&" + query : ""}`;
  let stream = null, heard = 0, moved = 0, timer = 0, failures = 0, swallowed = 0, lostAt = 0, over = false, asking = null;
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
    }).catch((error) => console.error(error));
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

  // A personal piece that couldn't be fetched (the line was gone, the server just then) is fetched again at the next sign of life.
  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
    if (ctx.request.method !== "GET" || ctx.response?.status < 500) return;
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
  const ask = () => asking ||= (async () => {
    const asked = room.dataset.rev;
    try {
      const answer = await fetch(address("now/"), { cache: "no-store", signal: AbortSignal.timeout(8000) });
      if (answer.status === 401 || answer.status === 404) {
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
      asking = null;
    }
  })();

  const back = async () => {
    hang();
    clearTimeout(timer);
    if (over) return;
    state("waiting");
    lost();
    const answered = await ask();
    if (over) return;
    if (answered && swallowed > 2) poll();
    else later(answered ? connect : back, answered ? spread(400 * 3 ** swallowed) : Math.min(spread(500 * 2 ** failures), 15000));
  };

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
    later(() => { swallowed += 1; back(); }, OPEN);
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
      if (!greeted) swallowed += 1; // refused: too many, or a proxy that is picky
      back();
    };
  };

  const watch = () => later(() => (Date.now() - heard > SILENT ? back() : watch()), 5000);

  // A hidden page gives its connection back after a while (a browser has six), and is up to date again when it is seen.
  let hiding = 0;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiding);
    if (document.hidden) hiding = setTimeout(() => { clearTimeout(timer); hang(); state("hidden"); }, HIDE);
    else if (!stream || Date.now() - heard > SILENT) again();
  });
  const again = () => { over = false; failures = 0; back(); };
  window.addEventListener("online", again);
  window.addEventListener("pagehide", () => { clearTimeout(timer); hang(); });
  window.addEventListener("pageshow", (event) => { if (event.persisted) again(); });

  // After our own POST the push is usually here at once. If not (no stream, Redis away), ask.
  document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
    const posted = ctx.request.method !== "GET" && ctx.response.status < 300;
    const at = Date.now();
    if (posted && over) again(); // signed in anew, in another tab
    else if (posted) setTimeout(() => { if (moved < at) ask(); }, 700);
  });

  // An answer of htmx may hold a fragment, too: never an older one than the stream has shown.
  document.addEventListener("htmx:before:swap", ({ detail: { tasks } }) => {
    for (let i = tasks.length - 1; i >= 0; i -= 1) {
      const root = tasks[i].fragment.firstElementChild;
      const shown = root?.dataset.rev ? document.getElementById(root.id) : null;
      if (shown?.dataset.rev && Number(root.dataset.rev) < Number(shown.dataset.rev)) tasks.splice(i, 1);
    }
  });

  connect();
})();
