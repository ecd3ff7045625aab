import type { PlanContext } from './context.ts'
import { disksLeft } from './disks-left.ts'
import { mendingWords, type Draft } from './draft.ts'
import { driftBlock } from './drift-gate.ts'
import { labelsTakenOff } from './rule-labels.ts'

/**
 * The draft with what an approval of it lets happen besides its steps, to which the approval is bound: labels that rules go by and that it
 * takes off, drift that is told and left without an approval, the disks that no rule holds any more once their machine is gone, and the
 * encrypted files that its machine reads.
 */
export function withCovers(context: PlanContext, draft: Draft): Draft {
  const covers = [
    ...labelsTakenOff(context, draft),
    ...driftMended(context, draft).map((path) => `${mendingWords}${path}`),
    ...disksLeft(context, draft),
  ]
  const sealedInputs = sealedInputsOf(context, draft)
  if (covers.length === 0 && sealedInputs === undefined) return draft
  const more = { ...(covers.length === 0 ? {} : { covers }), ...(sealedInputs === undefined ? {} : { sealedInputs }) }
  return { ...draft, change: { ...draft.change, ...more } }
}

/** Encrypted inputs of the machine by the blobs that hold them, opened or not: the same before a merge and after it. */
function sealedInputsOf(context: PlanContext, { change }: Draft): Record<string, string> | undefined {
  const keys = new Set(change.steps.flatMap(({ machine }) => Object.keys(machine?.inputs ?? {})))
  const sealed = [...keys].flatMap((key): [string, string][] => {
    const found = context.desired(key)
    return found?.sealed === undefined || found.origin.blob === undefined ? [] : [[key, found.origin.blob]]
  })
  return sealed.length === 0 ? undefined : Object.fromEntries(sealed)
}

function driftMended(context: PlanContext, draft: Draft): string[] {
  if (driftBlock(context, draft) === undefined) return []
  return draft.change.fields.flatMap(({ path }) => (/^(?:domain|network):/.test(path) ? [path] : [])).sort()
}
