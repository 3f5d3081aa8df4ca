"use strict";
// What is shown goes into the page as text and attributes, never as markup: completions may hold anything.
const { runs } = JSON.parse(document.getElementById("data").textContent);
const at = id => document.getElementById(id);
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}
function drawn(name, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}
const colour = number => `var(--s${number % 7})`;
const percent = value => value == null ? "n/a" : (100 * value).toFixed(1) + " %";
const short = value => Math.abs(value) >= 1e4 || (value !== 0 && Math.abs(value) < 1e-3) ? value.toExponential(1) : +value.toPrecision(3) + "";

// Heading.
at("title").textContent = runs.map(run => run.name).join(", ");
document.title = "spark: " + runs.map(run => run.name).join(", ");
for (const run of runs) {
  const { summary, metrics } = run, last = metrics[metrics.length - 1];
  const state = summary ? `finished after ${summary.steps} steps, ${summary.tokens.toLocaleString("en")} sampled tokens and ${Math.round(summary.seconds)} s`
    : last ? `at step ${last.step} when this page was made` : "has taken no step yet";
  at("about").append(element("span", {}, `${run.directory}: ${state}. `));
}

// Scores: before and after, with the 95 % interval of shares by Wilson, where the number of problems is known.
function interval(share, count) {
  if (share == null || !count || share < 0 || share > 1) return "";
  const z = 1.96, middle = (share + z * z / (2 * count)) / (1 + z * z / count);
  const half = z * Math.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count);
  return ` (${(100 * (middle - half)).toFixed(1)}–${(100 * (middle + half)).toFixed(1)})`;
}
const figures = [["reasoning accuracy", s => s.reasoning_accuracy, true], ["with reflection", s => s.reflect_accuracy, true],
  ["judge accuracy", s => s.judge_accuracy], ["pointwise", s => s.pointwise_accuracy], ["pairwise", s => s.pairwise_accuracy],
  ["held-out wordings", s => s.held_out_wording_accuracy], ["own reward, accuracy", s => s.own_reward_accuracy],
  ["own reward, AUC", s => s.own_reward_auc], ["replies that can be read", s => s.parsed]];
function scores() {
  const head = element("tr", {}, element("th", { scope: "col" }, "held-out figure"));
  for (const run of runs) for (const when of ["before", "after", "points"]) head.append(element("th", { scope: "col" }, runs.length > 1 ? `${run.name}: ${when}` : when));
  const body = element("tbody");
  for (const [name, of, byProblems] of figures) {
    const row = element("tr", {}, element("th", { scope: "row" }, name));
    let known = false;
    for (const run of runs) {
      const before = run.summary?.before ?? run.before, after = run.summary?.after;
      const [first, last] = [before && of(before), after && of(after)];
      known ||= first != null || last != null;
      row.append(element("td", {}, percent(first) + (byProblems ? interval(first, before?.problems) : "")),
        element("td", {}, percent(last) + (byProblems ? interval(last, after?.problems) : "")),
        element("td", {}, first == null || last == null ? "" : (last >= first ? "+" : "−") + Math.abs(100 * (last - first)).toFixed(1)));
    }
    if (known) body.append(row);
  }
  if (!body.children.length) return at("scores-body").append("Nothing was measured yet.");
  at("scores-body").append(element("table", {}, element("thead", {}, head), body));
}

