import type { ApiObject } from '../status/api-object.ts'

/** A core/v1 Event as events.k8s.io/v1 shows it: the fields are the same, their names are not. */
export function eventV1(event: ApiObject): ApiObject {
  const { involvedObject, message, source, firstTimestamp, lastTimestamp, count, reportingComponent, ...rest } = event
  return {
    ...rest,
    apiVersion: 'events.k8s.io/v1',
    eventTime: null,
    regarding: involvedObject,
    note: message,
    reportingController: reportingComponent,
    deprecatedSource: source,
    deprecatedFirstTimestamp: firstTimestamp,
    deprecatedLastTimestamp: lastTimestamp,
    deprecatedCount: count,
  }
}
