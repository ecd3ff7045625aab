import { formatBytes } from '../../lib/quantity.ts'
import type { ParseLimits } from './limits.ts'
import type { Problem } from './problem.ts'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })

/** The text of a blob, or why it is none: too large, or not UTF-8. */
export function decodeText(bytes: Uint8Array, limits: ParseLimits): string | Problem {
  if (bytes.byteLength > limits.maxBytes) return tooLarge(bytes.byteLength, limits)
  try {
    return decoder.decode(bytes)
  } catch {
    return {
      severity: 'error',
      code: 'YamlSyntax',
      message: 'This file is not UTF-8 text.',
      line: 1,
      column: 1,
      action: 'Save it as UTF-8.',
    }
  }
}

/** What is wrong with a file of so many bytes. */
export function tooLarge(bytes: number, limits: ParseLimits): Problem {
  return {
    severity: 'error',
    code: 'TooLarge',
    message: `This file has ${formatBytes(bytes)}; at most ${formatBytes(limits.maxBytes)} are read.`,
    line: 1,
    column: 1,
    action: 'Split it into several files.',
  }
}
