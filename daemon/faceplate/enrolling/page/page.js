"use strict";
// The link that led here is void now: nothing of it stays in the address bar or the history.
history.replaceState(null, "", "/");

const at = (id) => document.getElementById(id);
const say = (id, words) => { if (at(id).textContent !== words) at(id).textContent = words; };
let shown = -1;

function showSteps(steps) {
  const list = at("steps");
  while (list.children.length < steps.length) {
    const item = document.createElement("li");
    const bar = document.createElement("progress");
    bar.max = 1;
    item.append(document.createElement("span"), bar);
    list.append(item);
  }
  steps.forEach((step, index) => {
    const [words, bar] = list.children[index].children;
    const text = step.state === "done" ? `${step.step} ✓` : step.state === "skipped" ? `${step.step} (left out)` : step.step;
    if (words.textContent !== text) words.textContent = text;
    list.children[index].className = step.state;
    if (step.state === "present") list.children[index].setAttribute("aria-current", "step");
    else list.children[index].removeAttribute("aria-current");
    bar.value = step.bar;
    bar.setAttribute("aria-label", step.step);
  });
}

function show(state) {
  say("title", `Enrolment: ${state.name}`);
  at("consent").hidden = !state.consent;
  say("consent-text", state.consent);
  say("asked", state.asked);
  say("hint", state.hint);
  at("quality").value = state.quality;
  at("oval").classList.toggle("good", state.good);
  at("mirror").hidden = state.frame === 0;
  showSteps(state.steps);
  if (state.frame !== shown && state.frame > 0) {
    shown = state.frame;
    at("picture").src = `/picture?${state.frame}`;
  }
}

async function watch() {
  try {
    const answer = await fetch("/state", { cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    show(await answer.json());
    setTimeout(watch, 150);
  } catch {
    say("asked", "The enrolment is over, or was interrupted.");
    say("hint", "");
    at("mirror").hidden = true;
  }
}
watch();
