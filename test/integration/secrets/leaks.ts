import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Texts that must be nowhere, in the forms in which they could be. */
export type Wanted = { readonly secret: string; readonly form: string; readonly bytes: Buffer }

/** Plain, reversed bytes of no kind, base64 at each of its three alignments, base64url and hex, JSON inside JSON. */
export function formsOf(secret: string): Wanted[] {
  const form = (name: string, text: string): Wanted => ({ secret, form: name, bytes: Buffer.from(text) })
  const shifted = [0, 1, 2].flatMap((shift) => {
    const encoded = Buffer.from(`${'x'.repeat(shift)}${secret}`).toString('base64')
    // The ends depend on what stands beside.
    const core = encoded.slice(shift === 0 ? 0 : 4, -4)
    return [form(`base64 shifted by ${shift}`, core), form(`base64url shifted by ${shift}`, core.replaceAll('+', '-').replaceAll('/', '_'))]
  })
  const escaped = JSON.stringify(JSON.stringify(secret)).slice(3, -3)
  return [
    form('plain', secret),
    form('utf16', [...Buffer.from(secret)].map((byte) => `${String.fromCharCode(byte)}\0`).join('')),
    form('escaped', escaped),
    form('hex', Buffer.from(secret).toString('hex')),
    ...shifted,
  ]
}

/** Where any form of the secrets is in these texts, by the text's name. */
export function leaksIn(texts: Iterable<readonly [name: string, content: Uint8Array]>, secrets: readonly string[]): string[] {
  const wanted = secrets.flatMap(formsOf)
  const found: string[] = []
  for (const [name, content] of texts) {
    const bytes = Buffer.from(content)
    for (const { secret, form, bytes: needle } of wanted)
      if (bytes.includes(needle)) found.push(`${name}: ${secret.slice(0, 12)}… (${form})`)
  }
  return found
}

/** All files below a folder. */
export function* filesBelow(folder: string): Generator<[string, Uint8Array]> {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile() && statSync(path).size < 64 * 2 ** 20) yield [path, readFileSync(path)]
  }
}
