import type { ManifestError } from '../desired/types.ts'
import { isAgeFile } from '../desired/sealed/recognise.ts'
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
