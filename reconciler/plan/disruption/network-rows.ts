import type { Row } from './row.ts'

const live = 'Guests keep running; their traffic may pause while the host network changes. A failed probe rolls it back.'

/** Every field of a NodeNetworkConfigurationPolicy. */
export const networkRows: readonly Row[] = [
  { pattern: 'apiVersion', change: 'none' },
  { pattern: 'kind', change: 'none' },
  { pattern: 'metadata.**', change: 'none' },
  { pattern: 'status.**', change: 'none' },
  { pattern: 'status', change: 'none' },
  { pattern: 'origin.path', change: 'none', reason: 'The file moved in Git.' },
  { pattern: 'spec.nodeSelector.*', change: 'none', reason: 'It says which nodes take part.' },
  { pattern: 'spec.maxUnavailable', change: 'none', reason: 'It says how many nodes change at once.' },
  { pattern: 'spec.capture.*', change: 'live', act: 'apply', reason: live },
  { pattern: 'spec.desiredState', change: 'live', act: 'apply', reason: live },
  { pattern: 'spec.desiredState.**', change: 'live', act: 'apply', reason: live },
]