// A chart of curves: [{name, points: [[x, y]], dashed}].
function chart(title, curves, unit = "step") {
  curves = curves.map(curve => ({ ...curve, points: curve.points.filter(p => Number.isFinite(p[0]) && Number.isFinite(p[1])) })).filter(curve => curve.points.length);
  if (!curves.length) return null;
  const all = curves.flatMap(curve => curve.points), [w, h, left, bottom] = [340, 190, 54, 22];
  const bound = (values, pick) => values.reduce((one, other) => pick(one, other));
  let [x0, x1] = [Math.min, Math.max].map(pick => bound(all.map(p => p[0]), pick));
  let [y0, y1] = [Math.min, Math.max].map(pick => bound(all.map(p => p[1]), pick));
  if (x0 === x1) { x0 -= .5; x1 += .5; }
  if (y0 === y1) { const d = Math.abs(y0) / 10 || .5; y0 -= d; y1 += d; }
  const px = x => left + (x - x0) / (x1 - x0) * (w - left - 8), py = y => h - bottom - (y - y0) / (y1 - y0) * (h - bottom - 10);
  const svg = drawn("svg", { viewBox: `0 0 ${w} ${h}`, role: "img", "aria-label": `${title}: ${curves.map(c => `${c.name} from ${short(c.points[0][1])} to ${short(c.points[c.points.length - 1][1])}`).join("; ")}` });
  for (let i = 0; i <= 4; i++) {
    const y = y0 + (y1 - y0) * i / 4;
    svg.append(drawn("line", { class: "grid", x1: left, x2: w - 8, y1: py(y), y2: py(y) }), drawn("text", { x: left - 4, y: py(y) + 4, "text-anchor": "end" }, short(y)));
  }
  for (let i = 0; i <= 2; i++) {
    const x = x0 + (x1 - x0) * i / 2;
    svg.append(drawn("text", { x: px(x), y: h - 6, "text-anchor": ["start", "middle", "end"][i] }, short(x) + (i === 2 ? ` ${unit}` : "")));
  }
  const legend = element("ul", { class: "legend" });
  curves.forEach((curve, number) => {
    const line = { fill: "none", stroke: colour(curve.colour ?? number), "stroke-width": 2, ...(curve.dashed ? { "stroke-dasharray": "5 4" } : {}) };
    svg.append(drawn("polyline", { ...line, points: curve.points.map(([x, y]) => `${px(x).toFixed(1)},${py(y).toFixed(1)}`).join(" ") }));
    for (const [x, y] of curve.points.length > 60 ? [] : curve.points) {
      svg.append(drawn("circle", { cx: px(x), cy: py(y), r: 2.4, fill: colour(curve.colour ?? number) }, drawn("title", {}, `${curve.name}: ${short(y)} at ${short(x)}`)));
    }
    legend.append(element("li", {}, drawn("svg", { viewBox: "0 0 24 8", "aria-hidden": "true" }, drawn("line", { ...line, x1: 0, x2: 24, y1: 4, y2: 4 })), `${curve.name} ${short(curve.points[curve.points.length - 1][1])}`));
  });
  return element("figure", {}, element("figcaption", {}, title), svg, legend);
}
function votes() {
  const ways = ["majority", "judged", "weighted", "tournament", "self_rewarded", "self_chosen", "any"];
  for (const run of runs) {
    for (const [when, of] of [["before", run.summary?.before ?? run.before], ["after", run.summary?.after]]) {
      const counted = of?.votes ?? [];
      const curves = ways.map(way => ({ name: way, points: counted.filter(v => v[way] != null).map(v => [v.samples, v[way]]) }));
      const made = counted.length > 1 ? chart(`${run.name}, ${when}: accuracy over samples`, curves, "samples") : null;
      if (made) at("votes-body").append(made);
    }
    const rounds = run.summary?.after?.accuracy_by_rounds ?? [];
    const made = rounds.length > 1 ? chart(`${run.name}: accuracy over rounds of reflection`, [{ name: "after", points: rounds.map((y, x) => [x, y]) }, { name: "before", points: (run.summary.before?.accuracy_by_rounds ?? []).map((y, x) => [x, y]) }], "rounds") : null;
    if (made) at("votes-body").append(made);
  }
  if (!at("votes-body").children.length) at("votes").remove();
}

// Curves: a chart for each group of metrics, a line for each metric and run.
const kinds = ["reason", "pointwise", "pairwise", "choice", "reflection", "critique"];
const ofKinds = ending => kinds.map(kind => `${kind}/${ending}`);
const groups = [["Reward", ofKinds("reward")], ["Spread of rewards in a group", ofKinds("reward_std")], ["Groups without spread", ofKinds("frac_zero_std")],
  ["Held-out accuracy", ["eval/reasoning_accuracy", "eval/judge_accuracy", "eval/pointwise_accuracy", "eval/pairwise_accuracy"]],
  ["Reply length, tokens", ofKinds("response_length")], ["Cut off by the token limit", ofKinds("truncated")], ["Replies that cannot be read", ofKinds("unparsed")],
  ["Judging: share of Yes, of A", ["eval/judging/pointwise/share_yes", "eval/judging/pairwise/share_a"]], ["Judging: AUC", ["eval/judging/pointwise/auc", "eval/judging/pairwise/auc", "self_reward/auc"]],
  ["Recycled problems in the queue", ["recycled_queue"]], ["Loss", ["loss"]], ["Gradient norm", ["grad_norm"]], ["Entropy", ["entropy"]], ["KL to the reference", ["kl"]], ["Clipped tokens", ["clip_ratio"]],
  ["Gap to the sampler's log-probabilities", ["rollout_logprob_gap"]], ["Learning rate", ["lr"]], ["Tokens per second", ["tokens_per_second/rollout", "tokens_per_second/train"]], ["Memory, bytes", ["memory_bytes"]],
  ["Where the time went, seconds", null]];
