"use strict";
// Tables that sort and filter, and sections that open where a link leads to them. Without this the page is complete.
const number = text => {
  const first = text.replace(/,(?=\d{3})/g, "").match(/^[<>~ ]*([+\-\u2212]?\d+(\.\d+)?(e[+-]?\d+)?)/i);
  return first ? parseFloat(first[1].replace("\u2212", "-")) : NaN;
};
const compare = (a, b) => {
  const [x, y] = [number(a), number(b)];
  if (isNaN(x) !== isNaN(y)) return isNaN(x) ? 1 : -1;
  return isNaN(x) ? a.localeCompare(b) : x - y;
};
const sort = (table, head) => {
  const direction = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
  const text = row => row.cells[head.cellIndex].textContent;
  const rows = [...table.tBodies[0].rows].sort((a, b) => direction * compare(text(a), text(b)));
  table.tBodies[0].append(...rows);
};
const filter = (table, words) => {
  for (const row of table.tBodies[0].rows) row.hidden = !words.every(word => row.textContent.toLowerCase().includes(word));
};
for (const table of document.querySelectorAll("div.table table")) {
  for (const head of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(table, head));
    head.append(button);
  }
  if (table.tBodies[0].rows.length < 8) continue;
  const label = document.createElement("label");
  const input = document.createElement("input");
  label.className = "filter";
  input.type = "search";
  input.addEventListener("input", () => filter(table, input.value.toLowerCase().split(/\s+/).filter(Boolean)));
  label.append("Rows that contain ", input);
  table.parentElement.before(label);
}
const reveal = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let place = target; place; place = place.parentElement) if (place.tagName === "DETAILS") place.open = true;
  if (target) target.scrollIntoView();
};
addEventListener("hashchange", reveal);
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach(details => { details.open = true; }));
reveal();
