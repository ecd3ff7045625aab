import type { Command } from 'commander'
import { GitvirtError } from '../../lib/errors.ts'
import { contextOf } from '../context.ts'

const shells = ['bash', 'zsh', 'fish'] as const

export function completionCommand(program: Command): void {
  program
    .command('completion <shell>')
    .description(`Print the completion script of a shell (${shells.join(', ')}): source <(gitvirt completion bash)`)
    .action((shell: string, _options: unknown, command: Command) => {
      contextOf(command).print(completionScript(program, shell))
    })
}

type Entry = {
  readonly name: string
  readonly description: string
  readonly flags: readonly string[]
  /** Names of its subcommands. */
  readonly below: readonly string[]
}

function entries(program: Command): readonly Entry[] {
  const flagsOf = (command: Command): string[] =>
    command.options.flatMap((option) => [option.short, option.long].filter((flag) => flag !== undefined))
  return program.commands.map((command) => ({
    name: command.name(),
    description: command.description().replaceAll(/['\\`$"]/g, ''),
    flags: [...new Set([program, command, ...command.commands].flatMap(flagsOf))],
    below: command.commands.map((one) => one.name()),
  }))
}

/** Types that `get` and `describe` take; the server knows more, these are the everyday ones. */
const types = ['vm', 'vmi', 'dv', 'nncp', 'nnce', 'nns', 'nodes', 'events', 'storageclass', 'namespaces', 'fleets']
const taking = ['get', 'describe']

/**
 * A static script made from the command tree, so that it never lags behind it.
 * @throws GitvirtError `InvalidArgument` for an unknown shell.
 */
function completionScript(program: Command, shell: string): string {
  const all = entries(program)
  if (shell === 'bash') return bash(all)
  if (shell === 'zsh') return `#compdef gitvirt\nautoload -U +X bashcompinit && bashcompinit\n${bash(all)}`
  if (shell === 'fish') return fish(all)
  throw new GitvirtError({
    code: 'InvalidArgument',
    message: `error: there is no completion for "${shell}"`,
    action: `Use one of ${shells.join(', ')}.`,
  })
}

function bash(all: readonly Entry[]): string {
  const cases = all.map(
    (entry) => `    ${entry.name}) words="${[...entry.below, ...entry.flags, ...(taking.includes(entry.name) ? types : [])].join(' ')}" ;;`,
  )
  return `_gitvirt() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${all.map((entry) => entry.name).join(' ')}"
  else
    case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _gitvirt gitvirt ./gitvirt`
}

function fish(all: readonly Entry[]): string {
  const lines = all.flatMap((entry) => [
    `complete -c gitvirt -n __fish_use_subcommand -f -a ${entry.name} -d '${entry.description}'`,
    ...(taking.includes(entry.name)
      ? [`complete -c gitvirt -n '__fish_seen_subcommand_from ${entry.name}' -f -a '${types.join(' ')}'`]
      : []),
    ...(entry.below.length === 0
      ? []
      : [`complete -c gitvirt -n '__fish_seen_subcommand_from ${entry.name}' -f -a '${entry.below.join(' ')}'`]),
    ...entry.flags
      .filter((flag) => flag.startsWith('--'))
      .map((flag) => `complete -c gitvirt -n '__fish_seen_subcommand_from ${entry.name}' -l ${flag.slice(2)}`),
  ])
  return lines.join('\n')
}
