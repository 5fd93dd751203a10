// What the page can do beyond being read: filter its gallery, by the cells of a confusion matrix too, save figures
// as SVG and copy tables as CSV. Names of classes and files may hold anything: they are set as text, never as markup.
"use strict";

const find = (selector, root = document) => root.querySelector(selector);
const findAll = (selector, root = document) => [...root.querySelectorAll(selector)];
const spaced = (text) => text.replace(/\s+/g, " ").trim();
const counted = (n) => `${n.toLocaleString("en")} ${n === 1 ? "image" : "images"}`;

// ---- The gallery ----

const AXES = ["true", "predicted"];

/** Lets a person choose which images are shown; returns a function that shows those of a kind and a pair of classes. */
function startGallery({ classes, tiles, kinds }) {
  const [form, wall, count, more] = ["#filters", "#wall", "#gallery-count", "#more"].map((id) => find(id));
  const heading = find("#misclassified-title");
  const mould = find("#tile").content.firstElementChild;
  const atOnce = Number(wall.dataset.atOnce);
  let filter = { kind: "optimized", true: "", predicted: "" };
  let nShown = atOnce;

  const fits = (choice, truth, predicted) =>
    (choice.true === "" || choice.true === String(truth)) &&
    (choice.predicted === "" || choice.predicted === String(predicted));

  const matching = () => {
    const kind = kinds[filter.kind];
    return kind.tiles.filter((tile) => fits(filter, tiles.true[tile], tiles[kind.model][tile]));
  };

  const total = (choice) =>
    kinds[choice.kind].totals.reduce((sum, [truth, predicted, n]) => sum + (fits(choice, truth, predicted) ? n : 0), 0);

  function makeTile(tile) {
    const item = mould.cloneNode(true);
    const picture = find(".picture", item);
    const truth = tiles.true[tile];
    picture.classList.add(`sheet-${tiles.sheet[tile]}`);
    picture.style.setProperty("--column", tiles.column[tile]);
    picture.style.setProperty("--row", tiles.row[tile]);
    picture.setAttribute("aria-label", `An image of ${classes[truth]}`);
    find(".true", item).textContent = classes[truth];
    for (const answer of findAll(".answer", item)) {
      const said = tiles[answer.dataset.by][tile];
      answer.textContent = `${said === truth ? "✓" : "✗"} ${classes[said]}`;
      answer.nextElementSibling.textContent = tiles[`${answer.dataset.by}Sure`][tile];
    }
    const outcome = find(".outcome", item);
    outcome.textContent = tiles.outcome[tile];
    outcome.classList.add(tiles.outcome[tile].replace(" ", "-"));
    return item;
  }

  function describeCount(nHeld) {
    const [n, all] = [total(filter), total({ kind: filter.kind, true: "", predicted: "" })];
    const shown = Math.min(nShown, nHeld);
    const ofAll = n === all ? counted(n) : `${n.toLocaleString("en")} of ${counted(all)}`;
    const howMany = shown < n ? `, ${shown.toLocaleString("en")} shown` : "";
    const limit = nHeld < n ? `; this page has room for ${nHeld.toLocaleString("en")} of them` : "";
    return `${ofAll}${howMany}${limit}`;
  }

  function nameOptions() {
    for (const axis of AXES) {
      for (const option of form.elements[axis].options) {
        const n = total({ ...filter, [axis]: option.value });
        const name = option.value === "" ? "all" : classes[option.value];
        option.textContent = `${name} (${n.toLocaleString("en")})`;
        option.disabled = n === 0 && option.value !== "" && option.value !== filter[axis];
      }
    }
  }

  function show() {
    const held = matching();
    wall.replaceChildren(...held.slice(0, nShown).map(makeTile));
    count.textContent = describeCount(held.length);
    more.hidden = nShown >= held.length;
    more.textContent = `Show ${Math.min(atOnce, held.length - nShown)} more`;
    for (const [name, value] of Object.entries(filter)) form.elements[name].value = value;
    nameOptions();
  }

  function choose(wanted) {
    filter = { ...filter, ...wanted };
    nShown = atOnce;
    show();
  }

  /** Reads a filter from the address, "#misclassified?kind=mended&true=4"; null where there is none. */
  function fromAddress() {
    const [place, query] = location.hash.split("?");
    const wanted = new URLSearchParams(query);
    const isClass = (value) => value === "" || classes[value] !== undefined;
    const [kind, truth, predicted] = ["kind", ...AXES].map((name) => wanted.get(name) || "");
    const isKnown = Object.keys(kinds).includes(kind) && isClass(truth) && isClass(predicted);
    return place === "#misclassified" && isKnown ? { kind, true: truth, predicted } : null;
  }

  const address = () => `#misclassified?${new URLSearchParams(filter)}`;

  function goToGallery() {
    heading.focus({ preventScroll: true });
    heading.scrollIntoView();
  }

  form.addEventListener("change", () => {
    choose(Object.fromEntries(new FormData(form)));
    history.replaceState(null, "", address());
  });
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    choose({ true: "", predicted: "" });
    history.replaceState(null, "", address());
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  more.addEventListener("click", () => {
    const firstNew = nShown;
    nShown += atOnce;
    show();
    wall.children[firstNew].tabIndex = -1;
    wall.children[firstNew].focus();
  });
  window.addEventListener("hashchange", () => {
    const wanted = fromAddress();
    if (wanted && location.hash !== address()) {
      choose(wanted);
      goToGallery();
    }
  });

  heading.tabIndex = -1;
  form.hidden = false;
  choose(fromAddress() || {});
  if (fromAddress()) goToGallery();

  return {
    classes,
    total,
    goTo(wanted) {
      choose(wanted);
      location.hash = address(); // a new entry, so that the way back leads to the matrix
      goToGallery();
    },
  };
}

