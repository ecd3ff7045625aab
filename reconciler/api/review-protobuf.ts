/**
 * kubectl's typed clients send SelfSubject…Reviews as protobuf, whatever the server would like better. This reads just those messages:
 * Kubernetes' envelope (4 magic bytes, then runtime.Unknown with `raw` as field 2) and the string fields of the spec.
 * Sources: apimachinery's serializer/protobuf, k8s.io/api authorization/v1 generated.proto, protobuf's wire format.
 */
const magic = Buffer.from('k8s\0')
const resourceFields = ['', 'namespace', 'verb', 'group', 'version', 'resource', 'subresource', 'name']
const pathFields = ['', 'path', 'verb']

type Fields = ReadonlyMap<number, Buffer>

export function isProtobuf(body: Buffer): boolean {
  return body.subarray(0, 4).equals(magic)
}

/** The review as JSON would have it; undefined for bytes of another shape. */
export function decodeReview(body: Buffer): { readonly spec: Readonly<Record<string, unknown>> } | undefined {
  const raw = fieldsOf(body.subarray(4))?.get(2)
  const spec = raw === undefined ? undefined : (fieldsOf(raw)?.get(2) ?? Buffer.alloc(0))
  const parts = spec === undefined ? undefined : fieldsOf(spec)
  if (parts === undefined) return undefined
  const resource = textsOf(parts.get(1), resourceFields)
  const path = textsOf(parts.get(2), pathFields)
  return {
    spec: {
      ...(resource === undefined ? {} : { resourceAttributes: resource }),
      ...(path === undefined ? {} : { nonResourceAttributes: path }),
    },
  }
}

function textsOf(message: Buffer | undefined, names: readonly string[]): Record<string, string> | undefined {
  const fields = message === undefined ? undefined : fieldsOf(message)
  if (fields === undefined) return undefined
  const texts: Record<string, string> = {}
  for (const [number, value] of fields) {
    const name = names[number]
    if (name !== undefined && name !== '' && value.length > 0) texts[name] = value.toString('utf8')
  }
  return texts
}

/** The length-delimited fields of a message; others are stepped over. Undefined where the bytes do not add up. */
function fieldsOf(message: Buffer): Fields | undefined {
  const fields = new Map<number, Buffer>()
  let at = 0
  while (at < message.length) {
    const tag = varint(message, at)
    if (tag === undefined) return undefined
    const size = varint(message, tag.next)
    if (size === undefined) return undefined
    const wireType = tag.value & 7
    if (wireType === 0) at = size.next
    else if (wireType === 2 && size.next + size.value <= message.length) {
      at = size.next + size.value
      fields.set(tag.value >>> 3, message.subarray(size.next, at))
    } else return undefined
  }
  return fields
}

function varint(bytes: Buffer, start: number): { readonly value: number; readonly next: number } | undefined {
  let value = 0
  for (let index = 0; index < 5; index += 1) {
    const byte = bytes[start + index]
    if (byte === undefined) return undefined
    value += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) return { value, next: start + index + 1 }
  }
  return undefined
}
