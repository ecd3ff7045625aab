import type { FleetModel, ModelMachine, Options } from './fleet-model.ts'
import type { Candidates } from './options.ts'

/** An edit's outcome: the next model and what was edited; undefined where the model has no place for it. */
export type Edited = { readonly model: FleetModel; readonly what: string } | undefined

export type Chooser = { of<T>(list: readonly T[]): T | undefined; number(below: number): number }

export function chooser(numbers: readonly number[]): Chooser {
  let at = 0
  const number = (below: number): number => (numbers[at++ % numbers.length] ?? 0) % below
  return { number, of: (list) => (list.length === 0 ? undefined : list[number(list.length)]) }
}

export function replaced<T extends { readonly name: string }>(list: readonly T[], one: T): readonly T[] {
  return list.map((item) => (item.name === one.name ? one : item))
}

export function withMachine(model: FleetModel, machine: ModelMachine): FleetModel {
  return { ...model, machines: replaced(model.machines, machine) }
}

/** Paths whose values no two of a fleet, or of a machine, may share. */
const unique: ReadonlySet<string> = new Set(['macAddress', 'bootOrder', 'acpiIndex', 'spec.template.spec.domain.firmware.uuid'])

type Change = { readonly options: Options; readonly candidates: Candidates; readonly others: readonly Options[] }

/** Another value at one of the paths, or none. */
export function changed(change: Change, choose: Chooser): { readonly options: Options; readonly what: string } | undefined {
  const { options, candidates, others } = change
  const path = choose.of(Object.keys(candidates))
  if (path === undefined) return undefined
  const text = JSON.stringify
  const isTaken = (value: unknown): boolean => unique.has(path) && others.some((other) => text(other[path]) === text(value))
  const possible = (candidates[path] ?? []).filter((value) => !isTaken(value))
  const values = [undefined, ...possible].filter((value) => text(value) !== text(options[path]))
  const value = choose.of(values)
  const { [path]: _, ...rest } = options
  return { options: value === undefined ? rest : { ...rest, [path]: value }, what: `${path}=${JSON.stringify(value) ?? 'none'}` }
}

export function freeName(taken: Iterable<{ readonly name: string }>, prefix: string): string {
  const names = new Set([...taken].map(({ name }) => name))
  for (let number = 1; ; number += 1) if (!names.has(`${prefix}${number}`)) return `${prefix}${number}`
}

/** A guest in its firmware keeps its devices, so nothing is taken from it while it runs. */
export function letsGo({ boots, runStrategy }: ModelMachine): boolean {
  return boots || runStrategy === 'Halted'
}
