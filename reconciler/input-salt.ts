import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { readIfPresent, writePrivateFile } from './lib/private-file.ts'

/** A secret of this installation that salts digests; made once. */
export async function inputSalt(stateDir: string): Promise<string> {
  const path = join(stateDir, 'input-salt')
  const known = await readIfPresent(path)
  if (known !== undefined && known !== '') return known
  const salt = randomBytes(32).toString('hex')
  await writePrivateFile(path, salt)
  return salt
}
