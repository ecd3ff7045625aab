import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Commands } from '../../../../../agent/drivers/nmstate/commands.ts'
import { detectProvider, isNewEnough } from '../../../../../agent/drivers/nmstate/provider.ts'

/** Programs that print what the table says; others are not installed. */
function commands(outputs: Readonly<Record<string, string>>): Commands {
  const run = async (program: string): Promise<{ stdout: string; stderr: string; exitCode: number }> => {
    const stdout = outputs[program]
    if (stdout === undefined) throw new Error(`The program "${program}" is not installed.`)
    return { stdout, stderr: '', exitCode: 0 }
  }
  return { run, ip: () => run('ip'), nmstatectl: () => run('nmstatectl') }
}

describe('detectProvider', () => {
  it('takes NetworkManager where it runs and is new enough', async () => {
    const provider = await detectProvider(commands({ nmstatectl: 'nmstatectl 2.2.62', nmcli: 'running\n1.42.4\n' }))
    assert.deepEqual([provider.name, provider.nmstate], ['networkmanager', '2.2.62'])
  })

  it('asks the bus itself where there is no nmcli', async () => {
    const provider = await detectProvider(commands({ nmstatectl: 'nmstatectl 2.2.62', busctl: 's "1.46.0"\n' }))
    assert.equal(provider.name, 'networkmanager')
  })

  it('takes the kernel where NetworkManager is old, stopped or absent, and says which', async () => {
    const old = await detectProvider(commands({ nmstatectl: 'nmstatectl 2.2.62', nmcli: 'running\n1.30.0\n' }))
    assert.deepEqual([old.name, old.reason], ['kernel', 'NetworkManager 1.30.0 is older than 1.40.'])
    const stopped = await detectProvider(commands({ nmstatectl: 'nmstatectl 2.2.62', nmcli: 'not running\n1.42.4\n' }))
    assert.equal(stopped.name, 'kernel')
    assert.equal((await detectProvider(commands({ nmstatectl: 'nmstatectl 2.2.62' }))).name, 'kernel')
  })

  it('takes nothing without nmstatectl, and says what to run', async () => {
    const provider = await detectProvider(commands({ nmcli: 'running\n1.42.4\n' }))
    assert.equal(provider.name, 'none')
    assert.match(provider.action, /cargo install nmstatectl --locked/)
  })
})

describe('isNewEnough', () => {
  it('compares major and minor as numbers', () => {
    assert.deepEqual(
      ['1.39.90', '1.40.0', '1.9', '2.0', '1.100.1'].map((version) => isNewEnough(version)),
      [false, true, false, true, true],
    )
  })
})
