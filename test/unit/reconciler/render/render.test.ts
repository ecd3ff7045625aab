import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { createMemoryBlobCache } from '../../../../reconciler/desired/cache.ts'
import { renderOverlay } from '../../../../reconciler/render/render.ts'
import type { Overlay } from '../../../../reconciler/render/types.ts'
import type { RenderLimits } from '../../../../reconciler/render/types.ts'
import { atEnd } from '../../../at-end.ts'
import { memoryTree } from './memory-tree.ts'

const files = { 'env/kustomization.yaml': 'resources: [a.yaml]\n', 'env/a.yaml': 'kind: A\n' }

/** Puts a program of this script, or none at all, in the place of kustomize for one test. */
function onlyProgram(t: TestContext, script?: string): void {
  const dir = mkdtempSync(join(tmpdir(), 'gv-kustomize-'))
  const before = process.env['PATH']
  atEnd(t, () => {
    process.env['PATH'] = before
    rmSync(dir, { recursive: true })
  })
  if (script !== undefined) {
    writeFileSync(join(dir, 'kustomize'), `#!/bin/sh\nif [ "$1" = version ]; then echo v5.5.0; exit; fi\n${script}\n`)
    chmodSync(join(dir, 'kustomize'), 0o755)
  }
  process.env['PATH'] = dir
}

async function render(limits: Partial<RenderLimits> = {}, tree = memoryTree(files)): Promise<Overlay | undefined> {
  return await renderOverlay({ tree, root: 'env', cache: createMemoryBlobCache(), limits })
}

function faults(overlay: Overlay | undefined): string[] {
  return (overlay?.refused ?? []).flatMap(({ path, errors = [] }) => errors.map((error) => `${path}|${error.code} ${error.path}`))
}

describe('rendering an overlay', () => {
  it('is no concern of a folder without a kustomization', async () => {
    assert.equal(await render({}, memoryTree({ 'env/a.yaml': 'kind: A\n' })), undefined)
  })

  it('without a program names the package, and leaves all of the repository unknown', async (t) => {
    onlyProgram(t)
    const overlay = await render()
    assert.deepEqual(faults(overlay), ['|KustomizeMissing env/kustomization.yaml'])
    assert.match(overlay?.refused[0]?.errors?.[0]?.action ?? '', /kubernetes-client/)
    assert.deepEqual(overlay?.entries, [])
  })

  it('wants a program that is new enough', async (t) => {
    onlyProgram(t, '')
    writeFileSync(join(process.env['PATH'] ?? '', 'kustomize'), '#!/bin/sh\necho v4.5.7\n')
    assert.deepEqual(faults(await render()), ['|KustomizeTooOld env/kustomization.yaml'])
  })

  it('ends a program that prints without end', async (t) => {
    onlyProgram(t, 'while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done')
    assert.deepEqual(faults(await render({ outputBytes: 2 ** 20 })), ['|OutputTooLarge env/kustomization.yaml'])
  })

  it('ends a program that does not come to an end', async (t) => {
    onlyProgram(t, 'while :; do :; done')
    assert.deepEqual(faults(await render({ time: 500 })), ['|CommandTimedOut env/kustomization.yaml'])
  })

  it('hands the program a folder of the closure alone, and nothing of our environment', async (t) => {
    onlyProgram(
      t,
      'echo "kind: ConfigMap"; echo "data:"; echo "  home: $HOME"; echo "  path: $PATH"; echo "  secret: \\"$GITVIRT_TEST_SECRET\\""; echo "  files: \\"$(echo ../*/*)\\""',
    )
    process.env['GITVIRT_TEST_SECRET'] = 'hidden'
    atEnd(t, () => delete process.env['GITVIRT_TEST_SECRET'])
    const overlay = await render({}, memoryTree({ ...files, 'env/unrelated.yaml': 'x', 'other/b.yaml': 'x' }))
    assert.deepEqual(faults(overlay), [])
    const [id = ''] = overlay?.entries.map((entry) => entry.id) ?? []
    for await (const { bytes } of overlay?.read([id]) ?? []) {
      const { data } = JSON.parse(Buffer.from(bytes ?? '').toString()) as { data: Record<string, string> }
      assert.deepEqual(data, {
        home: '/nonexistent',
        path: '/nonexistent',
        secret: '',
        files: '../env/a.yaml ../env/kustomization.yaml',
      })
    }
  })

  it('refuses encrypted files by their names, whatever reads them', async (t) => {
    onlyProgram(t, 'echo "kind: A"')
    const cipher = 'ENC[AES256_GCM,data:xx,iv:xx,tag:xx,type:str]'
    const tree = memoryTree({
      'env/kustomization.yaml':
        'resources: [../base, plain.yaml]\nsecretGenerator: [{name: a, files: [whole.age], envs: [keys.env]}]\npatches: [{path: patch.yaml}]\n',
      'base/kustomization.yaml': 'resources: [secret.yaml]\n',
      'base/secret.yaml': `kind: Secret\nstringData: {a: "${cipher}"}\nsops: {mac: "${cipher}"}\n`,
      'env/plain.yaml': 'kind: A\n# sops is not used here\n',
      'env/whole.age': 'age-encryption.org/v1\n-> X25519 x\n',
      'env/keys.env': `a=${cipher}\nsops_mac=${cipher}\n`,
      'env/patch.yaml': `kind: A\nsops: {mac: "${cipher}"}\n`,
    })
    const overlay = await render({}, tree)
    assert.deepEqual(faults(overlay).toSorted(), [
      '|EncryptedInOverlay base/secret.yaml',
      '|EncryptedInOverlay env/keys.env',
      '|EncryptedInOverlay env/patch.yaml',
      '|EncryptedInOverlay env/whole.age',
    ])
    const [first] = overlay?.refused[0]?.errors ?? []
    assert.match(`${first?.message} ${first?.action}`, /encrypted with SOPS, .*further source \(--also\)/s)
    assert.deepEqual(overlay?.entries, [])
  })

  it('opens nothing that only the rendering makes an encrypted file, and names the patch that does', async (t) => {
    const object = 'apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n'
    const patch = 'apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nsops: {mac: x, age: []}\n'
    const tree = memoryTree({
      'env/kustomization.yaml': 'resources: [a.yaml]\npatches:\n- path: p.yaml\n',
      'env/a.yaml': object,
      'env/p.yaml': patch,
    })
    for (const [more, by] of [
      ['sops: {mac: x, age: []}', /Secret a \(env\/kustomization\.yaml:1\) is rendered .* by the patch env\/p\.yaml:4: /],
      ['stringData: {a: "ENC[AES256_GCM,data:xx]"}', /Secret a .* is rendered as if SOPS had encrypted it/],
    ] as const) {
      onlyProgram(t, `printf '%s\\n' 'apiVersion: v1' 'kind: Secret' 'metadata: {name: a}' '${more}'`)
      const overlay = await render({}, tree)
      assert.deepEqual([faults(overlay), overlay?.entries], [['|EncryptedInOverlay env/kustomization.yaml'], []])
      assert.match(overlay?.refused[0]?.errors?.[0]?.message ?? '', by)
    }
  })

  it('refuses output that is no YAML, and does not take a part of it', async (t) => {
    onlyProgram(t, 'echo "kind: A"; echo "---"; echo "a: [b"')
    assert.deepEqual(faults(await render()), ['|RenderFailed env/kustomization.yaml'])
  })
})
