import assert from 'node:assert/strict'
import { access, constants, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { probeHost, type HostFacts } from '../../../../../agent/drivers/libvirt/host.ts'
import { renderDomain } from '../../../../../agent/drivers/libvirt/render/domain.ts'
import { createVirsh } from '../../../../../agent/drivers/libvirt/virsh.ts'
import { startHost, type LabHost } from '../../../../../lab/host.ts'
import { describeError } from '../../../../../reconciler/lib/errors.ts'
import { atEnd } from '../../../../at-end.ts'
import { bootSector, machineOf, until } from './guest.ts'

const greeting = 'hello from a guest on KVM'

const noKvm = await access('/dev/kvm', constants.R_OK | constants.W_OK).then(
  () => undefined,
  (error: Error) => `no KVM on this machine: ${error.message}`,
)

/** Defines and starts the boot-sector guest by our own renderer, as a KVM domain. Resolves with its console log. */
async function startGuest(host: LabHost, facts: HostFacts, model: string | undefined): Promise<{ uid: string; log: string }> {
  const dir = join(host.dir, `guest-${model ?? 'default'}`)
  await mkdir(dir)
  const path = join(dir, 'root.raw')
  await writeFile(path, bootSector(`${greeting}\r\n`))
  const machine = machineOf('kvm', (spec) => {
    spec.domain.devices = { disks: [{ name: 'root', disk: { bus: 'virtio' } }], interfaces: [], autoattachPodInterface: false }
    spec.networks = []
    spec.volumes = [{ name: 'root', dataVolume: { name: 'root' } }]
    if (model !== undefined) spec.domain.cpu = { model }
  })
  const log = join(dir, 'console.log')
  const { xml } = renderDomain({
    machine,
    node: host.name,
    host: { ...facts, accelerator: 'kvm' },
    sources: new Map([['root', { type: 'file', path, format: 'raw' }]]),
    podNetwork: 'none',
    paths: { console: join(dir, 'console.sock'), consoleLog: log, vnc: join(dir, 'vnc.sock') },
  })
  await writeFile(join(dir, 'domain.xml'), xml)
  await host.virsh('define', '--validate', join(dir, 'domain.xml'))
  await host.virsh('start', machine.uid)
  return { uid: machine.uid, log }
}

/** CPU models that libvirt calls usable with KVM here, the fullest first. */
async function usableModels(host: LabHost): Promise<string[]> {
  const text = await host.virsh('domcapabilities', '--virttype', 'kvm', '--arch', 'x86_64', '--machine', 'q35')
  return [...text.matchAll(/<model usable='yes'[^>]*>([^<]+)</g)].map((match) => match[1] ?? '')
}

/**
 * The first CPU model that starts: the renderer's own where the CPU has vmx or svm. A kernel that offers /dev/kvm on top of another
 * hypervisor may refuse to set the registers of the host's model, and runs the plain models only.
 */
async function startWithAnyModel(t: TestContext, host: LabHost): Promise<{ uid: string; log: string }> {
  const facts = await probeHost(createVirsh(host.uri))
  const models = facts.accelerator === 'kvm' ? [undefined] : [undefined, ...(await usableModels(host)).slice(0, 4)]
  const refusals: string[] = []
  for (const model of models) {
    try {
      const guest = await startGuest(host, facts, model)
      t.diagnostic(`CPU model ${model ?? 'of the host'} runs`)
      return guest
    } catch (error) {
      refusals.push(`${model ?? 'host-model'}: ${describeError(error)}`)
      t.diagnostic(refusals.at(-1) ?? '')
    }
  }
  return assert.fail(`No CPU model starts with KVM. ${refusals.join(' ')}`)
}

describe('a guest on KVM', { skip: noKvm, timeout: 180_000 }, () => {
  it('boots from the domain that the renderer writes, and its console says so', async (t) => {
    const host = await startHost({ name: 'lvkvm' })
    atEnd(t, async () => await host.close())
    const { uid, log } = await startWithAnyModel(t, host)
    assert.match(await host.virsh('dumpxml', uid), /^<domain type='kvm'/)
    assert.match(await host.virsh('qemu-monitor-command', uid, '--hmp', 'info kvm'), /kvm support: enabled/)
    await until(
      async () => await readFile(log, 'utf8'),
      (text) => text.includes(greeting),
      120,
    )
  })
})
