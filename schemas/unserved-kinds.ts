/** A kind of the field's world that gitvirt knows and does not run. */
export type UnservedKind = {
  readonly kind: string
  /** API group; empty for Kubernetes' core. */
  readonly group: string
  /** Why, and what to use instead: one sentence. */
  readonly reason: string
}

type Entry = readonly [kind: string, reason: string]

const groups: Readonly<Record<string, readonly Entry[]>> = {
  'kubevirt.io': [
    [
      'VirtualMachineInstance',
      'gitvirt makes the instance of every VirtualMachine itself; declare a VirtualMachine with runStrategy and put this spec under spec.template.spec.',
    ],
    [
      'VirtualMachineInstanceReplicaSet',
      'gitvirt does not stamp out copies of one instance yet; declare one VirtualMachine for each replica.',
    ],
    ['VirtualMachineInstancePreset', 'Presets are deprecated upstream and not merged here; write the fields into the VirtualMachine.'],
    [
      'VirtualMachineInstanceMigration',
      'A migration is an action and not a desired state, so it has no place in Git; drain the host by spec.unschedulable of its Node.',
    ],
    ['KubeVirt', 'There is no KubeVirt installation to configure; the policy of the environment is the Fleet in gitvirt.yaml.'],
  ],
  'pool.kubevirt.io': [
    ['VirtualMachinePool', 'gitvirt does not stamp out copies of a template yet; declare one VirtualMachine for each replica.'],
  ],
  'instancetype.kubevirt.io': [
    ['VirtualMachineInstancetype', 'Instance types are not expanded yet; write CPU and memory into the template of the VirtualMachine.'],
    [
      'VirtualMachineClusterInstancetype',
      'Instance types are not expanded yet; write CPU and memory into the template of the VirtualMachine.',
    ],
    ['VirtualMachinePreference', 'Preferences are not expanded yet; write the preferred fields into the template of the VirtualMachine.'],
    [
      'VirtualMachineClusterPreference',
      'Preferences are not expanded yet; write the preferred fields into the template of the VirtualMachine.',
    ],
  ],
  'migrations.kubevirt.io': [
    ['MigrationPolicy', 'Guests are not migrated by policy yet, so there is nothing that a MigrationPolicy could tune; remove it.'],
  ],
  'snapshot.kubevirt.io': [
    ['VirtualMachineSnapshot', 'Snapshots are not taken yet; copy the disk while the guest is stopped.'],
    ['VirtualMachineSnapshotContent', 'This is written by KubeVirt itself and belongs in no repository; remove it.'],
    ['VirtualMachineRestore', 'Snapshots are not restored yet; import the saved disk as a DataVolume by http.'],
  ],
  'clone.kubevirt.io': [
    [
      'VirtualMachineClone',
      'Virtual machines are not cloned yet; copy the manifest in Git and import the same image as a DataVolume by http.',
    ],
  ],
  'export.kubevirt.io': [
    ['VirtualMachineExport', 'Virtual machines are not exported yet; copy the image file from the storage folder of the host.'],
  ],
  'backup.kubevirt.io': [
    ['VirtualMachineBackup', 'Backups are not taken yet; copy the disk while the guest is stopped.'],
    ['VirtualMachineBackupTracker', 'Backups are not taken yet; copy the disk while the guest is stopped.'],
  ],
  'cdi.kubevirt.io': [
    ['DataSource', 'Disks are not cloned from a DataSource yet; name the image by source.http in the DataVolume.'],
    ['DataImportCron', 'Images are not polled for new versions yet; change the URL and the checksum of the DataVolume by a commit.'],
    ['CDI', 'There is no CDI installation to configure; the policy of the environment is the Fleet in gitvirt.yaml.'],
    ['CDIConfig', 'There is no CDI installation to configure; the policy of the environment is the Fleet in gitvirt.yaml.'],
    ['StorageProfile', 'Storage has no profiles here; put the settings into the parameters of the StorageClass.'],
    ['ObjectTransfer', 'Disks are not moved between namespaces; copy the manifest and import the image again.'],
    ['VolumeImportSource', 'Volume populators are not run; put the source into a DataVolume.'],
    ['VolumeUploadSource', 'Uploads are not taken yet; serve the image by HTTP and name it in source.http of a DataVolume.'],
    ['VolumeCloneSource', 'Volume populators are not run; import the image by source.http of a DataVolume.'],
  ],
  'upload.cdi.kubevirt.io': [
    ['UploadTokenRequest', 'Uploads are not taken yet; serve the image by HTTP and name it in source.http of a DataVolume.'],
  ],
  'forklift.cdi.kubevirt.io': [
    ['OvirtVolumePopulator', 'Disks are not imported from oVirt; export the disk and import it by source.http of a DataVolume.'],
    ['OpenstackVolumePopulator', 'Disks are not imported from OpenStack; export the image and import it by source.http of a DataVolume.'],
  ],
  'nmstate.io': [
    ['NMState', 'There is no nmstate operator to install; the agent of each host applies the policies itself.'],
    ['NodeNetworkState', 'This is what a host reports and not what it should be; declare a NodeNetworkConfigurationPolicy.'],
    [
      'NodeNetworkConfigurationEnactment',
      'This is the result of a policy on one host and belongs in no repository; declare a NodeNetworkConfigurationPolicy.',
    ],
  ],
  'k8s.cni.cncf.io': [
    [
      'NetworkAttachmentDefinition',
      'There are no CNI plugins here; make the bridge by a NodeNetworkConfigurationPolicy and use its name as multus.networkName.',
    ],
  ],
  '': [
    ['PersistentVolumeClaim', 'Disks are declared as DataVolume here; write a DataVolume with a blank or http source of the same name.'],
    ['PersistentVolume', 'Volumes are files in the folder of a StorageClass; declare a DataVolume.'],
    ['Pod', 'gitvirt runs virtual machines and no containers; run it in a guest, or on a Kubernetes cluster.'],
    ['ReplicationController', 'gitvirt runs virtual machines and no containers; run it in a guest, or on a Kubernetes cluster.'],
    ['Service', 'Ports of guests are not published yet; attach the guest to a bridge, so that it has an address on the network.'],
    ['Endpoints', 'Ports of guests are not published yet; attach the guest to a bridge, so that it has an address on the network.'],
    ['ServiceAccount', 'There is no Kubernetes API for a guest to log in to; remove it.'],
    ['ResourceQuota', 'Namespaces have no quotas here; the limits of the environment are in the Fleet in gitvirt.yaml.'],
    ['LimitRange', 'Namespaces have no default limits here; write them into each VirtualMachine.'],
    ['Event', 'Events are written by gitvirt and belong in no repository; remove it.'],
  ],
  apps: [
    ['Deployment', 'gitvirt runs virtual machines and no containers; run it in a guest, or on a Kubernetes cluster.'],
    ['StatefulSet', 'gitvirt runs virtual machines and no containers; run it in a guest, or on a Kubernetes cluster.'],
    ['DaemonSet', 'gitvirt runs virtual machines and no containers; run it in a guest, or on a Kubernetes cluster.'],
    ['ReplicaSet', 'gitvirt runs virtual machines and no containers; run it in a guest, or on a Kubernetes cluster.'],
  ],
  batch: [
    ['Job', 'gitvirt runs virtual machines and no containers; run it in a guest, or on a Kubernetes cluster.'],
    ['CronJob', 'gitvirt runs virtual machines and no containers; run it in a guest, or on a Kubernetes cluster.'],
  ],
  'scheduling.k8s.io': [
    ['PriorityClass', 'Guests are not preempted here, so priorities mean nothing; remove it, and priorityClassName with it.'],
  ],
  policy: [['PodDisruptionBudget', 'Disruption is bounded by spec.disruption of the Fleet in gitvirt.yaml; set it there.']],
  'networking.k8s.io': [
    ['NetworkPolicy', 'Traffic of guests is not filtered yet; use the firewall of the guest or of the host.'],
    ['Ingress', 'Ports of guests are not published yet; attach the guest to a bridge, so that it has an address on the network.'],
  ],
  'route.openshift.io': [
    ['Route', 'Ports of guests are not published yet; attach the guest to a bridge, so that it has an address on the network.'],
  ],
  'template.openshift.io': [['Template', 'OpenShift templates are not processed; write the VirtualMachine that the template would make.']],
  'rbac.authorization.k8s.io': [
    ['Role', 'Rights are given by access to the Git repository; remove it.'],
    ['ClusterRole', 'Rights are given by access to the Git repository; remove it.'],
    ['RoleBinding', 'Rights are given by access to the Git repository; remove it.'],
    ['ClusterRoleBinding', 'Rights are given by access to the Git repository; remove it.'],
  ],
  'apiextensions.k8s.io': [
    ['CustomResourceDefinition', 'The kinds that gitvirt runs are fixed; there is nothing to define, so remove it.'],
  ],
  'snapshot.storage.k8s.io': [
    ['VolumeSnapshot', 'Snapshots are not taken yet; copy the disk while the guest is stopped.'],
    ['VolumeSnapshotClass', 'Snapshots are not taken yet; remove it.'],
  ],
  'resource.k8s.io': [
    ['ResourceClaim', 'Host devices are not given to guests yet; remove it, and what refers to it.'],
    ['ResourceClaimTemplate', 'Host devices are not given to guests yet; remove it, and what refers to it.'],
  ],
  'v2v.kubevirt.io': [
    [
      'VirtualMachineImport',
      'Machines are not imported from other platforms; convert the disk with virt-v2v and import it by source.http.',
    ],
    ['ResourceMapping', 'Machines are not imported from other platforms; convert the disk with virt-v2v and import it by source.http.'],
  ],
}

/** Every kind that is known and not run, with the reason. */
export const unservedKinds: readonly UnservedKind[] = Object.entries(groups).flatMap(([group, entries]) =>
  entries.map(([kind, reason]) => ({ kind, group, reason })),
)

/**
 * The entry of a kind that is known and not run.
 *
 * @param apiVersion as written in the object; its version does not matter.
 */
export function unservedKind(apiVersion: string, kind: string): UnservedKind | undefined {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  return unservedKinds.find((entry) => entry.kind === kind && entry.group === group)
}
