import type { ManifestError } from '../desired/types.ts'
import type { JsonObject } from '../desired/convert/json.ts'
import { isAgeFile, isSopsDocument } from '../desired/sealed/recognise.ts'
import { GitvirtError } from '../lib/errors.ts'
import type { FileTree } from '../source/types.ts'
import type { Closure } from './closure.ts'

/** Stands in every file that SOPS wrote, whatever its format: its own digest is encrypted too. Source: SOPS' README, "Encryption protocol". */
const cipherText = Buffer.from('ENC[AES256_GCM,')

/**
 * The encrypted files among those that an overlay is made of. They are refused: what renders them takes cipher text for values, hands it
 * on under other names, and changes what the digest in the file covers, so that nobody could open it any more.
 */
export async function encryptedFiles(tree: FileTree, { files }: Closure): Promise<ManifestError[]> {
  const paths = Map.groupBy(files.keys(), (path) => files.get(path) ?? '')
  const found: ManifestError[] = []
  for await (const { id, bytes } of tree.read([...paths.keys()])) {
    const how = encryptionOf(bytes)
    if (how !== undefined) found.push(...(paths.get(id) ?? []).map((path) => refusal(path, how)))
  }
  return found
}

/** True for an object that its files do not show to be encrypted: patches can add the metadata, and put cipher text together. */
export function looksEncrypted(object: JsonObject): boolean {
  return isSopsDocument(object) || JSON.stringify(object).includes(cipherText.toString())
}

/** What is wrong with an object that only the rendering makes an encrypted one. */
export function madeEncrypted({ kind, name, from, by }: Record<'kind' | 'name' | 'from' | 'by', string>): GitvirtError {
  return new GitvirtError({
    code: 'EncryptedInOverlay',
    message: `${kind} ${name} (${from}) is rendered as if SOPS had encrypted it, by ${by}: nothing that kustomize writes is opened with a key.`,
    action: 'Take the field "sops" and the cipher text out; an encrypted Secret belongs into a folder of its own (--also).',
  })
}

function encryptionOf(bytes: Uint8Array): string | undefined {
  if (isAgeFile(bytes)) return 'age'
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(cipherText) ? 'SOPS' : undefined
}

function refusal(path: string, how: string): ManifestError {
  return {
    severity: 'error',
    code: 'EncryptedInOverlay',
    message: `${path} is encrypted with ${how}, and an overlay cannot be made of encrypted files: kustomize would change what their digest covers.`,
    action: 'Put it into a folder of its own that is no overlay, and follow that folder as a further source (--also).',
    path,
    line: 1,
    column: 1,
  }
}
