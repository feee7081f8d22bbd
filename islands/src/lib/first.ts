/** Whether this island runs here for the first time: loaded twice, it must do nothing twice. */
export function first(name: string): boolean {
  const mark = `data-on-${name}`;
  const root = document.documentElement;
  if (root.hasAttribute(mark)) return false;
  root.setAttribute(mark, '');
  return true;
}
