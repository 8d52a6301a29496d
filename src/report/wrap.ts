/** Breaks text at spaces so that no line is longer than `width`, where a word allows it; later lines are indented. */
export function wrap(text: string, width: number | undefined, indent = ''): readonly string[] {
  return text.split('\n').flatMap((line, index) => wrapLine(index === 0 ? line : indent + line, width, indent));
}

function wrapLine(line: string, width: number | undefined, indent: string): readonly string[] {
  if (width === undefined || line.length <= width) return [line];
  const space = line.lastIndexOf(' ', width);
  // Never inside the indent: on a screen narrower than it, nothing would get shorter.
  const cut = space > indent.length ? space : line.indexOf(' ', Math.max(width, indent.length + 1));
  if (cut < 0) return [line];
  const rest = line.slice(cut + 1);
  return rest === '' ? [line.slice(0, cut)] : [line.slice(0, cut), ...wrapLine(indent + rest, width, indent)];
}
