import type { Position, Problem } from '../parse/problem.ts'
import type { MadeField, MadeFrom } from '../types.ts'
import type { JudgedBlob } from './types.ts'

/** What a made text says, with the places of the file that it was made from; problems name what made it. */
export function relocate(blob: JudgedBlob, { by, places, fields }: MadeFrom): JudgedBlob {
  const known = new Map(fields.map(({ from, field, ...place }) => [`${from} ${field}`, place]))
  const placeOf = (one: Position & { readonly field?: string }): Partial<MadeField> & Position => {
    const whole = places.findLast(({ from }) => from <= one.line)
    return known.get(`${whole?.from} ${one.field}`) ?? whole ?? { line: 1, column: 1 }
  }
  const move = <T extends Position & { readonly field?: string }>(one: T): T => {
    const { line, column } = placeOf(one)
    return { ...one, line, column }
  }
  const tell = (problem: Problem): Problem => {
    const { patch } = placeOf(problem)
    const patched = patch === undefined ? '' : `, with the patch ${patch.path}:${patch.line}`
    return { ...move(problem), message: `${problem.message} (As ${by} renders it${patched}.)` }
  }
  return {
    ...blob,
    objects: blob.objects.map((one) => ({ ...move(one), references: one.references.map(move) })),
    invalid: blob.invalid.map(move),
    problems: blob.problems.map(tell),
  }
}

/** The same, with the paths that its files have elsewhere. */
export function movedMade(made: MadeFrom, move: (path: string) => string): MadeFrom {
  const fields = made.fields.map(({ patch, ...field }) =>
    patch === undefined ? field : { ...field, patch: { ...patch, path: move(patch.path) } },
  )
  return { ...made, by: move(made.by), fields }
}