// ---- The confusion matrices ----

/** Makes a matrix's wrong cells, and the pairs named below it, buttons that show their images. */
function makeClickable(figure, gallery) {
  const model = figure.dataset.matrixOf;
  const svg = find("svg", figure);
  const cells = findAll("[data-true]", svg).map((element) => {
    const { true: truth, predicted } = element.dataset;
    return { element, true: truth, predicted, row: Number(truth), column: Number(predicted) };
  });
  const pairs = findAll("[data-pair]", svg).map((element, rank) => {
    const [truth, predicted] = element.dataset.pair.split(" ");
    return { element, true: truth, predicted, row: gallery.classes.length + rank, column: 0 };
  });
  const buttons = [...cells, ...pairs].filter((button) => button.true !== button.predicted);

  const press = (button) => gallery.goTo({ kind: model, true: button.true, predicted: button.predicted });

  // One stop for the tabulator in each matrix; from there the arrow keys lead from cell to cell.
  const moveTo = (button) => {
    for (const { element } of buttons) element.setAttribute("tabindex", element === button.element ? "0" : "-1");
    button.element.focus();
  };

  buttons.forEach((button, place) => {
    const { element, true: truth, predicted } = button;
    const names = `${gallery.classes[truth]} taken for ${gallery.classes[predicted]}`;
    const n = gallery.total({ kind: model, true: truth, predicted });
    element.setAttribute("role", "button");
    element.setAttribute("tabindex", place === 0 ? "0" : "-1");
    element.setAttribute("aria-label", `${names}: ${counted(n)}, show them`);
    element.addEventListener("click", () => press(button));
    element.addEventListener("keydown", (event) => {
      const next = neighbour(buttons, button, event.key);
      if (next) moveTo(next);
      else if (event.key === "Enter" || event.key === " ") press(button);
      else return;
      event.preventDefault();
    });
  });
  if (buttons.length) svg.setAttribute("role", "group"); // an image has no buttons in it
}

/** Finds the button that an arrow key leads to: along the order, or in the next row that has one, the nearest. */
function neighbour(buttons, here, key) {
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 1, ArrowUp: -1 }[key];
  if (step === undefined) return undefined;
  if (key === "ArrowRight" || key === "ArrowLeft") return buttons[buttons.indexOf(here) + step];
  const rows = (button) => step * (button.row - here.row);
  const columns = (button) => Math.abs(button.column - here.column);
  const beyond = buttons.filter((button) => rows(button) > 0);
  return beyond.sort((a, b) => rows(a) - rows(b) || columns(a) - columns(b))[0];
}

// ---- Figures and tables to take away ----

