"use strict";
// Draws the strips, moves a cursor over them, and tells the server what the person picks. Where nobody serves the page it only shows.
const data = JSON.parse(document.getElementById("data").textContent);
const served = data.token !== "";
const strips = data.strips;
let here = 0;
const cursors = strips.map((strip) => Math.max(1, strip.tiles.findIndex((tile) => tile.scale === strip.label.scale)));

const byId = (id) => document.getElementById(id);
const make = (tag, className, ...children) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
};
const WORDS = { absent: "not there at all", none_works: "no scale works", unscored: "not judged" };
const signed = (scale) => (scale === 0 ? "0" : `\u2212${-scale}`);
const say = (label) => (label.outcome === "ok" ? `w = ${signed(label.scale)}` : WORDS[label.outcome]);
const same = (a, b) => a.outcome === b.outcome && a.scale === b.scale;

function tile(strip, index, place) {
  const shown = strip.tiles[place];
  const picture = make("img");
  picture.src = shown.picture;
  picture.alt = `w = ${signed(shown.scale)}, blurred until you ask`;
  picture.loading = "lazy";
  const node = make("button", `tile ${shown.state}`, picture, make("span", "", signed(shown.scale)));
  node.type = "button";
  node.classList.toggle("judged", shown.scale === strip.label.scale);
  node.classList.toggle("picked", strip.pick !== null && shown.scale === strip.pick.scale);
  node.classList.toggle("cursor", place === cursors[index]);
  node.disabled = !served || shown.scale === 0;
  node.addEventListener("click", () => { go(index, place); pick(index, { outcome: "ok", scale: shown.scale }); });
  return node;
}

function answers(strip) {
  const lines = strip.answers.map((answer) =>
    make("li", "", `${answer.judge} (${answer.layout || "sweep"}): ${answer.outcome === "ok" ? (answer.scale === null ? "no scale" : `w = ${signed(answer.scale)}`) : answer.outcome}${answer.votes ? "" : ", set aside"}. ${answer.reason}`));
  return make("details", "", make("summary", "", `${lines.length} answer${lines.length === 1 ? "" : "s"}`), make("ul", "", ...lines));
}

function others(strip, index) {
  const buttons = ["absent", "none_works"].map((outcome) => {
    const node = make("button", strip.pick !== null && strip.pick.outcome === outcome ? "picked" : "", WORDS[outcome]);
    node.type = "button";
    node.addEventListener("click", () => pick(index, { outcome, scale: null }));
    return node;
  });
  return make("div", "others", ...buttons);
}

function article(strip, index) {
  const said = make("p", "said", "The judge: ", make("b", "", say(strip.label)), `. ${strip.reason}`);
  if (strip.pick) said.append(make("span", "person", ` You: ${say(strip.pick)}${same(strip.pick, strip.label) ? ", as the judge" : ""}.`));
  const node = make("article", index === here ? "here" : "",
    make("h2", "", make("small", "", strip.kind), strip.prompt), said,
    make("div", "tiles", ...strip.tiles.map((_, place) => tile(strip, index, place))));
  node.id = `strip-${strip.id}`;
  node.dataset.doubt = strip.doubt;
  if (served) node.append(others(strip, index));
  if (strip.answers.length) node.append(answers(strip));
  return node;
}

function redraw(index) {
  byId("strips").replaceChild(article(strips[index], index), byId("strips").children[index]);
}

function go(index, place) {
  const before = here;
  here = Math.min(Math.max(index, 0), strips.length - 1);
  if (place !== undefined) cursors[here] = Math.min(Math.max(place, 1), strips[here].tiles.length - 1);
  for (const each of new Set([before, here])) redraw(each);
  byId("strips").children[here].scrollIntoView({ block: "nearest" });
}

function summarise() {
  const done = strips.filter((strip) => strip.pick).length;
  byId("counts").textContent = `${strips.length} prompts, the most doubtful first` + (served ? `; you have said ${done}` : "");
  const names = { quadratic_kappa: "kappa", ordinal_alpha: "alpha", within_one_step: "within one step" };
  byId("agreement").replaceChildren(...Object.entries(names).map(([name, text]) => {
    const found = data.agreement && data.agreement[name];
    if (!served && !(found && found.n)) return "";
    const known = found && found.value !== null;
    const value = make("dd", "", known ? found.value.toFixed(2) : "\u2013");
    value.id = `agreement-${name}`;
    if (known) value.append(make("small", "", ` ${found.low.toFixed(2)} to ${found.high.toFixed(2)}, n = ${found.n}`));
    return make("div", "", make("dt", "", `${text} with you`), value);
  }));
}

async function pick(index, said) {
  if (!served || (said.outcome === "ok" && !(said.scale < 0))) return;
  const strip = strips[index];
  try {
    const reply = await fetch("pick", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Token": data.token },
      body: JSON.stringify({ prompt_id: strip.id, ...said }),
    });
    if (!reply.ok) throw new Error(await reply.text());
    data.agreement = (await reply.json()).agreement;
    strip.pick = said;
    byId("problem").hidden = true;
    redraw(index);
    summarise();
    if (index === here) go(here + 1);
  } catch (error) {
    byId("problem").textContent = `Not kept: ${error.message}`;
    byId("problem").hidden = false;
  }
}

function blur(blurred) {
  document.body.classList.toggle("blurred", blurred);
  byId("blur").textContent = blurred ? "Show pictures" : "Blur pictures";
  byId("blur").setAttribute("aria-pressed", String(blurred));
}

const judged = () => strips[here].label;
const KEYS = {
  ArrowDown: () => go(here + 1), j: () => go(here + 1),
  ArrowUp: () => go(here - 1), k: () => go(here - 1),
  ArrowRight: () => go(here, cursors[here] + 1), ArrowLeft: () => go(here, cursors[here] - 1),
  Enter: () => judged().outcome !== "unscored" && pick(here, judged()),
  " ": () => pick(here, { outcome: "ok", scale: strips[here].tiles[cursors[here]].scale }),
  a: () => pick(here, { outcome: "absent", scale: null }),
  n: () => pick(here, { outcome: "none_works", scale: null }),
  b: () => blur(!document.body.classList.contains("blurred")),
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in KEYS) || !strips.length) return;
  event.preventDefault();
  KEYS[event.key]();
});
byId("blur").addEventListener("click", () => { KEYS.b(); byId("blur").blur(); });
byId("title").textContent = `Labels for \u201c${data.concept}\u201d`;
const legend = [["\u2193 \u2191", "prompt"], ["\u2190 \u2192", "scale"], ...(served ? [["enter", "accept the judge"], ["space", "take the marked scale"], ["a", WORDS.absent], ["n", WORDS.none_works]] : []), ["b", "blur"]];
byId("keys").replaceChildren(...legend.flatMap(([key, text]) => [make("kbd", "", key), ` ${text}  `]));
byId("strips").replaceChildren(...strips.map(article));
summarise();
