import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { startGitServer } from '../../../lab/git-server.ts'
import { systemClock } from '../../../reconciler/lib/clock.ts'
import { silentLogger } from '../../../reconciler/lib/log.ts'
import type { startReconciler } from '../../../reconciler/main.ts'
import { atEnd } from '../../at-end.ts'
import { forgeToken, repository, startForgeServer, type ForgeServer } from '../../fakes/forge-server.ts'
import type { Fixture } from './source/fixture.ts'

export type ForgeWorld = {
  readonly forge: ForgeServer
  /** Of a reconciler that follows the repository and the requests of its forge, by polling alone. */
  readonly options: Parameters<typeof startReconciler>[0]
}

/** Serves a repository, with a forge beside it. */
export async function openForgeWorld(t: TestContext, fixture: Fixture): Promise<ForgeWorld> {
  const git = await startGitServer({ root: fixture.root })
  atEnd(t, async () => await git.close())
  const forge = await startForgeServer('github')
  atEnd(t, async () => await forge.close())
  const tokenFile = join(fixture.dir, 'token')
  writeFileSync(tokenFile, forgeToken)
  const options: ForgeWorld['options'] = {
    stateDir: join(fixture.dir, 'state'),
    source: { url: `${git.url}/fleet.git`, ref: 'main' },
    listen: { host: '127.0.0.1', port: 0 },
    agents: { host: '127.0.0.1', port: 0 },
    serverNames: [],
    pollMs: 100,
    forge: { kind: 'github', api: forge.api, repository, tokenFile, pollMs: 100 },
    environment: 'prod',
    clock: systemClock,
    log: silentLogger,
  }
  return { forge, options }
}
