import type { Command } from 'commander'

/** Commands that one file adds, by their names. A file is loaded when one of them is asked for: together they take longer than most. */
export type CommandEntry = { readonly names: readonly string[]; readonly add: () => Promise<(program: Command) => void> }

/** All commands, in the order of the help. */
export const commandTable: readonly CommandEntry[] = [
  { names: ['up', 'reconciler', 'agent', 'token'], add: async () => (await import('./commands/daemon.ts')).daemonCommands },
  { names: ['validate'], add: async () => (await import('./commands/validate.ts')).validateCommand },
  { names: ['plan'], add: async () => (await import('./commands/plan.ts')).planCommand },
  { names: ['diff'], add: async () => (await import('./commands/diff.ts')).diffCommand },
  { names: ['promote'], add: async () => (await import('./commands/promote.ts')).promoteCommand },
  { names: ['get'], add: async () => (await import('./commands/get.ts')).getCommand },
  { names: ['describe'], add: async () => (await import('./commands/describe.ts')).describeCommand },
  { names: ['events'], add: async () => (await import('./commands/describe.ts')).eventsCommand },
  { names: ['console'], add: async () => (await import('./commands/console.ts')).consoleCommand },
  { names: ['vnc'], add: async () => (await import('./commands/console.ts')).vncCommand },
  { names: ['log'], add: async () => (await import('./commands/log.ts')).logCommand },
  { names: ['blame'], add: async () => (await import('./commands/blame.ts')).blameCommand },
  { names: ['history'], add: async () => (await import('./commands/history.ts')).historyCommand },
  { names: ['rollback'], add: async () => (await import('./commands/rollback.ts')).rollbackCommand },
  { names: ['audit'], add: async () => (await import('./commands/audit.ts')).auditCommands },
  {
    names: ['start', 'stop', 'restart', 'soft-reboot', 'reset', 'pause', 'unpause'],
    add: async () => (await import('./commands/power.ts')).powerCommands,
  },
  {
    names: ['reconcile', 'suspend', 'resume', 'approve', 'status'],
    add: async () => (await import('./commands/control.ts')).controlCommands,
  },
  { names: ['lease'], add: async () => (await import('./commands/lease.ts')).leaseCommands },
  { names: ['notify'], add: async () => (await import('./commands/notify.ts')).notifyCommands },
  { names: ['kubeconfig'], add: async () => (await import('./commands/kubeconfig.ts')).kubeconfigCommand },
  { names: ['version'], add: async () => (await import('./commands/version.ts')).versionCommand },
  { names: ['completion'], add: async () => (await import('./commands/completion.ts')).completionCommand },
]

/** These speak of all commands. */
const ofAll: ReadonlySet<string> = new Set(['help', 'completion'])
const helpFlags: ReadonlySet<string> = new Set(['-h', '--help'])

/** Flags before a command that take the next word. */
const withValue: ReadonlySet<string> = new Set(['--kubeconfig', '--context', '-n', '--namespace'])

/** What must be loaded for a call with these arguments: the command that they name, and all where they name none or ask for help before it. */
export function commandsFor(words: readonly string[]): readonly CommandEntry[] {
  const at = words.findIndex((word, index) => !word.startsWith('-') && !withValue.has(words[index - 1] ?? ''))
  const command = words[at] ?? ''
  if (ofAll.has(command) || words.slice(0, at).some((word) => helpFlags.has(word))) return commandTable
  const named = commandTable.filter(({ names }) => names.includes(command))
  return named.length === 0 ? commandTable : named
}
