import { GitvirtError } from '../../lib/errors.ts'
import type { Keyring } from '../keyring.ts'
import { dataKey } from './data-key.ts'
import { readMetadata } from './metadata.ts'
import { openDocuments } from './open-documents.ts'
import { fieldOf, plainValue, readTrees, type Tree } from './tree.ts'

/** One document that SOPS encrypted, decrypted, or why it is not. */
export type SopsOutcome = { readonly manifest: unknown; readonly fault?: undefined } | { readonly fault: unknown }

/** Each has a data key of its own, which costs a key exchange or a run of gpg. */
const mostGroups = 100

/**
 * Opens the documents of a file that have SOPS' metadata, in their order. Documents that sops encrypted together have one MAC over all
 * of them, repeated in each; files that were joined afterwards are told apart by it, and each stands or falls for itself.
 * @throws GitvirtError `UnsupportedEncryption` where the file cannot be read at all
 */
export async function openSopsFile(bytes: Uint8Array, keyring: Keyring): Promise<SopsOutcome[]> {
  const sealed = treesOf(bytes).filter((tree) => fieldOf(tree, 'sops')?.kind === 'map')
  const outcomes = new Map<Tree, SopsOutcome>()
  const all = groups(sealed)
  if (all.size > mostGroups) throw tooManyParts(all.size)
  for (const group of all.values()) {
    const opened = await openGroup(group, keyring)
    group.forEach((tree, index) => outcomes.set(tree, opened(index)))
  }
  return sealed.flatMap((tree) => outcomes.get(tree) ?? [])
}

function tooManyParts(count: number): GitvirtError {
  return new GitvirtError({
    code: 'UnsupportedEncryption',
    message: `This file was joined from ${count} encrypted files; at most ${mostGroups} are opened.`,
    action: 'Split it, or encrypt it as one.',
  })
}

function treesOf(bytes: Uint8Array): Tree[] {
  try {
    return readTrees(Buffer.from(bytes).toString('utf8'))
  } catch (error) {
    if (error instanceof GitvirtError) throw error
    throw new GitvirtError({
      code: 'UnsupportedEncryption',
      message: 'Another part of this file does not parse, so that nothing in it can be opened.',
      action: 'Mend the other part.',
    })
  }
}

function groups(trees: readonly Tree[]): Map<string, Tree[]> {
  const byMac = new Map<string, Tree[]>()
  for (const tree of trees) {
    const mac = fieldOf(fieldOf(tree, 'sops') ?? tree, 'mac')
    const name = mac?.kind === 'scalar' ? String(mac.value) : ''
    const group = byMac.get(name)
    if (group === undefined) byMac.set(name, [tree])
    else group.push(tree)
  }
  return byMac
}

async function openGroup(group: readonly Tree[], keyring: Keyring): Promise<(index: number) => SopsOutcome> {
  try {
    const [first] = group
    const metadata = readMetadata(first === undefined ? undefined : plainValue(fieldOf(first, 'sops') ?? first))
    const values = openDocuments(group, metadata, await dataKey(metadata, keyring))
    return (index) => ({ manifest: values[index] })
  } catch (fault) {
    return () => ({ fault })
  }
}
