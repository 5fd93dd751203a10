// Gives every text whose contrast with what it stands on is below a least ratio (WCAG 2.2, 1.4.3). The window must be
// as high as the page, since only what is in it can be asked what lies below.
(least) => {
  const parse = (colour) => {
    const [r, g, b, a = 1] = (colour.match(/[\d.]+/g) || [0, 0, 0, 0]).map(Number);
    return { rgb: [r, g, b], a };
  };
  const over = (top, a, below) => below.map((value, i) => a * top[i] + (1 - a) * value);
  const opacity = (element) => {
    let product = 1;
    for (let e = element; e; e = e.parentElement) product *= Number(getComputedStyle(e).opacity);
    return product;
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  const isDrawn = (element) => element instanceof SVGElement && element.tagName !== "svg";
  const ground = (element) => {
    const style = getComputedStyle(element);
    if (!isDrawn(element)) return parse(style.backgroundColor);
    if (["g", "text", "tspan", "image"].includes(element.tagName) || style.fill === "none") return { rgb: [0, 0, 0], a: 0 };
    const { rgb, a } = parse(style.fill);
    return { rgb, a: a * Number(style.fillOpacity) };
  };
  const ink = (element) => {
    const style = getComputedStyle(element);
    const { rgb, a } = parse(isDrawn(element) ? style.fill : style.color);
    return { rgb, a: a * (isDrawn(element) ? Number(style.fillOpacity) : 1) };
  };

  const poor = [];
  let nTexts = 0;
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    const range = document.createRange();
    range.selectNodeContents(texts.currentNode);
    const box = range.getClientRects()[0];
    const isHidden = !texts.currentNode.data.trim() || !box || box.width < 2 || element.closest(".unseen, .skip, title");
    if (isHidden || !element.checkVisibility({ visibilityProperty: true })) continue;
    const stack = document.elementsFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    if (!stack.length) continue; // scrolled out of its region
    nTexts += 1;
    const below = stack.slice(stack.indexOf(element) + 1).concat(stack.includes(element) ? [] : stack);
    const layers = [...new Set(stack.includes(element) ? [element, ...below] : stack)].reverse();
    let paper = [255, 255, 255];
    for (const layer of layers) {
      const { rgb, a } = ground(layer);
      paper = over(rgb, a * opacity(layer), paper);
    }
    const { rgb, a } = ink(element);
    const [text, page] = [over(rgb, a * opacity(element), paper), paper].map(luminance);
    const ratio = Math.max(text, page) / Math.min(text, page);
    if (ratio < least) poor.push(`${texts.currentNode.data.trim().slice(0, 30)}: ${ratio.toFixed(2)}`);
  }
  return { nTexts, poor };
}
