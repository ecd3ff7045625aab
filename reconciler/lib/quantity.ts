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
 * @throws GitvirtError `InvalidQuantity`
 */
export function parseQuantity(value: string | number): number {
  const text = String(value).trim()
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i))?$/.exec(text)
  if (match === null) {
    throw new GitvirtError({
      code: 'InvalidQuantity',
      message: `"${text}" is not a quantity.`,
      action: 'Write a number with an optional suffix such as Mi, Gi, M or G.',
    })
  }
  return Number(`${match[1] ?? ''}${match[2] ?? ''}`) * (factors[match[3] ?? ''] ?? 1)
}

/** Bytes, rounded up to a whole number, as Kubernetes does. */
export function parseBytes(value: string | number): number {
  return Math.ceil(parseQuantity(value))
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
