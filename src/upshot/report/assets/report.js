// What the page does for those who run scripts: tables sort and filter, charts can be read place by place, the theme can be switched.
// It shows texts that are in the file already and makes none of its own; nothing is fetched, stored or sent.
"use strict";

const make = (name, className, text) => {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
};
const makeSvg = (name, className) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  made.setAttribute("class", className);
  return made;
};

function sortable(table) {
  const heads = [...table.querySelectorAll("thead th")];
  const body = table.tBodies[0];
  if (!body || body.rows.length < 3) return;
  const key = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.v !== undefined ? cell.dataset.v : cell.textContent.trim();
  };
  heads.forEach((head, column) => {
    const button = make("button", "", head.textContent);
    button.type = "button";
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...body.rows].map((row, index) => ({ row, index, key: key(row, column) }));
      const isNumber = rows.every((one) => one.row.cells[column].classList.contains("figure"));
      const known = (one) => (isNumber ? one.row.cells[column].dataset.v !== undefined : one.key !== "–");
      rows.sort((a, b) => {
        if (known(a) !== known(b)) return known(a) ? -1 : 1;
        const order = isNumber ? Number(a.key) - Number(b.key) : a.key.localeCompare(b.key, "en", { numeric: true });
        return (down ? -order : order) || a.index - b.index;
      });
      body.append(...rows.map((one) => one.row));
    });
  });
}

function filterable(table, region) {
  const rows = [...table.tBodies[0].rows];
  if (rows.length < 25) return;
  const field = make("input", "filter");
  field.type = "search";
  field.placeholder = `Filter ${rows.length} rows`;
  field.setAttribute("aria-label", `Filter the rows of ${region.getAttribute("aria-label")}`);
  field.addEventListener("input", () => {
    const wanted = field.value.toLowerCase();
    rows.forEach((row) => { row.hidden = !row.textContent.toLowerCase().includes(wanted); });
  });
  region.before(field);
}

// A table that is wider than its place shows that there is more to its right.
function scrolling() {
  const seen = new ResizeObserver((entries) => entries.forEach(({ target }) => {
    target.classList.toggle("scrolls", target.scrollWidth > target.clientWidth + 1);
  }));
  document.querySelectorAll(".wide").forEach((region) => seen.observe(region));
}

function readable(figure) {
  const data = JSON.parse(figure.querySelector("script.readings").textContent);
  const plot = figure.querySelector(".plot");
  const drawing = plot.querySelector(".drawing");
  const reading = make("div", "reading");
  reading.hidden = true;
  plot.append(reading);
  const pointer = makeSvg("line", "pointer");
  pointer.setAttribute("y1", "0");
  pointer.setAttribute("y2", "100%");
  pointer.setAttribute("visibility", "hidden");
  drawing.append(pointer);

  const show = (place, title, lines) => {
    reading.replaceChildren(make("b", "", title), ...lines.map((text) => make("div", "", text)));
    reading.hidden = false;
    reading.style.left = place > 0.5 ? "auto" : `calc(${place * 100}% + 12px)`;
    reading.style.right = place > 0.5 ? `calc(${(1 - place) * 100}% + 12px)` : "auto";
    pointer.setAttribute("x1", `${place * 100}%`);
    pointer.setAttribute("x2", `${place * 100}%`);
    pointer.setAttribute("visibility", data.points ? "hidden" : "visible");
  };
  const hide = () => {
    reading.hidden = true;
    pointer.setAttribute("visibility", "hidden");
  };
  const nearest = (at) => {
    let found = 0;
    data.at.forEach((place, index) => { if (Math.abs(place - at) < Math.abs(data.at[found] - at)) found = index; });
    return found;
  };
  const lines = (index) => data.rows
    .map((row, series) => [data.names[series], row[index]])
    .filter(([, text]) => text)
    .map(([name, text]) => `${name}: ${text}`);

  plot.addEventListener("pointermove", (event) => {
    const box = drawing.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width;
    const y = (event.clientY - box.top) / box.height;
    if (x < -0.05 || x > 1.05) { hide(); return; }
    if (data.points) {
      let found = null, least = 0.05;
      data.points.forEach((point) => {
        const distance = Math.hypot(point[0] - x, (point[1] - y) * box.height / box.width);
        if (distance < least) { least = distance; found = point; }
      });
      if (!found) { hide(); return; }
      const [px, , ...texts] = found;
      show(px, texts[2] || figure.querySelector(".title").textContent, [`${data.heads[0]}: ${texts[0]}`, `${data.heads[1]}: ${texts[1]}`]);
    } else if (data.at.length) {
      const index = nearest(x);
      show(data.at[index], `${data.head} ${data.x[index]}`, lines(index));
    }
  });
  plot.addEventListener("pointerleave", hide);

  if (data.mark !== undefined && data.at.length > 2) chooser(figure, data, show, hide, lines);
}

// Another value of what was chosen, by mouse, finger or keyboard, and what it would have given.
function chooser(figure, data, show, hide, lines) {
  const box = make("div", "chooser");
  const id = `${figure.id}-choice`;
  const label = make("label", "", data.label);
  label.htmlFor = id;
  const input = make("input");
  input.type = "range";
  input.id = id;
  input.min = "0";
  input.max = String(data.at.length - 1);
  input.value = String(data.mark);
  const output = make("output");
  output.htmlFor = id;
  const tell = () => {
    const index = Number(input.value);
    input.setAttribute("aria-valuetext", data.x[index]);
    output.replaceChildren(make("b", "", data.x[index]), ` ${lines(index).join("; ")} `);
    if (index !== data.mark) output.append(make("span", "was", `(chosen: ${data.x[data.mark]}, ${lines(data.mark).join("; ")})`));
    return index;
  };
  tell();
  input.addEventListener("input", () => {
    const index = tell();
    show(data.at[index], `${data.head} ${data.x[index]}`, lines(index));
  });
  input.addEventListener("blur", hide);
  box.append(label, input, output);
  figure.querySelector(".across-title").after(box);
}

function themes() {
  const button = make("button");
  button.type = "button";
  const dark = () => {
    const chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  };
  const tell = () => { 
    button.textContent = dark() ? "Light" : "Dark";
    button.setAttribute("aria-label", `${button.textContent} theme`);
  };
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = dark() ? "light" : "dark";
    tell();
  });
  tell();
  document.querySelector(".tools").append(button);
}

function chapters() {
  const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
  const seen = new IntersectionObserver((entries) => {
    entries.filter((entry) => entry.isIntersecting).forEach((entry) => {
      links.forEach((link) => link.removeAttribute("aria-current"));
      links.get(entry.target.id).setAttribute("aria-current", "true");
    });
  }, { rootMargin: "-15% 0px -75% 0px" });
  links.forEach((_, id) => seen.observe(document.getElementById(id)));
}

document.querySelectorAll("table.data").forEach((table) => {
  sortable(table);
  filterable(table, table.closest(".wide"));
});
document.querySelectorAll("figure.chart").forEach((figure) => { if (figure.querySelector("script.readings")) readable(figure); });
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
themes();
chapters();
scrolling();
