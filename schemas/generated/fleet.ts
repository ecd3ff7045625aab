/* Generated from schemas/ by `npm run generate`. Do not edit. */
import type { DisruptionClass } from './plan.ts'
import type { Duration } from './meta.ts'
import type { ObjectMeta } from './meta.ts'
import type { Quantity } from './meta.ts'
/**
 * The policy of one environment, in the file gitvirt.yaml at its root. It is read from the tracked branch only.
 */
export interface Fleet {
  /**
   * The version of the API that this object is written in.
   */
  apiVersion: 'gitvirt.io/v1alpha1'
  /**
   * What this object is.
   */
  kind: 'Fleet'
  metadata: ObjectMeta
  spec?: FleetSpec
}
/**
 * This interface was referenced by `Fleet`'s JSON-Schema
 * via the `definition` "FleetSpec".
 */
export interface FleetSpec {
  /**
   * Which disruption goes through unattended.
   */
  disruption?: {
    unattended?: DisruptionClass
    /**
     * Exceptions by label; the first whose labels all match decides.
     */
    rules?: {
      /**
       * Labels that an object must have, all of them.
       */
      matchLabels: {
        [k: string]: string
      }
      unattended: DisruptionClass
    }[]
  }
  /**
   * How much one plan may delete before it waits for an approval.
   */
  prune?: {
    /**
     * False: nothing is ever deleted because its file is gone. Default: true.
     */
    enabled?: boolean
    /**
     * Most virtual machines and volumes deleted by one plan. Default: 10.
     */
    maxCount?: number
    /**
     * Most of the applied objects, in percent, once there are ten or more. Default: 30.
     */
    maxPercent?: number
    maxBytes?: Quantity
    quarantine?: Duration
  }
  /**
   * When changes are carried out. Where an allow window speaks of a change, it goes on only while one is open; while a deny window is open, it does not. A change that no window speaks of goes on at any time.
   */
  windows?: Window[]
  /**
   * Holds changes back until a time, or until it is taken out again.
   */
  freeze?: {
    /**
     * Why, for those who wonder why their change waits.
     */
    reason: string
    /**
     * RFC 3339 time at which it ends by itself. Default: never.
     */
    until?: string
    from?: DisruptionClass
  }
  /**
   * Approvals that people give in Git, by trailers of signed commits. Without this section no trailer counts.
   */
  approvals?: {
    /**
     * Name of the trailer that carries an approval. Default: Gitvirt-Approve.
     */
    trailer?: string
    /**
     * True: who made a change may approve it too. Default: false.
     */
    ownChanges?: boolean
    validFor?: Duration
    /**
     * Which changes need approvals in Git whatever else lets them through; every rule that speaks of a change must be met. Default: none.
     */
    rules?: ApprovalRule[]
  }
  /**
   * Where disk images may come from.
   */
  images?: {
    /**
     * host or host:port entries that may resolve to loopback, link-local or private addresses; all others may not.
     */
    allowedPrivateHosts?: string[]
    /**
     * Rewrites of image addresses by prefix; the longest matching prefix wins.
     */
    mirrors?: {
      /**
       * Beginning of addresses that are rewritten.
       */
      from: string
      /**
       * What the beginning is replaced by.
       */
      to: string
    }[]
  }
  /**
   * Which files of a host guests may use as disks.
   */
  hostDisk?: {
    /**
     * Folders below which hostDisk volumes may lie. Default: none.
     */
    allowedPaths?: string[]
  }
  /**
   * How this environment compares with others in gitvirt diff and gitvirt promote.
   */
  environments?: {
    /**
     * Differences between this environment and another one that are meant.
     */
    allowedDifferences?: {
      /**
       * Kind of the objects; absent: all kinds.
       */
      kind?: string
      /**
       * Namespace of the objects; * stands for any text. Absent: all namespaces.
       */
      namespace?: string
      /**
       * Name of the objects; * stands for any text. Absent: all names.
       */
      name?: string
      /**
       * Dotted paths of fields that may differ, each with all below it; * stands for any text within one part. Absent: the whole object, also that it is there at all.
       *
       * @minItems 1
       */
      fields?: [string, ...string[]]
      /**
       * Why the difference is meant; shown by gitvirt diff --all.
       */
      reason: string
    }[]
    /**
     * Objects that are the same under another name there; the first that fits decides.
     */
    renames?: {
      /**
       * Kind of the objects; absent: all kinds.
       */
      kind?: string
      /**
       * namespace/name in this environment, or name alone for kinds without namespace. One * in each part stands for any text.
       */
      here: string
      /**
       * The same objects in the other environment; each * takes over what the one in here stands for.
       */
      there: string
    }[]
  }
  /**
   * What becomes of changes that were made on a host by hand. Annotation gitvirt.io/drift on an object wins.
   */
  drift?: {
    /**
     * correct: hosts are brought back to Git. detect: drift is told and left; changes from Git are still carried out. Default: correct.
     */
    mode?: 'correct' | 'detect'
    /**
     * Exceptions by label; the first whose labels all match decides.
     */
    rules?: {
      /**
       * Labels that an object must have, all of them.
       */
      matchLabels: {
        [k: string]: string
      }
      /**
       * The mode of these objects.
       */
      mode: 'correct' | 'detect'
    }[]
  }
  /**
   * Fields of machines that are left as their hosts have them once the machine is made. Annotation gitvirt.io/ignore-differences names more for one machine.
   *
   * @maxItems 100
   */
  ignoreDifferences?: {
    /**
     * Namespace of the machines; * stands for any text. Absent: all namespaces.
     */
    namespace?: string
    /**
     * Name of the machines; * stands for any text. Absent: all names.
     */
    name?: string
    /**
     * Labels that a machine must have, all of them. Absent: every machine.
     */
    matchLabels?: {
      [k: string]: string
    }
    /**
     * Dotted paths, each with all below it; * stands for any text within one part. Places of the domain are written as plans write drift: domain:domain/memory.
     *
     * @minItems 1
     * @maxItems 100
     */
    fields: [string, ...string[]]
    /**
     * Why; shown in the plan.
     */
    reason: string
  }[]
  /**
   * Break-glass leases: for their time, manual changes to a machine stand.
   */
  leases?: {
    /**
     * False: none is given. Default: true.
     */
    allowed?: boolean
    maxDuration?: Duration
    keep?: Duration
  }
  /**
   * Who is told of what. Addresses and secrets are not in Git: each rule names a destination of the operator's file on the reconciler's host.
   *
   * @maxItems 30
   */
  notifications?: NotificationRule[]
  /**
   * True: plans are computed and shown, none is carried out.
   */
  suspend?: boolean
}
/**
 * This interface was referenced by `Fleet`'s JSON-Schema
 * via the `definition` "Window".
 */
