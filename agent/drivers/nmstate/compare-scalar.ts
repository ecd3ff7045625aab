const macAddress = /^[0-9a-f]{2}(:[0-9a-f]{2})+$/i

/** The kernel's numbers for words that nmstate prints, where policies may use either. Source: the kernel's bonding.rst. */
const words: Readonly<Record<string, string>> = { slow: '0', fast: '1', dropped: '0', delivered: '1', true: '1', false: '0' }

/** True where two scalars mean the same: 100 and '100', true and 'true', MAC addresses in either case. */
export function sameScalar(wanted: unknown, actual: unknown): boolean {
  if (wanted === actual) return true
  const [left, right] = [String(wanted), String(actual)]
  if (left === right) return true
  if (macAddress.test(left) && macAddress.test(right)) return left.toLowerCase() === right.toLowerCase()
  const [a, b] = [words[left] ?? left, words[right] ?? right]
  if (a === b) return true
  // A number for a word (or the reverse) of an enumeration we do not know: cannot tell, so no difference.
  return isNumber(a) !== isNumber(b)
}

function isNumber(text: string): boolean {
  return /^[+-]?(0x[0-9a-f]+|\d+(\.\d+)?)$/i.test(text)
}
