import type { Position } from './problem.ts'

/** Offsets at which the lines of a text start; CR, LF and CRLF end a line (YAML 1.2.2, section 5.4). */
function lineStarts(text: string): number[] {
  if (text.includes('\r')) return [0, ...[...text.matchAll(/\r\n?|\n/g)].map((ending) => ending.index + ending[0].length)]
  const starts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

/** Turns offsets of a text into lines and columns; the lines are counted when first asked. */
export function createLineIndex(text: string): (offset: number) => Position {
  let starts: number[] | undefined
  return (offset) => {
    starts ??= lineStarts(text)
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: Math.max(0, offset - (starts[low] ?? 0)) + 1 }
  }
}
