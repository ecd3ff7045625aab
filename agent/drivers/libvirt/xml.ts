import { XMLParser } from 'fast-xml-parser'
import { create } from 'xmlbuilder2'
import { GitvirtError } from '../../../reconciler/lib/errors.ts'

/** One XML element. Text and children do not mix in libvirt's formats. */
export type XmlElement = {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly XmlElement[]
  readonly text?: string
}

export type XmlAttributes = Readonly<Record<string, string | number | undefined>>
export type XmlContent = string | number | readonly (XmlElement | undefined)[]

/** Makes an element; attributes and children that are undefined are left out. */
export function element(name: string, attributes: XmlAttributes = {}, content: XmlContent = []): XmlElement {
  const kept: Record<string, string> = {}
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) kept[key] = String(value)
  if (typeof content === 'string' || typeof content === 'number') return { name, attributes: kept, children: [], text: String(content) }
  return { name, attributes: kept, children: content.filter((child) => child !== undefined) }
}

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseAttributeValue: false,
  parseTagValue: false,
  trimValues: true,
  processEntities: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
})

type RawNode = Record<string, unknown>

/**
 * Reads one XML document.
 * @throws GitvirtError `InvalidXml`
 */
export function parseXml(text: string): XmlElement {
  try {
    const roots = (parser.parse(text) as RawNode[]).map(toElement).filter((root) => root !== undefined)
    const root = roots[0]
    if (root !== undefined) return root
  } catch (error) {
    throw new GitvirtError({ code: 'InvalidXml', message: `libvirt's XML cannot be read: ${String(error)}`, cause: error })
  }
  throw new GitvirtError({ code: 'InvalidXml', message: "libvirt's XML has no root element." })
}

function toElement(node: RawNode): XmlElement | undefined {
  const name = Object.keys(node).find((key) => key !== ':@')
  if (name === undefined || name.startsWith('#')) return undefined
  const inner = node[name] as RawNode[]
  const text = inner.map((child) => child['#text']).find((value) => value !== undefined)
  return {
    name,
    attributes: Object.fromEntries(Object.entries((node[':@'] ?? {}) as RawNode).map(([key, value]) => [key, String(value)])),
    children: inner.map(toElement).filter((child) => child !== undefined),
    ...(typeof text === 'string' ? { text } : {}),
  }
}

/** Writes an element; characters that XML 1.0 does not allow are left out, all others are escaped. */
export function writeXml(root: XmlElement): string {
  const document = create({ invalidCharReplacement: '' })
  append(document, root)
  return document.end({ prettyPrint: true, headless: true })
}

type Builder = ReturnType<typeof create>

function append(parent: Builder, item: XmlElement): void {
  const node = parent.ele(item.name, item.attributes)
  if (item.text !== undefined) node.txt(item.text)
  for (const child of item.children) append(node, child)
}

/** The first child with this name, or the one at the end of a path of names. */
export function child(parent: XmlElement | undefined, ...path: readonly string[]): XmlElement | undefined {
  let current = parent
  for (const name of path) current = current?.children.find((item) => item.name === name)
  return current
}

export function childrenOf(parent: XmlElement | undefined, name: string): readonly XmlElement[] {
  return parent?.children.filter((item) => item.name === name) ?? []
}
