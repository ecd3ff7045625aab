import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../../../lab/wait.ts'
import { startReconciler } from '../../../reconciler/main.ts'
import { atEnd } from '../../at-end.ts'
import { startCommand } from '../cli/command.ts'
import { comment, request, soon, statusOf } from './approvals-steps.ts'
import { openForgeWorld } from './forge-world.ts'
import { Fixture } from './source/fixture.ts'
import { allowedSigners, signBySsh, sshKey } from './trust/ssh-keys.ts'

const disk = (name: string): string => `apiVersion: cdi.kubevirt.io/v1beta1
kind: DataVolume
metadata: {name: ${name}}
spec:
  source: {blank: {}}
  storage: {resources: {requests: {storage: 1Gi}}}
`

test('where every commit must be signed, a request', async (t) => {
  const fixture = new Fixture()
  atEnd(t, () => fixture.close())
  const [operator, stranger] = [sshKey(fixture, 'operator'), sshKey(fixture, 'stranger')]
  const keys = { allowedSigners: allowedSigners(fixture, { 'operator@example.org': operator }) }
  signBySsh(fixture, operator)
  fixture.commit({ 'one.yaml': disk('one') })
  const { forge, options } = await openForgeWorld(t, fixture)
  const reconciler = await startReconciler({ ...options, trust: { mode: 'every-commit', keys } })
  atEnd(t, async () => await reconciler.close())
  const world = { fixture, forge }

  await t.test('of an unknown key fails, says which commits and what merging them means, and shows its plan all the same', async () => {
    fixture.git('checkout', '-q', '-b', 'unknown')
    signBySsh(fixture, stranger)
    const first = fixture.commit({ 'two.yaml': disk('two') }, 'unknown')
    signBySsh(fixture, operator)
    fixture.commit({ 'three.yaml': disk('three') }, 'unknown')
    const { state, description } = await statusOf(world, request(world, 1))
    assert.equal(state, 'failure')
    assert.match(description, /^Once this is merged, nothing of the branch comes into force any more: 1 of 2 new commits cannot be trusted/)
    assert.match(comment(world, 1), new RegExp(`\\*\\*Untrusted\\*\\*[^]*${first.slice(0, 12)} \\(no trusted key made its signature`))
    assert.match(comment(world, 1), /create: DataVolume\/default\/two/)
    const environment = { GITVIRT_KUBECONFIG: reconciler.kubeconfig }
    const { stdout } = await startCommand(t, ['plan', '--ref', 'unknown'], environment).ended
    assert.match(stdout, /^untrusted: Once this is merged/m)
  })

  await t.test('is well once all its commits are signed by trusted keys', async () => {
    fixture.git('checkout', '-q', '-B', 'unknown', 'main')
    fixture.commit({ 'two.yaml': disk('two') }, 'unknown')
    const head = request(world, 1)
    await until('success', async () => (await statusOf(world, head)).state === 'success', soon)
    assert.ok(!comment(world, 1).includes('Untrusted'))
  })
})
