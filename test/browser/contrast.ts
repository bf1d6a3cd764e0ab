import type { Page } from "playwright-core";

/**
 * Runs in the page. Each text that a person sees, with the ratio of its colour to the first ground behind it that is
 * not transparent (WCAG 2.2, success criterion 1.4.3).
 */
const measure = `(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const channels = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (color) => {
    const [red, green, blue] = channels(color).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const groundOf = (element) => {
    for (let node = element; node !== null; node = node.parentElement) {
      const { backgroundColor } = getComputedStyle(node);
      if (channels(backgroundColor)[3] === 255) return backgroundColor;
    }
    return "Canvas";
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (text === "" || !element.checkVisibility() || element.closest("script, noscript, style") !== null) continue;
    const [light, dark] = [luminance(getComputedStyle(element).color), luminance(groundOf(element))].sort((a, b) => b - a);
    texts.push({ text, ratio: (light + 0.05) / (dark + 0.05) });
  }
  return texts;
})()`;

export interface MeasuredText {
  readonly text: string;
  readonly ratio: number;
}

/** Every text on the page, with its contrast from 1 to 21. */
export async function measureContrast(page: Page): Promise<MeasuredText[]> {
  return page.evaluate<MeasuredText[]>(measure);
}
