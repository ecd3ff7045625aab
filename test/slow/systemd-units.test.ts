import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { after, before, suite, test, type TestContext } from 'node:test'
import { conditionOf, type ApiObject } from '../../lab/fleet-client.ts'
import { machineManifest } from '../../lab/machine-manifest.ts'
import { startOperator, unitNames, type Operator, type UnitName } from '../../lab/systemd-operator.ts'
import { until } from '../../lab/wait.ts'
import { findNmstatectl } from '../integration/agent/drivers/nmstate/network-host.ts'

const absent = ['systemd-nspawn', 'mmdebstrap', 'qemu-system-x86_64'].filter((program) =>
  (process.env['PATH'] ?? '').split(delimiter).every((folder) => !existsSync(join(folder, program))),
)
const missing = findNmstatectl() === undefined ? [...absent, 'nmstatectl'] : absent
const hint = 'Debian: systemd-container, mmdebstrap, qemu-system-x86; cargo install nmstatectl'
const skip = missing.length > 0 ? `${missing.join(', ')} is not installed (${hint})` : false

/** A guest with a disk, a cloud-init seed and a NIC in the pod network, and a bridge of the host: all that the agent runs programs for. */
const fleet = {
  'one.yaml': machineManifest({ name: 'one', runStrategy: 'Always' }).replace('          autoattachPodInterface: false\n', ''),
  'network.yaml': `apiVersion: nmstate.io/v1
kind: NodeNetworkConfigurationPolicy
metadata:
  name: br7
spec:
  desiredState:
    interfaces:
      - name: br7
        type: linux-bridge
        state: up
        mtu: 1400
        bridge:
          options:
            stp:
              enabled: false
          port: []
`,
}

suite('packaging/systemd, started by systemd', { skip }, () => {
  suite('reconciler and agent apart', () => {
    let operator: Operator
    before(
      async () => {
        operator = await startOperator({ stateDir: '/var/lib/gitvirt-reconciler', nmstatectl: findNmstatectl() ?? '' })
        const account = '--system --home-dir /var/lib/gitvirt-reconciler --shell /usr/sbin/nologin gitvirt'
        await operator.host.run('useradd', account.split(' '))
      },
      { timeout: 1_800_000 },
    )
    after(() => operator?.close())

    test('systemd finds nothing to say about the three units', async () => {
      const files = unitNames.map((name) => `/etc/systemd/system/${name}.service`)
      const { stdout, stderr } = await operator.host.run('systemd-analyze', ['verify', '--man=no', ...files])
      assert.equal(stdout + stderr, '')
    })

    test('the reconciler follows a local repository and answers, as its own user and inside its sandbox', async (t) => {
      await operator.enable('gitvirt-reconciler', {
        GITVIRT_REPO: '/srv/fleet.git',
        GITVIRT_RECONCILER_ARGS: '--branch main --poll 1s --agents 127.0.0.1:7443',
      })
      await answers(operator)
      const pid = await mainPid(operator, 'gitvirt-reconciler')
      const process = await statusOf(operator, pid)
      const account = (await operator.host.run('id', ['-u', 'gitvirt'])).stdout.trim()
      assert.deepEqual(process['Uid']?.split('\t'), [account, account, account, account])
      assert.equal(process['CapEff'], '0000000000000000')
      assert.equal(process['NoNewPrivs'], '1')
      assert.equal(process['Seccomp'], '2')
      assert.match(await refused(operator, pid, ['touch', '/usr/x']), /Read-only file system/)
      assert.match(await refused(operator, pid, ['touch', '/etc/x']), /Read-only file system/)
      assert.match(await refused(operator, pid, ['ls', '/root/fleet']), /Permission denied|No such file/)
      assert.match(await refused(operator, pid, ['ls', '/dev/net/tun']), /No such file/)
      assert.notEqual((await operator.host.run('ls', ['/var/cache/gitvirt-reconciler/compile'])).stdout, '')
      const state = await operator.host.run('stat', ['--format', '%a %U', '/var/lib/gitvirt-reconciler'])
      assert.equal(state.stdout, '700 gitvirt\n')
      await exposure(t, operator, 'gitvirt-reconciler', 2.5)
    })

    test('the agent joins with a token, and a machine in Git becomes a guest', { timeout: 300_000 }, async (t) => {
      const create = 'gitvirt token create kvm1 --state-dir /var/lib/gitvirt-reconciler --ttl 1h'
      const token = (await operator.host.run('runuser', ['-u', 'gitvirt', '--', ...create.split(' ')])).stdout
      await operator.write('/etc/gitvirt/join-token', token)
      await operator.enable('gitvirt-agent', {
        GITVIRT_RECONCILER: 'https://127.0.0.1:7443',
        GITVIRT_AGENT_ARGS: '--node kvm1 --join-token-file /etc/gitvirt/join-token',
      })
      await operator.push(fleet)
      await running(operator, 'one')
      await bridged(operator)
      const pid = await mainPid(operator, 'gitvirt-agent')
      const process = await statusOf(operator, pid)
      assert.equal(process['NoNewPrivs'], '1')
      assert.equal(process['Seccomp'], '2')
      assert.match(await refused(operator, pid, ['touch', '/usr/x']), /Read-only file system/)
      await exposure(t, operator, 'gitvirt-agent', 6.5)
    })

    for (const unit of ['gitvirt-agent', 'gitvirt-reconciler'] as const) {
      test(`${unit}: restart, kill and stop leave the guest running; it ends by itself, with code 0`, { timeout: 300_000 }, async () => {
        await survivesItsUnit(operator, unit, 'one')
      })
    }
  })

  suite('both in one service', () => {
    let operator: Operator
    before(async () => {
      operator = await startOperator({ stateDir: '/var/lib/gitvirt', nmstatectl: findNmstatectl() ?? '' })
    })
    after(() => operator?.close())

    test('a machine in Git becomes a guest', { timeout: 300_000 }, async (t) => {
      await operator.push(fleet)
      await operator.enable('gitvirt', { GITVIRT_REPO: '/srv/fleet.git', GITVIRT_UP_ARGS: '--branch main --poll 1s --node kvm1' })
      await running(operator, 'one')
      await bridged(operator)
      await exposure(t, operator, 'gitvirt', 6.5)
    })

    test('restart, kill and stop leave the guest running; the service ends by itself, with code 0', { timeout: 300_000 }, async () => {
      await survivesItsUnit(operator, 'gitvirt', 'one')
    })
  })
})

