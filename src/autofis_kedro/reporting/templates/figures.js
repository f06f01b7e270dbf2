/* plotly in the page's colours: figures name variables of the style sheet, which follow the theme. */
const figures = (() => {
  const data = JSON.parse(document.getElementById("figures").textContent);
  const drawn = new Map();
  const narrow = matchMedia("(max-width: 40rem)");
  const hasNoMouse = matchMedia("(hover: none)");

  /* A field's name may look like a variable of the style sheet. */
  const texts = new Set(["name", "text", "x", "y", "legendgroup"]);
  function coloured(value) {
    if (typeof value === "string") return value.startsWith("--") ? theme.style(value) : value;
    if (Array.isArray(value)) return value.map(coloured);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, texts.has(key) ? part : coloured(part)]));
  }

  /* Two panels beside each other become two below each other where there is no room. */
  function stacked(layout) {
    const titles = (layout.annotations ?? []).filter((note) => note.xref === "paper" && note.showarrow === false);
    Object.assign(layout.xaxis, { domain: [0, 1] });
    Object.assign(layout.xaxis2, { domain: [0, 1], anchor: "y2" });
    Object.assign(layout.yaxis, { domain: [0.57, 1] });
    Object.assign(layout.yaxis2, { domain: [0, 0.43], anchor: "x2", showticklabels: true });
    titles.forEach((note, place) => Object.assign(note, { x: 0.5, y: place ? 0.43 : 1 }));
    layout.height = Math.max(620, 2 * layout.height - 200);
    if (layout.legend) layout.legend.y = -0.1;
  }

  function themed(layout) {
    const ink = theme.style("--ink"), rule = theme.style("--rule"), surface = theme.style("--surface");
    const axis = { gridcolor: rule, zerolinecolor: rule, linecolor: rule, automargin: true, title: { standoff: 8 } };
    for (const key of Object.keys(layout)) {
      if (!/^[xy]axis\d*$/.test(key)) continue;
      const title = { ...axis.title, ...layout[key].title };
      Object.assign(layout[key], axis, layout[key], { title });
      if (hasNoMouse.matches) layout[key].fixedrange = true; // a finger on a figure scrolls the page
    }
    const font = { color: ink, family: getComputedStyle(document.body).fontFamily, size: narrow.matches ? 11 : 12.5 };
    const hoverlabel = { bgcolor: surface, bordercolor: rule, font: { ...font, color: ink } };
    const margin = { l: 8, r: 12, t: 34, b: 8, pad: 4 };
    const clear = { paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)" };
    return { ...clear, ...layout, font, hoverlabel, margin: { ...margin, ...layout.margin } };
  }

  function draw(name, figure) {
    drawn.set(name, figure);
    const { data: traces, layout } = coloured(typeof figure === "function" ? figure(narrow.matches) : figure);
    if (narrow.matches && layout.xaxis2) stacked(layout);
    const config = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"] };
    if (hasNoMouse.matches) config.displayModeBar = false;
    return Plotly.react(`plot-${name}`, traces, themed(layout), config);
  }
  const redraw = () => { for (const [name, figure] of drawn) draw(name, figure); };
  theme.onChange(redraw);
  narrow.addEventListener("change", redraw);

  draw("comparison", data.comparison);
  draw("sizes", data.sizes);
  if (data.evidence) draw("evidence", data.evidence);
  const model = document.getElementById("training-model");
  const drawTraining = () => draw("training", data.training[model.value]);
  model.addEventListener("change", drawTraining);
  drawTraining();
  const drawAlpha = (name) => {
    const { data: traces, layout } = data.alpha[name];
    draw("alpha", { data: traces, layout: { ...layout, legend: { orientation: "h", y: -0.15, yanchor: "top" } } });
  };
  drawAlpha(Object.keys(data.alpha)[0]);
  document.getElementById("alpha-model")?.addEventListener("change", (event) => drawAlpha(event.target.value));
  return { data, draw };
})();
