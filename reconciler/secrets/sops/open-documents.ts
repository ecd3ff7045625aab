import { createHash, type Hash } from 'node:crypto'
import { GitvirtError } from '../../lib/errors.ts'
import { isEncrypted, openValue } from './cipher.ts'
import type { SopsMetadata } from './metadata.ts'
import type { Tree } from './tree.ts'

/** What the MAC begins with where it goes over encrypted values only. Source: SOPS' MACOnlyEncryptedInitialization. */
const onlyEncryptedStart = Buffer.from('8a3fd2ad54ce66527b1034f3d147be0b0b975b3bf44f72c6fdadec8176f27d69', 'hex')

type Walk = { readonly key: Uint8Array; readonly hash: Hash; readonly onlyEncrypted: boolean }

/**
 * Opens the documents that share one data key and one MAC, and checks the MAC over all of them.
 * Source: SOPS' Tree.Decrypt: SHA-512 over the values in the order of the text, itself encrypted and bound to the time of the last change.
 * @throws GitvirtError `EncryptedValueAltered`, `MacMismatch`
 */
export function openDocuments(trees: readonly Tree[], metadata: SopsMetadata, key: Uint8Array): unknown[] {
  const hash = createHash('sha512')
  if (metadata.macOnlyEncrypted) hash.update(onlyEncryptedStart)
  const walk = { key, hash, onlyEncrypted: metadata.macOnlyEncrypted }
  const values = trees.map((tree) => openTree(tree, [], walk))
  const mac = openValue(metadata.mac, key, { bound: metadata.lastModified, where: 'The MAC' })
  if (mac.text !== hash.digest('hex').toUpperCase()) throw macMismatch()
  return values
}

function openTree(tree: Tree, path: readonly string[], walk: Walk): unknown {
  if (tree.kind === 'list') return tree.items.map((item) => openTree(item, path, walk))
  if (tree.kind === 'map') {
    const entries = tree.entries.filter(([key]) => path.length > 0 || key !== 'sops')
    return Object.fromEntries(entries.map(([key, value]) => [key, openTree(value, [...path, key], walk)]))
  }
  if (typeof tree.value === 'string' && isEncrypted(tree.value)) {
    const { value, text } = openValue(tree.value, walk.key, { bound: `${path.join(':')}:`, where: path.join('.') })
    walk.hash.update(text ?? '')
    return value
  }
  if (!walk.onlyEncrypted && tree.text !== undefined) walk.hash.update(tree.text)
  return tree.value
}

function macMismatch(): GitvirtError {
  return new GitvirtError({
    code: 'MacMismatch',
    message: 'The values are not those that SOPS’ MAC was made of: one was added, removed, moved or changed without sops.',
    action: 'Bring the file back as sops wrote it; edit it with "sops edit" only.',
  })
}
