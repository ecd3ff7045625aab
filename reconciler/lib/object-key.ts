/** Names one object: `Kind/namespace/name`; the namespace is empty for cluster-scoped kinds. */
export type ObjectKey = string

export type KeyParts = { readonly kind: string; readonly namespace: string; readonly name: string }

export function objectKey(kind: string, namespace: string, name: string): ObjectKey {
  return `${kind}/${namespace}/${name}`
}

/** The parts of a key; empty where it has none. */
export function parseKey(key: ObjectKey): KeyParts {
  const first = partEnd(key, 0)
  const second = partEnd(key, first + 1)
  return { kind: key.slice(0, first), namespace: key.slice(first + 1, second), name: key.slice(second + 1, partEnd(key, second + 1)) }
}

function partEnd(key: ObjectKey, start: number): number {
  const end = key.indexOf('/', start)
  return end === -1 ? key.length : end
}

/** A key for people: `Kind/namespace/name`, and `Kind/name` where there is no namespace. Never for look-ups. */
export function keyText(key: ObjectKey): string {
  const { kind, namespace, name } = parseKey(key)
  return namespace === '' ? `${kind}/${name}` : `${kind}/${namespace}/${name}`
}
