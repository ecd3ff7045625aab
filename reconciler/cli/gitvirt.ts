/** The gitvirt command: reads the arguments, runs one subcommand, turns errors into one line and an exit code. */
import { Command, CommanderError } from 'commander'
import { describeError } from '../lib/errors.ts'
import { cleanLines } from '../plan/text/value.ts'
import { ownVersion } from '../lib/version.ts'
import { commandsFor } from './command-table.ts'
import { errorExitCode, exitCodes } from './exit-codes.ts'

const epilogue = `
Examples:
  gitvirt up --repo https://git.example.com/infra/fleet.git --path environments/prod
  gitvirt validate .                        before a commit
  gitvirt plan                              what the next pass does, and what blocks it
  gitvirt get vm,dv,nncp,nodes -A -o wide   what runs
  gitvirt diff :staging :prod               how two environments differ
  gitvirt blame vm/demo                     who set each field, and where it landed
  gitvirt describe vm demo                  one object, its conditions and events

Exit codes:
  0  done
  1  error: the message says what is wrong and what to do
  2  "plan --exit-code": there are changes; "diff": error, where 1 says different

Environment:
  GITVIRT_KUBECONFIG  kubeconfig of the API server (default: the state folder's)
  GITVIRT_STATE_DIR   state folder of "gitvirt up" (default: /var/lib/gitvirt)
  KUBECONFIG          used where neither flag nor GITVIRT_KUBECONFIG nor the state folder has one
  LIBVIRT_DEFAULT_URI libvirt connection of the agent (default: qemu:///system)
  NO_COLOR            no colours`

/**
 * The command tree.
 * @param words arguments of a call: where they name commands, only these are loaded, and the whole tree else
 */
export async function createProgram(words: readonly string[] = []): Promise<Command> {
  const program = new Command('gitvirt')
    .description('Runs KubeVirt manifests on plain Linux KVM hosts, straight from Git.')
    .version(`v${ownVersion()}`, '-V, --version', 'print the version')
    .option('--kubeconfig <file>', 'kubeconfig of the API server')
    .option('--context <name>', 'context of the kubeconfig')
    .option('-n, --namespace <name>', 'namespace; default: the one of the context')
    .option('--no-color', 'no colours')
    .addHelpText('after', epilogue)
    .showHelpAfterError('(see gitvirt --help)')
    .enablePositionalOptions(false)
    .exitOverride()
  for (const { add } of commandsFor(words)) (await add())(program)
  for (const command of program.commands.flatMap((one) => [one, ...one.commands]))
    command.exitOverride((error) => failWith(command, error)).showHelpAfterError('(see gitvirt --help)')
  return program
}

/** Wrong usage ends with the code that the command gives to errors. */
function failWith(command: Command, error: CommanderError): never {
  if (error.exitCode !== 0) process.exitCode = errorExitCode(command.name())
  throw error
}

async function main(): Promise<void> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
  try {
    await (await createProgram(process.argv.slice(2))).parseAsync()
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? exitCodes.ok : (process.exitCode ?? exitCodes.error)
    else {
      process.stderr.write(`${cleanLines(describeError(error))}\n`)
      process.exitCode ??= exitCodes.error
    }
  }
}

if (import.meta.main) await main()
