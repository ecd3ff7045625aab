import type { Position, Problem } from '../parse/problem.ts'
import type { MadeFrom } from '../types.ts'
import type { JudgedBlob } from './types.ts'

/** What a made text says, with the places of the file that it was made from; problems name what made it. */
export function relocate(blob: JudgedBlob, { by, places, fields }: MadeFrom): JudgedBlob {
  const known = new Map(fields.map(({ from, field, ...place }) => [`${from} ${field}`, place]))
  const move = <T extends Position & { readonly field?: string }>(one: T): T => {
    const whole = places.findLast(({ from }) => from <= one.line)
    const { line, column } = known.get(`${whole?.from} ${one.field}`) ?? whole ?? { line: 1, column: 1 }
    return { ...one, line, column }
  }
  const tell = (problem: Problem): Problem => ({ ...move(problem), message: `${problem.message} (As ${by} renders it.)` })
  return {
    ...blob,
    objects: blob.objects.map((one) => ({ ...move(one), references: one.references.map(move) })),
    invalid: blob.invalid.map(move),
    problems: blob.problems.map(tell),
  }
}
