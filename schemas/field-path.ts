/** A pointer as people write it: dots between keys, brackets around indexes and around keys that hold dots. */
export function fieldPath(pointer: readonly (string | number)[]): string {
  let path = ''
  for (const part of pointer) {
    if (typeof part === 'number') path += `[${part}]`
    else if (/^[A-Za-z0-9_-]+$/.test(part)) path += path === '' ? part : `.${part}`
    else path += `[${JSON.stringify(part)}]`
  }
  return path
}
