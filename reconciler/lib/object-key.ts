/** Names one object: `Kind/namespace/name`; the namespace is empty for cluster-scoped kinds. */
export type ObjectKey = string

export type KeyParts = { readonly kind: string; readonly namespace: string; readonly name: string }

export function objectKey(kind: string, namespace: string, name: string): ObjectKey {
  return `${kind}/${namespace}/${name}`
}

let lastKey: ObjectKey = ''
let lastParts: KeyParts = { kind: '', namespace: '', name: '' }

/** The parts of a key. Many questions in a row are about one key, so the last answer is kept. */
export function parseKey(key: ObjectKey): KeyParts {
  if (key === lastKey) return lastParts
  const [kind = '', namespace = '', name = ''] = key.split('/')
  lastKey = key
  lastParts = { kind, namespace, name }
  return lastParts
}

/** A key for people: `Kind/namespace/name`, and `Kind/name` where there is no namespace. Never for look-ups. */
export function keyText(key: ObjectKey): string {
  const { kind, namespace, name } = parseKey(key)
  return namespace === '' ? `${kind}/${name}` : `${kind}/${namespace}/${name}`
}
