/* The heat map over pairs of fields: alpha of the search shown, statistics_AUC or selection frequency. */
(() => {
  const { fields, pairs, alpha, statistics_auc, share, kept, planted } = figures.data.pairs;
  const models = Object.keys(alpha);
  const searched = () => document.querySelector("#searched input:checked")?.value ?? models[0];
  const shown = () => document.querySelector("#pair-value input:checked").value;
  const rounded = (value, digits) => (value === null || value === undefined ? "none" : value.toFixed(digits));

  function grid(values) {
    const cells = fields.map(() => fields.map(() => null));
    pairs.forEach(([first, second], place) => { cells[second][first] = values[place]; });
    return cells;
  }
  function hover(place) {
    const [first, second] = pairs[place];
    const lines = models.map((model) => `alpha, ${model}: ${rounded(alpha[model][place], 4)}`);
    lines.push(`statistics_AUC: ${rounded(statistics_auc[place], 4)}`);
    if (share) lines.push(`selection frequency: ${Math.round(100 * share[place])}%`);
    return [`<b>${fields[first]} × ${fields[second]}</b>`, ...lines].join("<br>");
  }
  const dots = (places, name, marker) => ({
    type: "scatter", mode: "markers", name, marker, hoverinfo: "skip", showlegend: places.length > 0,
    x: places.map((place) => fields[pairs[place][0]]), y: places.map((place) => fields[pairs[place][1]]),
  });

  /* What is shown decides the scale: alpha has a sign, the others go from little to much. */
  function scale(values) {
    if (shown() === "alpha") {
      const limit = Math.max(...values.map((value) => Math.abs(value ?? 0))) || 1;
      return { zmin: -limit, zmax: limit, colorscale: [[0, "--blue"], [0.5, "--page"], [1, "--orange"]] };
    }
    const bounds = shown() === "share" ? [0, 1] : [Math.min(...values), Math.max(...values)];
    return { zmin: bounds[0], zmax: bounds[1], colorscale: [[0, "--closed"], [1, "--blue"]] };
  }

  function figure(isNarrow) {
    const values = { alpha: alpha[searched()].map((value) => value || null), statistics_auc, share }[shown()];
    const title = { alpha: `alpha, ${searched()}`, statistics_auc: "statistics_AUC", share: "selection frequency" }[shown()];
    const size = Math.max(4, 15 - fields.length / 4) * (isNarrow ? 0.55 : 1);
    const bar = isNarrow ? { orientation: "h", y: 1.02, yanchor: "bottom", thickness: 10 } : { thickness: 12, outlinewidth: 0, len: 0.6 };
    const heat = {
      type: "heatmap", x: fields, y: fields, z: grid(values), text: grid(pairs.map((_, place) => hover(place))),
      hovertemplate: "%{text}<extra></extra>", xgap: 1, ygap: 1, ...scale(values), hoverongaps: false,
      colorbar: { title: { text: title, side: "top" }, outlinewidth: 0, ...bar },
    };
    const axis = { type: "category", showgrid: false, constrain: "domain", tickfont: { size: fields.length > 20 ? (isNarrow ? 7 : 10) : 12 } };
    const width = document.getElementById("plot-pairs").clientWidth;
    const layout = {
      height: Math.min(760, Math.max(360, width * (isNarrow ? 1.25 : 0.75))), plot_bgcolor: "--closed",
      xaxis: { ...axis, tickangle: fields.length > 8 ? -90 : 0, range: [-0.5, fields.length - 1.5], autorange: false },
      yaxis: { ...axis, range: [fields.length - 0.5, 0.5], autorange: false },
      legend: { orientation: "h", x: 1, xanchor: "right", y: 0.98, yanchor: "top", bgcolor: "rgba(0,0,0,0)" }, showlegend: true,
    };
    const marks = [
      dots(kept[searched()], "kept", { color: "--ink", size: Math.max(isNarrow ? 3.5 : 5, size * 0.5), line: { color: "--page", width: 1 } }),
      dots(planted, "planted", { color: "--green", symbol: "circle-open", size: size + 7, line: { width: 2 } }),
    ];
    return { data: [heat, ...marks], layout };
  }

  const draw = () => figures.draw("pairs", figure);
  document.getElementById("pair-value").addEventListener("change", draw);
  document.getElementById("searched")?.addEventListener("change", draw);
  draw();
})();
