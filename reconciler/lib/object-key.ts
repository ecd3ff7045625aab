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
