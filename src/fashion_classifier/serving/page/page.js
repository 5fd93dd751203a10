// What the page does: takes pictures in every way that a browser has, asks the server about each, and shows what it says.
// Names of files and classes may hold anything: they are set as text, never as markup.

const find = (selector, root = document) => root.querySelector(selector);
const percent = (share) => `${(100 * share).toFixed(1)} %`;
const AT_ONCE = 2;
const LONGEST_SIDE = 2048; // of a picture that is shrunk here because the server would not take it

const ADDRESS = "/v1/predict?explain=true&seen=true";
const MAY_BE_OTHERWISE = [401, 408, 503, 504]; // when it is asked again
const waiting = [];
let asking = 0;
let key = "";

document.documentElement.classList.toggle("touch", navigator.maxTouchPoints > 0);

// ---- Pictures come in ----

for (const id of ["pick", "take"]) {
  const input = find(`#${id}`);
  input.addEventListener("change", () => {
    takeFiles(input.files);
    input.value = ""; // so that the same file may be chosen again
  });
}

for (const button of document.querySelectorAll(".try")) {
  button.addEventListener("click", async () => {
    try {
      take(await fetched(button.dataset.example), button.dataset.name, { small: true });
    } catch {
      take(null, button.dataset.name, { source: find("img", button).src, small: true });
    }
  });
}

document.addEventListener("paste", (event) => {
  if (event.target instanceof HTMLInputElement) return;
  takeFiles(event.clipboardData.files);
});

const zone = find("#give");
let depth = 0; // dragenter and dragleave come for every element below, too
document.addEventListener("dragenter", (event) => {
  event.preventDefault();
  depth += 1;
  zone.classList.add("over");
});
document.addEventListener("dragleave", () => {
  depth = Math.max(0, depth - 1);
  zone.classList.toggle("over", depth > 0);
});
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  depth = 0;
  zone.classList.remove("over");
  takeFiles(event.dataTransfer.files);
});

find("#clear").addEventListener("click", () => {
  for (const image of document.querySelectorAll(".photo")) URL.revokeObjectURL(image.src);
  find("#list").replaceChildren();
  waiting.length = 0;
  find("#answers").hidden = true;
  announce("The answers are cleared.");
  find("#pick").focus();
});

function takeFiles(files) {
  for (const file of files) take(file, file.name);
}

/** Puts a card up for a picture and has the server asked about it. */
function take(blob, name, { source = "", small = false } = {}) {
  const card = find("#card").content.firstElementChild.cloneNode(true);
  find(".name", card).textContent = name;
  const photo = find(".photo", card);
  photo.src = blob ? URL.createObjectURL(blob) : source;
  photo.alt = name;
  photo.classList.toggle("small", small);
  photo.addEventListener("error", () => {
    URL.revokeObjectURL(photo.src);
    photo.remove();
  });
  find("#list").prepend(card);
  find("#answers").hidden = false;
  if (!find("#answers").dataset.shown) {
    find("#answers").dataset.shown = "yes";
    find("#answers").scrollIntoView({ block: "nearest" });
  }
  const picture = { card, blob, name, source };
  find(".again", card).addEventListener("click", () => queue(picture));
  queue(picture);
}

// ---- The server is asked ----

function queue(picture) {
  const { card } = picture;
  card.classList.remove("failed");
  card.classList.add("waiting");
  card.setAttribute("aria-busy", "true");
  find(".said", card).textContent = "Looking …";
  find(".sure", card).textContent = "";
  find(".again", card).hidden = true;
  waiting.push(picture);
  next();
}

async function next() {
  if (asking >= AT_ONCE || !waiting.length) return;
  asking += 1;
  const picture = waiting.shift();
  try {
    await ask(picture);
  } catch {
    fail(picture, "The server does not answer.", "See whether it is running, and try again.");
  } finally {
    asking -= 1;
    next();
  }
}

async function ask(picture) {
  picture.blob ??= await fetched(picture.source);
  const most = Number(zone.dataset.bodyBytes);
  let { blob } = picture;
  if (!(await isThere(blob))) {
    fail(picture, "This file cannot be read.", "It may be a folder, or have been moved or changed since it was chosen.");
    return;
  }
  if (blob.size > 0.95 * most) blob = (await shrunk(blob)) ?? blob;
  let answer = await send(blob, picture.name);
  if (answer.status === 413 || answer.status === 415) {
    const smaller = await shrunk(blob); // the browser may know formats that the server does not
    if (smaller) {
      blob = smaller;
      answer = await send(blob, picture.name);
    }
  }
  if (answer.status === 503) {
    await new Promise((resolve) => setTimeout(resolve, 1000 * (Number(answer.headers.get("retry-after")) || 1)));
    answer = await send(blob, picture.name);
  }
  const told = await answer.json();
  if (answer.ok) await show(picture, told.images[0]);
  else fail(picture, told.title, told.detail, MAY_BE_OTHERWISE.includes(answer.status));
  if (answer.status === 401) askForKey();
}

