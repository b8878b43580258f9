/**
 * Runs inside a page: the texts whose contrast against what lies behind them is below `least`, and
 * how many texts there were. Drawn text is judged against the page, since charts have no other
 * ground under their words. It must not refer to anything outside itself.
 */
export function findLowContrast(least: number): { texts: number; low: string[] } {
  type Rgba = [number, number, number, number];
  interface Style {
    color: string;
    fill: string;
    backgroundColor: string;
    visibility: string;
  }
  interface Node {
    parentElement: Node | null;
    textContent: string;
    nodeType: number;
    tagName: string;
    childNodes: Iterable<Node>;
    getClientRects(): { length: number };
  }
  interface Browser {
    document: { querySelectorAll(selector: string): Iterable<Node> };
    getComputedStyle(node: Node): Style;
  }
  const { document, getComputedStyle } = globalThis as unknown as Browser;

  const parse = (colour: string): Rgba => {
    const [r = 0, g = 0, b = 0, a = 1] = (colour.match(/[\d.]+/g) ?? []).map(Number);
    return [r, g, b, a];
  };
  const luminance = ([r, g, b]: Rgba): number => {
    const [red, green, blue] = [r, g, b].map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    }) as [number, number, number];
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const groundOf = (node: Node): Rgba => {
    for (let at: Node | null = node; at !== null; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour[3] === 1) return colour;
    }
    return [255, 255, 255, 1];
  };

  let texts = 0;
  const low: string[] = [];
  for (const node of document.querySelectorAll('body *')) {
    const own = [...node.childNodes].some(
      (child) => child.nodeType === 3 && child.textContent.trim() !== '',
    );
    const style = getComputedStyle(node);
    const tag = node.tagName.toLowerCase();
    if (
      !own ||
      tag === 'title' ||
      tag === 'desc' ||
      style.visibility === 'hidden' ||
      node.getClientRects().length === 0
    )
      continue;
    texts++;
    const [a, b] = [
      parse(tag === 'text' || tag === 'tspan' ? style.fill : style.color),
      groundOf(node),
    ].map(luminance) as [number, number];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < least)
      low.push(`${contrast.toFixed(2)} ${tag} "${node.textContent.trim().slice(0, 60)}"`);
  }
  return { texts, low };
}
