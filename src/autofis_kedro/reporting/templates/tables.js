/* Sorting by a click on a heading, and the search for a field among the kept pairs. */
(() => {
  const cellOf = (row, place) => row.cells[place].dataset.value ?? row.cells[place].textContent;

  /* Numbers by size, texts by alphabet; what is empty stays at the end in both directions. */
  function compare(first, second, isNumber) {
    if (first === "" || second === "") return { empty: (first === "") - (second === ""), order: 0 };
    const order = isNumber ? Number(first) - Number(second) : first.localeCompare(second, "en", { numeric: true });
    return { empty: 0, order };
  }

  function sort(table, place, direction) {
    const isNumber = table.tHead.rows[0].cells[place].classList.contains("number");
    const rows = [...table.tBodies[0].rows];
    rows.sort((a, b) => {
      const { empty, order } = compare(cellOf(a, place), cellOf(b, place), isNumber);
      return empty || direction * order;
    });
    table.tBodies[0].append(...rows);
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, place) => head.querySelector("button").addEventListener("click", () => {
      const ascends = head.getAttribute("aria-sort") !== "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", ascends ? "ascending" : "descending");
      sort(table, place, ascends ? 1 : -1);
    }));
  }

  /* A field's whole name finds that field alone (C1, not C12); anything else is looked for within names. */
  const search = document.getElementById("field-search");
  const found = document.getElementById("field-found");
  const names = new Set([...document.querySelectorAll("#field-names option")].map((option) => option.value.toLowerCase()));
  function filter() {
    const wanted = search.value.trim().toLowerCase();
    const fits = (name) => (names.has(wanted) ? name === wanted : name.includes(wanted));
    for (const part of document.querySelectorAll(".searched")) {
      const rows = [...part.querySelectorAll("tbody tr")];
      for (const row of rows) row.hidden = !JSON.parse(row.dataset.fields).some((name) => fits(name.toLowerCase()));
      const shown = rows.filter((row) => !row.hidden).length;
      if (!part.hidden) found.textContent = wanted ? `${shown} of ${rows.length} pairs` : "";
    }
  }
  search.addEventListener("input", filter);

  function showSearched(model) {
    for (const part of document.querySelectorAll(".searched")) part.hidden = part.dataset.model !== model;
    filter();
  }
  const choice = document.getElementById("searched");
  if (choice) {
    choice.addEventListener("change", (event) => showSearched(event.target.value));
    showSearched(choice.querySelector("input:checked").value);
  }
})();
