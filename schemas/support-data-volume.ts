import { annotations, blocks, ignored, inert, partly, yes, type SupportRow } from './support-table.ts'

const noClone = 'Disks are not cloned yet; import the image by source.http.'
const oneFile = 'A disk is one image file in the folder of its StorageClass'

/** Fields of a PersistentVolumeClaim's spec, below `pvc` or `storage`. */
function claim(prefix: string): readonly SupportRow[] {
  return [
    ...yes(prefix, '. accessModes resources resources.requests storageClassName'),
    ...partlyAccess(prefix),
    ...ignored(prefix, 'resources.limits', 'A disk has the size of resources.requests.storage; a limit changes nothing.'),
    ...blocks(prefix, 'dataSource dataSourceRef', 'Volume populators are not run; name the image by source.http.'),
    ...blocks(prefix, 'volumeName selector', `${oneFile}; an existing volume cannot be chosen. Remove the field.`),
    ...yes(prefix, 'volumeMode'),
    partly(`${prefix}.volumeMode`, ['Block'], {
      effect: 'blocks',
      reason: `${oneFile}, and the guest sees a block device either way; use volumeMode Filesystem, or leave it out.`,
    }),
  ]
}

function partlyAccess(prefix: string): readonly SupportRow[] {
  const reason = 'The disk lies on one host; guests on other hosts cannot share it.'
  return [partly(`${prefix}.accessModes[]`, ['ReadWriteMany', 'ReadOnlyMany'], { effect: 'ignored', reason })]
}

/** Rows of a DataVolume's spec, with paths relative to it. */
export const dataVolumeSpecSupport: readonly SupportRow[] = [
  ...yes('', 'source source.blank contentType storage pvc preallocation'),
  ...yes('source.http', '. url secretRef certConfigMap insecureSkipVerify extraHeaders secretExtraHeaders checksum'),
  ...blocks('source', 's3', 'Images are not fetched by the S3 protocol yet; use source.http with a presigned or public address.'),
  ...blocks('source', 'gcs', 'Images are not fetched from Google Cloud Storage yet; use source.http with a signed or public address.'),
  ...blocks('source', 'registry', 'Images are not fetched from container registries yet; serve the disk file by HTTP and use source.http.'),
  ...blocks('source', 'pvc snapshot', noClone),
  ...blocks('source', 'upload', 'Uploads are not taken yet; serve the image by HTTP and use source.http.'),
  ...blocks('source', 'imageio', 'Disks are not imported from oVirt; export the disk and use source.http.'),
  ...blocks('source', 'vddk', 'Disks are not imported from VMware; convert the disk with virt-v2v and use source.http.'),
  ...blocks('', 'sourceRef', 'DataSource references are not followed yet; name the image by source.http.'),
  partly('contentType', ['archive'], {
    effect: 'blocks',
    reason: 'Archives are not unpacked; use a disk image, whose contentType is kubevirt.',
  }),
  ...blocks('', 'checkpoints finalCheckpoint', 'Imports in several stages are not run; import the finished disk by source.http.'),
  ...inert('', 'priorityClassName', 'It ranks the importing pod; there is no pod here.'),
  ...inert('', 'serviceAccountName', 'It is the identity of the importing pod; there is no pod here.'),
  ...claim('pvc'),
  ...inert('pvc', 'volumeAttributesClassName', 'It tunes a Kubernetes storage driver; a file has no such settings.'),
  ...claim('storage'),
]

/** Annotations of a DataVolume, with paths relative to the object. */
export const dataVolumeAnnotations: readonly SupportRow[] = annotations('', {
  'cdi.kubevirt.io/storage.pod.vddk.extraargs': 'Disks are not imported from VMware, so there is nothing to pass arguments to.',
  'cdi.kubevirt.io/storage.usePopulator': 'Volume populators are not run; the agent imports the image itself.',
  'cdi.kubevirt.io/storage.deleteAfterCompletion': 'A finished DataVolume stays, because Git declares it.',
  'cdi.kubevirt.io/allowClaimAdoption': 'Disks that gitvirt did not make are not taken over by this annotation.',
})
