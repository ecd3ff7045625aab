import type { Plan } from '../../../schemas/generated/plan.ts'
import type { ObjectKey } from '../../lib/object-key.ts'
import { summarize } from '../../plan/seal.ts'
import { renderPlan } from '../../plan/text/render.ts'
import type { CliContext } from '../context.ts'

/**
 * Shows the changes of one object and approves exactly those: each request bears the digest of what was shown, so the server
 * refuses it when another change has taken its place. Where nothing waits, the server says why.
 */
export async function approveObject(context: Pick<CliContext, 'client' | 'print' | 'color'>, key: ObjectKey): Promise<void> {
  const client = context.client()
  const plan = await client.call<Plan>('/gitvirt/v1/plan')
  const changes = plan.changes.filter((change) => change.key === key)
  if (changes.length > 0) {
    context.print(renderPlan({ ...plan, changes, findings: [], summary: summarize(changes) }, { color: context.color }))
  }
  const shown = new Set(changes.flatMap(({ approval }) => approval ?? []))
  for (const digest of shown.size === 0 ? [plan.id] : shown) {
    await client.call('/gitvirt/v1/approvals', { method: 'POST', body: { key, plan: digest } })
  }
}
