import { GitvirtError } from '../lib/errors.ts'

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/**
 * Reads a duration as Go writes it (30s, 1m30s, 500ms, 2h) into milliseconds.
 * @throws GitvirtError `InvalidFlag`
 */
export function milliseconds(text: string): number {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) {
    throw new GitvirtError({
      code: 'InvalidFlag',
      message: `error: "${text}" is not a duration`,
      action: 'Write a number with a unit: 500ms, 30s, 1m30s, 2h.',
    })
  }
  let sum = 0
  for (const [, number = '0', unit = 's'] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) sum += Number(number) * (units[unit] ?? 0)
  return sum
}