function curves() {
  for (const [title, wanted] of groups) {
    const lines = [];
    runs.forEach((run, of) => {
      const keys = wanted ?? [...new Set(run.metrics.flatMap(row => Object.keys(row)))].filter(key => key.startsWith("profile/") || key.startsWith("seconds/"));
      keys.forEach((key, number) => {
        const points = run.metrics.filter(row => row[key] != null).map(row => [row.step, row[key]]);
        lines.push({ name: (runs.length > 1 ? run.name + " " : "") + key, points, colour: number, dashed: of > 0 });
      });
    });
    const made = chart(title, lines);
    if (made) at("curves-body").append(made);
  }
}

// Completions.
const original = problem => problem.split("#")[0];
const all = runs.flatMap((run, of) => run.completions.map(row => ({ ...row, of })));
const sort = row => row.reward == null ? "unscored" : row.reward >= 1 ? "right" : row.reward > 0 ? "part" : "wrong";
let found = [], shown = 0;
function fill(select, values, name = value => value) {
  select.append(element("option", { value: "" }, "any"), ...values.map(value => element("option", { value }, name(value))));
}
function card(row) {
  const state = sort(row), item = element("li", { class: `completion is-${state}` });
  const about = element("button", { type: "button", class: "about-it" }, row.problem);
  about.addEventListener("click", () => { at("f-problem").value = original(row.problem); search(); at("completions").scrollIntoView(); });
  item.append(element("p", {}, runs.length > 1 ? `${runs[row.of].name}, ` : "", `step ${row.step}, ${row.kind}, `, about, " ",
    element("strong", { class: state }, row.reward == null ? "unscored" : `reward ${short(row.reward)}`),
    row.advantage == null ? "" : `, advantage ${short(row.advantage)}`, row.finish_reason === "length" ? ", cut off" : "", row.reason ? ` (${row.reason})` : ""));
  item.append(element("p", {}, row.question));
  for (const number of row.shown) {
    const url = runs[row.of].pictures[number];
    item.append(url.startsWith("data:") ? element("img", { src: url, alt: `image of ${row.problem}`, loading: "lazy" }) : element("p", {}, `image: ${url}`));
  }
  item.append(element("pre", { tabindex: "0", "aria-label": "completion" }, row.completion), element("p", {}, `read: ${row.extracted ?? "nothing"}; reference: ${row.answer ?? ""}`));
  return item;
}
function more() {
  at("list").append(...found.slice(shown, shown + 40).map(card));
  shown = Math.min(found.length, shown + 40);
  at("more").hidden = shown >= found.length;
}
function search() {
  const [run, step, kind, reward] = ["f-run", "f-step", "f-kind", "f-reward"].map(id => at(id).value);
  const [problem, text] = [at("f-problem").value.trim(), at("f-text").value.toLowerCase()];
  found = all.filter(row => (run === "" || row.of === +run) && (step === "" || row.step === +step) && (kind === "" || row.kind === kind)
    && (reward === "" || sort(row) === reward) && (problem === "" || original(row.problem) === original(problem) || row.problem.startsWith(problem))
    && (text === "" || row.completion.toLowerCase().includes(text) || row.question.toLowerCase().includes(text)));
  // A problem is followed: its answers by step, and what was asked about them behind.
  if (problem !== "") found.sort((one, other) => original(one.problem).localeCompare(original(other.problem)) || one.step - other.step || kinds.indexOf(one.kind) - kinds.indexOf(other.kind));
  at("found").textContent = `${found.length} of ${all.length} completions`;
  at("list").replaceChildren();
  shown = 0;
  more();
}
function browser() {
  const whole = runs.reduce((sum, run) => sum + run.all, 0);
  at("counted").textContent = whole > all.length
    ? `Of ${whole.toLocaleString("en")} completions ${all.length.toLocaleString("en")} are here: some problems through all steps, with what was asked about their answers. All are in rollouts.jsonl.`
    : "A problem's name shows its answers step by step, and what was asked about them.";
  fill(at("f-run"), runs.map((_, of) => of), of => runs[of].name);
  fill(at("f-step"), [...new Set(all.map(row => row.step))].sort((one, other) => one - other));
  fill(at("f-kind"), [...new Set(all.map(row => row.kind))]);
  at("filters").addEventListener("input", search);
  at("filters").addEventListener("submit", event => event.preventDefault());
  at("filters").addEventListener("reset", () => setTimeout(search));
  at("more").addEventListener("click", more);
  search();
}
scores();
votes();
curves();
browser();
for (const run of runs) at("recipes-body").append(element("details", {}, element("summary", {}, run.directory + "/recipe.toml"), element("pre", { tabindex: "0", "aria-label": "recipe" }, run.recipe)));
