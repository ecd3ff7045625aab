import type { Commands } from './commands.ts'
import type { NetworkState } from './network-state.ts'

/** Seconds after which NetworkManager itself takes an uncommitted change back. Source: kubernetes-nmstate. */
const checkpointSeconds = 480

/** Applies without committing: NetworkManager holds a checkpoint. @throws GitvirtError `run`'s; nmstate has rolled back then */
export async function applyManaged(commands: Commands, state: NetworkState): Promise<void> {
  await commands.nmstatectl(['apply', '-q', '--no-commit', '--timeout', String(checkpointSeconds), '-'], {
    input: JSON.stringify(state),
    timeout: (checkpointSeconds + 20) * 1000,
  })
}

/** Makes the change last. @throws GitvirtError `run`'s, when the checkpoint is gone */
export async function commitManaged(commands: Commands): Promise<void> {
  await commands.nmstatectl(['commit'], { timeout: 60_000 })
}

/** Rolls back the open checkpoint, if there is one; true when there was. */
export async function rollbackManaged(commands: Commands): Promise<boolean> {
  return commands.nmstatectl(['rollback'], { timeout: 120_000 }).then(
    () => true,
    () => false,
  )
}
