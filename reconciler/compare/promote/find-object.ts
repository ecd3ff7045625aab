import { isMap, isSeq, parseAllDocuments, type Document, type Node, type YAMLMap } from 'yaml'
import { kindInfo } from '../../../schemas/kinds.ts'
import { objectKey, parseKey, type ObjectKey } from '../../lib/object-key.ts'

/** The object of a key in a file's text, as nodes with places; of a template's volume, the template. */
export type FoundObject = { readonly documents: readonly Document.Parsed[]; readonly root: YAMLMap }

export type Target = { readonly key: ObjectKey; readonly ownerKey?: ObjectKey | undefined }

/** Undefined where the text does not hold the object, or not in a form that can be edited. */
export function findObject(text: string, { key, ownerKey }: Target): FoundObject | undefined {
  const parsed = parseAllDocuments(text, { logLevel: 'silent', compat: 'yaml-1.1' })
  const documents = Array.isArray(parsed) ? parsed : []
  const root = documents.flatMap(({ contents }) => objectsOf(contents)).find((candidate) => keyOf(candidate) === (ownerKey ?? key))
  if (root === undefined) return undefined
  if (ownerKey === undefined) return { documents, root }
  const template = templateOf(root, parseKey(key).name)
  return template === undefined ? undefined : { documents, root: template }
}

function objectsOf(node: Node | null): YAMLMap[] {
  if (!isMap(node)) return []
  const items: unknown = node.get('items')
  return isSeq(items) && node.get('spec') === undefined ? items.items.filter((item) => isMap(item)) : [node]
}

function keyOf(node: YAMLMap): ObjectKey {
  const kind = String(node.get('kind'))
  const namespaced = kindInfo(kind)?.namespaced === true
  const namespace = node.getIn(['metadata', 'namespace'])
  return objectKey(
    kind,
    namespaced ? (typeof namespace === 'string' ? namespace : 'default') : '',
    String(node.getIn(['metadata', 'name'])),
  )
}

function templateOf(machine: YAMLMap, name: string): YAMLMap | undefined {
  const templates: unknown = machine.getIn(['spec', 'dataVolumeTemplates'])
  const found: unknown = isSeq(templates)
    ? templates.items.find((item) => isMap(item) && item.getIn(['metadata', 'name']) === name)
    : undefined
  return isMap(found) ? found : undefined
}
