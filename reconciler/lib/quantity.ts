import { GitvirtError } from './errors.ts'

const factors: Readonly<Record<string, number>> = {
  '': 1,
  m: 1e-3,
  u: 1e-6,
  n: 1e-9,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
}

/**
 * Reads a Kubernetes quantity ("512Mi", "1.5G", "100m", "1e3", 2) as a number of its base unit.
 * Source: apimachinery's resource.Quantity serialization format.
 * @throws GitvirtError `InvalidQuantity`, also where it is not finite
 */
export function parseQuantity(value: string | number): number {
  const amount = amountOf(value)
  if (amount === undefined) {
    throw new GitvirtError({
      code: 'InvalidQuantity',
      message: `"${value}" is not a quantity.`,
      action: 'Write a number with an optional suffix such as Mi, Gi, M or G.',
    })
  }
  if (!Number.isFinite(amount)) throw tooLarge(value)
  return amount
}

/** True for a well-formed quantity beyond what can be counted exactly (2^53 - 1 of its base unit). */
export function isTooLarge(value: string | number): boolean {
  return Math.abs(amountOf(value) ?? 0) > Number.MAX_SAFE_INTEGER
}

/** The number of a well-formed quantity, Infinity where it has none so large; undefined for any other text. */
function amountOf(value: string | number): number | undefined {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i))?$/.exec(String(value).trim())
  if (match === null) return undefined
  return Number(`${match[1] ?? ''}${match[2] ?? ''}`) * (factors[match[3] ?? ''] ?? 1)
}

function tooLarge(value: string | number): GitvirtError {
  return new GitvirtError({ code: 'InvalidQuantity', message: `"${value}" is too large.`, action: 'Write at most 8191Ti.' })
}

/**
 * Bytes, rounded up to a whole number, as Kubernetes does.
 * @throws GitvirtError `InvalidQuantity`, also above 2^53 - 1 bytes
 */
export function parseBytes(value: string | number): number {
  const bytes = Math.ceil(parseQuantity(value))
  if (!Number.isSafeInteger(bytes)) throw tooLarge(value)
  return bytes
}

/** Bytes in the largest binary unit that divides them to at most one decimal: 1.5GiB. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  let value = bytes
  let unit = 0
  while (Math.abs(value) >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${Number.isInteger(value) ? value : value.toFixed(1)}${units[unit] ?? 'B'}`
}
