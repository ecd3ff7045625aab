import type { Command } from 'commander'
import { systemClock } from '../../lib/clock.ts'
import { GitvirtError } from '../../lib/errors.ts'
import { contextOf } from '../context.ts'
import { defaultStateDir } from '../kubeconfig.ts'

type Flags = { readonly stateDir: string; readonly role: string; readonly days: string; readonly server?: string }

const examples = `
Examples:
  gitvirt kubeconfig operator --role admin --days 90 > operator.kubeconfig
  gitvirt kubeconfig dashboard --server https://gitvirt.example.com:6443 > dashboard.kubeconfig

Roles:
  viewer  get, list and watch; no console, no screen
  admin   also start, stop, console, suspend, approve; desired state is changed in Git only`

/** kubeconfig: access for one person more, made where the reconciler runs. */
export function kubeconfigCommand(program: Command): void {
  program
    .command('kubeconfig <name>')
    .description('Print a kubeconfig with a new client certificate for a person or program; run it where the reconciler runs')
    .option('--role <role>', 'viewer or admin', 'viewer')
    .option('--days <days>', 'how long it is valid', '365')
    .option('--server <url>', 'address of the API, as it is reached from there; default: that of the owner’s kubeconfig')
    .option('--state-dir <folder>', 'state folder of the reconciler', process.env['GITVIRT_STATE_DIR'] ?? defaultStateDir)
    .addHelpText('after', examples)
    .action(async (name: string, flags: Flags, command: Command) => {
      const { issueKubeconfig } = await import('../../issue-kubeconfig.ts')
      const { stateDir, server } = flags
      const limits = { role: roleOf(flags.role), days: daysOf(flags.days) }
      contextOf(command).print(
        await issueKubeconfig({ stateDir, name, ...limits, ...(server === undefined ? {} : { server }), clock: systemClock }),
      )
    })
}

function roleOf(text: string): 'admin' | 'viewer' {
  if (text === 'admin' || text === 'viewer') return text
  throw new GitvirtError({ code: 'InvalidFlag', message: `error: there is no role "${text}"`, action: 'Use viewer or admin.' })
}

function daysOf(text: string): number {
  const days = Number(text)
  if (Number.isInteger(days) && days > 0 && days <= 3650) return days
  throw new GitvirtError({ code: 'InvalidFlag', message: `error: "${text}" is not a number of days`, action: 'Write 1 to 3650.' })
}