export interface Window {
  /**
   * allow: changes wait until it is open. deny: changes wait while it is open; deny wins.
   */
  type: 'allow' | 'deny'
  /**
   * When it opens: minute, hour, day of month, month, day of week, as in crontab.
   */
  schedule: string
  duration: Duration
  /**
   * IANA name such as Europe/Berlin. Default: UTC.
   */
  timeZone?: string
  from?: DisruptionClass
  /**
   * Labels that an object must have, all of them. Default: every object.
   */
  matchLabels?: {
    [k: string]: string
  }
  /**
   * Why, for those who wonder why their change waits.
   */
  reason?: string
}
/**
 * Approvals that changes of some class need.
 *
 * This interface was referenced by `Fleet`'s JSON-Schema
 * via the `definition` "ApprovalRule".
 */
export interface ApprovalRule {
  /**
   * Labels of the objects that it speaks of, all of them; labels before the change count as well as those after it. Default: every object.
   */
  matchLabels?: {
    [k: string]: string
  }
  from?: DisruptionClass
  /**
   * How many different signers must approve.
   */
  count: number
  /**
   * Whose approvals count for this rule: principals of the SSH keys, or fingerprints. Default: every approver whom the reconciler knows.
   *
   * @minItems 1
   */
  signers?: [string, ...string[]]
}
/**
 * This interface was referenced by `Fleet`'s JSON-Schema
 * via the `definition` "NotificationRule".
 */
export interface NotificationRule {
  /**
   * Name of the rule, once in the Fleet.
   */
  name: string
  /**
   * Name of a destination in the operator's file (--notify-file).
   */
  to: string
  /**
   * What is told: warning is something wrong, recovery its end, info all that went as it should. Default: warning and recovery.
   *
   * @minItems 1
   */
  severities?: ['warning' | 'recovery' | 'info', ...('warning' | 'recovery' | 'info')[]]
  /**
   * Kinds of the objects. Default: all.
   *
   * @minItems 1
   * @maxItems 30
   */
  kinds?: [string, ...string[]]
  /**
   * Reasons as events have them. Default: all.
   *
   * @minItems 1
   * @maxItems 100
   */
  reasons?: [string, ...string[]]
  /**
   * Reasons that are not told. Default: none.
   *
   * @maxItems 100
   */
  exceptReasons?: string[]
  /**
   * Labels that an object must have, all of them. Default: every object.
   */
  matchLabels?: {
    [k: string]: string
  }
  interval?: Duration
  repeat?: Duration
}
