/** Colours of a terminal, or none. */
export type Paint = Readonly<Record<'create' | 'update' | 'delete' | 'strong' | 'faint' | 'warn', (text: string) => string>>

const plainText = (text: string): string => text

const sgr =
  (code: number) =>
  (text: string): string =>
    `\u001B[${code}m${text}\u001B[0m`

/** ANSI colours (ECMA-48 SGR) where `color` is true; whether to colour, as by NO_COLOR, is the caller's decision. */
export function createPaint(color: boolean): Paint {
  const paint = (code: number): ((text: string) => string) => (color ? sgr(code) : plainText)
  return { create: paint(32), update: paint(33), delete: paint(31), strong: paint(1), faint: paint(2), warn: paint(35) }
}