/** Writes a figure as a file of its own: the colours of the theme that is shown, and its ground. */
function standalone(svg) {
  const theme = getComputedStyle(document.documentElement);
  const ink = getComputedStyle(svg).color;
  const paper = getComputedStyle(document.body).backgroundColor;
  const copy = svg.cloneNode(true);
  const [, , width, height] = copy.getAttribute("viewBox").split(" ");
  for (const element of [copy, ...findAll("*", copy)]) {
    for (const name of ["tabindex", ...(element === copy ? [] : ["role", "aria-label"])]) element.removeAttribute(name);
    const style = element.getAttribute("style");
    if (style) {
      const coloured = style.replace(/var\((--[\w-]+),[^)]*\)/g, (_, name) => theme.getPropertyValue(name).trim());
      element.setAttribute("style", coloured.replace(/currentColor/g, ink));
    }
  }
  copy.removeAttribute("style");
  copy.setAttribute("role", "img");
  copy.setAttribute("width", `${width}pt`);
  copy.setAttribute("height", `${height}pt`);
  const ground = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [name, value] of [["width", "100%"], ["height", "100%"], ["fill", paper]]) ground.setAttribute(name, value);
  copy.prepend(ground);
  return `<?xml version="1.0" encoding="utf-8"?>\n${new XMLSerializer().serializeToString(copy)}\n`;
}

/** Gives a table's texts row by row; a cell that spans several rows or columns stands in each of them. */
function rowsOf(table) {
  const grid = [...table.rows].map(() => []);
  [...table.rows].forEach((row, y) => {
    let x = 0;
    for (const cell of row.cells) {
      if (cell.getAttribute("aria-hidden") === "true") continue;
      while (grid[y][x] !== undefined) x += 1;
      for (let down = 0; down < cell.rowSpan; down += 1) {
        for (let right = 0; right < cell.colSpan; right += 1) grid[y + down][x + right] = spaced(cell.textContent);
      }
      x += cell.colSpan;
    }
  });
  return grid;
}

/** Writes rows as CSV (RFC 4180), with plain minus signs; what a spreadsheet would take for a formula becomes text. */
function toCsv(rows) {
  const field = (text) => {
    const plain = text.replace(/\u2212/g, "-");
    const isNumber = /^[+-]?[\d.,]+(\s?%|\spoints)?(\sto\s[+-]?[\d.,]+)?(\s?%|\spoints)?(\s\([\d.,+\-\sto%]*\))?$/.test(plain);
    const isFormula = /^[=+@\t\r-]/.test(plain) && !isNumber;
    const safe = isFormula ? `'${plain}` : plain;
    return /[",\r\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
  };
  return rows.map((row) => row.map(field).join(",") + "\r\n").join("");
}

function download(name, text, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

/** Copies a table, or downloads it where the browser doesn't let a file use the clipboard; says which it was. */
async function takeTable(table, title) {
  const csv = toCsv(rowsOf(table));
  try {
    await navigator.clipboard.writeText(csv);
    return "Copied";
  } catch {
    const name = title.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 60);
    download(`${name || "table"}.csv`, `\ufeff${csv}`, "text/csv");
    return "Saved";
  }
}

function takeFigure(svg) {
  download(`${svg.id.replace(/^figure-/, "")}.svg`, standalone(svg), "image/svg+xml");
  return "Saved";
}

/** Adds a small button that says for two seconds what it has done. */
function addTool(place, label, title, act) {
  const tool = document.createElement("button");
  tool.type = "button";
  tool.className = "tool";
  tool.textContent = label;
  tool.setAttribute("aria-label", `${label}: ${title}`);
  tool.addEventListener("click", async () => {
    const done = await act();
    tool.textContent = done;
    find("#announcement").textContent = `${done}: ${title}`;
    setTimeout(() => { tool.textContent = label; }, 2000);
  });
  place.append(tool);
}

function addTools() {
  const announcement = document.createElement("p");
  announcement.id = "announcement";
  announcement.className = "unseen";
  announcement.setAttribute("role", "status");
  document.body.append(announcement);
  for (const figure of findAll(".plot")) {
    const svg = find("svg", figure);
    const [title] = svg.getAttribute("aria-label").split(". ");
    addTool(figure, "Save SVG", title, () => takeFigure(svg));
  }
  for (const place of findAll(".tabular")) {
    const table = find("table", place);
    const title = spaced(table.caption.textContent);
    addTool(place, "Copy CSV", title, () => takeTable(table, title));
  }
}

// ---- Paper ----

/** Opens what is folded while the page is printed. */
function unfoldOnPaper() {
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = findAll("details:not([open])");
    for (const details of opened) details.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
  });
}

addTools();
unfoldOnPaper();
const galleryData = find("#gallery-data");
if (galleryData) {
  const gallery = startGallery(JSON.parse(galleryData.textContent));
  for (const figure of findAll("[data-matrix-of]")) makeClickable(figure, gallery);
  for (const hint of findAll(".with-script")) hint.hidden = false;
}
