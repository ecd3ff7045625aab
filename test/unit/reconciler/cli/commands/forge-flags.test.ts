import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { environmentOf, forgeOptions } from '../../../../../reconciler/cli/commands/forge-flags.ts'

const github = { poll: '30s', forge: 'github', forgeRepo: 'infra/fleet', forgeTokenFile: '/t' }

describe('forge flags', () => {
  it('name the forge, its public API, and the environment by its folder', () => {
    assert.deepEqual(forgeOptions({ ...github, path: '/environments/prod/' }), {
      forge: {
        kind: 'github',
        api: 'https://api.github.com',
        repository: 'infra/fleet',
        tokenFile: '/t',
        pollMs: 30_000,
      },
    })
    assert.deepEqual(
      [environmentOf({ path: '/environments/prod/' }), environmentOf({ path: '/' }), environmentOf({ environment: 'x' })],
      ['environments/prod', 'default', 'x'],
    )
    assert.deepEqual(forgeOptions({ poll: '30s' }), {})
  })

  it('ask the forge less often than the repository may be polled', () => {
    assert.equal(forgeOptions({ ...github, poll: '1s' }).forge?.pollMs, 15_000)
  })

  it('name no environment that could end a comment', () => {
    assert.throws(() => environmentOf({ environment: '--> hello' }), { code: 'InvalidFlag' })
  })

  it('are refused where something is missing or no address', () => {
    for (const flags of [
      { ...github, forge: 'bitbucket' },
      { ...github, forge: 'gitea' },
      { ...github, forgeApi: 'file:///etc' },
      { ...github, forgeRepo: 'infra/../..?x' },
      { poll: '30s', forge: 'github' },
      { poll: '30s', forgeRepo: 'infra/fleet' },
    ])
      assert.throws(() => forgeOptions(flags), { code: 'InvalidFlag' }, JSON.stringify(flags))
  })
})
