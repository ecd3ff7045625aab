import { GitvirtError } from '../lib/errors.ts'
import { signatureKind, type SignedCommit } from './signed-commit.ts'

/** An annotated tag as Git signs it. */
export type SignedTag = Pick<SignedCommit, 'id' | 'committedAt' | 'payload' | 'signature'> & {
  /** What it tags. */
  readonly object: string
  /** The name that it was made with. */
  readonly name: string
}

const beginnings = [
  '-----BEGIN PGP SIGNATURE-----',
  '-----BEGIN PGP MESSAGE-----',
  '-----BEGIN SSH SIGNATURE-----',
  '-----BEGIN SIGNED MESSAGE-----',
]

/**
 * Takes a tag object apart into what was signed and the signature, which stands at its end.
 * Source: git-mktag(1) and gitformat-signature(5), "Tag signatures"; the last line that begins a signature counts, as in git.
 * @throws GitvirtError `InvalidTag`, `UntrustedTag` where the signature is of a kind that is not known here
 */
export function readSignedTag(id: string, bytes: Uint8Array): SignedTag {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = buffer.indexOf('\n\n')
  const head = buffer
    .subarray(0, end === -1 ? buffer.length : end)
    .toString('utf8')
    .split('\n')
  const header = (name: string): string => head.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1) ?? ''
  const [object, name] = [header('object'), header('tag')]
  if (!/^[0-9a-f]{40,64}$/.test(object) || name === '')
    throw new GitvirtError({ code: 'InvalidTag', message: `The tag ${id} is none that Git makes.`, action: 'Make it again with git tag.' })
  const start = signatureStart(buffer)
  const armored = buffer.subarray(start).toString('utf8').trimEnd()
  return {
    id,
    object,
    name,
    committedAt: Number(/> (\d{1,12}) [+-]\d{4}$/.exec(header('tagger'))?.[1] ?? 0),
    payload: buffer.subarray(0, start),
    ...(armored === '' ? {} : { signature: { kind: kindOf(name, armored), armored: `${armored}\n` } }),
  }
}

/** Where the signature begins; the length where there is none. */
function signatureStart(buffer: Buffer): number {
  let start = buffer.length
  for (let at = 0; at < buffer.length;) {
    if (beginnings.some((beginning) => buffer.subarray(at, at + beginning.length).toString('latin1') === beginning)) start = at
    const end = buffer.indexOf(0x0a, at)
    at = end === -1 ? buffer.length : end + 1
  }
  return start
}

function kindOf(name: string, armored: string): 'ssh' | 'openpgp' {
  const kind = signatureKind(armored)
  if (kind !== undefined) return kind
  throw new GitvirtError({
    code: 'UntrustedTag',
    message: `The tag ${name} is signed in a way that is not known here.`,
    action: 'Sign it with an SSH or an OpenPGP key.',
  })
}
