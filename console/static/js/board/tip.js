// One tooltip for all graphs, next to the pointer.

import { h, put } from "../dom.js";

const tip = h("div", { class: "tip", hidden: true, role: "presentation" });
document.body.append(tip);

export function showTip(x, y, content) {
  put(tip, content);
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(4, x + 16 + width > innerWidth ? x - 16 - width : x + 16)}px`;
  tip.style.top = `${Math.max(4, Math.min(innerHeight - height - 4, y - height / 2))}px`;
}

export function hideTip() {
  tip.hidden = true;
}
