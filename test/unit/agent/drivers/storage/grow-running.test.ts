import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { it, type TestContext } from 'node:test'
import { createGrowRunning } from '../../../../../agent/drivers/storage/grow-running.ts'
import { atEnd } from '../../../../at-end.ts'

/** A virsh with two guests: the first ends as soon as it was listed, the second has the disk; it notes what it resizes. */
const virsh = `#!/bin/sh
shift 3
case "$1 $3" in
'list ') printf 'gone\\nthere\\n' ;;
'domblklist gone') echo "error: $WORDS" >&2; exit 1 ;;
'domblklist there') printf ' vda   /pool/data.raw\\n' ;;
'blockresize there') echo "$5 $7" >>"$0.log" ;;
esac
`

function withVirsh(t: TestContext, words: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'gv-grow-'))
  atEnd(t, () => rmSync(dir, { recursive: true, force: true }))
  const { PATH = '' } = process.env
  atEnd(t, () => (process.env['PATH'] = PATH))
  process.env['PATH'] = `${dir}${delimiter}${PATH}`
  writeFileSync(join(dir, 'virsh'), virsh.replace('$WORDS', words), { mode: 0o755 })
  return join(dir, 'virsh.log')
}

for (const words of ["failed to get domain 'gone'", 'Domain not found', 'Requested operation is not valid: domain is not running']) {
  it(`passes over a guest that ends while it is asked: ${words}`, async (t) => {
    const log = withVirsh(t, words)
    assert.equal(await createGrowRunning('test:///default')('/pool/data.raw', 4096), true)
    assert.equal(readFileSync(log, 'utf8'), 'vda 4096B\n')
    assert.equal(await createGrowRunning('test:///default')('/pool/other.raw', 4096), false)
  })
}

it('tells any other failure', async (t) => {
  withVirsh(t, 'internal error: unexpected')
  await assert.rejects(createGrowRunning('test:///default')('/pool/data.raw', 4096), { code: 'CommandFailed', message: /unexpected/ })
})
