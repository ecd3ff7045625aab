import { globTest } from '../../lib/glob.ts'
import { parsePath, segmentName } from './path.ts'

/** One part of a dotted pattern: whether it stands for a name. */
export type PartTest = (text: string) => boolean

/** The parts of a dotted path in which `*` stands for any text within one part. */
export function pathTests(pattern: string): readonly PartTest[] {
  return parsePath(pattern).map((segment) => globTest(segmentName(segment)))
}

/** A pattern stands for its field and all below it. */
export function covers(tests: readonly PartTest[], names: readonly string[]): boolean {
  return tests.length <= names.length && tests.every((test, index) => test(names[index] ?? ''))
}

/** A test whether a field is, or lies below, one of these dotted paths; `*` stands for any text within one part. */
export function fieldTest(patterns: readonly string[]): (path: string) => boolean {
  const all = patterns.map(pathTests)
  return (path) => {
    const names = parsePath(path).map(segmentName)
    return all.some((tests) => covers(tests, names))
  }
}
