/** What became of one command: its standard output, and virsh's words where it failed. */
export type Answer = { readonly stdout: string; readonly failure?: string }

/** Why a run has no answers; `begun` is false where virsh cannot have carried out any command. */
export type Ended = { readonly ended: Error; readonly begun: boolean }

/**
 * Asks libvirt something that every driver answers, in few bytes and never from memory as `uri`, to see whether the connection
 * lives. A failure counts only where this succeeds after it: virsh says "failed to get domain" for a dead connection too, and its
 * "Disconnected from" comes from another thread, which may be later.
 */
export const proofCommand = 'list --name --state-other'

/** What virsh tells of its connection, and of its history at its end; none of it is the failure of a command. */
const asides = /^(?:error: )*(?:Reconnected to|Disconnected from|Failed to create '\/dev\/null\/)/
/** virsh's words of a connection that it lost or made anew. Source: virshCatchDisconnect and virshReconnect in libvirt's tools/virsh.c. */
const lossWords = /Disconnected from|Reconnected to the hypervisor|failed to (?:re)?connect to the hypervisor|no valid connection/i

/**
 * virsh's words of failure, on one line; '' where it only warned. virsh writes "error: " and a message one after the other (vshError in
 * libvirt's tools/vsh.c), so that the thread which tells of the connection may come between, and the message be left without the word.
 */
export function tidyWords(text: string): string {
  const lines = text.split('\n').filter((line) => !/^(?:error:|\s)*$/.test(line))
  const told = lines.filter((line) => !asides.test(line))
  return told.length < lines.length || told.some((line) => line.startsWith('error:')) ? told.slice(-4).join(' | ').slice(-2000) : ''
}

/** True where virsh's errors tell that its connection was lost or made anew. */
export function tellsLoss(err: string): boolean {
  return lossWords.test(err)
}

/** True where a command failed. */
export function anyFailed(answers: readonly Answer[]): boolean {
  return answers.some(({ failure }) => failure !== undefined)
}

/** The outcome of a run whose failures say nothing of what was asked about, because the connection was lost meanwhile. */
export function lost(answers: readonly Answer[]): Ended {
  const failures = new Set(answers.flatMap(({ failure }) => failure?.replaceAll(/(^|\| )error: /g, '$1') ?? []))
  return { ended: new Error(`the connection to libvirt was lost: ${[...failures].join(' | ').slice(0, 2000)}`), begun: true }
}
