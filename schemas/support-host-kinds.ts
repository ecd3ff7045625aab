import { dirProvisioner } from './provisioners.ts'
import { ignored, inert, partly, splitPath, yes, type SupportRow } from './support-table.ts'

const reported = 'It is what the host reports; what Git says of it is not read.'

/** NodeNetworkConfigurationPolicy. */
export const policySupport: readonly SupportRow[] = [
  ...yes('spec', '. nodeSelector capture desiredState maxUnavailable'),
  ...yes('spec.desiredState', 'description interfaces dns-resolver routes route-rules hostname ovs-db ovn'),
  ...yes(
    'spec.desiredState.interfaces[]',
    `name profile-name identifier type state description mac-address copy-mac-from mtu controller wait-ip
     accept-all-mac-addresses ipv4 ipv6 link-aggregation bridge vlan vxlan veth vrf ethtool ethernet lldp macvlan macvtap
     infiniband mptcp hsr ipvlan patch dispatch libreswan macsec`,
  ),
  { path: [...splitPath('spec.desiredState.interfaces[]'), '802.1x'], level: 'yes', effect: 'ignored', reason: '' },
]

/** Node. */
export const nodeSupport: readonly SupportRow[] = [
  ...yes('spec', '. taints taints[].key taints[].value taints[].effect unschedulable'),
  ...inert('spec', 'taints[].timeAdded podCIDR podCIDRs providerID', 'Kubernetes writes it for itself; it means nothing here.'),
]

/** Namespace. */
export const namespaceSupport: readonly SupportRow[] = [
  ...yes('', 'spec'),
  ...inert('spec', 'finalizers', 'Kubernetes writes it for itself; it means nothing here.'),
]

/** StorageClass. */
export const storageClassSupport: readonly SupportRow[] = [
  ...yes('', 'provisioner parameters reclaimPolicy allowVolumeExpansion'),
  {
    ...partly('provisioner', [], { effect: 'ignored', reason: `Only ${dirProvisioner} is carried out; disks of this class are not made.` }),
    values: undefined,
    except: [dirProvisioner],
  },
  partly('reclaimPolicy', ['Retain'], {
    effect: 'ignored',
    reason:
      'A disk that Git no longer declares is kept in quarantine and then deleted; the annotation gitvirt.io/prune: disabled keeps it.',
  }),
  partly('allowVolumeExpansion', [false], { effect: 'ignored', reason: 'A disk grows whenever Git declares a larger size.' }),
  ...ignored('', 'mountOptions', `${dirProvisioner} mounts nothing; mount the file system on the host.`),
  ...ignored('', 'allowedTopologies', 'Volumes are made on the host where their guest runs; choose it by nodeSelector.'),
  ...yes('', 'volumeBindingMode'),
]

/** ConfigMap and Secret. */
export const configMapSupport: readonly SupportRow[] = [
  ...yes('', 'data binaryData'),
  ...ignored('', 'immutable', 'Git decides what changes; a commit may change an immutable object.'),
]

export const secretSupport: readonly SupportRow[] = [
  ...yes('', 'data stringData type'),
  ...ignored('', 'immutable', 'Git decides what changes; a commit may change an immutable object.'),
]

/** Fleet: gitvirt's own kind, so all of it is honoured. */
export const fleetSupport: readonly SupportRow[] = yes(
  'spec',
  `. disruption disruption.unattended disruption.rules disruption.rules[].matchLabels disruption.rules[].unattended
   windows windows[].type windows[].schedule windows[].duration windows[].timeZone windows[].from windows[].matchLabels windows[].reason
   freeze freeze.reason freeze.until freeze.from
   approvals approvals.trailer approvals.ownChanges approvals.validFor approvals.rules approvals.rules[].matchLabels
   approvals.rules[].from approvals.rules[].count approvals.rules[].signers
   prune prune.enabled prune.maxCount prune.maxPercent prune.maxBytes prune.quarantine
   images images.allowedPrivateHosts images.mirrors images.mirrors[].from images.mirrors[].to
   hostDisk hostDisk.allowedPaths suspend
   notifications notifications[].name notifications[].to notifications[].severities notifications[].kinds notifications[].reasons
   notifications[].exceptReasons notifications[].matchLabels notifications[].interval notifications[].repeat
   drift drift.mode drift.rules drift.rules[].matchLabels drift.rules[].mode ignoreDifferences ignoreDifferences[].namespace ignoreDifferences[].name ignoreDifferences[].matchLabels
   ignoreDifferences[].fields ignoreDifferences[].reason leases leases.allowed leases.maxDuration leases.keep
   environments environments.allowedDifferences environments.allowedDifferences[].kind environments.allowedDifferences[].namespace
   environments.allowedDifferences[].name environments.allowedDifferences[].fields environments.allowedDifferences[].reason
   environments.renames environments.renames[].kind environments.renames[].here environments.renames[].there`,
)

/** Kinds with a status. */
export const statusSupport: readonly SupportRow[] = inert('', 'status', reported)

/** Every kind: the object's own data. What the API server writes is not read from Git. */
export const commonSupport: readonly SupportRow[] = [
  ...yes('', 'apiVersion kind'),
  ...yes('metadata', '. name namespace labels annotations'),
  ...inert(
    'metadata',
    `creationTimestamp deletionGracePeriodSeconds deletionTimestamp finalizers generateName generation managedFields
     ownerReferences resourceVersion selfLink uid`,
    'The API server writes it; what Git says of it is not read.',
  ),
]
