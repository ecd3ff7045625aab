/** Names one object: `Kind/namespace/name`; the namespace is empty for cluster-scoped kinds. */
export type ObjectKey = string

export type KeyParts = { readonly kind: string; readonly namespace: string; readonly name: string }

export function objectKey(kind: string, namespace: string, name: string): ObjectKey {
  return `${kind}/${namespace}/${name}`
}

export function parseKey(key: ObjectKey): KeyParts {
  const [kind = '', namespace = '', name = ''] = key.split('/')
  return { kind, namespace, name }
}

/** A key for people: `Kind/namespace/name`, and `Kind/name` where there is no namespace. Never for look-ups. */
export function keyText(key: ObjectKey): string {
  const { kind, namespace, name } = parseKey(key)
  return namespace === '' ? `${kind}/${name}` : `${kind}/${namespace}/${name}`
}
