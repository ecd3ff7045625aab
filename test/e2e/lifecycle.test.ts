import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { startDemo, type Demo } from '../../lab/demo.ts'
import { conditionOf, fleetClient, type FleetClient, type GuestConsole } from '../../lab/fleet-client.ts'
import { until } from '../../lab/wait.ts'

const domain = 'default_demo'
const vmFile = 'vms/demo.yaml'

const foreignDomain =
  "<domain type='qemu'><name>foreign</name><memory unit='MiB'>16</memory><os><type arch='x86_64'>hvm</type></os></domain>"

const blankDisk = `apiVersion: cdi.kubevirt.io/v1beta1
kind: DataVolume
metadata:
  name: data
spec:
  source:
    blank: {}
  storage:
    resources:
      requests:
        storage: 32Mi
`

suite('one machine from push to removal', () => {
  let demo: Demo
  let fleet: FleetClient
  let guest: GuestConsole

  before(async () => {
    demo = await startDemo({ name: 'life' })
    fleet = fleetClient(demo)
    // What somebody else made on the same host, to be left alone to the end.
    await demo.host.run('ip', ['link', 'add', 'foreign0', 'type', 'bridge'])
    await writeFile(join(demo.host.dir, 'foreign.xml'), foreignDomain)
    await demo.host.virsh('define', join(demo.host.dir, 'foreign.xml'))
    await demo.startGitvirt()
  })
  after(async () => {
    guest?.close()
    await demo?.close()
  })

  test('a push brings up the guest, its disk and the bridge', async () => {
    await fleet.push('Add a guest, its disk and a bridge')
    await fleet.status('demo', 'Running', 120)
    guest = fleet.console('demo')
    await guest.expect(/guest: hostname demo/)
    await guest.expect(/demo: ready/)
    await fleet.wait('nncp', 'br1', { what: 'Available', is: (one) => conditionOf(one, 'Available')?.status === 'True' })
    assert.match((await demo.host.run('ip', ['-brief', 'link', 'show', 'br1'])).stdout, /^br1/)
    assert.equal((await fleet.object('dv', 'demo-root'))?.status?.phase, 'Succeeded')
  })

  test('planning right after applying is empty', async () => {
    await until('an empty plan', async () => ((await fleet.plan()).changes.length === 0 ? true : undefined), { seconds: 20 })
  })

  test('a software-emulated guest says so, and has the address of its lease', async () => {
    const vmi = await fleet.wait('vmi', 'demo', {
      what: 'an address',
      is: (one) => JSON.stringify(one?.status?.['interfaces'] ?? '').includes('"ipAddress"'),
    })
    assert.equal(conditionOf(vmi, 'SoftwareEmulation')?.status, 'True')
  })

  test('a label is changed with class none', async () => {
    await fleet.edit(vmFile, (text) => text.replace('app: demo\nspec:', 'app: demo\n    tier: test\nspec:'))
    await fleet.push('Label the machine')
    await fleet.wait('vm', 'demo', { what: 'the label', is: (one) => one?.metadata.labels?.['tier'] === 'test' })
    await until('an empty plan', async () => ((await fleet.plan()).changes.length === 0 ? true : undefined), { seconds: 20 })
  })

  test('a blank disk is plugged into the running guest, which sees it', async () => {
    const pid = await fleet.qemuPid(domain)
    await fleet.write('vms/data.yaml', blankDisk)
    await fleet.edit(vmFile, (text) =>
      text
        .replace(
          '            - name: cloudinit\n',
          '            - name: data\n              disk:\n                bus: virtio\n            - name: cloudinit\n',
        )
        .replace('      volumes:\n', '      volumes:\n        - name: data\n          dataVolume:\n            name: data\n'),
    )
    await fleet.push('Add a data disk')
    await guest.expect(/guest: sees disk vd[c-z] 32 MiB/, 60)
    assert.equal(await fleet.qemuPid(domain), pid, 'the guest was not restarted')
    await until('an empty plan', async () => ((await fleet.plan()).changes.length === 0 ? true : undefined), { seconds: 20 })
  })

  test('a branch is planned against the guest that runs, before it is merged', async () => {
    const pid = await fleet.qemuPid(domain)
    await demo.git('switch', '--quiet', '--create', 'more-memory')
    await fleet.edit(vmFile, (text) => text.replace('guest: 192Mi', 'guest: 256Mi'))
    await demo.git('commit', '--quiet', '--all', '--message', 'Give demo more memory')
    await demo.git('push', '--quiet', 'origin', 'more-memory')
    await demo.git('switch', '--quiet', 'main')
    const { exitCode, stdout, stderr } = await demo.gitvirt('plan', '--ref', 'more-memory', '--exit-code')
    assert.equal(exitCode, 2, stderr)
    assert.match(stdout, /^Merging more-memory .* into main/)
    assert.match(stdout, /domain\.memory\.guest: +"192Mi" -> "256Mi" {2}\[restart\]/)
    assert.match(stdout, /RestartDomain held back: DisruptionNotAllowed/)
    assert.match(stdout, /On life:\n {4}restarts: VirtualMachine\/default\/demo\n {4}memory of guests: 192MiB -> 256MiB of /)
    assert.equal((await fleet.plan()).changes.length, 0, 'what is tracked has not moved')
    assert.equal(await fleet.qemuPid(domain), pid)
  })

  test('memory is planned as restart, waits for a person, and is there after the restart', async () => {
    const pid = await fleet.qemuPid(domain)
    await demo.git('merge', '--quiet', '--ff-only', 'more-memory')
    await demo.git('push', '--quiet', 'origin', 'main')
    assert.equal((await demo.gitvirt('reconcile')).exitCode, 0)
    await fleet.wait('vm', 'demo', { what: 'RestartRequired', is: (one) => conditionOf(one, 'RestartRequired')?.status === 'True' })
    const change = (await fleet.plan()).changes.find((one) => one.key === 'VirtualMachine/default/demo')
    assert.equal(change?.disruption, 'restart')
    assert.equal(change?.blocked[0]?.reason, 'DisruptionNotAllowed')
    assert.ok(change?.fields.some((field) => field.path.endsWith('domain.memory.guest') && field.disruption === 'restart'))
    assert.equal(await fleet.qemuPid(domain), pid, 'nothing restarts by itself')
    assert.equal((await demo.gitvirt('restart', 'demo')).exitCode, 0)
    await fleet.wait('vm', 'demo', {
      what: 'no RestartRequired',
      is: (one) => one?.status?.printableStatus === 'Running' && conditionOf(one, 'RestartRequired')?.status !== 'True',
      seconds: 90,
    })
    assert.match(await demo.host.virsh('dominfo', domain), /Used memory:\s+262144 KiB/)
    await guest.expect(/memory 21\d MiB/)
  })

  test('a killed QEMU comes back by runStrategy Always', async () => {
    const pid = await fleet.qemuPid(domain)
    process.kill(pid, 'SIGKILL')
    const again = await until(
      'another QEMU',
      async () => {
        const now = await fleet.qemuPid(domain)
        return now === pid ? undefined : now
      },
      { seconds: 60 },
    )
    assert.notEqual(again, pid)
    await fleet.status('demo', 'Running', 60)
  })

  test('a change by hand is reported as drift and mended, while what is foreign stays untouched', async () => {
    await demo.host.virsh('setmaxmem', domain, '131072', '--config')
    const mended = async (): Promise<true | undefined> =>
      (await demo.host.virsh('dumpxml', '--inactive', domain)).includes("<memory unit='KiB'>262144</memory>") ? true : undefined
    await until('the definition to be mended', mended, { seconds: 90 })
    const events = (await demo.gitvirt('events', '--for', 'vm/demo')).stdout
    assert.match(events, /DriftDetected/)
    assert.match(await demo.host.virsh('list', '--all', '--name'), /^foreign$/m)
    assert.match((await demo.host.run('ip', ['-brief', 'link', 'show', 'foreign0'])).stdout, /^foreign0/)
  })

  test('a broken file is named with its place; the rest goes on and its machine keeps running', async () => {
    const pid = await fleet.qemuPid(domain)
    await fleet.edit(vmFile, (text) => text.replace('runStrategy: Always', 'runStrategi: Always\n  bogus: [1'))
    await fleet.edit('vms/data.yaml', (text) => text.replace('  name: data', '  name: data\n  labels:\n    checked: "yes"'))
    await fleet.push('Break one file, change another')
    await fleet.wait('dv', 'data', { what: 'the other file taken over', is: (one) => one?.metadata.labels?.['checked'] === 'yes' })
    const status = (await demo.gitvirt('status')).stdout
    assert.match(status, /vms\/demo\.yaml:\d+:\d+: error:/)
    assert.equal(await fleet.qemuPid(domain), pid)
    assert.equal((await fleet.object('vm', 'demo'))?.status?.printableStatus, 'Running')
    await demo.git('revert', '--no-edit', 'HEAD')
    await fleet.push('Mend it')
    await until('no errors', async () => (/error:/.test((await demo.gitvirt('status')).stdout) ? undefined : true), { seconds: 30 })
  })

  test('a removed file stops the machine and quarantines its disks; git revert brings the same disks back', async () => {
    await guest.expect(/demo: ready/)
    await guest.command(`echo -n gitvirt-was-here | dd of=/dev/$(${dataDisk}) conv=fsync 2>/dev/null`)
    await fleet.remove(vmFile)
    await fleet.remove('vms/data.yaml')
    await fleet.push('Remove the machine')
    const gone = async (): Promise<true | undefined> =>
      (await demo.host.virsh('list', '--all', '--name')).includes(domain) ? undefined : true
    await until('the domain to be gone', gone, { seconds: 90 })
    await demo.git('revert', '--no-edit', 'HEAD')
    await fleet.push('Bring the machine back')
    await fleet.status('demo', 'Running', 120)
    await guest.expect(/demo: ready/)
    assert.equal(await guest.command(`dd if=/dev/$(${dataDisk}) bs=16 count=1 2>/dev/null`), 'gitvirt-was-here')
  })
})

/** In the guest: the name of the blank disk, by its size in sectors. */
const dataDisk = 'for d in /sys/block/vd*; do [ $(cat $d/size) = 65536 ] && echo ${d##*/}; done'
