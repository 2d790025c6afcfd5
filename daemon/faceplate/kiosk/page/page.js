"use strict";
// Shows what the door says now. What cannot be fetched, or is older than OLDEST, is shown as out of service.
const EVERY = 400;
const PATIENCE = 1500;
const OLDEST = 3000;
const SIGNS = {
  idle: "", prompt: "◉", turn_left: "←", turn_right: "→", look_up: "↑", shut_eyes: "◡◡", step_back: "•", come_closer: "⬤", welcome: "✓", refused: "✕", locked_out: "✕", door_open: "!", alarm: "!", out_of_service: "–",
};

const page = document.documentElement;
const outOfService = { kind: "out_of_service", text: document.body.dataset.outOfService };
const sign = document.getElementById("sign");
const words = document.getElementById("words");
const clock = document.getElementById("clock");
let heard = -Infinity;

function show(now) {
  if (!(now.kind in SIGNS) || typeof now.text !== "string") now = outOfService;
  // The same words are not written again: a screen reader would read them out again.
  if (page.dataset.kind !== now.kind) page.dataset.kind = now.kind;
  if (sign.textContent !== SIGNS[now.kind]) sign.textContent = SIGNS[now.kind];
  if (words.textContent !== now.text) words.textContent = now.text;
}

function tick() {
  const time = new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  if (clock.textContent !== time) clock.textContent = time;
  if (performance.now() - heard > OLDEST) show(outOfService);
}

async function ask() {
  const asked = performance.now();
  try {
    const answer = await fetch("/words", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    if (!answer.ok) throw new Error(String(answer.status));
    const now = await answer.json();
    heard = asked;
    show(now);
  } catch {
    show(outOfService);
  }
  setTimeout(ask, EVERY);
}

setInterval(tick, 250);
tick();
ask();
