import type { Command } from 'commander'
import { contextOf, type CliContext } from '../context.ts'

type Verb = {
  readonly name: string
  readonly subresource: string
  readonly kind: 'virtualmachines' | 'virtualmachineinstances'
  readonly done: string
  readonly text: string
}

const verbs: readonly Verb[] = [
  { name: 'start', subresource: 'start', kind: 'virtualmachines', done: 'was scheduled to start', text: 'Start a virtual machine' },
  {
    name: 'stop',
    subresource: 'stop',
    kind: 'virtualmachines',
    done: 'was scheduled to stop',
    text: 'Stop a virtual machine; it stays stopped until "gitvirt start" or a new runStrategy in Git',
  },
  {
    name: 'restart',
    subresource: 'restart',
    kind: 'virtualmachines',
    done: 'was scheduled to restart',
    text: 'Restart a virtual machine; changes that wait for a restart take effect',
  },
  {
    name: 'pause',
    subresource: 'pause',
    kind: 'virtualmachineinstances',
    done: 'was scheduled to pause',
    text: 'Freeze the guest in memory',
  },
  {
    name: 'unpause',
    subresource: 'unpause',
    kind: 'virtualmachineinstances',
    done: 'was scheduled to unpause',
    text: 'Let a paused guest run on',
  },
  {
    name: 'reset',
    subresource: 'reset',
    kind: 'virtualmachineinstances',
    done: 'was reset',
    text: 'Reset the guest at once, as its reset button would',
  },
  {
    name: 'soft-reboot',
    subresource: 'softreboot',
    kind: 'virtualmachineinstances',
    done: 'was asked to reboot',
    text: 'Ask the guest to reboot by ACPI or guest agent',
  },
]

type PowerOptions = { readonly gracePeriod?: string; readonly force?: boolean; readonly paused?: boolean }

/** start, stop, restart, pause, unpause, reset, soft-reboot: virtctl's verbs and words. */
export function powerCommands(program: Command): void {
  for (const verb of verbs) {
    const command = program.command(`${verb.name} <vm>`).description(verb.text)
    if (verb.name === 'stop' || verb.name === 'restart') {
      command.option('--grace-period <seconds>', 'seconds to wait for the guest before it is switched off')
      command.option('--force', 'switch off at once; needs --grace-period=0')
    }
    if (verb.name === 'start') command.option('--paused', 'start the guest paused')
    command.action(async (name: string, options: PowerOptions, self: Command) => {
      await request(contextOf(self), { verb, name, options })
    })
  }
}

async function request(context: CliContext, call: { verb: Verb; name: string; options: PowerOptions }): Promise<void> {
  const name = call.name.replace(/^(vmi?|virtualmachines?)\//, '')
  const path = `/apis/subresources.kubevirt.io/v1/namespaces/${encodeURIComponent(context.namespace())}/${call.verb.kind}/${encodeURIComponent(name)}/${call.verb.subresource}`
  const body = {
    ...(call.options.gracePeriod === undefined ? {} : { gracePeriod: Number(call.options.gracePeriod) }),
    ...(call.options.force === true ? { gracePeriod: 0 } : {}),
    ...(call.options.paused === true ? { paused: true } : {}),
  }
  await context.client().call(path, { method: 'PUT', body })
  context.print(`VM ${name} ${call.verb.done}`)
}