async function fetched(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(answer.statusText);
  return answer.blob();
}

async function isThere(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

function send(blob, name) {
  const form = new FormData();
  form.append("images", blob, name);
  const headers = key ? { Authorization: `Bearer ${key}` } : {};
  return fetch(ADDRESS, { method: "POST", body: form, headers });
}

/** Gives a picture as a JPEG that is not too large, or null where the browser cannot read it. */
async function shrunk(blob) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(blob);
  } catch {
    return null;
  }
  const scale = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
}

const keyForm = find("#key-form");
keyForm.addEventListener("submit", (event) => {
  event.preventDefault();
  key = find("#key").value;
  keyForm.hidden = true;
  for (const again of document.querySelectorAll(".failed .again")) again.click();
});

function askForKey() {
  keyForm.hidden = false;
  find("#key").focus();
}

// ---- The answer is shown ----

function announce(text) {
  find("#status").textContent = text;
}

function fail({ card, name }, title, detail, again = true) {
  if (!card.isConnected) return; // the answers were cleared meanwhile
  card.classList.remove("waiting");
  card.classList.add("failed");
  card.removeAttribute("aria-busy");
  find(".said", card).textContent = title;
  find(".sure", card).textContent = detail;
  find(".again", card).hidden = !again;
  announce(`${name}: ${title}. ${detail}`);
}

async function show({ card, name }, answer) {
  if (!card.isConnected) return;
  const { refused, probability } = answer;
  find(".said", card).textContent = refused ? "None of these" : answer.class;
  const sure = find(".sure", card);
  if (refused) sure.textContent = `It is unlike what the model knows. Its best guess would be ${answer.class}, ${percent(probability)}.`;
  else sure.replaceChildren(strong(percent(probability)), " sure");
  find(".may-be", card).textContent = mayBe(answer);
  find(".how", card).hidden = !answer.photograph;
  const second = answer.runner_up;
  find(".second", card).textContent = `Runner-up: ${second.class}, ${percent(second.probability)}`;
  find("tbody", card).replaceChildren(...rows(answer));
  const [saw, mattered] = await Promise.all([picture(answer.seen), picture(answer.mattered)]);
  find(".saw", card).src = answer.seen;
  drawMap(find(".map", card), saw, mattered);
  card.classList.remove("waiting");
  card.removeAttribute("aria-busy");
  announce(`${name}: ${refused ? "none of these" : `${answer.class}, ${percent(probability)} sure`}`);
}

function mayBe({ set, refused }) {
  if (!set || refused) return "";
  if (set.length === 1) return "The set of what it may be holds this class alone.";
  return `It may be ${set.slice(0, -1).join(", ")} or ${set.at(-1)}.`;
}

function strong(text) {
  const element = document.createElement("b");
  element.textContent = text;
  return element;
}

function rows({ probabilities, class: best }) {
  const ordered = Object.entries(probabilities).sort((one, other) => other[1] - one[1]);
  return ordered.map(([name, share]) => {
    const row = document.createElement("tr");
    row.classList.toggle("top", name === best);
    const head = document.createElement("th");
    head.scope = "row";
    head.textContent = name;
    const bar = document.createElement("td");
    bar.className = "bar";
    const length = document.createElement("i");
    length.style.width = percent(share).replace(" ", "");
    bar.append(length);
    const number = document.createElement("td");
    number.className = "n";
    number.textContent = percent(share);
    row.append(head, bar, number);
    return row;
  });
}

async function picture(address) {
  const image = new Image();
  image.src = address;
  await image.decode();
  return image;
}

/** Draws what the model saw in grey, and over it, in the page's accent colour, how much each pixel mattered. */
function drawMap(canvas, saw, mattered) {
  const { naturalWidth: width, naturalHeight: height } = saw;
  Object.assign(canvas, { width, height });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const pixels = (image) => {
    pen.drawImage(image, 0, 0, width, height);
    return pen.getImageData(0, 0, width, height);
  };
  const ground = pixels(saw);
  const weights = pixels(mattered).data;
  const warm = [255, 122, 40];
  for (let at = 0; at < weights.length; at += 4) {
    const share = (weights[at] / 255) * 0.85;
    const grey = 0.55 * ((ground.data[at] + ground.data[at + 1] + ground.data[at + 2]) / 3);
    for (let channel = 0; channel < 3; channel += 1) {
      ground.data[at + channel] = (1 - share) * grey + share * warm[channel];
    }
  }
  pen.putImageData(ground, 0, 0);
}
