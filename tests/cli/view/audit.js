// The rules of WCAG 2.1 AA that can be told by looking at a page: returns what is wrong, and how many texts were measured.
() => {
  const faults = [];
  const say = (rule, element) => faults.push(`${rule}: ${element.outerHTML.slice(0, 100)}`);
  const all = (selector) => [...document.querySelectorAll(selector)].filter((each) => each.checkVisibility());

  if (!document.documentElement.lang) faults.push("no language");
  if (!document.title) faults.push("no title");
  if (!/width=device-width/.test(document.querySelector("meta[name=viewport]").content)) faults.push("no viewport");
  if (/user-scalable|maximum-scale/.test(document.querySelector("meta[name=viewport]").content)) faults.push("cannot be enlarged");
  for (const [tag, number] of [["main", 1], ["h1", 1]]) if (all(tag).length !== number) faults.push(`${all(tag).length} ${tag}`);

  const ids = [...document.querySelectorAll("[id]")].map((each) => each.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push(`id twice: ${id}`);
  for (const name of ["aria-controls", "aria-labelledby", "aria-describedby", "for"])
    for (const each of document.querySelectorAll(`[${name}]`))
      for (const id of each.getAttribute(name).split(/\s+/)) if (!document.getElementById(id)) say(`${name} leads nowhere`, each);

  let level = 0;
  for (const each of all("h1, h2, h3, h4, h5, h6")) {
    const own = Number(each.tagName[1]);
    if (own > level + 1) say("heading skips a level", each);
    if (!each.textContent.trim()) say("empty heading", each);
    level = own;
  }
  const name = (each) => (each.getAttribute("aria-label") || each.labels?.[0]?.textContent || (each.matches("input") ? "" : each.textContent)).trim();
  for (const each of all("button, a[href], input, select, textarea, [role=img], [role=region], svg")) {
    if (!each.closest("[aria-hidden=true]") && !name(each)) say("no name", each);
  }
  for (const each of all("fieldset")) if (!each.querySelector("legend")?.textContent.trim()) say("no legend", each);
  for (const each of all("button")) if (each.querySelector("a, button, input, [tabindex]")) say("control within a control", each);
  for (const each of all("[aria-expanded]")) {
    const shown = document.getElementById(each.getAttribute("aria-controls")).checkVisibility();
    if (String(shown) !== each.getAttribute("aria-expanded")) say("aria-expanded is wrong", each);
  }
  for (const each of all("[tabindex]")) if (each.tabIndex > 0) say("order of its own", each);
  for (const each of all("[aria-hidden=true]")) if (each.querySelector("a, button, input, [tabindex]")) say("hidden control", each);
  for (const each of all("ol, ul")) if ([...each.children].some((child) => child.tagName !== "LI")) say("not an item", each);
  for (const each of all("dl")) if (!each.querySelector("dt + dd")) say("no term and definition", each);
  for (const each of all("pre")) if (each.scrollHeight > each.clientHeight + 1 && each.tabIndex < 0) say("cannot be scrolled by keys", each);

  // --- contrast: each text against what is painted behind it
  const parse = (text) => { const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number); return [r, g, b, a]; };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const light = (colour) => {
    const [r, g, b] = colour.map((value) => { const c = value / 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const layers = [];
    for (let each = element; each; each = each.parentElement) layers.unshift(parse(getComputedStyle(each).backgroundColor));
    return layers.reduce((below, top) => over(top, below), [255, 255, 255, 1]);
  };
  let texts = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !element.checkVisibility() || element.closest(".unseen, .skip, script, noscript")) continue;
    texts += 1;
    const back = behind(element);
    const [one, other] = [light(over(parse(getComputedStyle(element).color), back)), light(back)];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < 4.5 && !element.closest(":disabled")) say(`contrast ${ratio.toFixed(2)}`, element);
  }
  // --- and the edge of each control against what is around it
  for (const each of all("button:not(.row, :disabled), input[type=search], .choice span")) {
    const style = getComputedStyle(each);
    const back = light(behind(each.closest(".choice")?.parentElement ?? each.parentElement));
    const best = Math.max(...[style.borderTopColor, style.backgroundColor].map((colour) => {
      const own = light(over(parse(colour), behind(each.parentElement)));
      return (Math.max(own, back) + 0.05) / (Math.min(own, back) + 0.05);
    }));
    if (best < 3) say(`edge ${best.toFixed(2)}`, each);
  }
  return { faults, texts };
}
