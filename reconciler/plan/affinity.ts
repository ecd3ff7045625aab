import type { NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, Toleration } from '../../schemas/generated/virtual-machine.ts'
import type { HostNode, Taint } from './nodes.ts'

type Labels = Readonly<Record<string, string>>

/** True where one term of a required node selector holds; terms are alternatives, what stands in a term holds together. */
export function matchesNodeSelector(node: Pick<HostNode, 'name' | 'labels'>, selector: NodeSelector | undefined): boolean {
  return selector === undefined || selector.nodeSelectorTerms.some((term) => matchesTerm(node, term))
}

/** Source: Kubernetes' node affinity; an empty term matches nothing. */
function matchesTerm(node: Pick<HostNode, 'name' | 'labels'>, term: NodeSelectorTerm): boolean {
  const expressions = term.matchExpressions ?? []
  const fields = term.matchFields ?? []
  if (expressions.length + fields.length === 0) return false
  const fieldValues: Labels = { 'metadata.name': node.name }
  return expressions.every((one) => matchesRequirement(node.labels, one)) && fields.every((one) => matchesRequirement(fieldValues, one))
}

function matchesRequirement(labels: Labels, { key, operator, values = [] }: NodeSelectorRequirement): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
      return value !== undefined && Number.parseInt(value, 10) > Number.parseInt(values[0] ?? '', 10)
    case 'Lt':
      return value !== undefined && Number.parseInt(value, 10) < Number.parseInt(values[0] ?? '', 10)
    default:
      return false
  }
}

/** The first taint that keeps a machine away, if any. PreferNoSchedule keeps none away. */
export function untoleratedTaint(taints: readonly Taint[], tolerations: readonly Toleration[]): Taint | undefined {
  return taints.find((taint) => taint.effect !== 'PreferNoSchedule' && !tolerations.some((one) => tolerates(one, taint)))
}

/** Source: Kubernetes' taints and tolerations: an empty key with Exists tolerates all, an empty effect every effect. */
function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect !== undefined && toleration.effect !== taint.effect) return false
  if (toleration.operator === 'Exists') return toleration.key === undefined || toleration.key === '' || toleration.key === taint.key
  return toleration.key === taint.key && (toleration.value ?? '') === (taint.value ?? '')
}
