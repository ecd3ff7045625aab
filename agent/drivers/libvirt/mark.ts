import { createHash } from 'node:crypto'
import { parseKey, type ObjectKey } from '../../../reconciler/lib/object-key.ts'
import { child, element, type XmlElement } from './xml.ts'

/** Namespace of our element in libvirt's domain and network metadata. */
export const markNamespace = 'https://gitvirt.io/xmlns/v1'

/** What says that a domain is ours. */
export type Mark = { readonly key: ObjectKey; readonly uid: string; readonly node: string }

/** The `<metadata>` content that carries the mark. Source: libvirt domain format, "Custom metadata". */
export function markElement(mark: Mark): XmlElement {
  return element('gitvirt:machine', { 'xmlns:gitvirt': markNamespace, key: mark.key, uid: mark.uid, node: mark.node })
}

/** The mark of a domain, or undefined where it is not ours. */
export function readMark(domain: XmlElement): Mark | undefined {
  const found = child(domain, 'metadata')?.children.find((item) => isOurs(item))
  if (found === undefined) return undefined
  const { key, uid, node } = found.attributes
  return key === undefined || uid === undefined ? undefined : { key, uid, node: node ?? '' }
}

/** libvirt may write another prefix than ours, so the namespace counts. */
function isOurs(item: XmlElement): boolean {
  const [prefix = '', local = ''] = item.name.split(':')
  return local === 'machine' && item.attributes[`xmlns:${prefix}`] === markNamespace
}

/**
 * A domain's name: `<namespace>_<name>`, with only characters that are safe in file names, at most 60 of them
 * (libvirt makes socket and log names of it). A name that had to be changed ends in a digest of the key.
 */
export function domainName(key: ObjectKey): string {
  const { namespace, name } = parseKey(key)
  const wanted = `${namespace}_${name}`
  const safe = wanted.replaceAll(/[^a-zA-Z0-9_-]/g, '-').replace(/^[-_]+/, '')
  if (safe === wanted && safe.length <= 60) return safe
  return `${safe.slice(0, 49)}-${createHash('sha256').update(key).digest('hex').slice(0, 10)}`
}

/** A user alias of libvirt: `ua-` and characters of [a-zA-Z0-9_-]. Source: libvirt domain format, "alias". */
export function aliasOf(kind: 'disk' | 'nic', name: string): string {
  const safe = name.replaceAll(/[^a-zA-Z0-9-]/g, '_')
  const suffix = safe === name ? '' : `-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`
  return `ua-${kind}-${safe}${suffix}`
}