/** The log of the unit is in the error when it does not answer. */
async function answers(operator: Operator): Promise<void> {
  try {
    await until('the API to answer with a revision', async () => /main/.test(await operator.gitvirt('status')) || undefined, {
      seconds: 60,
    })
  } catch (error) {
    const { stdout } = await operator.host.run('journalctl', ['--no-pager', '--lines=60', '--output=cat', '--unit=gitvirt*'])
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${stdout}`, { cause: error })
  }
}

async function running(operator: Operator, name: string): Promise<void> {
  let last: ApiObject | undefined
  const probe = async (): Promise<true | undefined> => {
    last = JSON.parse(await operator.gitvirt('get', 'vm', name, '-o', 'json')) as ApiObject
    return last.status?.printableStatus === 'Running' || undefined
  }
  try {
    await until(`${name} to run`, probe, { seconds: 120, everyMs: 500 })
  } catch (error) {
    const { stdout } = await operator.host.run('journalctl', ['--no-pager', '--lines=60', '--output=cat', '--unit=gitvirt*'])
    throw new Error(`${String(error)}\n${JSON.stringify(last?.status)}\n${stdout}`, { cause: error })
  }
}

/** The bridge of the fleet is there as it was asked for. */
async function bridged(operator: Operator): Promise<void> {
  const available = async (): Promise<true | undefined> => {
    const policy = JSON.parse(await operator.gitvirt('get', 'nncp', 'br7', '-o', 'json')) as ApiObject
    return conditionOf(policy, 'Available')?.status === 'True' || undefined
  }
  await until('the network policy to be carried out', available, { seconds: 60 })
  assert.match((await operator.host.run('ip', ['link', 'show', 'br7'])).stdout, /mtu 1400/)
}

/** The unit is through its start: its API answers, and an agent in it has its session. */
async function isUp(operator: Operator, unit: UnitName): Promise<void> {
  if (unit !== 'gitvirt-agent') await answers(operator)
  if (unit === 'gitvirt-reconciler') return
  const ownWords = ['--no-pager', '--output=cat', `_PID=${await mainPid(operator, unit)}`]
  const connected = async (): Promise<boolean> =>
    (await operator.host.run('journalctl', ownWords)).stdout.includes('connected to the reconciler')
  await until('its agent to be connected', async () => (await connected()) || undefined)
}

/** Stops a unit; whatever it was at, it must end by itself and with code 0. */
async function stopsCleanly(operator: Operator, unit: UnitName): Promise<void> {
  await operator.systemctl('stop', unit)
  const ended = await operator.show(unit, 'ActiveState', 'Result', 'ExecMainCode', 'ExecMainStatus')
  // ExecMainCode 1 is CLD_EXITED: neither the signal nor the end of TimeoutStopSec killed it.
  assert.deepEqual(ended, { ActiveState: 'inactive', Result: 'success', ExecMainCode: '1', ExecMainStatus: '0' })
}

async function mainPid(operator: Operator, unit: UnitName): Promise<number> {
  return Number((await operator.show(unit, 'MainPID'))['MainPID'])
}

/** /proc/PID/status of a process of the host. */
async function statusOf(operator: Operator, pid: number): Promise<Readonly<Record<string, string>>> {
  const { stdout } = await operator.host.run('cat', [`/proc/${pid}/status`])
  return Object.fromEntries(stdout.split('\n').map((line) => line.split(':\t') as [string, string]))
}

/** Tries something in the files as the service sees them, with root's rights, and returns why it cannot be done. */
async function refused(operator: Operator, pid: number, command: readonly string[]): Promise<string> {
  const answer = await operator.host.run('nsenter', ['--target', String(pid), '--mount', '--', ...command], { okCodes: [1, 2] })
  assert.notEqual(answer.exitCode, 0, `${command.join(' ')} could be done`)
  return answer.stderr
}

/** systemd's own judgement, from 0 (safe) to 10 (exposed), is told and may not grow past the bound. */
async function exposure(t: TestContext, operator: Operator, unit: UnitName, bound: number): Promise<void> {
  const { stdout } = await operator.host.run('systemd-analyze', ['security', '--no-pager', `${unit}.service`], { okCodes: [1] })
  const level = Number(/exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1])
  t.diagnostic(`systemd-analyze security: ${unit} ${level}`)
  assert.ok(level <= bound, stdout)
}

/** Restart, kill -9, stop and start of a unit, with the guest's process looked at after each. */
async function survivesItsUnit(operator: Operator, unit: UnitName, machine: string): Promise<void> {
  const guest = async (): Promise<string> => (await operator.host.run('cat', [`/run/libvirt/qemu/default_${machine}.pid`])).stdout.trim()
  const pid = await guest()
  const cgroup = (await operator.host.run('cat', [`/proc/${pid}/cgroup`])).stdout
  assert.doesNotMatch(cgroup, /gitvirt/, 'the guest is no process of the unit')
  const alive = async (): Promise<void> => {
    assert.equal(await guest(), pid)
    await operator.host.run('kill', ['-0', pid])
  }
  const first = await mainPid(operator, unit)
  await operator.systemctl('restart', unit)
  assert.notEqual(await mainPid(operator, unit), first)
  await isUp(operator, unit)
  await alive()
  await operator.systemctl('kill', '--signal=SIGKILL', unit)
  await until('systemd to start it again', async () => (await operator.show(unit, 'NRestarts'))['NRestarts'] === '1' || undefined)
  await until('it to be active', async () => (await operator.show(unit, 'ActiveState'))['ActiveState'] === 'active' || undefined)
  await isUp(operator, unit)
  await alive()
  await stopsCleanly(operator, unit)
  await alive()
  // Stopped in the midst of its start, as soon as it listens. SIGHUP tells, because Node itself has a handler for SIGTERM.
  await operator.systemctl('start', unit)
  const starting = await mainPid(operator, unit)
  await until('it to listen for signals', async () => catches(await statusOf(operator, starting), 1) || undefined, { everyMs: 20 })
  await stopsCleanly(operator, unit)
  await alive()
  await operator.systemctl('start', unit)
  await isUp(operator, unit)
  if (unit !== 'gitvirt-agent') await running(operator, machine)
  await alive()
}

/** Whether a process has a handler for the signal. Source: proc(5), SigCgt. */
function catches(status: Readonly<Record<string, string>>, signal: number): boolean {
  return (BigInt(`0x${status['SigCgt'] ?? '0'}`) & (1n << BigInt(signal - 1))) !== 0n
}
