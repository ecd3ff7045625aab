import { deepEqual, rejects } from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openSource } from '../../../../reconciler/source/open-source.ts'
import { atEnd } from '../../../at-end.ts'

/** Programs whose arguments name this. */
function runningWith(text: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        return [readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ')]
      } catch {
        return []
      }
    })
    .filter((line) => line.includes(text))
}

test('a fetch from a server that never answers is given up at once, with all the programs it runs', { timeout: 30_000 }, async (t) => {
  const asked = Promise.withResolvers<undefined>()
  const server = createServer(() => asked.resolve(undefined))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const storeDir = mkdtempSync(join(tmpdir(), 'gitvirt-stalled-'))
  atEnd(t, () => {
    server.closeAllConnections()
    server.close()
    rmSync(storeDir, { recursive: true, force: true })
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/fleet.git`
  const source = await openSource({ url, storeDir, engine: 'git' })
  const abort = new AbortController()
  const fetching = source.fetch(abort.signal)
  await asked.promise
  abort.abort()
  await rejects(fetching)
  await source.close()
  deepEqual(runningWith(url), [])
})
